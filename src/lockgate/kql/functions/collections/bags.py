"""Bags: their names, members set, taken away and merged. A name that begins with ``$.`` is a path to a member."""

from __future__ import annotations

from typing import Any

from lockgate.kql.convert import to_dynamic
from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.functions.strings.patterns import at_path, json_path
from lockgate.kql.text import text_of
from lockgate.kql.types import Type


def _keys(bag: Any) -> list[str] | None:
    return list(bag) if isinstance(bag, dict) else None


def _pack(types: tuple[Type, ...], result: Type) -> Compute:
    """Names and values in turn."""
    del result
    makers = [text_of(one) if i % 2 == 0 else to_dynamic(one) for i, one in enumerate(types)]

    def run(*values: Any) -> dict[str, Any]:
        packed = [make(one) for make, one in zip(makers, values, strict=True)]
        return dict(zip(packed[::2], packed[1::2], strict=False))

    return run


def _merge(*bags: Any) -> dict[str, Any] | None:
    """The members of all; of those of one name the first."""
    given = [one for one in bags if isinstance(one, dict)]
    if not given:
        return None
    found: dict[str, Any] = {}
    for one in given:
        for name, value in one.items():
            found.setdefault(name, value)
    return found


def _path(key: str) -> list[str | int]:
    steps = json_path(key) if key.startswith("$") else None
    return steps or [key]


def _without(value: Any, path: list[str | int]) -> Any:
    """A copy of the value without what is at the end of the path; only what is on the path is copied."""
    step = path[0]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        if len(path) == 1:
            return {name: one for name, one in value.items() if name != step}
        return {**value, step: _without(value[step], path[1:])}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        rest = [] if len(path) == 1 else [_without(value[step], path[1:])]
        return [*value[:step], *rest, *value[step + 1 :]]
    return value


def _remove_keys(bag: Any, keys: Any) -> dict[str, Any] | None:
    if not isinstance(bag, dict):
        return None
    found: Any = bag
    for one in keys if isinstance(keys, list) else []:
        if isinstance(one, str) and len(path := _path(one)) <= _DEEPEST:
            found = _without(found, path)
    return dict(found)


_DEEPEST = 200


def _has_key(bag: Any, key: str) -> bool:
    if not isinstance(bag, dict):
        return False
    path = _path(key)
    owner = at_path(bag, path[:-1])
    if isinstance(path[-1], int):
        return isinstance(owner, list) and path[-1] < len(owner)
    return isinstance(owner, dict) and path[-1] in owner


def _with(value: Any, path: list[str | int], given: Any) -> Any:
    """A copy with ``given`` at the end of the path; what is missing on the way is made."""
    if not path:
        return given
    step, rest = path[0], path[1:]
    if isinstance(step, str):
        owner = value if isinstance(value, dict) else {}
        return {**owner, step: _with(owner.get(step), rest, given)}
    items = list(value) if isinstance(value, list) else []
    if step > len(items):
        return value
    inner = items[step] if step < len(items) else None
    return [*items[:step], _with(inner, rest, given), *items[step + 1 :]]


def _set_key(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    pack = to_dynamic(types[2])

    def run(bag: Any, key: str, value: Any) -> Any:
        path = _path(key)
        return _with(bag, path, pack(value)) if isinstance(bag, dict) and len(path) <= _DEEPEST else None

    return run


def _zip(keys: Any, values: Any) -> dict[str, Any] | None:
    """A bag of names and values; a name without a value has null, and what is no name is passed over.

    What is no array gives no values at all.
    """
    if not isinstance(keys, list):
        return None
    values = values if isinstance(values, list) else []
    padded = values + [None] * (len(keys) - len(values))
    return {name: value for name, value in zip(keys, padded, strict=False) if isinstance(name, str)}


FUNCTIONS: dict[str, Maker] = {
    "bag_keys": plain(_keys),
    **dict.fromkeys(("bag_pack", "pack", "pack_dictionary"), _pack),
    "bag_merge": plain(_merge),
    "bag_remove_keys": plain(_remove_keys),
    "bag_has_key": plain(_has_key),
    "bag_set_key": _set_key,
    "bag_zip": plain(_zip),
}
