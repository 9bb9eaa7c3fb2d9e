"""Fields of objects that come from outside: one of another type than expected counts as absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

_NOTHING: Mapping[str, Any] = {}
_MOST_WHOLE = (1 << 31) - 1


def part(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object below ``names``; an empty one where it is absent."""
    for name in names:
        found = value.get(name)
        if not isinstance(found, Mapping):
            return _NOTHING
        value = found
    return value


def text(value: Mapping[str, Any], name: str) -> str:
    """A text; empty where it is absent."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def parts(value: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list."""
    found = value.get(name)
    if isinstance(found, list):
        yield from (one for one in found if isinstance(one, Mapping))


def whole(value: Mapping[str, Any], name: str) -> int:
    """A whole number of 32 bits that is not negative; 0 where it is absent."""
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        return 0
    return min(max(found, 0), _MOST_WHOLE)


def number(value: Mapping[str, Any], name: str) -> float | None:
    """A number; None where it is absent."""
    found = value.get(name)
    return None if isinstance(found, bool) or not isinstance(found, int | float) else float(found)


def moment(value: Mapping[str, Any], name: str) -> str | None:
    """A time as Kubernetes writes it; None, which a column of times takes for null, where it is absent."""
    return text(value, name) or None


def json_text(value: Any) -> str:
    """The value as JSON text, keys in the order they came in."""
    return orjson.dumps(value).decode()


def last_part(reference: str) -> str:
    """What comes after ``://``: of a container's id, which names the runtime before it."""
    return reference.rpartition("//")[2]
