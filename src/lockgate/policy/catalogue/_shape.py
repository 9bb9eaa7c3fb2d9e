"""What fields an object has, at any depth: by this alone most policies are known to deny nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """The policy denies nothing of an object that has none of ``fields``, unless its shape is odd."""

    fields: frozenset[str]
    """Names of fields, wherever in the object they stand."""
    maps: frozenset[str]
    """Fields that must not hold anything but maps for that to be so."""
    lists: frozenset[str]
    """Fields whose lists must not hold anything but maps."""
    listed: frozenset[str] = frozenset()
    """Fields that must not hold anything but lists."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields an object has, and where they do not hold maps."""

    keys: frozenset[str] | set[str]
    """Names of all fields, at any depth."""
    flat: frozenset[str] | set[str]
    """Those that hold something other than a map somewhere."""
    ragged: frozenset[str] | set[str]
    """Those that somewhere hold a list with a member that is no map."""
    unlisted: frozenset[str] | set[str] = frozenset()
    """Those that hold something other than a list somewhere."""


_SCALARS = frozenset((str, int, float, bool))


def shape_of(body: Mapping[str, Any]) -> tuple[Shape, bool]:
    """The shape, and whether a field somewhere holds null. Level by level: depth costs no recursion."""
    keys: set[str] = set()
    listed: set[str] = set()
    mapped: set[str] = set()
    ragged: set[str] = set()
    others: set[str] = set()
    nulls = False
    pending: list[Any] = [body]
    for one in pending:
        keys.update(one)
        for key, value in one.items():
            kind = type(value)
            if kind is dict:
                mapped.add(key)
                pending.append(value)
                continue
            if kind in _SCALARS:
                others.add(key)
            elif kind is list:
                listed.add(key)
                for member in value:
                    if type(member) is dict:
                        pending.append(member)
                    else:
                        ragged.add(key)
                        if isinstance(member, list | dict):
                            pending.append({key: member})
            else:
                others.add(key)
                if value is None:
                    nulls = True
                elif isinstance(value, dict):
                    pending.append(value)
    return Shape(keys, listed | others, ragged, mapped | others), nulls
