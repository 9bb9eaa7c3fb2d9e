"""`lockgate serve` with a tenant: the real clients of Kusto and of the Logs Ingestion API sign in for themselves."""

import os
import ssl
import subprocess
import sys
import time

import httpx
import pytest
from tests.server.entra.issuer import AUDIENCE, GRAFANA, SENDER, TENANT

from lockgate.server.tls.authority import OwnAuthority

SETTINGS = """
version: 1
entra:
  tenant: {tenant}
  audiences: ["{audience}"]
  authority: {url}
  ca_file: {ca}
  people:
    - {{name: grafana, app: {grafana}}}
    - {{name: sender, app: {sender}, may: [ingest]}}
"""


@pytest.fixture(scope="module")
def url(issuer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed-in")
    text = SETTINGS.format(tenant=TENANT, audience=AUDIENCE, url=issuer.url, ca=issuer.ca, grafana=GRAFANA,
                           sender=SENDER)  # fmt: skip
    (folder / "lockgate.yaml").write_text(text)
    authority = OwnAuthority(folder / "tls", names=["localhost"])
    authority.ensure()
    (folder / "trusted.pem").write_text(authority.bundle() + issuer.ca.read_text())
    command = [
        sys.executable,
        "-m",
        "lockgate",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--tls",
        str(folder / "tls"),
    ]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line.startswith("listening on "), process.stderr.read()
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "trusted.pem")
    yield f"https://localhost:{line.split()[-1]}"
    if before is None:
        del os.environ["REQUESTS_CA_BUNDLE"]
    else:
        os.environ["REQUESTS_CA_BUNDLE"] = before
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def credential(issuer):
    from azure.identity import ClientSecretCredential

    def of(app):
        return ClientSecretCredential(
            TENANT, app, issuer.secrets[app], authority=issuer.url, disable_instance_discovery=True
        )

    return of


def test_the_client_of_kusto_signs_in_as_the_server_tells_it_and_asks_what_was_sent(url, credential):
    from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
    from azure.monitor.ingestion import LogsIngestionClient

    sender = LogsIngestionClient(url, credential(SENDER), credential_scopes=[f"{AUDIENCE}/.default"])
    sender.upload("dcr-any", "Custom-Signed_CL", [{"TimeGenerated": "2026-11-26T10:00:00Z", "Said": "yes"}])
    sender.close()
    builder = KustoConnectionStringBuilder.with_azure_token_credential(url, credential(GRAFANA))
    with KustoClient(builder) as client:
        begun = time.monotonic()
        rows = []
        while not rows and time.monotonic() - begun < 30:
            query = "union isfuzzy=true (datatable(Said: string)[]), Signed_CL | project Said"
            rows = [row["Said"] for row in client.execute("lockgate", query).primary_results[0]]
    assert rows == ["yes"]


def test_a_token_that_does_not_count_is_refused_with_the_reason(url, issuer):
    verify = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])

    def ask(token, path="/v1/rest/query"):
        body = {"csl": "print 1", "db": "lockgate"}
        found = httpx.post(url + path, json=body, headers={"authorization": f"Bearer {token}"}, verify=verify)
        return found.status_code, found.json()["error"]["message"], found.headers.get("www-authenticate", "")

    status, said, challenge = ask(issuer.token(exp=time.time() - 3600))
    assert (status, said, challenge) == (401, "The token has expired.", 'Bearer error="invalid_token"')
    assert ask(issuer.token(azp=SENDER)) == (403, "sender has not the right 'query'.", "")
    assert ask("not-a-token")[0] == 401
