"""A provider that others wrote, on loopback, and a house that trusts it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from lockgate.server.sign_in.house import House
from lockgate.settings import PeopleSettings, ProviderSettings
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.sealing import Seal

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lockgate-ci/oidc-provider-8.8.1"
FOLDER = CACHE / "node_modules/oidc-provider"
ORIGIN = "http://localhost:8642"
CLIENT, SECRET = "lockgate", "s" * 40


class Provider:
    """A running one."""

    def __init__(self):
        back, logout = f"{ORIGIN}/sign-in/back/idp", "http://127.0.0.1:9/logout"
        command = ["node", str(Path(__file__).with_name("provider.mjs")), FOLDER, CLIENT, SECRET, back, logout]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.issuer = self._line("http://")

    def sign_in_as(self, account, *, amr=("pwd", "otp"), acr="urn:mfa", **claims):
        """Whom the provider signs in from now on."""
        told = {"accountId": account, "amr": amr, "acr": acr, "claims": claims}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        self._line("ready")

    def _line(self, beginning):
        """Its next line that begins so; between them it prints notices."""
        for line in self._process.stdout:
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError("the provider has ended")

    def visit(self, address):
        """What a browser does there, up to where it is sent back to us: that address."""
        with httpx.Client() as browser:
            for _ in range(10):
                answer = browser.get(address)
                address = str(httpx.URL(address).join(answer.headers["location"]))
                if address.startswith(ORIGIN):
                    return httpx.URL(address)
        raise AssertionError("it never came back")

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def provider():
    if not FOLDER.is_dir() or not shutil.which("node"):
        pytest.skip("needs node and oidc-provider")
    running = Provider()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """Argon2id with the least of memory and time: how long a guess takes is no matter of these tests."""
    from argon2 import PasswordHasher

    from lockgate.server.sign_in import factors

    monkeypatch.setattr(factors, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def people_settings():
    """What the settings say; a test may put other things into it."""
    return {"settings": PeopleSettings()}


@pytest.fixture
def house(tmp_path, clock, people_settings):
    with TeamDatabase.open(tmp_path) as database:
        yield House(
            database, lambda: people_settings["settings"], Seal(b"k" * 32), origin=ORIGIN, project=tmp_path, now=clock
        )


def provider_settings(issuer, monkeypatch, **more):
    """Of the running one."""
    monkeypatch.setenv("IDP_SECRET", SECRET)
    return ProviderSettings(issuer=issuer, client_id=CLIENT, client_secret="env:IDP_SECRET", **more)


@pytest.fixture
def issuer():
    from tests.server.sign_in.issuer import Issuer

    running = Issuer()
    yield running
    running.close()
