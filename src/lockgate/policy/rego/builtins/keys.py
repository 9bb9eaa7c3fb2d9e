"""Keys for signatures: PEM certificates and public keys, and JSON Web Keys (RFC 7517), by ``cryptography``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from lockgate.policy.rego.builtins.contract import BuiltinError, LimitError
from lockgate.policy.rego.builtins.encoding import from_base64url
from lockgate.policy.rego.values import bytes_of, from_json_text

ALGORITHMS: Final = frozenset(
    {
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "HS256",
        "HS384",
        "HS512",
        "EdDSA",
    }
)
MAX_KEYS: Final = 1_000
_MAX_TEXT: Final = 1 << 20


class Block(NamedTuple):
    """One PEM block: the word between the dashes, its bytes, and the text behind it."""

    kind: str
    data: bytes
    rest: str


class Key(NamedTuple):
    """A key and what a JSON Web Key says about its use."""

    key: Any
    """A key of ``cryptography``, or bytes of a shared secret."""
    algorithm: str = ""
    identifier: str = ""


def pem_block(text: str) -> Block | None:
    """The first PEM block, or None."""
    start = text.find("-----BEGIN ")
    end_of_kind = text.find("-----", start + 11) if start >= 0 else -1
    if end_of_kind < 0 or "\n" in text[start:end_of_kind]:
        return None
    kind = text[start + 11 : end_of_kind]
    footer = f"-----END {kind}-----"
    end = text.find(footer, end_of_kind)
    if end < 0:
        return None
    body = text[end_of_kind + 5 : end]
    headers, blank, after = body.partition("\n\n")
    body = after if blank and ":" in headers else body
    from lockgate.policy.rego.builtins.encoding import base64_decode

    data = bytes_of(base64_decode("".join(body.split())))
    rest = text[end + len(footer) :].lstrip(" \t\r")
    return Block(kind, data, rest.removeprefix("\n"))


def verification_keys(text: str) -> list[Key]:
    """The keys of a PEM certificate, a PEM public key, a JSON Web Key or a set of them. Raises BuiltinError."""
    if len(text) > _MAX_TEXT:
        raise LimitError("a key of more than a mebibyte")
    block = pem_block(text)
    if block is None:
        return web_keys(text)
    if block.rest:
        raise BuiltinError("extra data after a PEM certificate block")
    if block.kind == "CERTIFICATE":
        return [Key(_loaded(_certificate_key, block.data, "failed to parse a PEM certificate"))]
    if block.kind == "PUBLIC KEY":
        return [Key(_loaded(_public_key, block.data, "failed to parse a PEM public key"))]
    raise BuiltinError("failed to extract a Key from the PEM certificate")


def web_keys(text: str) -> list[Key]:
    """The JSON Web Keys of a text, without those for an algorithm that is not known."""
    try:
        found = from_json_text(text)
    except ValueError:
        raise BuiltinError("failed to parse a JWK key (set)") from None
    if not isinstance(found, dict):
        raise BuiltinError("failed to parse a JWK key (set)")
    raw = found.get("keys", [found])
    if not isinstance(raw, list) or len(raw) > MAX_KEYS:
        raise BuiltinError("failed to parse a JWK key (set)")
    keys: list[Key] = []
    for item in raw:
        if not isinstance(item, dict):
            raise BuiltinError("failed to parse a JWK key (set)")
        algorithm, identifier = item.get("alg", ""), item.get("kid", "")
        if not isinstance(algorithm, str) or not isinstance(identifier, str):
            raise BuiltinError("failed to parse a JWK key (set)")
        key = _loaded(_web_key, item, "failed to parse a JWK key (set)")
        if not algorithm or algorithm in ALGORITHMS:
            keys.append(Key(key, algorithm, identifier))
    return keys


def _loaded(load: Callable[[Any], Any], source: Any, failure: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(source)
    except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError, BuiltinError) as error:
        raise BuiltinError(f"{failure}: {str(error)[:200]}") from None


def _certificate_key(data: bytes) -> Any:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(data).public_key()


def _public_key(data: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(data)


def _field(item: dict[str, Any], name: str) -> bytes:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise BuiltinError(f"a JWK without {name}")
    return from_base64url(value)


def _number(item: dict[str, Any], name: str) -> int:
    return int.from_bytes(_field(item, name), "big")


def _web_key(item: dict[str, Any]) -> Any:
    kind = item.get("kty")
    if kind == "oct":
        return _field(item, "k")
    if kind == "RSA":
        return _rsa(item)
    if kind == "EC":
        return _elliptic(item)
    if kind == "OKP" and item.get("crv") == "Ed25519":
        return _edwards(item)
    raise BuiltinError("a JWK of a type that is not known")


def _rsa(item: dict[str, Any]) -> Any:
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = rsa.RSAPublicNumbers(_number(item, "e"), _number(item, "n"))
    if "d" not in item:
        return public.public_key()
    d = _number(item, "d")
    if "p" in item and "q" in item:
        p, q = _number(item, "p"), _number(item, "q")
    else:
        p, q = rsa.rsa_recover_prime_factors(public.n, public.e, d)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key()


def _elliptic(item: dict[str, Any]) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, Any] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    name = item.get("crv")
    if not isinstance(name, str) or name not in curves:
        raise BuiltinError("a JWK on a curve that is not known")
    public = ec.EllipticCurvePublicNumbers(_number(item, "x"), _number(item, "y"), curves[name]())
    if "d" in item:
        return ec.EllipticCurvePrivateNumbers(_number(item, "d"), public).private_key()
    return public.public_key()


def _edwards(item: dict[str, Any]) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    if "d" in item:
        return ed25519.Ed25519PrivateKey.from_private_bytes(_field(item, "d"))
    return ed25519.Ed25519PublicKey.from_public_bytes(_field(item, "x"))
