"""Certificates and keys: ``crypto.x509.*`` and ``crypto.parse_private_keys``. Only the arguments are trusted."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import BuiltinError, Context, Function, LimitError, dictionary, string
from lockgate.policy.rego.builtins.encoding import base64_decode
from lockgate.policy.rego.values import Set, Value, bytes_of

_MAX_TEXT: Final = 1 << 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INT64: Final = 1 << 63
_PURPOSES: Final = {
    name: number
    for number, name in enumerate((
        "KeyUsageAny", "KeyUsageServerAuth", "KeyUsageClientAuth", "KeyUsageCodeSigning", "KeyUsageEmailProtection",
        "KeyUsageIPSECEndSystem", "KeyUsageIPSECTunnel", "KeyUsageIPSECUser", "KeyUsageTimeStamping",
        "KeyUsageOCSPSigning", "KeyUsageMicrosoftServerGatedCrypto", "KeyUsageNetscapeServerGatedCrypto",
        "KeyUsageMicrosoftCommercialCodeSigning", "KeyUsageMicrosoftKernelCodeSigning",
    ))
}  # fmt: skip


def parse_certificates(text: Value) -> Value:
    """The certificates of PEM blocks, or of base64 of PEM or DER."""
    return [each.with_uris() for each in _certificates(string(text, 1))]


def verify(context: Context, text: Value) -> Value:
    """``[valid, chain]``: the first certificate is the root, the last the leaf, which must be good for a server now."""
    from lockgate.policy.rego.builtins.x509.chains import Wanted

    return _verified(string(text, 1), lambda: Wanted(_now(context)), uris=True)


def verify_with_options(context: Context, text: Value, options: Value) -> Value:
    """The same, for the time, the purposes and the host that the options name."""
    chosen = dictionary(options, 2)
    return _verified(string(text, 1), lambda: _wanted(context, chosen), uris=False)


def parse_certificate_request(text: Value) -> Value:
    """The request of a PEM block, or of base64 of PEM or DER."""
    from lockgate.policy.rego.builtins.keys import pem_block
    from lockgate.policy.rego.builtins.x509.certificates import parse_request

    given = _bounded(string(text, 1))
    if not given.startswith("-----BEGIN CERTIFICATE REQUEST-----"):
        given = base64_decode(given)
    block = pem_block(given)
    if block is not None and block.kind != "CERTIFICATE REQUEST":
        raise BuiltinError("invalid PEM-encoded certificate signing request")
    return parse_request(bytes_of(given) if block is None else block.data)


def parse_keypair(certificate: Value, key: Value) -> Value:
    """A certificate with its chain and its private key. They must belong together."""
    from lockgate.policy.rego.builtins.x509.certificates import parse_certificates as parse
    from lockgate.policy.rego.builtins.x509.private_keys import as_json, blocks, load

    written, secret = _bounded(string(certificate, 1)), _bounded(string(key, 1))
    if not written.startswith("-----BEGIN "):
        written = base64_decode(written)
    if not secret.startswith("-----BEGIN "):
        secret = base64_decode(secret)
    if written.startswith("-----BEGIN "):
        chain = [data for kind, data in blocks(written) if kind == "CERTIFICATE"]
    else:
        chain = [bytes_of(written)]
    if not chain:
        raise BuiltinError("tls: failed to find any PEM data in certificate input")
    if secret.startswith("-----BEGIN"):
        keys = [data for kind, data in blocks(secret) if kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY")]
    else:
        keys = [bytes_of(secret)]
    if not keys:
        raise BuiltinError("tls: failed to find any PEM data in key input")
    leaf, private = parse(chain[0]), load(keys[0])
    if len(leaf) != 1:
        raise BuiltinError("x509: trailing data")
    if leaf[0].loaded.public_key() != private.public_key():
        raise BuiltinError("tls: private key does not match public key")
    return {
        "Certificate": [base64.b64encode(data).decode("ascii") for data in chain], "Leaf": leaf[0].fields,
        "OCSPStaple": None, "PrivateKey": as_json(private), "SignedCertificateTimestamps": None,
        "SupportedSignatureAlgorithms": None,
    }  # fmt: skip


def parse_rsa_private_key(text: Value) -> Value:
    """The first private key as a JSON Web Key; null when there is none."""
    from lockgate.policy.rego.builtins.x509.private_keys import as_web_key, private_keys

    given = _bounded(string(text, 1))
    if not given:
        raise BuiltinError("input PEM data was empty")
    keys = private_keys(_unwrapped(given if given.startswith("-----BEGIN") else base64_decode(given)))
    return as_web_key(keys[0]) if keys else None


def parse_private_keys(text: Value) -> Value:
    """All private keys of PEM blocks, or of base64 of them; null for an empty text."""
    from lockgate.policy.rego.builtins.x509.private_keys import as_json, private_keys

    given = _bounded(string(text, 1))
    return [as_json(key) for key in private_keys(_unwrapped(given))] if given else None


def _bounded(text: str) -> str:
    if len(text) > _MAX_TEXT:
        raise LimitError("certificates or keys of more than a mebibyte")
    return text


def _unwrapped(text: str) -> str:
    """What the text is base64 of, or the text."""
    try:
        return str(base64_decode(text))
    except BuiltinError:
        return text


def _certificates(text: str) -> list[Any]:
    from lockgate.policy.rego.builtins.x509.certificates import parse_certificates as parse
    from lockgate.policy.rego.builtins.x509.private_keys import blocks

    if not _bounded(text).startswith("-----BEGIN"):
        text = base64_decode(text)
    if not text.startswith("-----BEGIN"):
        return parse(bytes_of(text))
    data = bytearray()
    for kind, der in blocks(text):
        if kind != "CERTIFICATE":
            raise BuiltinError(f"PEM block type is '{kind}', expected CERTIFICATE")
        data += der
    return parse(bytes(data))


def _verified(text: str, wanted: Callable[[], Any], *, uris: bool) -> Value:
    from lockgate.policy.rego.builtins.x509.chains import verified_chain

    try:
        certificates = _certificates(text)
    except BuiltinError:
        return [False, []]
    asked = wanted()
    chain = verified_chain(certificates, asked) if len(certificates) > 1 else None
    if chain is None:
        return [False, []]
    return [True, [each.with_uris() if uris else each.fields for each in chain]]


def _now(context: Context) -> datetime:
    if context.now_ns is None:
        raise BuiltinError("no time is given to verify certificates at")
    return _moment(context.now_ns)


def _moment(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1_000)


def _wanted(context: Context, options: dict[Any, Value]) -> Any:
    from lockgate.policy.rego.builtins.x509.chains import SERVER_AUTHENTICATION, Wanted

    chosen: dict[str, Any] = {}
    for name, value in options.items():
        if name == "DNSName":
            if not isinstance(value, str):
                raise BuiltinError("'DNSName' should be a string")
            chosen["host"] = value.strip('"')
        elif name == "CurrentTime":
            chosen["moment"] = _moment(_whole(value, name))
        elif name == "MaxConstraintComparisons":
            # Go 1.26, with which OPA 1.22 is built, no longer heeds it; the bound here is our own.
            _whole(value, name)
        elif name == "KeyUsages":
            chosen["purposes"] = _purposes(value) or (SERVER_AUTHENTICATION,)
        elif isinstance(name, str):
            raise BuiltinError("invalid key option")
    if "moment" not in chosen:
        chosen["moment"] = _now(context)
    return Wanted(**chosen)


def _whole(value: Value, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BuiltinError(f"'{name}' should be a number")
    if isinstance(value, float) or not -_INT64 <= value < _INT64:
        kind = "int64 number" if name == "CurrentTime" else "number"
        raise BuiltinError(f"'{name}' should be a valid {kind}")
    return value


def _purposes(value: Value) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple, Set)):
        raise BuiltinError("'KeyUsages' should be an Array or Set")
    names = [each.strip('"') for each in value if isinstance(each, str)]
    unknown = [name for name in names if name not in _PURPOSES]
    if unknown:
        raise BuiltinError(f"invalid entries for 'KeyUsages' found: [{' '.join(unknown)}]")
    return tuple(_PURPOSES[name] for name in names)


FUNCTIONS: Final[dict[str, Function]] = {
    "crypto.parse_private_keys": parse_private_keys,
    "crypto.x509.parse_certificate_request": parse_certificate_request,
    "crypto.x509.parse_certificates": parse_certificates,
    "crypto.x509.parse_keypair": parse_keypair,
    "crypto.x509.parse_rsa_private_key": parse_rsa_private_key,
}
WITH_CONTEXT: Final[dict[str, Function]] = {
    "crypto.x509.parse_and_verify_certificates": verify,
    "crypto.x509.parse_and_verify_certificates_with_options": verify_with_options,
}
