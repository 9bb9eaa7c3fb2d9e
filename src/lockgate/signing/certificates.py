"""Certificates of those who sign without a key of their own, held against the authorities of a trusted root.

Such a certificate lives for minutes and names who asked for it: an address of mail, or a workflow with its repository.
It counts when an authority issued it, a log of certificates has promised to show it (SCT), and it was valid at every
moment of the signature that is proved. Source: RFC 5280, RFC 6962; fulcio, docs/oid-info.md and certificate-spec.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.signatures.trusted_root import Authority, Log, TrustedRoot
from lockgate.signing import keys
from lockgate.signing.refused import RefusedError

_ARC = "1.3.6.1.4.1.57264.1"
_OTHER_NAME = f"{_ARC}.7"
_OLD_ISSUER = f"{_ARC}.1"
CLAIMS = {
    8: "issuer", 9: "build_signer", 10: "build_signer_digest", 11: "runner", 12: "repository", 13: "revision",
    14: "ref", 18: "workflow", 19: "workflow_digest", 20: "trigger", 21: "run", 22: "visibility",
}  # fmt: skip
"""Number below Fulcio's arc -> claim, by the name that a policy calls it."""
_OLD_CLAIMS = {2: "trigger", 3: "revision", 5: "repository", 6: "ref"}
"""Of GitHub alone, and plain texts; the repository without its address."""
_MAX_CERTIFICATE = 64 * 1024
_DEEPEST = 5
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]++-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate is for."""

    names: tuple[str, ...]
    """Subject alternative names: an address of mail, an address of a workflow."""
    claims: Mapping[str, str]
    """By the names of ``CLAIMS``."""

    @property
    def issuer(self) -> str:
        """Who vouched for the name (OpenID Connect)."""
        return self.claims.get("issuer", "")


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate that signed, read and not yet trusted."""

    der: bytes
    held: Any
    """Of ``cryptography``."""
    key: keys.PublicKey
    identity: Identity


def loaded(der: bytes) -> Certificate:
    """Raises :class:`RefusedError`."""
    held = certificate_of(der)
    try:
        key, identity = keys.of(held.public_key()), _identity(held)
    except (ValueError, TypeError) as error:
        raise RefusedError(f"the certificate cannot be read ({type(error).__name__})") from None
    return Certificate(der, held, key, identity)


def from_pem(content: bytes) -> tuple[bytes, ...]:
    """The certificates of a text in PEM, DER, in its order. Raises :class:`RefusedError`."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import InvalidVersion, load_pem_x509_certificate

    if len(content) > _DEEPEST * _MAX_CERTIFICATE:
        raise RefusedError("more certificates than a chain has")
    try:
        return tuple(load_pem_x509_certificate(one).public_bytes(Encoding.DER) for one in _PEM.findall(content))
    except (ValueError, InvalidVersion):
        raise RefusedError("a certificate that cannot be read") from None


def check(signer: Certificate, root: TrustedRoot, moments: Sequence[datetime]) -> None:
    """Raises :class:`RefusedError` unless ``signer`` counts at each of ``moments``, of which there is at least one."""
    if not moments:
        raise RefusedError("nothing proves when it was signed, and its certificate was valid for minutes")
    for moment in moments:
        if not signer.held.not_valid_before_utc <= moment <= signer.held.not_valid_after_utc:
            raise RefusedError(f"it was signed at {moment:%Y-%m-%d %H:%M:%S} UTC, when its certificate was not valid")
        issuers = _issuers(signer, root.authorities, moment)
        _promised(signer, issuers, root.certificate_logs)


def _issuers(signer: Certificate, authorities: Sequence[Authority], moment: datetime) -> list[Any]:
    """Who may have issued the certificate: the first above it of every chain that holds."""
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    found = []
    for authority in authorities:
        if not authority.period.holds(moment):
            continue
        chain = [certificate_of(one) for one in authority.chain]
        builder = PolicyBuilder().store(Store([chain[-1]])).time(moment.astimezone(UTC).replace(tzinfo=None))
        policy = builder.max_chain_depth(_DEEPEST).extension_policies(ca_policy=_above(), ee_policy=_leaf())
        try:
            verified = policy.build_client_verifier().verify(signer.held, chain[:-1])
        except VerificationError:
            continue
        found.append(verified.chain[1] if len(verified.chain) > 1 else chain[-1])
    if not found:
        raise RefusedError("its certificate is of none of the authorities that are trusted")
    return found


def _above() -> Any:
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    def authority(_policy: Any, _certificate: Any, held: x509.BasicConstraints) -> None:
        if not held.ca:
            raise ValueError("issued by a certificate that may issue none")

    def usage(_policy: Any, _certificate: Any, held: x509.KeyUsage | None) -> None:
        if held is not None and not held.key_cert_sign:
            raise ValueError("issued by a certificate whose key may not sign any")

    every = ExtensionPolicy.permit_all()
    every = every.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, authority)
    return every.may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, usage)


def _leaf() -> Any:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    def usage(_policy: Any, _certificate: Any, held: x509.KeyUsage) -> None:
        if not held.digital_signature:
            raise ValueError("the key is not for signatures")

    def purpose(_policy: Any, _certificate: Any, held: x509.ExtendedKeyUsage) -> None:
        if ExtendedKeyUsageOID.CODE_SIGNING not in held:
            raise ValueError("the key is not for signing code")

    every = ExtensionPolicy.permit_all()
    every = every.require_present(x509.KeyUsage, Criticality.AGNOSTIC, usage)
    return every.require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, purpose)


def _promised(signer: Certificate, issuers: Sequence[Any], logs: Sequence[Log]) -> None:
    """Raises :class:`RefusedError` unless a log of certificates that is trusted has promised to show this one."""
    from cryptography.x509 import ExtensionNotFound, PrecertificateSignedCertificateTimestamps

    try:
        held = signer.held.extensions.get_extension_for_class(PrecertificateSignedCertificateTimestamps)
    except (ExtensionNotFound, ValueError):
        raise RefusedError("its certificate was shown in no log of certificates") from None
    for promise in list(held.value)[:_DEEPEST]:
        for log in logs:
            if promise.log_id not in log.log_ids or not log.period.holds(promise.timestamp.replace(tzinfo=UTC)):
                continue
            if any(_is_promise(promise, signer.held, issuer, log) for issuer in issuers):
                return
    raise RefusedError("its certificate was shown in no log of certificates that is trusted")


def _is_promise(promise: Any, certificate: Any, issuer: Any, log: Log) -> bool:
    """Source: RFC 6962, 3.2: version 1, type 0, time in milliseconds, type of entry 1, hash of the issuer's key, the
    certificate without the promise, extensions."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    shown, more = certificate.tbs_precertificate_bytes, promise.extension_bytes
    moment = promise.timestamp.replace(tzinfo=UTC)
    milliseconds = int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000
    signed = b"".join((
        b"\x00\x00", milliseconds.to_bytes(8, "big"), b"\x00\x01", hashlib.sha256(spki).digest(),
        len(shown).to_bytes(3, "big"), shown, len(more).to_bytes(2, "big"), more,
    ))  # fmt: skip
    try:
        keys.from_der(log.key).verify(promise.signature, signed)
    except RefusedError:
        return False
    return True


def certificate_of(der: bytes) -> Any:
    """The certificate of ``cryptography`` that ``der`` is. Raises :class:`RefusedError`."""
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    if len(der) > _MAX_CERTIFICATE:
        raise RefusedError("a certificate larger than any")
    try:
        return load_der_x509_certificate(der)
    except (ValueError, InvalidVersion):
        raise RefusedError("a certificate that cannot be read") from None


def _identity(certificate: Any) -> Identity:
    from cryptography import x509

    claims: dict[str, str] = {}
    for extension in certificate.extensions:
        oid = extension.oid.dotted_string
        if not oid.startswith(f"{_ARC}.") or not isinstance(extension.value, x509.UnrecognizedExtension):
            continue
        number, held = oid.removeprefix(f"{_ARC}."), extension.value.value
        if oid == _OLD_ISSUER:
            claims.setdefault("issuer", held.decode("utf-8", "replace"))
        elif number.isdigit() and int(number) in _OLD_CLAIMS:
            value = held.decode("utf-8", "replace")
            name = _OLD_CLAIMS[int(number)]
            claims.setdefault(name, f"https://github.com/{value}" if name == "repository" else value)
        elif number.isdigit() and int(number) in CLAIMS:
            claims[CLAIMS[int(number)]] = _utf8(held)
    return Identity(_names(certificate), claims)


def _names(certificate: Any) -> tuple[str, ...]:
    from cryptography import x509

    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    found = []
    for one in held:
        if isinstance(one, x509.RFC822Name | x509.UniformResourceIdentifier | x509.DNSName):
            found.append(one.value)
        elif isinstance(one, x509.OtherName) and one.type_id.dotted_string == _OTHER_NAME:
            found.append(_utf8(one.value))
    return tuple(found)


def _utf8(der: bytes) -> str:
    """The text of a UTF8String. Source: X.690, 8.1.3. Raises :class:`RefusedError`."""
    if len(der) < 2 or der[0] != 0x0C:
        raise RefusedError("a claim of the certificate is no text")
    start, length = 2, der[1]
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(der[2:start], "big")
    if len(der) != start + length:
        raise RefusedError("a claim of the certificate is cut short")
    try:
        return der[start:].decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("a claim of the certificate is no text") from None
