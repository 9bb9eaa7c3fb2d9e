"""An authority of our own: a CA and a serving certificate in one folder, both replaced before they end.

A new CA is published (in the bundle) for a while before anything is signed by it, and the old one stays in the bundle
until it ends, so that an API server that learns of the change late trusts what it meets at any moment. ECDSA P-256
with SHA-256; files are written whole or not at all, keys with mode 0600. Several processes may share the folder.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.server.tls.reload import Pair
from lockgate.server.tls.validity import validity

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

_BACKDATED = timedelta(minutes=5)
"""Clocks of API servers may run behind ours."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things live; each is renewed when a third of its life is left."""

    authority: timedelta = timedelta(days=5 * 365)
    serving: timedelta = timedelta(days=30)
    overlap: timedelta = timedelta(days=1)
    """How long a new CA is in the bundle before it signs: the time in which every API server must have read it."""


class OwnAuthority:
    """The files of one authority."""

    def __init__(self, folder: Path, *, names: Sequence[str], lifetimes: Lifetimes | None = None) -> None:
        """``names``: host names and addresses of the server, such as ``lockgate.lockgate-system.svc``."""
        self._folder, self._names = folder, tuple(names)
        self._lifetimes = lifetimes or Lifetimes()
        self.pair = Pair(folder / "tls.crt", folder / "tls.key")

    def ensure(self, now: datetime | None = None) -> bool:
        """Make or renew what is missing or near its end; whether the bundle or the serving pair changed.

        Cheap when there is nothing to do. ``SourceError`` when the folder cannot be used.
        """
        now = now or datetime.now(UTC)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                return any([self._ensure_authority(now), self._ensure_serving(now)])
        except (OSError, ValueError) as error:
            hint = "the folder must be writable and hold only what was written here; move it away to begin anew"
            raise SourceError(f"the authority cannot be used: {error}", where=str(self._folder), hint=hint) from None

    def usable(self, now: datetime | None = None) -> bool:
        """Whether there is a certificate to serve with that is not over; :meth:`ensure` may still renew it. Quick."""
        try:
            if not all((self._folder / name).exists() for name in ("ca.crt", "ca.key", "tls.key")):
                return False
            begins, ends = validity(self.pair.certificate.read_text("ascii"))
        except (OSError, ValueError):
            return False
        return begins <= (now or datetime.now(UTC)) < ends

    def bundle(self) -> str:
        """PEM of every CA to be trusted now: the present one, the next and the previous."""
        paths = (self._folder / f"{stem}.crt" for stem in ("ca", "next-ca", "previous-ca"))
        return "".join(path.read_text() for path in paths if path.exists())

    def _ensure_authority(self, now: datetime) -> bool:
        life, current = self._lifetimes.authority, self._certificate("ca")
        if current is None or current.not_valid_after_utc <= now:
            self._write("ca", *_authority(now, life))
            return True
        following = self._certificate("next-ca")
        if following is None:
            if not _ending(current, now):
                return self._forget_previous(now)
            self._write("next-ca", *_authority(now, life))
            return True
        if now - (following.not_valid_before_utc + _BACKDATED) < self._lifetimes.overlap:
            return False
        self._replace("previous-ca.crt", (self._folder / "ca.crt").read_bytes())
        for suffix in ("key", "crt"):
            (self._folder / f"next-ca.{suffix}").replace(self._folder / f"ca.{suffix}")
        return True

    def _forget_previous(self, now: datetime) -> bool:
        previous = self._certificate("previous-ca")
        if previous is None or previous.not_valid_after_utc > now:
            return False
        (self._folder / "previous-ca.crt").unlink()
        return True

    def _ensure_serving(self, now: datetime) -> bool:
        from cryptography.exceptions import InvalidSignature

        authority, serving = self._certificate("ca"), self._certificate("tls")
        assert authority is not None
        if serving is not None and not _ending(serving, now) and _names_of(serving) == sorted(self._names):
            try:
                serving.verify_directly_issued_by(authority)
            except (ValueError, TypeError, InvalidSignature):
                pass  # signed by the previous authority: renew
            else:
                return False
        key = self._key("ca")
        self._write("tls", *_serving(now, self._lifetimes.serving, self._names, authority, key))
        return True

    def _certificate(self, stem: str) -> x509.Certificate | None:
        from cryptography import x509

        path = self._folder / f"{stem}.crt"
        return x509.load_pem_x509_certificate(path.read_bytes()) if path.exists() else None

    def _key(self, stem: str) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key((self._folder / f"{stem}.key").read_bytes(), None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise ValueError(f"{stem}.key is no elliptic-curve key")
        return key

    def _write(self, stem: str, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # The key first: a reader that meets the new key with the old certificate refuses the pair and tries again.
        self._replace(f"{stem}.key", secret)
        self._replace(f"{stem}.crt", certificate.public_bytes(Encoding.PEM))

    def _replace(self, name: str, content: bytes) -> None:
        fresh = self._folder / f".{name}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._folder / name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _ending(certificate: x509.Certificate, now: datetime) -> bool:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return end - now < (end - begin) / 3


def _names_of(certificate: x509.Certificate) -> list[str]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return sorted(str(name.value) for name in names)


def _authority(now: datetime, life: timedelta) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    # The name carries the time, so that two authorities in one bundle are told apart by whoever builds the chain.
    title = f"lockgate admission {now:%Y-%m-%dT%H:%M:%SZ}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, name, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _serving(now: datetime, life: timedelta, names: Sequence[str], authority: x509.Certificate,
             authority_key: EllipticCurvePrivateKey) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:  # fmt: skip
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lockgate admission")])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    # Never beyond the authority: the chain would be over while the certificate says otherwise.
    life = min(life, authority.not_valid_after_utc - now)
    certificate = (
        _builder(subject, authority.subject, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return certificate, key


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePublicKey, now: datetime, life: timedelta,
             ) -> x509.CertificateBuilder:  # fmt: skip
    from cryptography import x509

    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED).not_valid_after(now + life)
    )  # fmt: skip


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
