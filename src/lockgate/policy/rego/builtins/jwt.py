"""JSON Web Tokens: ``io.jwt.*``. Signatures are checked and made by ``cryptography``."""

from __future__ import annotations

import base64
import hmac
from functools import partial
from typing import Any, Final, NamedTuple

from lockgate.policy.rego.builtins.contract import BuiltinError, Context, Function, dictionary, string
from lockgate.policy.rego.builtins.encoding import from_base64url, json_is_valid, json_marshal
from lockgate.policy.rego.builtins.keys import ALGORITHMS, Key, verification_keys, web_keys
from lockgate.policy.rego.values import Value, bytes_of, compare, from_json_text, text_of

_HASHES: Final = {"256": "sha256", "384": "sha384", "512": "sha512"}
_CONSTRAINTS: Final = frozenset({"cert", "secret", "alg", "iss", "aud", "time"})
_HEADERS: Final = ("alg", "kid", "typ", "cty")
_NANOSECONDS: Final = 1_000_000_000


class _Token(NamedTuple):
    """The three parts of a token, and its header decoded."""

    head: str
    body: str
    signature: bytes
    header: dict[str, Any]

    @property
    def signed(self) -> bytes:
        return bytes_of(f"{self.head}.{self.body}")

    def payload_text(self) -> str:
        return text_of(from_base64url(self.body))


def decode(token: Value) -> Value:
    """Header, payload and hexadecimal signature, not verified."""
    text = string(token, 1)
    while True:
        head, body, signature = _split(text)
        header = _header(head)
        payload = text_of(_part("payload", body))
        kind = header.get("cty")
        if kind is not None and not isinstance(kind, str):
            raise BuiltinError("cty: must be a string")
        if kind != "JWT":
            return [header, _object(payload), _part("signature", signature).hex()]
        text = payload.strip("\"'")


def verify_hmac(hash_name: str, token: Value, secret: Value) -> Value:
    """Whether the signature is an HMAC with the secret."""
    head, body, signature = _split(string(token, 1))
    expected = hmac.new(bytes_of(string(secret, 2)), bytes_of(f"{head}.{body}"), hash_name).digest()
    return hmac.compare_digest(expected, from_base64url(signature))


def verify(algorithm: str, token: Value, key_text: Value) -> Value:
    """Whether one of the keys (PEM certificate or key, or JSON Web Keys) has signed the token."""
    parts = _split(string(token, 1))
    keys = verification_keys(string(key_text, 2))
    read = _token(parts)
    names = _names(read.header)
    return _signed_by_one(read, keys, names["kid"], names["alg"], algorithm)


def decode_verify(context: Context, token: Value, constraints: Value) -> Value:
    """``[valid, header, payload]``: the signature, and issuer, audience and time as the constraints ask."""
    wanted = dictionary(constraints, 2)
    keys, now = _checked(context, wanted)
    text = string(token, 1)
    while True:
        read = _token(_split(text))
        names = _names(read.header)
        if not _acceptable(read.header, names) or wanted.get("alg", "") not in ("", names["alg"]):
            return [False, {}, {}]
        if not _signed_by_one(read, keys, names["kid"], names["alg"], names["alg"]):
            return [False, {}, {}]
        if names["cty"].lower() != "jwt":
            break
        text = read.payload_text()
    payload = _object(read.payload_text())
    if not _claims_hold(payload, wanted, now):
        return [False, {}, {}]
    return [True, read.header, payload]


def encode_sign(header: Value, payload: Value, key: Value) -> Value:
    """The token of a header and a payload, signed with a JSON Web Key."""
    return _signed(json_marshal(header), json_marshal(payload), json_marshal(key))


def encode_sign_raw(header: Value, payload: Value, key: Value) -> Value:
    """As :func:`encode_sign`, of JSON texts that are taken as they are."""
    secret = string(key, 3)
    return _signed(string(header, 1), string(payload, 2), secret)


def _part(name: str, text: str) -> bytes:
    try:
        return from_base64url(text)
    except BuiltinError as error:
        raise BuiltinError(f"JWT {name} had invalid encoding: {error}") from None


def _split(text: str) -> tuple[str, str, str]:
    parts = text.split(".")
    if len(parts) == 1:
        raise BuiltinError("encoded JWT had no period separators")
    if len(parts) != 3:
        raise BuiltinError(f"encoded JWT must have 3 sections, found {len(parts)}")
    return parts[0], parts[1], parts[2]


def _token(parts: tuple[str, str, str]) -> _Token:
    return _Token(parts[0], parts[1], from_base64url(parts[2]), _header(parts[0]))


def _header(text: str) -> dict[str, Any]:
    header = _object(text_of(_part("header", text)))
    if "enc" in header:
        raise BuiltinError("JWT is a JWE object, which is not supported")
    return header


def _object(text: str) -> dict[str, Any]:
    try:
        value = from_json_text(text)
    except ValueError as error:
        raise BuiltinError(f"invalid JSON: {error}") from None
    if not isinstance(value, dict):
        raise BuiltinError("decoded JSON type was not an Object")
    return value


def _names(header: dict[str, Any]) -> dict[str, str]:
    for name in _HEADERS:
        if not isinstance(header.get(name, ""), str):
            raise BuiltinError(f"{name}: must be a string")
    if "crit" in header and not (isinstance(header["crit"], list) and header["crit"]):
        raise BuiltinError("crit: must be a nonempty list")
    return {name: header.get(name, "") for name in _HEADERS}


def _acceptable(header: dict[str, Any], names: dict[str, str]) -> bool:
    """Whether there is an algorithm, and nothing that must be understood and is not."""
    critical = header.get("crit", ())
    return names["alg"] != "" and not any(name in critical for name in header if name not in (*_HEADERS, "crit"))


def _signed_by_one(token: _Token, keys: list[Key], identifier: str, declared: str, algorithm: str) -> bool:
    named = next((key for key in keys if identifier and key.identifier == identifier), None)
    if named is not None:
        return _is_signature(named.key, algorithm, token)
    fitting = (key for key in keys if key.algorithm in ("", declared))
    return any(_is_signature(key.key, algorithm, token) for key in fitting)


def _is_signature(key: Any, algorithm: str, token: _Token) -> bool:
    """Whether the key made the token's signature with the algorithm; a key of another type did not."""
    from cryptography.exceptions import InvalidSignature

    if algorithm not in ALGORITHMS:
        return False
    if algorithm.startswith("HS"):
        return isinstance(key, bytes) and hmac.compare_digest(_mac(key, algorithm, token.signed), token.signature)
    try:
        return _verified(key, algorithm, token)
    except (InvalidSignature, ValueError):
        return False


def _mac(secret: bytes, algorithm: str, data: bytes) -> bytes:
    return hmac.new(secret, data, _HASHES[algorithm[2:]]).digest()


def _hash(algorithm: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, Any] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
    return known[algorithm[2:]]()


def _verified(key: Any, algorithm: str, token: _Token) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    signature = token.signature
    if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, token.signed)
        return True
    if algorithm.startswith("ES") and isinstance(key, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        key.verify(encode_dss_signature(r, s), token.signed, ec.ECDSA(_hash(algorithm)))
        return True
    if algorithm[:2] in ("RS", "PS") and isinstance(key, rsa.RSAPublicKey):
        digest = _hash(algorithm)
        pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
        key.verify(signature, token.signed, pss if algorithm.startswith("PS") else padding.PKCS1v15(), digest)
        return True
    return False


def _checked(context: Context, wanted: dict[Any, Any]) -> tuple[list[Key], float]:
    """The keys and the time that the constraints name."""
    for name, value in wanted.items():
        if name not in _CONSTRAINTS:
            raise BuiltinError(f"unknown token validation constraint: {str(name)[:80]}")
        if name != "time" and not isinstance(value, str):
            raise BuiltinError(f"{name} constraint: must be a string")
    now = wanted.get("time", context.now_ns)
    if isinstance(now, bool) or not isinstance(now, (int, float)) or now < 0:
        raise BuiltinError("token time constraint: must be a number that is not negative")
    secret = wanted.get("secret", "")
    if ("cert" in wanted) == (secret != ""):
        raise BuiltinError("duplicate key constraints" if secret else "no key constraint")
    return ([Key(bytes_of(secret))] if secret else verification_keys(wanted["cert"])), now / _NANOSECONDS


def _claims_hold(payload: dict[str, Any], wanted: dict[Any, Any], now: float) -> bool:
    issuer = wanted.get("iss", "")
    if issuer and payload.get("iss") != issuer:
        return False
    audience = wanted.get("aud", "")
    given = payload.get("aud", "")
    if "aud" in payload and not (given == audience or (isinstance(given, list) and audience in given)):
        return False
    if "aud" not in payload and audience:
        return False
    for name in ("exp", "nbf"):
        value = payload.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BuiltinError(f"{name} value must be a number")
    if "exp" in payload and compare(now, payload["exp"]) >= 0:
        return False
    return "nbf" not in payload or compare(now, payload["nbf"]) >= 0


def _signed(header: str, payload: str, key_text: str) -> str:
    keys = web_keys(key_text)
    if not keys:
        raise BuiltinError("no keys found in JWK set")
    names = _signing_header(header)
    algorithm, kind = names.get("alg"), names.get("typ")
    if not isinstance(algorithm, str):
        raise BuiltinError("missing or invalid 'alg' header: jwsbb: header \"alg\" not found")
    if algorithm not in ALGORITHMS:
        raise BuiltinError(f"unknown JWS algorithm: {algorithm[:80]}")
    if (not isinstance(kind, str) or kind == "JWT") and not json_is_valid(payload):
        raise BuiltinError("type is JWT but payload is not JSON")
    text = f"{_encoded(bytes_of(header))}.{_encoded(bytes_of(payload))}"
    return f"{text}.{_encoded(_signature(keys[0].key, algorithm, text.encode('ascii')))}"


def _signing_header(text: str) -> dict[str, Any]:
    if not text:
        raise BuiltinError("missing or invalid 'alg' header: cannot parse JSON: cannot parse empty string")
    try:
        value = from_json_text(text) if text.lstrip().startswith("{") else None
    except ValueError as error:
        raise BuiltinError(f"missing or invalid 'alg' header: cannot parse JSON: {error}") from None
    return value if isinstance(value, dict) else {}


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _signature(key: Any, algorithm: str, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    if algorithm.startswith("HS") and isinstance(key, bytes):
        return _mac(key, algorithm, data)
    if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if algorithm.startswith("ES") and isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_hash(algorithm))))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if algorithm[:2] in ("RS", "PS") and isinstance(key, rsa.RSAPrivateKey):
        digest = _hash(algorithm)
        pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        return key.sign(data, pss if algorithm.startswith("PS") else padding.PKCS1v15(), digest)
    raise BuiltinError("the key is not of the type that the algorithm needs")


FUNCTIONS: Final[dict[str, Function]] = {
    "io.jwt.decode": decode,
    "io.jwt.encode_sign": encode_sign,
    "io.jwt.encode_sign_raw": encode_sign_raw,
    "io.jwt.verify_eddsa": partial(verify, "EdDSA"),
    **{f"io.jwt.verify_hs{size}": partial(verify_hmac, name) for size, name in _HASHES.items()},
    **{
        f"io.jwt.verify_{family.lower()}{size}": partial(verify, f"{family}{size}")
        for family in ("RS", "PS", "ES")
        for size in _HASHES
    },
}
WITH_CONTEXT: Final[dict[str, Function]] = {"io.jwt.decode_verify": decode_verify}
