"""Paths of dynamic columns that a stored table also holds as columns of their own, under names that no query can say.

A path is three columns: its text as ``tostring`` has it, the whole number where it is one written plainly, and its JSON
where neither tells what that is. Together they are the value: nothing of it has to be looked up in the whole again.
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.dataclass import dataclass

TEXT, LONG, JSON = "text", "long", "json"


@dataclass(frozen=True, slots=True)
class Parts:
    """The columns of one path, as an engine calls them."""

    text: str
    long: str
    json: str

    @property
    def whole(self) -> str:
        """The dynamic value, in DuckDB."""
        return f"coalesce({self.json}, {self.long}::VARCHAR, to_json({self.text})::VARCHAR)"


Paths = Mapping[str, Parts]
"""The paths below a column, as JSON paths with every key in quotes."""


def name_of(column: str, path: str, part: str) -> str:
    """The name of a part of a path; a column's own name holds no stroke."""
    return f"{column}/{part}{path}"


def paths_in(names: Mapping[str, str]) -> dict[str, Paths]:
    """The paths below each column, of a table's names of columns."""
    found: dict[str, dict[str, Parts]] = {}
    start = f"/{TEXT}"
    for name, text in names.items():
        column, mark, path = name.partition(start)
        if mark:
            long, json = (names[name_of(column, path, one)] for one in (LONG, JSON))
            found.setdefault(column, {})[path] = Parts(text, long, json)
    return dict(found)
