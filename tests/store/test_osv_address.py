"""Advisories from an https address: a server on this machine, with a certificate made for the test."""

import http.server
import io
import json
import ssl
import threading
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lockgate.errors import SourceError
from lockgate.store import _osv_input
from lockgate.store.advisories import AdvisoryStore


def archive():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as entries:
        package = {"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}
        entries.writestr("A-1.json", json.dumps({"id": "A-1", "affected": [package]}))
    return made.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        moved = {"/moved": "/all.zip", "/loop": "/loop", "/down": "http://localhost/all.zip"}.get(self.path)
        if moved:
            self.send_response(302)
            self.send_header("Location", moved)
            self.end_headers()
        elif self.path.startswith("/all.zip"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(archive())
        else:
            self.send_error(404)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def address(certificate, monkeypatch):
    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(_osv_input.ssl, "create_default_context", lambda: trusting)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(address, folder, **more):
    return AdvisoryStore.build([address], folder / "advisories.db", **{"allow_private": True, **more})


def test_an_archive_behind_a_redirect_is_fetched(address, tmp_path):
    assert fetch(f"{address}/moved", tmp_path).kept == 1
    assert fetch(f"{address}/all.zip?token=a", tmp_path).kept == 1
    with AdvisoryStore.open(tmp_path / "advisories.db") as store:
        assert store.meta()["sources"] == [f"{address}/all.zip"]  # without the query, which may hold a secret


def test_this_machine_is_refused_unless_it_was_allowed(address, tmp_path):
    with pytest.raises(SourceError, match="private network"):
        fetch(f"{address}/all.zip", tmp_path, allow_private=False)


@pytest.mark.parametrize(
    ("path", "says"), [("/absent", "answers 404"), ("/loop", "too many redirects"), ("/down", "only https")]
)
def test_an_answer_that_is_no_archive_is_an_error(address, tmp_path, path, says):
    with pytest.raises(SourceError, match=says):
        fetch(address + path, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_over_the_limit_is_cut_off(address, tmp_path, monkeypatch):
    monkeypatch.setattr(_osv_input, "MAX_DOWNLOAD", 10)
    with pytest.raises(SourceError, match="too large"):
        fetch(f"{address}/all.zip", tmp_path)


def test_a_certificate_nobody_vouches_for_is_refused(address, tmp_path, monkeypatch):
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(_osv_input.ssl, "create_default_context", lambda: strict)
    with pytest.raises(SourceError, match="SSLCertVerificationError"):
        fetch(f"{address}/all.zip", tmp_path)
