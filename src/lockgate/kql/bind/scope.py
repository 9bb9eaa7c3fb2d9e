"""What names mean: the tables of a workspace, stored functions, and what ``let`` and parameters declare."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql.syntax import Function
from lockgate.kql.types import SCALARS, Column, Table


class Workspace:
    """The tables and stored functions that a query may name. ``functions`` maps a name to its syntax tree.

    ``beside``: tables without rows that are there when a query names them. What asks for all tables is spared them.
    All of these may be slow to look a name up in; none is gone through but for its names.
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, str]],
        functions: Mapping[str, Function] | None = None,
        *,
        name: str = "ws",
        beside: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.name = name
        self._raw = tables
        self._tables: dict[str, Table] = {}
        self._beside = beside or {}
        self.functions = functions or {}

    def table(self, name: str) -> Table | None:
        """The shape of the table of that name, made when it is first asked for."""
        if name not in self._tables:
            columns = self._raw.get(name)
            if columns is None and (columns := self._beside.get(name)) is None:
                return None
            self._tables[name] = Table([Column(one, SCALARS[type_]) for one, type_ in columns.items()], title=name)
        return self._tables[name]

    def names(self, pattern: str = "") -> list[str]:
        """Names of all tables; where ``pattern`` is that of all, of those that may hold rows."""
        more = () if pattern == "*" else (one for one in self._beside if one not in self._raw)
        return [*self._raw, *more]


@dataclass(frozen=True, slots=True, eq=False)
class UserFunction:
    """A function of ``let`` or a stored one, with the scope it was declared in."""

    name: str
    """As it is called."""
    syntax: Function
    """Parameters and body."""
    scope: Scope | None
    """What was declared before it; ``None`` for a stored one."""


Symbol = bound.Value | UserFunction
"""A variable, a relation as a value, or a function."""


class Scope:
    """Names declared here, then those of the scope around. The scope at a point of time is kept by :meth:`frozen`."""

    __slots__ = ("outer", "symbols")

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.symbols: dict[str, Symbol] = {}

    def find(self, name: str) -> Symbol | None:
        """What the name means, or ``None``."""
        scope: Scope | None = self
        while scope is not None:
            if (found := scope.symbols.get(name)) is not None:
                return found
            scope = scope.outer
        return None

    def frozen(self) -> Scope:
        """The scope as it is now."""
        kept = Scope(self.outer)
        kept.symbols = dict(self.symbols)
        return kept

    def names(self) -> list[str]:
        """Every name."""
        return [*self.symbols, *(self.outer.names() if self.outer else ())]
