"""Row shapes of the record: one table a module, under ``TABLE``.

A table says its columns, what each holds, and where the shape comes from. Types are those of Azure Monitor and KQL, so
that tables which Log Analytics has too keep its names and types. What does not belong: Arrow or SQL types (``store``
turns these into them), rows, and any I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.lazy_pattern import lazy_pattern

_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")


class ColumnType(StrEnum):
    """Scalar types of Azure Monitor (https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table)."""

    STRING = "string"
    LONG = "long"
    REAL = "real"
    BOOL = "bool"
    DATETIME = "datetime"  # UTC, microseconds
    DYNAMIC = "dynamic"  # a JSON value, held as JSON text


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    type: ColumnType
    about: str
    """One line on what it holds, with its unit."""


@dataclass(frozen=True, slots=True)
class Table:
    """One named row shape.

    Every table has ``RunId`` and ``TimeGenerated`` (what retention counts from) and ``Batch`` (the append that brought
    the row; a row counts once the ``Runs`` row of its batch is there).
    """

    name: str
    columns: tuple[Column, ...]
    source: str
    """Where the shape comes from: ours, or the page that defines it."""
    about: str = ""
    """One line on what a row is."""
    alone: bool = False
    """Whether its rows belong to no run and count as soon as they are appended (reviews, which come one by one)."""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        wrong = [name for name in (self.name, *names) if not _NAME.match(name)]
        lower = [name.lower() for name in names]
        twice = sorted({name for name in names if lower.count(name.lower()) > 1})
        missing = [name for name in ("Batch", "RunId", "TimeGenerated") if name not in names]
        mute = [column.name for column in self.columns if not column.about.strip()]
        for fault, subject in (
            ("is no column or table name", wrong),
            ("stands twice", twice),
            ("is demanded of every table", missing),
            ("has no line about it", mute),
        ):
            if subject:
                raise ConfigurationError(f"{subject[0]!r} {fault}", where=f"table {self.name}")

    def column(self, name: str) -> Column:
        """The column of that name; ``KeyError`` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def common_columns() -> tuple[Column, ...]:
    """The first columns of every table of the record."""
    return (
        Column("TimeGenerated", ColumnType.DATETIME, "When the run began; retention counts from it"),
        Column("RunId", ColumnType.STRING, "The run that brought the row"),
        Column("Batch", ColumnType.STRING, "The append that brought the row; visible once its Runs row is written"),
    )


@cache
def tables() -> Mapping[str, Table]:
    """Every table by its name, in the order of their modules."""
    import lockgate.tables as package
    from lockgate.discover import discover

    found: dict[str, Table] = {}
    for module, table in discover(package, "TABLE", Table).items():
        if table.name in found:
            raise ConfigurationError(f"two tables are named {table.name!r}", where=f"lockgate.tables.{module}")
        found[table.name] = table
    return found


def reference_markdown(chosen: Iterable[Table] | None = None) -> str:
    """The generated reference page of the tables."""
    parts = ["# Tables\n", "Generated from `src/lockgate/tables/`; a change by hand is overwritten.\n"]
    for table in tables().values() if chosen is None else chosen:
        parts.append(f"## {table.name}\n\n{_cell(table.about)}\n\nShape: {_cell(table.source)}\n")
        rows = [f"| `{column.name}` | {column.type} | {_cell(column.about)} |" for column in table.columns]
        parts.append("\n".join(["| column | type | holds |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
