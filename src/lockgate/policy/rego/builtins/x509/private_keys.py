"""Private keys: PEM blocks of PKCS #1, PKCS #8 and SEC 1, in the shape of Go's JSON, and as JSON Web Keys."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import BuiltinError, LimitError
from lockgate.policy.rego.builtins.keys import pem_block
from lockgate.policy.rego.builtins.x509 import der
from lockgate.policy.rego.builtins.x509.certificates import public_key
from lockgate.policy.rego.builtins.x509.der import DerError
from lockgate.policy.rego.values import MAX_NUMBER_BITS

# The tag of the second member, by which the three structures differ.
_KINDS: Final = {"RSA PRIVATE KEY": der.INTEGER, "PRIVATE KEY": der.SEQUENCE, "EC PRIVATE KEY": der.OCTETS}
_CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_MAX_KEYS: Final = 1_000


def private_keys(text: str) -> list[Any]:
    """The keys of ``cryptography`` for the PEM blocks of a text; blocks of other kinds are passed over."""
    found: list[Any] = []
    for kind, data in blocks(text):
        if kind in _KINDS:
            if len(found) == _MAX_KEYS:
                raise LimitError(f"more than {_MAX_KEYS} private keys")
            _check_kind(kind, data)
            found.append(load(data))
    return found


def _check_kind(kind: str, data: bytes) -> None:
    try:
        parts = der.sequence(data)
    except DerError as error:
        raise BuiltinError(f"asn1: structure error: {error}") from None
    if len(parts) < 2 or parts[1].tag != _KINDS[kind]:
        raise BuiltinError(f"x509: failed to parse private key: the block is not what {kind} says")


def blocks(text: str) -> Iterator[tuple[str, bytes]]:
    """Kind and bytes of each PEM block."""
    while (block := pem_block(text)) is not None:
        yield block.kind, block.data
        text = block.rest


def load(data: bytes) -> Any:
    """The key. Raises BuiltinError when it is none, or too large to be shown."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"x509: failed to parse private key: {str(error)[:200]}") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size > MAX_NUMBER_BITS:
        raise LimitError(f"x509: a key of more than {MAX_NUMBER_BITS} bits")
    return key


def as_json(key: Any) -> Any:
    """Go's JSON of a private key."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        precomputed = {"Dp": numbers.dmp1, "Dq": numbers.dmq1, "Qinv": numbers.iqmp, "CRTValues": []}
        primes = [numbers.p, numbers.q]
        return {**public_key(key.public_key()), "D": numbers.d, "Primes": primes, "Precomputed": precomputed}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {**public_key(key.public_key()), "D": key.private_numbers().private_value}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        both = key.private_bytes_raw() + key.public_key().public_bytes_raw()
        return base64.b64encode(both).decode("ascii")
    # Go's other kinds of keys have no fields that it writes.
    return {}


def as_web_key(key: Any) -> dict[str, str]:
    """The JSON Web Key (RFC 7517, RFC 8037) of a private key."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        public = numbers.public_numbers
        parts = {
            "n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1,
            "dq": numbers.dmq1, "qi": numbers.iqmp,
        }  # fmt: skip
        return {"kty": "RSA", **{name: _written(part, -(-part.bit_length() // 8)) for name, part in parts.items()}}
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        point, size = key.public_key().public_numbers(), -(-key.key_size // 8)
        parts = {"x": point.x, "y": point.y, "d": key.private_numbers().private_value}
        written = {name: _written(part, size) for name, part in parts.items()}
        return {"kty": "EC", "crv": _CURVES[key.curve.name], **written}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        public_part, secret = key.public_key().public_bytes_raw(), key.private_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public_part), "d": _base64url(secret)}
    raise BuiltinError("jwk.Import: a private key of a kind that is not known")


def _written(number: int, size: int) -> str:
    return _base64url(number.to_bytes(size, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
