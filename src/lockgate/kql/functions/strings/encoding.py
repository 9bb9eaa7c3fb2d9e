"""Texts in other alphabets: addresses, base64, punycode, the words of a command line."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus
from uuid import UUID

from lockgate.kql.functions import Maker, plain, strict
from lockgate.kql.functions.strings.building import on_texts
from lockgate.kql.text import MAX_TEXT, clean, cut
from lockgate.lazy_pattern import lazy_pattern

_ESCAPE = lazy_pattern(r"%[0-9A-F]{2}")
_UNTOUCHED = "-_.!*()"
_LONGEST_LABEL = 4096
_DOTS = str.maketrans(dict.fromkeys((0x3002, 0xFF0E, 0xFF61), "."))
"""Punycode takes time that grows with the square of the length; names of hosts have 63 letters."""


def _lower_escapes(text: str) -> str:
    return cut(_ESCAPE.sub(lambda found: found[0].lower(), text))


def _url_encode(text: str) -> str:
    return _lower_escapes(quote_plus(clean(text), _UNTOUCHED))


def _url_encode_component(text: str) -> str:
    return _lower_escapes(quote(clean(text), _UNTOUCHED))


def _url_decode(text: str) -> str:
    return unquote_plus(clean(text), errors="replace")


# --- base64


def from_base64(text: str) -> bytes | None:
    """The bytes, or ``None`` of what is not base64."""
    try:
        return b64decode(text.strip(), validate=True)
    except ValueError:
        return None


def _encode_text(text: str) -> str:
    return cut(b64encode(clean(text).encode()).decode())


def _decode_text(text: str) -> str:
    found = from_base64(text)
    try:
        return found.decode() if found is not None else ""
    except UnicodeDecodeError:
        return ""


def _decode_array(text: str) -> list[int] | None:
    found = from_base64(text)
    return list(found[:MAX_TEXT]) if found is not None else None


def _encode_array(values: Any) -> str:
    if not isinstance(values, list):
        return ""
    try:
        return cut(b64encode(bytes(values)).decode())
    except (ValueError, TypeError):
        return ""


def _decode_guid(text: str) -> str | None:
    found = from_base64(text)
    return str(UUID(bytes_le=found)) if found is not None and len(found) == 16 else None


def _encode_guid(guid: str) -> str:
    return b64encode(UUID(guid).bytes_le).decode()


# --- punycode


def _to_punycode(text: str) -> str:
    return clean(text)[:_LONGEST_LABEL].encode("punycode").decode()


def _from_punycode(text: str) -> str:
    try:
        return clean(text[:_LONGEST_LABEL].encode("ascii").decode("punycode"))
    except (ValueError, OverflowError):
        return ""


def _domain_to_punycode(text: str) -> str:
    """The dots of the writings of East Asia part labels too."""
    parts = text[:_LONGEST_LABEL].translate(_DOTS).split(".")
    return ".".join(one if one.isascii() else f"xn--{_to_punycode(one)}" for one in parts)


def _domain_from_punycode(text: str) -> str:
    """Nothing where one label cannot be decoded."""
    found = []
    for one in text[:_LONGEST_LABEL].split("."):
        own = _from_punycode(one[4:]) if one[:4].lower() == "xn--" else one
        if one and not own:
            return ""
        found.append(own)
    return ".".join(found)


# --- command lines


def _command_line(command: str, parser: str) -> list[str] | None:
    """The arguments as a program on Windows is given them."""
    if parser.lower() != "windows" or not command.strip():
        return None
    found: list[str] = []
    word: list[str] = []
    quoted = started = False
    slashes = 0
    for one in command:
        if one == "\\":
            slashes += 1
            continue
        if one == '"':
            word.append("\\" * (slashes // 2))
            if slashes % 2:
                word.append('"')
            else:
                quoted = not quoted
            started, slashes = True, 0
            continue
        word.append("\\" * slashes)
        started, slashes = started or slashes > 0, 0
        if one in " \t" and not quoted:
            if started:
                found.append("".join(word))
            word, started = [], False
        else:
            word.append(one)
            started = True
    word.append("\\" * slashes)
    if started or slashes:
        found.append("".join(word))
    return found


FUNCTIONS: dict[str, Maker] = {
    "url_encode": plain(_url_encode),
    "url_encode_component": plain(_url_encode_component),
    "url_decode": plain(_url_decode),
    **dict.fromkeys(("base64_encode_tostring", "base64_encodestring"), plain(_encode_text)),
    **dict.fromkeys(("base64_decode_tostring", "base64_decodestring"), plain(_decode_text)),
    "base64_decode_toarray": plain(_decode_array),
    "base64_encode_fromarray": plain(_encode_array),
    "base64_decode_toguid": plain(_decode_guid),
    "base64_encode_fromguid": strict(_encode_guid),
    "punycode_from_string": plain(_to_punycode),
    "punycode_to_string": plain(_from_punycode),
    # Of domains the service's names say from and to what is encoded, the other way round than those of texts above.
    "punycode_domain_from_string": plain(_domain_from_punycode),
    "punycode_domain_to_string": plain(_domain_to_punycode),
    "parse_command_line": on_texts(_command_line),
}
