"""Template functions on text, encodings and identifiers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote, urljoin

from lockgate.policy.azure.values import MISSING, Json, fold, kind, spelled
from lockgate.policy.errors import EvaluationError

_MAX_PAD = 131_072
_GUID_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def text(value: Json) -> str:
    """An argument that must be text. A field that is missing has been made empty text before."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    raise EvaluationError(f"a string is needed, not {kind(value)}")


def whole(value: Json) -> int:
    """An argument that must be a whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise EvaluationError(f"a whole number is needed, not {kind(value)}")
    return int(value)


def string(value: Json) -> str:
    """What the function ``string`` makes of a value: scalars as written, the rest as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return spelled(value)
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (RecursionError, ValueError):
        raise EvaluationError("the value is nested too deeply to be written as text") from None


def parsed(value: str) -> Json:
    """JSON from text that a resource may hold."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise EvaluationError("the text is not JSON") from None


def _substring(arguments: list[Json]) -> Json:
    body, start = text(arguments[0]), whole(arguments[1])
    length = whole(arguments[2]) if len(arguments) > 2 else len(body) - start
    if start < 0 or length < 0 or start + length > len(body):
        raise EvaluationError(f"the text has {len(body)} characters, so {length} from {start} do not exist")
    return body[start : start + length]


def _split(arguments: list[Json]) -> Json:
    body = text(arguments[0])
    marks = arguments[1] if isinstance(arguments[1], list) else [arguments[1]]
    pieces = [body]
    for mark in filter(None, map(text, marks)):
        pieces = [part for piece in pieces for part in piece.split(mark)]
    return pieces


def _pad_left(arguments: list[Json]) -> Json:
    body = string(arguments[0])
    width = whole(arguments[1])
    filler = text(arguments[2]) if len(arguments) > 2 else " "
    if not 0 <= width <= _MAX_PAD or len(filler) != 1:
        raise EvaluationError("padLeft needs a width in range and one character")
    return body.rjust(width, filler)


def _format(arguments: list[Json]) -> Json:
    """``{0}`` and its like, doubled braces, and the number formats D, N, X and F with a precision."""
    values = arguments[1:]

    def one(found: re.Match[str]) -> str:
        if found.group(0) in ("{{", "}}"):
            return found.group(0)[0]
        at = int(found.group(1))
        if at >= len(values):
            raise EvaluationError(f"format has no argument {at}")
        shown = _formatted(values[at], found.group(3) or "")
        width = int(found.group(2) or 0)
        return shown.rjust(width) if width >= 0 else shown.ljust(-width)

    return re.sub(r"\{\{|\}\}|\{([0-9]{1,3})(?:,(-?[0-9]{1,3}))?(?::([^{}]*))?\}", one, text(arguments[0]))


def _formatted(value: Json, pattern: str) -> str:
    if not pattern or isinstance(value, bool) or not isinstance(value, int | float):
        return string(value)
    letter, digits = pattern[0].upper(), pattern[1:]
    if digits and not (digits.isdecimal() and digits.isascii() and len(digits) < 3):
        return string(value)
    if letter == "D" and isinstance(value, int):
        return f"{'-' if value < 0 else ''}{abs(value):0{int(digits or 1)}d}"
    if letter == "X" and isinstance(value, int) and value >= 0:
        shown = f"{value:0{int(digits or 1)}x}"
        return shown.upper() if pattern[0] == "X" else shown
    if letter in "NF":
        return f"{value:{',' if letter == 'N' else ''}.{int(digits or 2)}f}"
    return string(value)


def _base64(arguments: list[Json]) -> Json:
    return base64.b64encode(text(arguments[0]).encode("utf-8", "surrogatepass")).decode()


def _from_base64(value: Json) -> str:
    try:
        return base64.b64decode(text(value).encode(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise EvaluationError("the text is not base64 of UTF-8") from None


def _data_uri(arguments: list[Json]) -> Json:
    value = arguments[0]
    media = "text/plain" if isinstance(value, str) else "application/json"
    return f"data:{media};charset=utf8;base64,{_base64([string(value)])}"


def _from_data_uri(arguments: list[Json]) -> Json:
    head, comma, body = text(arguments[0]).partition(",")
    if not comma or not head.lower().startswith("data:"):
        raise EvaluationError("the text is not a data URI")
    return _from_base64(body) if head.lower().endswith(";base64") else unquote(body)


def _uri(arguments: list[Json]) -> Json:
    try:
        return urljoin(text(arguments[0]), text(arguments[1]))
    except ValueError as error:
        raise EvaluationError(f"the URI cannot be read: {error}") from None


def _unique_string(arguments: list[Json]) -> Json:
    """Thirteen letters and digits that depend on the arguments. Azure's own hash is not published: they differ."""
    digest = hashlib.sha256("-".join(string(one) for one in arguments).encode("utf-8", "surrogatepass")).digest()
    left = int.from_bytes(digest[:9])
    return "".join(_BASE32[left >> (5 * at) & 31] for at in range(13))


def _guid(arguments: list[Json]) -> Json:
    """A version 5 UUID of the arguments joined with hyphens, in the namespace that Resource Manager documents."""
    return str(uuid.uuid5(_GUID_NAMESPACE, "-".join(string(one) for one in arguments)))


def _starts(arguments: list[Json]) -> Json:
    return fold(text(arguments[0])).startswith(fold(text(arguments[1])))


def _ends(arguments: list[Json]) -> Json:
    return fold(text(arguments[0])).endswith(fold(text(arguments[1])))


def _replace(arguments: list[Json]) -> Json:
    body, old, new = (text(one) for one in arguments)
    if not old:
        raise EvaluationError("replace needs the text to look for")
    if body.count(old) * max(0, len(new) - len(old)) > 4 * _MAX_PAD:
        raise EvaluationError("replace would make too long a text")
    return body.replace(old, new)


Entry = tuple[Callable[[list[Json]], Json], int, int]

TABLE: Final[dict[str, Entry]] = {
    "tolower": (lambda a: text(a[0]).lower(), 1, 1),
    "toupper": (lambda a: text(a[0]).upper(), 1, 1),
    "trim": (lambda a: text(a[0]).strip(), 1, 1),
    "string": (lambda a: string(a[0]), 1, 1),
    "startswith": (_starts, 2, 2),
    "endswith": (_ends, 2, 2),
    "replace": (_replace, 3, 3),
    "split": (_split, 2, 2),
    "substring": (_substring, 2, 3),
    "padleft": (_pad_left, 2, 3),
    "format": (_format, 1, 128),
    "base64": (_base64, 1, 1),
    "base64tostring": (lambda a: _from_base64(a[0]), 1, 1),
    "base64tojson": (lambda a: parsed(_from_base64(a[0])), 1, 1),
    "json": (lambda a: parsed(text(a[0])), 1, 1),
    "datauri": (_data_uri, 1, 1),
    "datauritostring": (_from_data_uri, 1, 1),
    "uri": (_uri, 2, 2),
    "uricomponent": (lambda a: quote(text(a[0]), safe="", errors="replace"), 1, 1),
    "uricomponenttostring": (lambda a: unquote(text(a[0])), 1, 1),
    "uniquestring": (_unique_string, 1, 128),
    "guid": (_guid, 1, 128),
}
