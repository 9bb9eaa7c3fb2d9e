"""The tables of Azure Monitor in a workspace: those that hold nothing yet, and the views of the older shapes.

Each is made when a query names it, so that a workspace costs the same with them as without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockgate.kql import parse
from lockgate.kql.syntax import Function, Let
from lockgate.tables import adopted, functions, views


class Shapes(Mapping[str, Mapping[str, str]]):
    """Columns' types by name, by table, of the adopted tables that are no views."""

    def __init__(self) -> None:
        self._tables, self._views = adopted(), views()

    def __getitem__(self, name: str) -> Mapping[str, str]:
        if name in self._views:
            raise KeyError(name)
        return {column.name: column.type.value for column in self._tables[name].columns}

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._tables if name not in self._views)

    def __len__(self) -> int:
        return len(self._tables) - len(self._views)


class Functions(Mapping[str, Function]):
    """The views, as stored functions that take nothing, and the functions that every workspace has."""

    def __init__(self) -> None:
        self._views, self._others = views(), functions()
        self._parsed: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        if name not in self._parsed:
            text = self._others[name] if name in self._others else f"() {{ {self._views[name]} }}"
            statement = parse(f"let View = {text}; View").statements[0]
            assert isinstance(statement, Let) and isinstance(statement.value, Function)
            self._parsed[name] = statement.value
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._views
        yield from self._others

    def __len__(self) -> int:
        return len(self._views) + len(self._others)

    def __contains__(self, name: object) -> bool:
        return name in self._views or name in self._others
