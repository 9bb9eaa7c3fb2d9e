"""Fields of JSON objects of unknown origin, each with its type, or a :class:`FormatError` that names the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

MAX_TEXT = 64 * 1024
_MAX_ANNOTATIONS = 2_000


def document(content: bytes, *, max_bytes: int, what: str) -> dict[str, Any]:
    """The object that ``content`` is."""
    body = json_safe.load(content, max_bytes=max_bytes, max_depth=64)
    if not isinstance(body, dict):
        raise FormatError(f"{what} is no JSON object")
    return body


def text(body: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    """A text; empty where it is missing or null."""
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise FormatError(f"'{name}' is no text")
    if len(value) > MAX_TEXT:
        raise FormatError(f"'{name}' is longer than {MAX_TEXT} characters", kind=SkipKind.TOO_LARGE)
    return value


def number(body: Mapping[str, Any], name: str) -> int:
    """A whole number from 0 to 2**63 - 1."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise FormatError(f"'{name}' is no size")
    return value


def rows(body: Mapping[str, Any], name: str, *, most: int, required: bool = False) -> list[Any]:
    """A list of at most ``most`` items; empty where it is missing or null."""
    value = body.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list):
        raise FormatError(f"'{name}' is no list")
    if len(value) > most:
        raise FormatError(f"'{name}' has {len(value)} items; at most {most} are read", kind=SkipKind.TOO_LARGE)
    return value


def mapping(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object; empty where it is missing or null."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FormatError(f"'{name}' is no object")
    return value


def texts(body: Mapping[str, Any], name: str, *, most: int = 10_000) -> tuple[str, ...]:
    """A list of texts. A single text, as old tools wrote, is a list of one."""
    value = body.get(name)
    found = [value] if isinstance(value, str) else rows(body, name, most=most)
    if not all(isinstance(one, str) and len(one) <= MAX_TEXT for one in found):
        raise FormatError(f"'{name}' holds something other than texts of {MAX_TEXT} characters at most")
    return tuple(found)


def string_map(body: Mapping[str, Any], name: str) -> dict[str, str]:
    """Texts by name; a value of another type, as some tools write, is written as JSON would be read by people."""
    found = mapping(body, name)
    if len(found) > _MAX_ANNOTATIONS:
        raise FormatError(f"'{name}' has more than {_MAX_ANNOTATIONS} entries", kind=SkipKind.TOO_LARGE)
    return {key: value if isinstance(value, str) else str(value)[:MAX_TEXT] for key, value in found.items()}
