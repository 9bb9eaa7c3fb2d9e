"""Text forms: JSON, base64, base64url, hexadecimal, URL queries and URIs."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final
from urllib.parse import quote_plus

from lockgate.policy.rego.builtins.contract import BuiltinError, Function, LimitError, bounded, dictionary, string
from lockgate.policy.rego.values import (
    FIVE_ESCAPES,
    Value,
    bytes_of,
    from_json_text,
    json_text,
    literal,
    plain,
    text_of,
)

_MAX_INDENT: Final = 1_000
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_VALUES: Final = "operand 1 values must be string, array[string], or set[string]"


def json_marshal(value: Value) -> Value:
    """Compact JSON, keys sorted, with Go's escapes for HTML."""
    return bounded(_escaped(json_text(value)), "json.marshal")


def json_marshal_with_options(value: Value, options: Value) -> Value:
    """JSON with ``pretty``, ``indent`` (a tab by default) and ``prefix`` of each line."""
    chosen: dict[str, Any] = {"indent": "\t", "prefix": ""}
    for key, option in dictionary(options, 2).items():
        if key not in ("prefix", "indent", "pretty"):
            raise BuiltinError(f"operand 2 object contained unknown key {literal(key)}")
        if key == "pretty" and not isinstance(option, bool):
            raise BuiltinError(f"operand 2 key {key} failed cast to bool")
        if key != "pretty" and not isinstance(option, str):
            raise BuiltinError(f"operand 2 key {key} failed cast to string")
        chosen[key] = option
    if not chosen.get("pretty", "prefix" in options or "indent" in options):
        return json_marshal(value)
    if len(chosen["indent"]) + len(chosen["prefix"]) > _MAX_INDENT:
        raise LimitError(f"json.marshal_with_options: an indent of more than {_MAX_INDENT} characters")
    parts = [chosen["prefix"]]
    _indented(plain(value), parts, "\n" + chosen["prefix"], chosen["indent"])
    return bounded("".join(parts), "json.marshal_with_options")


def json_unmarshal(text: Value) -> Value:
    try:
        return from_json_text(string(text, 1))
    except ValueError as error:
        raise BuiltinError(f"invalid JSON: {error}") from None


def json_is_valid(text: Value) -> Value:
    if not isinstance(text, str):
        return False
    try:
        # Bounds on numbers are no question of syntax here, so numbers stay text.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def base64_encode(text: Value) -> Value:
    return base64.b64encode(bytes_of(string(text, 1))).decode("ascii")


def base64_decode(text: Value) -> Value:
    return text_of(_from_base64(string(text, 1), b"+/"))


def base64_is_valid(text: Value) -> Value:
    if not isinstance(text, str):
        return False
    try:
        _from_base64(text, b"+/")
    except BuiltinError:
        return False
    return True


def base64url_encode(text: Value) -> Value:
    return base64.urlsafe_b64encode(bytes_of(string(text, 1))).decode("ascii")


def base64url_encode_no_pad(text: Value) -> Value:
    return base64url_encode(text).rstrip("=")


def base64url_decode(text: Value) -> Value:
    return text_of(from_base64url(string(text, 1)))


def from_base64url(text: str) -> bytes:
    """The bytes of base64url with or without padding. Raises BuiltinError."""
    if not text.endswith("="):
        if len(text.encode("utf-8", "surrogatepass")) % 4 == 1:
            raise BuiltinError(f"illegal base64url string: {text[:80]}")
        text += "=" * (-len(text) % 4)
    return _from_base64(text, b"-_")


def hex_encode(text: Value) -> Value:
    return bytes_of(string(text, 1)).hex()


def hex_decode(text: Value) -> Value:
    given = string(text, 1)
    if not _HEX.issuperset(given):
        wrong = next(c for c in given if c not in _HEX)
        raise BuiltinError(f"encoding/hex: invalid byte: U+{ord(wrong):04X} '{wrong}'")
    if len(given) % 2:
        raise BuiltinError("encoding/hex: odd length hex string")
    return text_of(bytes.fromhex(given))


def urlquery_encode(text: Value) -> Value:
    return quote_plus(bytes_of(string(text, 1)))


def urlquery_decode(text: Value) -> Value:
    return unescaped(string(text, 1), plus=True)


def urlquery_encode_object(value: Value) -> Value:
    """``key=value&...``, sorted by key, a pair for each member of an array or set."""
    pairs: list[str] = []
    fields = plain(dictionary(value, 1))
    for key in sorted(fields):
        items = [fields[key]] if isinstance(fields[key], str) else fields[key]
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise BuiltinError(_VALUES)
        pairs += (f"{quote_plus(bytes_of(key))}={quote_plus(bytes_of(item))}" for item in items)
    return bounded("&".join(pairs), "urlquery.encode_object")


def urlquery_decode_object(text: Value) -> Value:
    """An array of values by key. A pair with a semicolon is an error, as in Go."""
    found: dict[str, list[str]] = {}
    for pair in string(text, 1).split("&"):
        if not pair:
            continue
        if ";" in pair:
            raise BuiltinError("invalid semicolon separator in query")
        key, _, value = pair.partition("=")
        found.setdefault(unescaped(key, plus=True), []).append(unescaped(value, plus=True))
    return found


def unescaped(text: str, *, plus: bool = False) -> str:
    """The text with its ``%XX`` replaced, and ``+`` by a space when asked. Raises BuiltinError for a broken escape."""
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *rest = text.split("%")
    parts = [bytes_of(first)]
    for part in rest:
        if len(part) < 2 or not _HEX.issuperset(part[:2]):
            raise BuiltinError(f'invalid URL escape "%{part[:2]}"')
        parts += (bytes.fromhex(part[:2]), bytes_of(part[2:]))
    return text_of(b"".join(parts))


def _refuse(text: str) -> None:
    raise ValueError(text)


def _escaped(text: str) -> str:
    return text.translate(FIVE_ESCAPES)


def _indented(value: Any, parts: list[str], line: str, indent: str) -> None:
    if not isinstance(value, (dict, list)) or not value:
        parts.append(_escaped(json_text(value)))
        return
    deeper = line + indent
    keyed = isinstance(value, dict)
    parts.append("{" if keyed else "[")
    for number, item in enumerate(sorted(value) if keyed else value):
        parts.append(f",{deeper}" if number else deeper)
        if keyed:
            parts.append(_escaped(json_text(item)) + ": ")
        _indented(value[item] if keyed else item, parts, deeper, indent)
    parts += (line, "}" if keyed else "]")


def _bad_base64(data: bytes, extra: bytes) -> BuiltinError:
    """The error, with the place of the first byte that does not belong, as Go counts it."""
    allowed = _BASE64 | frozenset(extra)
    for place, byte in enumerate(data):
        if byte not in allowed:
            padding = byte == ord("=") and place % 4 > 1
            if not padding or data[place:].rstrip(b"="):
                return BuiltinError(f"illegal base64 data at input byte {place}")
            break
    return BuiltinError(f"illegal base64 data at input byte {len(data) // 4 * 4}")


def _from_base64(text: str, extra: bytes) -> bytes:
    # Go's decoder passes over line ends, and over nothing else.
    data = bytes_of(text.replace("\n", "").replace("\r", ""))
    try:
        decoded = base64.b64decode(data, altchars=extra, validate=True)
    except (binascii.Error, ValueError):
        raise _bad_base64(data, extra) from None
    if len(data) % 4 or (extra == b"-_" and (b"+" in data or b"/" in data)) or b"=" in data.rstrip(b"="):
        raise _bad_base64(data, extra)
    return decoded


FUNCTIONS: Final[dict[str, Function]] = {
    "json.marshal": json_marshal,
    "json.marshal_with_options": json_marshal_with_options,
    "json.unmarshal": json_unmarshal,
    "json.is_valid": json_is_valid,
    "base64.encode": base64_encode,
    "base64.decode": base64_decode,
    "base64.is_valid": base64_is_valid,
    "base64url.encode": base64url_encode,
    "base64url.encode_no_pad": base64url_encode_no_pad,
    "base64url.decode": base64url_decode,
    "hex.encode": hex_encode,
    "hex.decode": hex_decode,
    "urlquery.encode": urlquery_encode,
    "urlquery.decode": urlquery_decode,
    "urlquery.encode_object": urlquery_encode_object,
    "urlquery.decode_object": urlquery_decode_object,
}
