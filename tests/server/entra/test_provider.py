"""Tokens of a provider that others wrote: found by its documents, checked by its keys."""

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.server.entra.issuer import AUDIENCE, GRAFANA, TENANT
from tests.server.entra.test_tokens import told

from lockgate.server.entra.tokens import entra_of
from lockgate.settings import EntraPerson, EntraSettings

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lockgate-ci/oidc-provider-8.8.1"
PROVIDER = CACHE / "node_modules/oidc-provider"


@pytest.mark.skipif(not PROVIDER.is_dir() or not shutil.which("node"), reason="needs node and oidc-provider")
def test_an_application_signs_in_at_a_provider_of_others():
    secret = "s" * 20
    command = ["node", str(Path(__file__).with_name("provider.mjs")), PROVIDER, TENANT, AUDIENCE, GRAFANA, secret]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        issuer = process.stdout.readline().decode().strip()
        authority = issuer.removesuffix(f"/{TENANT}/v2.0")
        settings = EntraSettings(TENANT, (AUDIENCE,), (EntraPerson("grafana", app=GRAFANA),), authority)
        form = {"grant_type": "client_credentials", "client_id": GRAFANA, "client_secret": secret, "resource": AUDIENCE}
        token = httpx.post(f"{issuer}/token", data=form).json()["access_token"]
        assert told(entra_of(settings), token).name == "grafana"
        other = EntraSettings(TENANT, ("api://other",), (EntraPerson("grafana", app=GRAFANA),), authority)
        assert told(entra_of(other), token) == (401, "The token is for another audience.")
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
