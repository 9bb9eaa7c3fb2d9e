"""Private keys that sign, wherever they lie: in a file, in a token, in a vault. ``lockgate.secrets`` opens them."""

from __future__ import annotations

import hashlib
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.signing import cosign_keys
from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_MAX_KEY = 64 * 1024
_KINDS = "RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519, in PEM"


class Scheme(StrEnum):
    """How a key signs: padding or curve arithmetic, and the hash. The names are those of JOSE (RFC 7518, RFC 8037), but
    that the curve of ``ES...`` is the key's own."""

    RS256 = "RS256"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"

    @property
    def hash_name(self) -> str:
        """``sha256``; empty for EdDSA, which takes the content as it is."""
        return f"sha{self.value[2:]}" if self is not Scheme.EDDSA else ""

    def digest(self, content: bytes) -> bytes:
        """The hash of ``content`` that is signed; not for EdDSA."""
        return hashlib.new(self.hash_name, content).digest()


class Signer(Protocol):
    """A private key that may be asked to sign, and shows nothing else of itself."""

    @property
    def public_key(self) -> PublicKeyTypes:
        """Of ``cryptography``."""

    def sign(self, content: bytes, scheme: Scheme) -> bytes:
        """The signature of ``content``; of ECDSA in DER, of PSS with salt as long as the hash.

        Raises ``LockgateError`` where the key does not sign so, or what holds it does not answer.
        """


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key in memory."""

    key: Any = field(repr=False)
    """A private key of ``cryptography``."""

    @property
    def public_key(self) -> Any:
        """Of it."""
        return self.key.public_key()

    def sign(self, content: bytes, scheme: Scheme) -> bytes:
        """By ``cryptography``."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding

        fitting(self.public_key, scheme)
        if scheme is Scheme.EDDSA:
            return bytes(self.key.sign(content))
        hashed = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512()}[len(scheme.digest(b""))]
        if scheme.startswith("ES"):
            return bytes(self.key.sign(content, ec.ECDSA(hashed)))
        if scheme is Scheme.RS256:
            return bytes(self.key.sign(content, padding.PKCS1v15(), hashed))
        pss = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH)
        return bytes(self.key.sign(content, pss, hashed))


def held_key(content: bytes, password: bytes | None, where: str) -> HeldKey:
    """The private key of a PEM text (PKCS#8, PKCS#1, SEC 1, cosign's; encrypted or not). ``where`` names it in errors.

    Raises ``ConfigurationError``, which says nothing of the key or the password.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    if len(content) > _MAX_KEY:
        raise ConfigurationError(f"larger than {_MAX_KEY:,} bytes", where=where, hint=f"a private key: {_KINDS}")
    encrypted = b"ENCRYPTED" in content
    if encrypted and not password:
        hint = "set LOCKGATE_KEY_PASSWORD, or name a file by LOCKGATE_KEY_PASSWORD_FILE"
        raise ConfigurationError("the private key is encrypted", where=where, hint=hint)
    try:
        if cosign_keys.is_one(content):
            key = load_der_private_key(cosign_keys.opened(content, password or b""), None)
        else:
            key = load_pem_private_key(content, password if encrypted else None)
    except RefusedError as error:
        raise ConfigurationError(error.reason, where=where, hint=f"a private key: {_KINDS}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "the private key does not open with this password" if encrypted else "no private key that can be read"
        raise ConfigurationError(reason, where=where, hint=f"a private key: {_KINDS}") from None
    if not schemes_of(key.public_key()):
        raise ConfigurationError("a key that signs no images", where=where, hint=f"a private key: {_KINDS}")
    return HeldKey(key)


def schemes_of(key: Any) -> tuple[Scheme, ...]:
    """How a public key's private half may sign; nothing for keys that are too weak or of another kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, rsa.RSAPublicKey):
        return (Scheme.RS256, Scheme.PS256, Scheme.PS384, Scheme.PS512) if key.key_size >= 2048 else ()
    if isinstance(key, ec.EllipticCurvePublicKey):
        known = key.curve.name in ("secp256r1", "secp384r1", "secp521r1")
        return (Scheme.ES256, Scheme.ES384, Scheme.ES512) if known else ()
    return (Scheme.EDDSA,) if isinstance(key, ed25519.Ed25519PublicKey) else ()


def fitting(key: Any, scheme: Scheme) -> None:
    """Raises ``ConfigurationError`` where the private half of ``key`` does not sign by ``scheme``."""
    if scheme not in schemes_of(key):
        raise ConfigurationError(f"the key cannot sign by {scheme.value}", where="key", hint="choose another key")


def raw_of(signature: bytes, key: Any) -> bytes:
    """An ECDSA signature as its two numbers behind each other, as JOSE, COSE, PKCS#11 and vaults have it, from DER."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    size = (key.curve.key_size + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signature))


def der_of(signature: bytes) -> bytes:
    """The reverse of :func:`raw_of`."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
