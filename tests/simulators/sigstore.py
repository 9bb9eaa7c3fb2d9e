"""A sigstore of one's own: an authority of certificates, logs of certificates and of signatures, an authority of
timestamps, with real keys, certificates, Merkle trees, checkpoints and signatures, all on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

START = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED_AT = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
ISSUER = "https://token.actions.example.com"
WORKFLOW = "https://github.example.com/team/shop/.github/workflows/build.yml@refs/heads/main"
REPOSITORY = "https://github.example.com/team/shop"
_ARC = "1.3.6.1.4.1.57264.1"
_SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def der(key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def pem(key) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _utf8(text: str) -> bytes:
    raw = text.encode()
    size = bytes([len(raw)]) if len(raw) < 128 else b"\x81" + bytes([len(raw)])
    return b"\x0c" + size + raw


def _octets(content: bytes) -> bytes:
    size = bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])
    return b"\x04" + size + content


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "sigstore.example"),
                      x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Tree:
    """A Merkle tree as RFC 6962 has it."""

    leaves: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        self.leaves.append(hashlib.sha256(b"\x00" + body).digest())
        return len(self.leaves) - 1

    def root(self, start: int = 0, end: int | None = None) -> bytes:
        end = len(self.leaves) if end is None else end
        if end - start == 1:
            return self.leaves[start]
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        return hashlib.sha256(b"\x01" + self.root(start, middle) + self.root(middle, end)).digest()

    def path(self, index: int, start: int = 0, end: int | None = None) -> list[bytes]:
        end = len(self.leaves) if end is None else end
        if end - start == 1:
            return []
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < middle:
            return [*self.path(index, start, middle), self.root(middle, end)]
        return [*self.path(index, middle, end), self.root(start, middle)]


class Sigstore:
    """One instance. ``log_key`` may be Ed25519, as logs of Rekor's second version have it."""

    def __init__(self, folder: Path, *, log_key=None) -> None:
        self.folder = folder
        self.root_key, self.issuing_key, self.ct_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.log_key = log_key or ec.generate_private_key(ec.SECP256R1())
        self.root = self._authority("root", self.root_key, "root", self.root_key)
        self.issuing = self._authority("issuing", self.issuing_key, "root", self.root_key)
        self.tree = Tree()
        for number in range(5):
            self.tree.add(b"another entry %d" % number)

    def _authority(self, name, key, issuer, issuer_key):
        return (
            x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(START)
            .not_valid_after(START + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(sign=False), critical=True)
            .sign(issuer_key, hashes.SHA256())
        )  # fmt: skip

    @property
    def log_id(self) -> bytes:
        if isinstance(self.log_key, ed25519.Ed25519PrivateKey):
            raw = self.log_key.public_key().public_bytes_raw()
            return hashlib.sha256(b"log.sigstore.example\n\x01" + raw).digest()
        return hashlib.sha256(der(self.log_key)).digest()

    def trusted_root(self, **changes) -> bytes:
        valid = {"start": "2026-01-01T00:00:00Z"}
        body = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "certificateAuthorities": [{"uri": "https://authority.example", "validFor": valid, "certChain": {
                "certificates": [{"rawBytes": b64(one.public_bytes(Encoding.DER))} for one in (self.issuing, self.root)]
            }}],
            "tlogs": [{"baseUrl": "https://log.sigstore.example", "hashAlgorithm": "SHA2_256",
                       "publicKey": _listed(self.log_key, valid),
                       "logId": {"keyId": b64(self.log_id)}}],
            "ctlogs": [{"baseUrl": "https://ct.example", "hashAlgorithm": "SHA2_256",
                        "publicKey": _listed(self.ct_key, valid),
                        "logId": {"keyId": b64(hashlib.sha256(der(self.ct_key)).digest())}}],
            "timestampAuthorities": [],
        }  # fmt: skip
        return json.dumps(body | changes).encode()

    def certificate(self, key, *, at=SIGNED_AT, san=WORKFLOW, issuer=ISSUER, claims=None, promised=True, by=None,
                    usage=ExtendedKeyUsageOID.CODE_SIGNING):
        """A certificate for ten minutes, with the promise of the log of certificates."""
        told = {8: issuer, 12: REPOSITORY, 14: "refs/heads/main", 18: WORKFLOW} | (claims or {})
        builder = (
            x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(_name("issuing"))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(at).not_valid_after(at + timedelta(minutes=10))
            .add_extension(_usage(sign=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(san)]), critical=True)
        )  # fmt: skip
        for number, text in told.items():
            raw = x509.UnrecognizedExtension(ObjectIdentifier(f"{_ARC}.{number}"), _utf8(text))
            builder = builder.add_extension(raw, critical=False)
        signing = by or self.issuing_key
        if not promised:
            return builder.sign(signing, hashes.SHA256())
        return self._promised(builder, signing, at)

    def _promised(self, builder, signing, at):
        shown = builder.sign(signing, hashes.SHA256()).tbs_certificate_bytes
        issuer = hashlib.sha256(der(self.issuing_key)).digest()
        moment = int(at.timestamp() * 1000).to_bytes(8, "big")
        signed = b"\x00\x00" + moment + b"\x00\x01" + issuer + len(shown).to_bytes(3, "big") + shown + b"\x00\x00"
        signature = self.ct_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        promise = (b"\x00" + hashlib.sha256(der(self.ct_key)).digest() + moment + b"\x00\x00\x04\x03"
                   + len(signature).to_bytes(2, "big") + signature)
        listed = len(promise).to_bytes(2, "big") + promise
        held = _octets(len(listed).to_bytes(2, "big") + listed)
        return builder.add_extension(x509.UnrecognizedExtension(_SCTS, held), critical=False).sign(
            signing, hashes.SHA256()
        )

    def hashedrekord(self, signed: bytes, signature: bytes, verifier: bytes) -> bytes:
        spec = {"data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(signed).hexdigest()}},
                "signature": {"content": b64(signature), "publicKey": {"content": b64(verifier)}}}
        return json.dumps({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}).encode()

    def dsse(self, payload: bytes, signature: bytes, verifier: bytes) -> bytes:
        spec = {"payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                "signatures": [{"signature": b64(signature), "verifier": b64(verifier)}]}
        return json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}).encode()

    def dsse_2(self, payload: bytes, signature: bytes, certificate: bytes) -> bytes:
        spec = {"dsseV002": {"payloadHash": {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(payload).digest())},
                             "signatures": [{"content": b64(signature), "verifier": {
                                 "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                                 "x509Certificate": {"rawBytes": b64(certificate)}}}]}}
        return json.dumps({"apiVersion": "0.0.2", "kind": "dsse", "spec": spec}).encode()

    def entry(self, body: bytes, *, at: datetime | None = SIGNED_AT, proof: bool = True) -> dict:
        """An entry of the log, as bundles hold it. ``at`` None: without a signed timestamp."""
        kind = json.loads(body)
        index = self.tree.add(body)
        self.tree.add(b"an entry after it")
        moment = int(at.timestamp()) if at else 0
        made = {"logIndex": str(index), "logId": {"keyId": b64(self.log_id)},
                "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
                "integratedTime": str(moment), "canonicalizedBody": b64(body)}
        if at:
            made["inclusionPromise"] = {"signedEntryTimestamp": b64(self.promise(body, index, moment))}
        if proof:
            size, root = len(self.tree.leaves), self.tree.root()
            made["inclusionProof"] = {"logIndex": str(index), "rootHash": b64(root), "treeSize": str(size),
                                      "hashes": [b64(one) for one in self.tree.path(index)],
                                      "checkpoint": {"envelope": self.note(size, root)}}
        return made

    def promise(self, body: bytes, index: int, moment: int) -> bytes:
        told = {"body": b64(body), "integratedTime": moment, "logID": self.log_id.hex(), "logIndex": index}
        return self._sign(json.dumps(told, separators=(",", ":"), sort_keys=True).encode())

    def note(self, size: int, root: bytes) -> str:
        text = f"log.sigstore.example\n{size}\n{b64(root)}\n"
        signature = self.log_id[:4] + self._sign(text.encode())
        return f"{text}\n\u2014 log.sigstore.example {b64(signature)}\n"

    def _sign(self, content: bytes) -> bytes:
        if isinstance(self.log_key, ed25519.Ed25519PrivateKey):
            return self.log_key.sign(content)
        return self.log_key.sign(content, ec.ECDSA(hashes.SHA256()))


def _listed(key, valid: dict) -> dict:
    ed25519s = isinstance(key, ed25519.Ed25519PrivateKey)
    return {"rawBytes": b64(der(key)), "validFor": valid,
            "keyDetails": "PKIX_ED25519" if ed25519s else "PKIX_ECDSA_P256_SHA_256"}


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign, key_cert_sign=not sign, crl_sign=not sign, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


class TimestampAuthority:
    """An authority of timestamps: ``openssl ts`` over a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._certificate("time root", root_key, "time root", root_key, authority=True)
        self.certificate = self._certificate("time", self.key, "time root", root_key, authority=False)
        (folder / "tsa.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "serial").write_text("01\n")
        (folder / "ts.cnf").write_text(
            "[tsa]\ndefault_tsa = one\n[one]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = tsa.key\n"
            "signer_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = sha256\nordering = no\n"
            "ess_cert_id_alg = sha256\n"
        )

    def _certificate(self, name, key, issuer, issuer_key, *, authority):
        builder = (
            x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(START)
            .not_valid_after(START + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(_usage(sign=not authority), critical=True)
        )  # fmt: skip
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return builder.sign(issuer_key, hashes.SHA256())

    def root_entry(self) -> dict:
        chain = [{"rawBytes": b64(one.public_bytes(Encoding.DER))} for one in (self.certificate, self.root)]
        return {"certChain": {"certificates": chain}, "validFor": {"start": "2026-01-01T00:00:00Z"}}

    def stamp(self, content: bytes) -> bytes:
        """An answer about ``content``, now."""
        (self.folder / "content").write_bytes(content)
        run = {"cwd": self.folder, "check": True, "capture_output": True}
        subprocess.run(["openssl", "ts", "-query", "-data", "content", "-sha256", "-cert", "-out", "query"], **run)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "answer"], **run
        )
        return (self.folder / "answer").read_bytes()
