"""The columns of a result while they are gathered: names stay unique, and what was named explicitly is named once."""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.kql.bound import Made, Use, Value
from lockgate.kql.types import Column


class UniqueNames:
    """Gives a name a number when it is taken: ``a``, ``a1``, ``a2``."""

    __slots__ = ("_last",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._last = dict.fromkeys(names, 0)

    def take(self, name: str, base: str | None = None) -> str:
        """``name``, or the first of its numbered forms that is free."""
        if name not in self._last:
            self._last[name] = 0
            return name
        suffix = self._last[name] + 1
        while (new := f"{name if base is None else base}{suffix}") in self._last:
            suffix += 1
        self._last[name] = suffix
        self._last[new] = 0
        return new

    def reserve(self, name: str) -> None:
        """Take the name if it is free."""
        self._last.setdefault(name, 0)


class Projection:
    """Columns in order, each with the value it is made of (``None`` for one that is handed on)."""

    def __init__(self) -> None:
        self._made: list[Made] = []
        self._place: dict[str, int] = {}
        self._skipped: set[Column] = set()
        self._declared: set[str] = set()
        self._names = UniqueNames()

    @property
    def columns(self) -> list[Column]:
        """The columns, in order."""
        return [one.column for one in self._made]

    def made(self) -> tuple[Made, ...]:
        """The columns with their values, in order."""
        return tuple(self._made)

    def skip(self, columns: Iterable[Column]) -> None:
        """Pass over these when they are added."""
        self._skipped.update(columns)

    def add(
        self,
        column: Column,
        value: Value | None = None,
        *,
        base: str | None = None,
        replace: bool = False,
        once: bool = False,
        part: int = 0,
    ) -> Column:
        """Add a column, renamed when its name is taken, or in the place of that one when ``replace``."""
        if not column.name or column in self._skipped:
            return column
        if replace and column.name in self._place:
            self._made[self._place[column.name]] = Made(column, value, part)
        else:
            name = self._names.take(column.name, base)
            if name != column.name:
                value = value or Use(column, column.type)
                column = Column(name, column.type)
            self._place[name] = len(self._made)
            self._made.append(Made(column, value, part))
        if once:
            self._skipped.add(column)
        return column

    def declare(self, column: Column, value: Value | None = None, *, replace: bool = False, part: int = 0) -> bool:
        """Add a column under a name that was written; false when that name was written before."""
        if column.name in self._declared:
            return False
        if replace and column.name in self._place:
            self._made[self._place[column.name]] = Made(column, value, part)
            self._declared.add(column.name)
        else:
            self._declared.add(self.add(column, value, part=part).name)
        return True

    def hold(self, column: Column) -> None:
        """Add a column whose name counts as written (for renaming)."""
        self._declared.add(self.add(column, once=True).name)

    def rename(self, old: str, new: str) -> bool:
        """Give a column another name; false when that name is taken."""
        place = self._place.get(old)
        if place is None:
            return True
        if new in self._declared:
            return False
        column = self._made[place].column
        self._made[place] = Made(Column(new, column.type), self._made[place].value or Use(column, column.type))
        del self._place[old]
        self._place[new] = place
        self._declared.add(new)
        self._names.reserve(new)
        return True


def made_unique(columns: list[Column]) -> list[Column]:
    """The columns of a join: later ones of a name get a number that no other column has."""
    names = UniqueNames(one.name for one in columns)
    seen: set[str] = set()
    found: list[Column] = []
    for one in columns:
        if one.name in seen:
            found.append(Column(names.take(one.name), one.type))
        else:
            seen.add(one.name)
            found.append(one)
    return found
