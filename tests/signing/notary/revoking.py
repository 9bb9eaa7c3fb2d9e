"""An authority that revokes: its lists, and OpenSSL's responder behind a web server on this machine."""

import base64
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from tests.signing.notary.authorities import ISSUE, KEYS, NOW, SIGN, certificate, chain, key_pem, named, pem
from tests.simulators.listening import listening

ROOT_KEY = KEYS["P-256"]()
ROOT = certificate(ROOT_KEY, named("Revoking root"), ca=True, usage=ISSUE, days=(-1000, 1000))


def lists_at(*addresses: str) -> x509.CRLDistributionPoints:
    named_at = [[x509.UniformResourceIdentifier(one)] for one in addresses]
    return x509.CRLDistributionPoints([x509.DistributionPoint(one, None, None, None) for one in named_at])


def responder_at(address: str) -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier(address)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])


def signer(*more):
    """Key and chain of a signer whom this authority has issued a certificate with such extensions."""
    return chain(root=(ROOT_KEY, ROOT), more=more)


def crl(*revoked: x509.Certificate, key=ROOT_KEY, issuer=ROOT, days=(-1, 1), invalid_since=None, more=()):
    """A list of the authority in which these certificates stand. ``more``: extensions, and whether critical."""
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        .last_update(NOW + timedelta(days=days[0])).next_update(NOW + timedelta(days=days[1]))
    )  # fmt: skip
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(NOW)
        if invalid_since is not None:
            entry = entry.add_extension(x509.InvalidityDate(invalid_since.replace(tzinfo=None)), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256())


class Responder:
    """OpenSSL's, which knows the certificates that are written into its index."""

    def __init__(self, folder: Path, *, own: bool = False) -> None:
        """``own``: the authority answers itself, else somebody whom it has entrusted with it."""
        folder.mkdir()
        self.folder, self.asked = folder, 0
        key, one = ROOT_KEY, ROOT
        if not own:
            key = KEYS["RSA 2048"]()
            one = certificate(key, named("Responder"), (ROOT_KEY, ROOT), usage=SIGN,
                              purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])  # fmt: skip
        for name, content in (("ca.pem", pem(ROOT)), ("signer.pem", pem(one)), ("key.pem", key_pem(key))):
            (folder / name).write_bytes(content)
        self.knows()

    def knows(self, good: Sequence[x509.Certificate] = (), revoked: Sequence[x509.Certificate] = ()) -> None:
        until = f"{NOW + timedelta(days=9):%y%m%d%H%M%SZ}"
        lines = []
        for state, since, certificates in (("V", "", good), ("R", f"{NOW:%y%m%d%H%M%SZ}", revoked)):
            for one in certificates:
                serial = one.serial_number.to_bytes((one.serial_number.bit_length() + 7) // 8, "big").hex().upper()
                lines.append(f"{state}\t{until}\t{since}\t{serial}\tunknown\t/CN={serial}\n")
        (self.folder / "index.txt").write_text("".join(lines))

    def answer(self, request: bytes) -> bytes:
        self.asked += 1
        (self.folder / "request").write_bytes(request)
        command = ["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "signer.pem", "-rkey",
                   "key.pem", "-reqin", "request", "-respout", "answer", "-ndays", "1", "-noverify"]  # fmt: skip
        subprocess.run(command, cwd=self.folder, capture_output=True, check=True, timeout=20)
        return (self.folder / "answer").read_bytes()


@contextmanager
def serving(files: dict[str, bytes], responder: Responder | None = None) -> Iterator[str]:
    """The address of a server with these files, and a responder for everything else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.lstrip("/")
            if name in files:
                self._send(files[name])
            elif responder is not None:
                self._send(responder.answer(base64.b64decode(unquote(name.rpartition("ocsp/")[2]))))
            else:
                self._send(b"", 404)

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(responder.answer(content) if responder is not None else b"", 200 if responder else 404)

        def _send(self, content: bytes, status: int = 200):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with listening(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def der(one) -> bytes:
    return one.public_bytes(Encoding.DER)
