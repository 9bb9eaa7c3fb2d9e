"""Verdicts on items, known again by the fields that decide them.

The containers of a repository differ in their names and images, and much less in their security contexts, resources or
probes: who reads nothing else of a container says the same of all that have the same. What is kept is bounded, and
lets nobody tell from an answer what was judged before it.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from itertools import count
from typing import Any, TypeAlias

from lockgate.policy.catalogue._decides import Fields

Key: TypeAlias = tuple[int, bytes, bytes]
"""The number of the policies, and the fields that decide: around the item, and of the item."""
Verdict: TypeAlias = tuple[tuple[int, ...], int]
"""Which of the policies deny, and the steps of the one that took the most."""
_LONGEST = 1_000
"""Bytes of fields that are kept; longer ones are seldom met again."""
_ENTRY = 300
"""Bytes that Python takes for a verdict, roughly, besides the fields."""
_MAX_BYTES = 8 << 20
_numbers = count()


class Verdicts:
    """Those of one rulebook, by what decided them. When there is no room for more, all begins anew."""

    __slots__ = ("_known", "_size", "get")

    def __init__(self) -> None:
        self._known: dict[Key, Verdict] = {}
        self._size = 0
        self.get = self._known.get
        """The verdict that is known by a key, or None. Several threads may ask at once."""

    def __len__(self) -> int:
        return len(self._known)

    def put(self, key: Key, verdict: Verdict) -> None:
        """Keep it."""
        self._size += _ENTRY + len(key[1]) + len(key[2])
        if self._size > _MAX_BYTES:
            self._known.clear()
            self._size = 0
        self._known[key] = verdict


class Around:
    """What the items of one object have in common: its Pod."""

    __slots__ = ("_found", "_spec")

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._spec = variables["podSpec"]
        self._found: dict[Decides, bytes | None] = {}

    def text(self, decides: Decides) -> bytes | None:
        """What decides of it as bytes; None when it is not to be told, or is long."""
        if not decides.spec:
            return b""
        try:
            return self._found[decides]
        except KeyError:
            found = self._found[decides] = _text(self._spec, decides.spec)
            return found


class Decides:
    """The fields that decide the verdicts of some policies."""

    __slots__ = ("_item", "_number", "spec")

    def __init__(self, fields: Fields) -> None:
        self._number = next(_numbers)
        self._item, self.spec = fields

    def key(self, item: Any, outer: bytes) -> Key | None:
        """The same only for items that are the same in what decides; None when that cannot be told. ``outer`` is what
        decides around them."""
        own = _text(item, self._item)
        return None if own is None else (self._number, outer, own)


def _text(value: Any, names: tuple[str, ...]) -> bytes | None:
    """The fields of a map as bytes, which tell numbers from booleans, and what is missing from everything."""
    if type(value) is not dict:
        return None
    get = value.get
    try:
        # Of this version of the format the same values give the same bytes, whoever else holds them.
        text = marshal.dumps([get(name, ...) for name in names], 2)
    except ValueError:  # something that is no JSON, or nests too deep
        return None
    return text if len(text) <= _LONGEST else None
