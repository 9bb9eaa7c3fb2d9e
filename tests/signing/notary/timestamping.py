"""An authority that tells the time (RFC 3161): OpenSSL's, behind a web server on this machine."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.signing.notary.authorities import ISSUE, KEYS, SIGN, TIME, certificate, key_pem, named, pem
from tests.simulators.listening import listening

_CONFIG = """[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
certs = {folder}/root.pem
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    folder: Path
    root: object

    def answer(self, request: bytes) -> bytes:
        (self.folder / "request").write_bytes(request)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=True, timeout=20).stdout

    def token(self, signature: bytes) -> bytes:
        """Of a signature, without the answer around it."""
        from rfc3161_client import TimestampRequestBuilder

        (self.folder / "reply").write_bytes(self.answer(TimestampRequestBuilder().data(signature).build().as_bytes()))
        command = ["openssl", "ts", "-reply", "-in", "reply", "-token_out"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=True, timeout=20).stdout


@contextmanager
def authority(folder: Path, **leaf) -> Iterator[Authority]:
    folder.mkdir()
    root_key, key = KEYS["P-256"](), KEYS["RSA 2048"]()
    root = certificate(root_key, named("Clock root"), ca=True, usage=ISSUE, days=(-1000, 1000))
    leaf = {"usage": SIGN, "purposes": TIME, "purposes_critical": True, "days": (-500, 500)} | leaf
    signer = certificate(key, named("Clock"), (root_key, root), **leaf)
    for name, content in (("signer.pem", pem(signer)), ("root.pem", pem(root)), ("key.pem", key_pem(key))):
        (folder / name).write_bytes(content)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))
    yield Authority(folder, root)


@contextmanager
def serving(tsa: Authority) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def do_POST(self) -> None:
            answer = tsa.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with listening(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}"
