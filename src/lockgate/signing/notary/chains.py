"""Chains of certificates as the Notary Project wants them, for signing and for timestamps.

Source: notaryproject/specifications, signature-specification.md, "Certificate Requirements"; RFC 5280; RFC 3161, 2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_ALGORITHMS = {
    ("RSA", 2048): "PS256", ("RSA", 3072): "PS384", ("RSA", 4096): "PS512",
    ("EC", 256): "ES256", ("EC", 384): "ES384", ("EC", 521): "ES512",
}  # fmt: skip
"""The one algorithm of each kind of key, by its bits."""
_HASHES = frozenset(("sha256", "sha384", "sha512"))


class Purpose(Enum):
    """What the first certificate of a chain signs."""

    CODE = "code"
    TIMESTAMPS = "timestamps"


def loaded(chain: Sequence[bytes]) -> list[Certificate]:
    """The certificates of a chain in DER. Raises :class:`RefusedError`."""
    from cryptography.x509 import load_der_x509_certificate

    return _whole(lambda: [load_der_x509_certificate(one) for one in chain])


def from_pem(content: bytes) -> list[Certificate]:
    """The certificates of a file in PEM, or the one of a file in DER. Raises :class:`RefusedError`."""
    from cryptography.x509 import load_pem_x509_certificates

    return _whole(lambda: load_pem_x509_certificates(content)) if b"-----BEGIN" in content else loaded([content])


def _whole(load: Callable[[], list[Certificate]]) -> list[Certificate]:
    """Certificates of which everything that is asked later can be read: they are parsed only when they are asked."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import DuplicateExtension, InvalidVersion, UnsupportedGeneralNameType

    unreadable = (ValueError, TypeError, UnsupportedAlgorithm, DuplicateExtension, InvalidVersion)
    try:
        found = load()
        for one in found:
            for part in ("subject", "issuer", "extensions", "not_valid_before_utc", "not_valid_after_utc"):
                getattr(one, part)
            one.public_key()
    except (*unreadable, UnsupportedGeneralNameType):
        raise RefusedError("a certificate that cannot be read") from None
    return found


def algorithm_of(key: Any) -> str:
    """The algorithm that a public key signs by (a JOSE name). Raises :class:`RefusedError` for any other key."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC" if isinstance(key, ec.EllipticCurvePublicKey) else ""
    found = _ALGORITHMS.get((kind, getattr(key, "key_size", 0)))
    if found is None or (kind == "EC" and not key.curve.name.startswith("secp")):
        raise RefusedError("the Notary Project signs with RSA of 2048, 3072 or 4096 bits, or P-256, P-384 or P-521")
    return found


def check(chain: Sequence[Certificate], purpose: Purpose) -> None:
    """Raises :class:`RefusedError` unless ``chain`` goes from a signer to a root, each certificate as it has to be."""
    if not chain:
        raise RefusedError("there is no certificate")
    for number, one in enumerate(chain):
        last = number == len(chain) - 1
        issued = issued_by(one, one if last else chain[number + 1])
        if not issued:
            raise RefusedError(f"{'the root is not self-signed' if last else 'it is not issued by the next'}{_at(one)}")
        if not last and issued_by(one, one):
            raise RefusedError(f"a self-signed certificate before the end of the chain{_at(one)}")
        if number == 0:
            _signer(one, purpose)
        else:
            _issuer(one, number - 1, purpose)


def issues(one: Certificate) -> bool:
    """Whether a certificate may issue others. Raises :class:`RefusedError` where that cannot be read."""
    from cryptography import x509

    constraints = _extension(one, x509.BasicConstraints)
    return constraints is not None and bool(constraints.value.ca)


def self_signed(one: Certificate) -> bool:
    """Whether a certificate is its own issuer."""
    return issued_by(one, one)


def issued_by(one: Certificate, issuer: Certificate) -> bool:
    """Whether ``issuer`` has issued a certificate, by names and signature."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        one.verify_directly_issued_by(issuer)
        hashed = one.signature_hash_algorithm
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return hashed is None or hashed.name in _HASHES


def _signer(one: Certificate, purpose: Purpose) -> None:
    if issues(one):
        raise RefusedError(f"a certificate that signs must not issue others{_at(one)}")
    usage = _usage(one, purpose)
    if not usage.digital_signature:
        raise RefusedError(f"the key is not for signatures{_at(one)}")
    others = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    if any(getattr(usage, name) for name in others):
        raise RefusedError(f"the key is for other things than signatures{_at(one)}")
    _purposes(one, purpose)
    algorithm_of(one.public_key())


def _purposes(one: Certificate, purpose: Purpose) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Oid

    held = _extension(one, x509.ExtendedKeyUsage)
    found = set(held.value) if held is not None else set()
    if purpose is Purpose.TIMESTAMPS:
        if held is None or not held.critical or found != {Oid.TIME_STAMPING}:
            raise RefusedError(f"a certificate of a timestamp is for timestamps alone{_at(one)}")
    elif found & {Oid.SERVER_AUTH, Oid.CLIENT_AUTH, Oid.EMAIL_PROTECTION, Oid.TIME_STAMPING, Oid.OCSP_SIGNING}:
        raise RefusedError(f"a certificate for other purposes than signing code{_at(one)}")


def _issuer(one: Certificate, below: int, purpose: Purpose) -> None:
    from cryptography import x509

    constraints = _extension(one, x509.BasicConstraints)
    if constraints is None or not constraints.value.ca:
        raise RefusedError(f"issued by a certificate that may issue none{_at(one)}")
    length = constraints.value.path_length
    if length is not None and length < below:
        raise RefusedError(f"more certificates below it than it allows{_at(one)}")
    if not _usage(one, purpose).key_cert_sign:
        raise RefusedError(f"issued by a certificate whose key may not sign any{_at(one)}")


def _usage(one: Certificate, purpose: Purpose) -> Any:
    from cryptography import x509

    held = _extension(one, x509.KeyUsage)
    if held is None or (purpose is Purpose.CODE and not held.critical):
        raise RefusedError(f"a certificate without a critical key usage{_at(one)}")
    return held.value


def _extension(one: Certificate, kind: Any) -> Any:
    from cryptography import x509

    try:
        return one.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension):
        raise RefusedError("a certificate with extensions that cannot be read") from None


def _at(one: Certificate) -> str:
    return f" ({one.subject.rfc4514_string()[:200]})"
