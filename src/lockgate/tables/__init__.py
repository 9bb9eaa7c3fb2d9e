"""Row shapes of the record: one table a module, under ``TABLE``.

A table says its columns, what each holds, and where the shape comes from. Types are those of Azure Monitor and KQL, so
that tables which Log Analytics has too keep its names and types. Tables that are adopted from there are declared in
``_azure``, by subject, and are read only when one of them is asked for. What does not belong: Arrow or SQL types
(``store`` turns these into them), rows, and any I/O.
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
    INT = "int"  # 32 bits
    LONG = "long"
    REAL = "real"
    BOOL = "bool"
    DATETIME = "datetime"  # UTC, microseconds
    DYNAMIC = "dynamic"  # a JSON value, held as JSON text
    GUID = "guid"  # held as text


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    type: ColumnType
    about: str
    """One line on what it holds, with its unit; empty only in an adopted table, where the name says it."""
    ours: bool = False
    """Whether it is a column of ours in an adopted table, whose page does not have it."""


@dataclass(frozen=True, slots=True)
class Table:
    """One named row shape.

    Every table has ``TimeGenerated`` (what retention counts from). One of ours has ``RunId`` and ``Batch`` too (the
    append that brought the row; a row counts once the ``Runs`` row of its batch is there), an adopted one ``Type`` (its
    own name) and ``TenantId``.
    """

    name: str
    columns: tuple[Column, ...]
    source: str
    """Where the shape comes from: ours, or the page that defines it."""
    about: str = ""
    """One line on what a row is."""
    alone: bool = False
    """Whether its rows belong to no run and count as soon as they are appended (reviews, which come one by one)."""
    plans: tuple[str, ...] = ()
    """Of an adopted table the plans that the service has for it: Analytics, Basic. None: the table is ours."""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        wrong = [name for name in (self.name, *names) if not _NAME.match(name)]
        # Names of Azure Monitor may differ by case alone; ours may not, as engines differ in what they make of it.
        same = names if self.plans else [name.lower() for name in names]
        twice = sorted({name for name, one in zip(names, same, strict=True) if same.count(one) > 1})
        demanded = ("TenantId", "TimeGenerated", "Type") if self.plans else ("Batch", "RunId", "TimeGenerated")
        missing = [name for name in demanded if name not in names]
        mute = [column.name for column in self.columns if not column.about.strip() and not self.plans]
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
    """Every table of the record by its name, in the order of their modules. Adopted ones are none of them."""
    import lockgate.tables as package
    from lockgate.discover import discover

    found: dict[str, Table] = {}
    for module, table in discover(package, "TABLE", Table).items():
        if table.name in found:
            raise ConfigurationError(f"two tables are named {table.name!r}", where=f"lockgate.tables.{module}")
        found[table.name] = table
    return found


def adopted() -> Mapping[str, Table]:
    """The tables of Azure Monitor that we adopt, by name. The names cost nothing; a table is made when looked up."""
    from lockgate.tables._azure import ADOPTED

    return ADOPTED


def views() -> Mapping[str, str]:
    """Of adopted tables that hold no rows of their own, by name, the query that gives theirs: in Kusto's language."""
    from lockgate.tables._azure._views import Views

    return Views(adopted())


def functions() -> Mapping[str, str]:
    """Functions that every workspace has, those of Sentinel, the views of Container Insights and ours, as they are
    written in Kusto's language after their names."""
    from lockgate.tables import _functions, _insights
    from lockgate.tables._azure import _views

    return {**_views.FUNCTIONS, **_insights.FUNCTIONS, **_functions.OURS}


def find(name: str) -> Table | None:
    """The table of that name, of ours or adopted; None when there is none."""
    return tables().get(name) or adopted().get(name)


def reference_markdown(chosen: Iterable[Table] | None = None) -> str:
    """The generated reference page of the tables."""
    parts = ["# Tables\n", "Generated from `src/lockgate/tables/`; a change by hand is overwritten.\n"]
    for table in (*tables().values(), *adopted().values()) if chosen is None else chosen:
        parts.append(f"## {table.name}\n\n{_cell(table.about)}\n\nShape: {_cell(table.source)}\n")
        if table.plans:
            parts.append(f"Plans in Azure Monitor: {', '.join(table.plans)}\n")
        rows = [f"| `{one.name}` | {one.type} | {'Ours: ' * one.ours}{_cell(one.about)} |" for one in table.columns]
        parts.append("\n".join(["| column | type | holds |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
