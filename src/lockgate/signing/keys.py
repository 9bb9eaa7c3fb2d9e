"""Public keys, each of which says by itself how it verifies.

No algorithm is taken from what is verified: an attacker who may choose it chooses the weakest. Where tools differ (the
hash of ECDSA on P-384, the padding of RSA) the few ways in use are tried. Source: sigstore's algorithm registry; cosign
signs with SHA-256 whatever the key.
"""

from __future__ import annotations

import hashlib
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.signing.refused import RefusedError

_MIN_RSA = 2048
_MAX_RSA = 16_384
"""Bits; a larger key makes each signature a burden."""
_MAX_SIGNATURE = 4096
"""Bytes."""
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
HINT = "a public key in PEM: ECDSA on P-256, P-384 or P-521, RSA of 2048 bits or more, or Ed25519"
"""What can be read, for people."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key."""

    der: bytes
    """SubjectPublicKeyInfo, which names the key."""
    name: str
    """Its algorithm, for people."""
    key: Any
    """Of ``cryptography``."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, in hex."""
        return hashlib.sha256(self.der).hexdigest()

    def verify(self, signature: bytes, content: bytes) -> None:
        """Raises :class:`RefusedError` unless the key has signed ``content``."""
        from cryptography.exceptions import InvalidSignature

        if not 0 < len(signature) <= _MAX_SIGNATURE:
            raise RefusedError("the signature has a length that none has")
        for arguments in _ways(self.key):
            try:
                self.key.verify(signature, content, *arguments)
            except (InvalidSignature, ValueError):
                continue
            return
        raise RefusedError("the signature is not by this key")


def _ways(key: Any) -> list[tuple[Any, ...]]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    if isinstance(key, ec.EllipticCurvePublicKey):
        own = {"secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}.get(key.curve.name)
        tried: list[Any] = [hashes.SHA256()] if own is None else [own, hashes.SHA256()]
        return [(ec.ECDSA(one),) for one in tried]
    if isinstance(key, rsa.RSAPublicKey):
        sha = hashes.SHA256()
        return [(padding.PKCS1v15(), sha), (padding.PSS(padding.MGF1(sha), padding.PSS.AUTO), sha)]
    return [()]


def of(key: Any) -> PublicKey:
    """A key of ``cryptography``. Raises :class:`RefusedError` for one that is too weak or of another kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        name = f"ECDSA {_CURVES[key.curve.name]}"
    elif isinstance(key, rsa.RSAPublicKey):
        if not _MIN_RSA <= key.key_size <= _MAX_RSA:
            raise RefusedError(f"a key of RSA with {key.key_size} bits")
        name = f"RSA {key.key_size}"
    elif isinstance(key, ed25519.Ed25519PublicKey):
        name = "Ed25519"
    else:
        raise RefusedError("a key of a kind that is not used for signatures of images")
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), name, key)


def from_der(content: bytes) -> PublicKey:
    """The key that ``content`` is. Raises :class:`RefusedError`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return of(load_der_public_key(content))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RefusedError("no public key that can be read") from None


def from_pem(content: bytes) -> PublicKey:
    """The key that ``content`` is. Raises :class:`RefusedError`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        return of(load_pem_public_key(content))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RefusedError("no public key that can be read") from None
