"""JSON Patch (RFC 6902) over JSON Pointer (RFC 6901), on plain values. What is given is never changed.

The path down to a change is copied and the rest shared. A patch applies as a whole or not at all. Where API servers
are milder than the RFC (evanphx/json-patch v4) so is this: ``replace`` makes a member that is not there, and places in
lists may be counted from their end, and have zeros before them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.policy.errors import EvaluationError

_INDEX = re.compile(r"-?[0-9]{1,10}")
_BAD_ESCAPE = re.compile(r"~(?![01])")
MAX_SIZE = 1_000_000
"""Values that an object may hold after a patch: ``copy`` of a parent into its child could double it without end."""


class PatchError(EvaluationError):
    """An operation cannot be applied."""

    code = "patch"


class TestFailedError(PatchError):
    """The object is not as the patch wants it: then the patch is not for it."""

    __test__ = False  # a test runner would take it for a test by its name


def apply_patch(document: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """``document`` after ``operations``, each a map with ``op``, ``path`` and ``value`` or ``from``.

    Raises :class:`PatchError` naming the operation that does not fit; :class:`TestFailedError` of a ``test``.
    """
    room = MAX_SIZE
    for number, operation in enumerate(operations):
        try:
            document, room = _applied(document, operation, room)
        except PatchError as error:
            raise type(error)(f"JSON patch operation {number} ({operation.get('op')}): {error.message}") from None
    return document


def pointer(text: object) -> list[str]:
    """The parts of a JSON pointer. Raises :class:`PatchError`."""
    if not isinstance(text, str) or (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise PatchError(f"{text!r} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _applied(document: Any, operation: Mapping[str, Any], room: int) -> tuple[Any, int]:
    path = pointer(operation.get("path"))
    match operation.get("op"):
        case "add":
            return _set(document, path, _given(operation)), room
        case "replace":
            return _set(document, path, _given(operation), replace=True), room
        case "remove":
            return _remove(document, path), room
        case "test":
            holder = _get(document, path[:-1])
            missing = bool(path) and isinstance(holder, Mapping) and path[-1] not in holder
            if not same(None if missing else _get(document, path), _given(operation)):
                raise TestFailedError(f"the value at {operation['path']!r} is another")
            return document, room
        case "copy":
            value = _get(document, pointer(operation.get("from")))
            room -= size(value)
            if room < 0:
                raise PatchError(f"the object would hold more than {MAX_SIZE} values")
            return _set(document, path, value), room
        case "move":
            return _moved(document, pointer(operation.get("from")), path), room
    raise PatchError("the operation must be add, remove, replace, move, copy or test")


def _given(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchError("a value is missing")
    return operation["value"]


def _moved(document: Any, source: list[str], target: list[str]) -> Any:
    if target[: len(source)] == source and len(target) > len(source):
        raise PatchError("a value cannot be moved into itself")
    value = _get(document, source)
    return _set(_remove(document, source), target, value) if source != target else document


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_position(document, part, len(document) - 1)]
        else:
            raise PatchError(f"there is nothing at {_spelled(path)!r}")
    return document


def _position(items: list[Any], part: str, last: int) -> int:
    place = int(part) if _INDEX.fullmatch(part) else last + 1
    place += last + 1 if place < 0 else 0
    if not 0 <= place <= last:
        raise PatchError(f"{part!r} is no position in a list of {len(items)}")
    return place


def _spelled(path: list[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _parents(document: Any, path: list[str]) -> tuple[Any, Any]:
    """A copy of ``document`` along all of ``path`` but its last part, and the innermost container, copied too."""
    top = holder = _copied(document, path)
    for part in path[:-1]:
        key: Any = _position(holder, part, len(holder) - 1) if isinstance(holder, list) else part
        if isinstance(holder, dict) and key not in holder:
            raise PatchError(f"there is nothing at {_spelled(path[:-1])!r}")
        holder[key] = _copied(holder[key], path)
        holder = holder[key]
    return top, holder


def _copied(value: Any, path: list[str]) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):
        return list(value)
    raise PatchError(f"{_spelled(path)!r} leads through a value that holds nothing")


def _set(document: Any, path: list[str], value: Any, *, replace: bool = False) -> Any:
    if not path:
        return value
    top, holder = _parents(document, path)
    last = path[-1]
    if isinstance(holder, dict):
        holder[last] = value
    elif replace:
        holder[_position(holder, last, len(holder) - 1)] = value
    else:
        holder.insert(len(holder) if last == "-" else _position(holder, last, len(holder)), value)
    return top


def _remove(document: Any, path: list[str]) -> Any:
    if not path:
        raise PatchError("the whole object cannot be removed")
    top, holder = _parents(document, path)
    last = path[-1]
    if isinstance(holder, list):
        del holder[_position(holder, last, len(holder) - 1)]
    elif last in holder:
        del holder[last]
    else:
        raise PatchError(f"there is nothing at {_spelled(path)!r}")
    return top


def size(value: Any) -> int:
    """How many values ``value`` holds, itself counted."""
    total, pending = 0, [value]
    while pending:
        item = pending.pop()
        total += 1
        if isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return total


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: numbers by value, booleans are no numbers."""
    pending = [(left, right)]
    while pending:
        a, b = pending.pop()
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            if a.keys() != b.keys():
                return False
            pending.extend((a[key], b[key]) for key in a)
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif isinstance(a, bool) or isinstance(b, bool):
            if a is not b:
                return False
        elif a != b or (isinstance(a, float) and math.isnan(a)):
            return False
    return True
