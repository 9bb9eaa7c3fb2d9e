"""Lists, sets and bags of a group's values, and the shape of dynamic ones.

Lists and sets keep the order of the rows; a set holds what is seen first. Of an array both take the elements: of sets
the documentation says so, of lists its examples show it, which wrap an array before they list it (at
``geo_point_in_polygon``). Nulls are left out, except by ``make_list_with_nulls``. Of no rows lists and sets are empty.
"""

from __future__ import annotations

from lockgate.kql.aggregates import Compute, Maker
from lockgate.kql.aggregates.conditions import conditional
from lockgate.kql.aggregates.elements import key_of, to_element
from lockgate.kql.types import Type

MOST = 1_048_576
"""Most elements when no limit is given; also the greatest limit."""
_DEEPEST = 64
"""How deep a schema goes into nested values."""


def _limit(given: tuple[list[object], ...]) -> int:
    """The limit that a query gives as the last argument."""
    written = given[0][0] if given and given[0] else None
    return max(0, min(int(written), MOST)) if isinstance(written, int) else MOST


def _list(nulls: bool) -> Maker:
    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        convert = to_element(types[0])
        flat = nulls or not types[0].dynamic

        def of(values: list[object], *given: list[object]) -> list[object]:
            taken = values if nulls else [one for one in values if one is not None]
            if not flat:
                taken = [one for value in taken for one in (value if isinstance(value, list) else (value,))]
            taken = taken[: _limit(given)]
            return list(taken) if convert is None else [convert(one) for one in taken]

        return of

    return make


def _set(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    convert, key = to_element(types[0]), key_of(types[0])
    flat = not types[0].dynamic

    def of(values: list[object], *given: list[object]) -> list[object]:
        limit = _limit(given)
        found: dict[object, object] = {}
        for value in values:
            for one in (value,) if flat or not isinstance(value, list) else value:
                if one is not None and len(found) < limit:
                    found.setdefault(key(one), one)
            if len(found) >= limit:
                break
        return list(found.values()) if convert is None else [convert(one) for one in found.values()]

    return of


def _bag(types: tuple[Type, ...], result: Type) -> Compute:
    """One bag of all; of a key that several have, the first value."""
    del types, result

    def of(values: list[object], *given: list[object]) -> dict[str, object]:
        limit = _limit(given)
        found: dict[str, object] = {}
        for value in values:
            if isinstance(value, dict):
                for key, one in value.items():
                    if key not in found and len(found) < limit:
                        found[key] = one
        return found

    return of


class _Shape:
    """What the values of one place are: types in the order in which they were met, members, elements."""

    __slots__ = ("elements", "members", "types")

    def __init__(self) -> None:
        self.types: dict[str, None] = {}
        self.members: dict[str, _Shape] = {}
        self.elements: _Shape | None = None

    def meet(self, value: object, depth: int = 0) -> None:
        """Take in one more value."""
        if isinstance(value, dict):
            self.types["{}"] = None
            for key, one in value.items() if depth < _DEEPEST else ():
                self.members.setdefault(key, _Shape()).meet(one, depth + 1)
        elif isinstance(value, list):
            self.types["[]"] = None
            self.elements = self.elements or _Shape()
            for one in value if depth < _DEEPEST else ():
                self.elements.meet(one, depth + 1)
        elif value is not None:
            self.types[_type_name(value)] = None

    def shown(self) -> object:
        """The types: one, or a list of several."""
        found: list[object] = []
        for one in self.types:
            if one == "{}":
                found.append({key: shape.shown() for key, shape in self.members.items()})
            elif one == "[]":
                found.append({"`indexer`": self.elements.shown() if self.elements else []})
            else:
                found.append(one)
        return found[0] if len(found) == 1 else found


def _type_name(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "long" if isinstance(value, int) else "double" if isinstance(value, float) else "string"


def _schema(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result

    def of(values: list[object]) -> object:
        if not values:
            return None
        shape = _Shape()
        for value in values:
            shape.meet(value)
        found = shape.shown()
        return found if found != [] else {}

    return of


def _passthrough(types: tuple[Type, ...], result: Type) -> Compute:
    del types, result
    return lambda values: values[0] if values else None


AGGREGATES: dict[str, Maker] = {
    "make_list": _list(False),
    "makelist": _list(False),
    "make_list_if": conditional(_list(False)),
    "make_list_with_nulls": _list(True),
    "make_set": _set,
    "makeset": _set,
    "make_set_if": conditional(_set),
    "make_bag": _bag,
    "make_dictionary": _bag,
    "make_bag_if": conditional(_bag),
    "buildschema": _schema,
    "passthrough": _passthrough,
}
