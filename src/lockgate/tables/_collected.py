"""Tables whose rows come in from outside: those of Azure Monitor, custom ones (``..._CL``), and what did not fit."""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.errors import ConfigurationError
from lockgate.tables import Column, ColumnType, Table, adopted
from lockgate.tables._azure._declared import COMMON, GENERATED

SUFFIX = "_CL"
COMPANION = "_errors"
MOST_COLUMNS = 500
"""Columns of a custom table, as the service has it."""
INGESTED = Column(
    "_IngestionTime", ColumnType.DATETIME, "When the row was taken in; what ingestion_time() gives", ours=True
)
GIVEN = frozenset({"Type", "_BilledSize", "_IsBillable", INGESTED.name})
"""What a sender says in a field of that name is not heeded. Nothing is billed here, so two of them stay empty."""
_RULES = "https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table"
_ERRORS = (
    Column("Reason", ColumnType.STRING, "Why the row, or a field of it, has no place in the table"),
    Column("Field", ColumnType.STRING, "The field that is meant; empty where it is the row"),
    Column("Kept", ColumnType.BOOL, "Whether the row stands in the table all the same, without the field"),
    Column("Text", ColumnType.STRING, "What came: the value of the field, or the row"),
    Column("Origin", ColumnType.STRING, "File or stream that it came from"),
    Column("Line", ColumnType.LONG, "Line of the file, or row of the request, from 1"),
)


def custom(name: str, columns: Iterable[Column]) -> Table:
    """A custom table. Raises :class:`ConfigurationError` for a name or column that it cannot have."""
    own = tuple(columns)
    if not name.endswith(SUFFIX) or name == SUFFIX:
        raise ConfigurationError(
            f"{name!r} is no table that is known, and no custom one", where=name,
            hint=f"the name of a custom table ends in {SUFFIX}",
        )  # fmt: skip
    if len(own) > MOST_COLUMNS:
        raise ConfigurationError(f"a table has at most {MOST_COLUMNS} columns, not {len(own)}", where=name)
    return _with_common(name, own, "Rows that were sent to a custom table")


def companion(name: str) -> Table:
    """The table of what did not fit into the table ``name``."""
    return _with_common(f"{name}{COMPANION}", _ERRORS, f"What came for {name} and did not fit")


def collected(name: str) -> Table | None:
    """An adopted table as rows are kept in it; None where ``name`` is none."""
    table = adopted().get(name)
    if table is None:
        return None
    return Table(name, (*table.columns, INGESTED), table.source, table.about, plans=table.plans)


def clash(columns: Iterable[Column], name: str) -> str:
    """The column that ``name`` differs from by case alone, which engines do not tell apart; empty where none is."""
    lower = name.lower()
    return next((one.name for one in columns if one.name.lower() == lower and one.name != name), "")


def _with_common(name: str, own: tuple[Column, ...], about: str) -> Table:
    given = {column.name for column in own}
    first = () if GENERATED.name in given else (GENERATED,)
    common = (column for column in (*COMMON, INGESTED) if column.name not in given)
    return Table(name, (*first, *own, *common), _RULES, about, plans=("Analytics",))
