"""A block of JSON lines into a Parquet file by one statement of DuckDB, where every row of it is plain.

Plain is a row of which nothing has to be said: one JSON object, every field known, every value just of its column's
type in its usual form. One row that is not makes the statement fail as a whole, and ``fitting`` reads the block then;
what both accept they make the same of.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lockgate.store import _spill
from lockgate.store._arrow import SQL_TYPES
from lockgate.store.ingest.collected import Part
from lockgate.store.ingest.reading import Reading, Times
from lockgate.tables import ColumnType, Table

MOST_LINE = 10 << 20
"""Bytes of one row."""
MOST_DEPTH = 1000
"""Levels of a value; the readers of JSON that come after take at most 1,024."""
_DEEP = 2 * MOST_DEPTH
"""Bytes below which no value can be deeper than that."""
DAY = 86_400_000_000
_MOMENTS = ("____-__-__T__:__:__.______Z", "____-__-__T__:__:__Z", "____-__-__T__:__:__.___Z")
"""Times as they usually are; that they hold digits is seen when they are converted, which takes blanks for them too."""
_WHOLE = r"-?\d{1,19}"
_REAL = r"-?\d+(\.\d+)?([eE][+-]?\d+)?"
_GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_SECRET = ('"env":[', '"secrets"', '"Secret"', "oken", "last-applied", "kapp.k14s.io", "rio.cattle.io", "banzaicloud")
"""What an object or its reference holds where there may be something to take out of it."""
_ROW_GROUP = 122_880


def opened() -> Any:
    """A DuckDB for :func:`written`. Nothing of what comes in is ever part of a statement.

    It has one thread: with several, a row that is not plain ends the others, and any of their errors may be told.
    """
    return _engine().cursor()


@functools.cache
def _engine() -> Any:
    """Opened once: it takes longer than to load some hundred rows."""
    import atexit
    import contextlib

    import duckdb

    connection = duckdb.connect(":memory:", config=_spill.settings("1GB", 1))
    with contextlib.suppress(duckdb.Error):  # without the extension for zones times are in UTC anyhow
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
    atexit.register(connection.close)  # one that is open when Python ends may abort it
    return connection


def written(
    connection: Any, block: Path, part: Path, table: Table, reading: Reading, *, received: int, times: Times,
) -> Part | None:  # fmt: skip
    """Write the rows of the lines in ``block`` to ``part``; None, and no file, where a row is not plain.

    ``received``: the time of ingestion in microseconds since 1970.
    """
    import duckdb

    source = _source(block, table, reading)
    try:
        if not reading.closed and not _only_known(connection, block, reading):
            return None
        selected = _selected(table, reading, received, times)
        return copied(connection, f"SELECT {selected} FROM {source}", part)  # noqa: S608 -- names and texts are quoted
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException):
        part.unlink(missing_ok=True)
        return None


def copied(connection: Any, query: str, part: Path) -> Part:
    """The rows of ``query`` as a Parquet file."""
    form = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {_ROW_GROUP}, RETURN_STATS"
    connection.execute(f"COPY ({query}) TO {_text(str(part))} ({form})")
    [(_, rows, _, _, statistics, *_)] = connection.fetchall()
    return Part(part, rows, *_bounds(statistics))


def _bounds(statistics: Mapping[str, Mapping[str, str]]) -> tuple[int, int]:
    """Least and greatest ``TimeGenerated``."""
    found = statistics.get('"TimeGenerated"', {})
    return _microseconds(found.get("min", "")), _microseconds(found.get("max", ""))


def _microseconds(text: str) -> int:
    """Of a moment as DuckDB writes it, in UTC; 0 of none."""
    if not text:
        return 0
    moment = datetime.fromisoformat(text.removesuffix("+00")).replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _source(block: Path, table: Table, reading: Reading) -> str:
    kinds = {field: table.column(column).type for field, column in reading.fields.items()}
    columns = {field: "JSON" if kind is ColumnType.DYNAMIC else "VARCHAR" for field, kind in kinds.items()}
    columns |= dict.fromkeys((*reading.time, *(reading.demanded or ())), "VARCHAR")
    return _lines(block, columns)


def _lines(block: Path, columns: Mapping[str, str], more: str = "") -> str:
    listed = ", ".join(f"{_text(field)}: '{kind}'" for field, kind in columns.items())
    return (
        f"read_json({_text(str(block))}, format = 'newline_delimited', columns = {{{listed}}}, "
        f"maximum_object_size = {MOST_LINE}, compression = 'none'{more})"
    )


def _only_known(connection: Any, block: Path, reading: Reading) -> bool:
    """Whether there are only objects with known fields."""
    source = _lines(block, {"o": "JSON"}, ", records = false")
    objects_only = "bool_and(coalesce(json_type(o) = 'OBJECT', false))"
    connection.execute(f"SELECT {objects_only}, list_distinct(flatten(list(DISTINCT json_keys(o)))) FROM {source}")  # noqa: S608 -- as above
    [(objects, names)] = connection.fetchall()
    known = {*reading.fields, *reading.time, *reading.ignored, *(reading.demanded or ())}
    return bool(objects) and known.issuperset(names or ())


def _selected(table: Table, reading: Reading, received: int, times: Times) -> str:
    fields = {column: field for field, column in reading.fields.items()}
    moments = {name: _name(name) for name in reading.time}
    demands = [_plain(table.column(column).type, _name(field)) for field, column in reading.fields.items()]
    demands += [_plain(ColumnType.DATETIME, name) for field, name in moments.items() if field not in reading.fields]
    for field, text in (reading.demanded or {}).items():
        demands.append(f"{_name(field)} IS NOT DISTINCT FROM {_text(text)}")
    demands += [_open(_name(field)) for field in reading.objects]
    given = {
        "Type": _text(table.name), "_IngestionTime": _moment(received),
        "TimeGenerated": _generated(list(moments.values()), demands, received, times),
    }  # fmt: skip
    shown = []
    for column in table.columns:
        value = given.get(column.name) or (
            _value(column.type, _name(fields[column.name])) if column.name in fields else _nothing(column.type)
        )
        shown.append(f"{value} AS {_name(column.name)}")
    return ", ".join(shown)


def _generated(moments: Sequence[str], demands: Sequence[str], received: int, times: Times) -> str:
    """The time of a row; this is where one that is not plain ends the statement."""
    first = f"coalesce({', '.join(f'TRY_CAST({one} AS TIMESTAMP)' for one in moments)}, make_timestamp({received}))"
    oldest = f" OR {first} < make_timestamp({received - 2 * DAY})" if times is Times.SERVICE else ""
    now = f"make_timestamp({received})"
    kept = f"CASE WHEN {first} > make_timestamp({received + DAY}){oldest} THEN {now} ELSE {first} END"
    plain = " AND ".join(demands) or "true"
    return f"CASE WHEN {plain} THEN {kept} ELSE error('not plain')::TIMESTAMP END::TIMESTAMPTZ"


def _plain(kind: ColumnType, name: str) -> str:
    """The condition under which a text is a value of ``kind`` in its usual form, or is not there."""
    if kind is ColumnType.STRING:
        return f"coalesce({name} NOT IN ('NaN', 'Infinity', '-Infinity'), true)"
    if kind is ColumnType.DYNAMIC:  # JSON has neither of the two words, DuckDB takes both
        words = " AND ".join(f"NOT contains({name}::VARCHAR, '{word}')" for word in ("NaN", "Infinity"))
        return f"({name} IS NULL OR ({words} AND (strlen({name}) <= {_DEEP} OR {_shallow(name)})))"
    if kind is ColumnType.BOOL:
        return f"({name} IS NULL OR {name} IN ('true', 'false'))"
    if kind is ColumnType.GUID:
        return f"({name} IS NULL OR regexp_full_match({name}, '{_GUID}'))"
    if kind is ColumnType.DATETIME:
        shape = " OR ".join(f"{name} LIKE '{one}'" for one in _MOMENTS)
        return (f"({name} IS NULL OR (({shape}) AND {name} >= '0001' AND substr({name}, 12, 2) < '24' "
                f"AND NOT contains({name}, ' ') AND TRY_CAST({name} AS TIMESTAMP) IS NOT NULL))")  # fmt: skip
    pattern, target = {
        ColumnType.LONG: (_WHOLE, "BIGINT"),
        ColumnType.INT: (_WHOLE, "INTEGER"), ColumnType.REAL: (_REAL, "DOUBLE"),
    }[kind]  # fmt: skip
    cast = f"TRY_CAST({name} AS {target})"
    finite = f"isfinite({cast})" if kind is ColumnType.REAL else f"{cast} IS NOT NULL"
    return f"({name} IS NULL OR (regexp_full_match({name}, '{pattern}') AND coalesce({finite}, false)))"


def _shallow(name: str) -> str:
    """Whether a long value cannot be deep: it has fewer brackets than that."""
    return f"strlen({name}) - strlen(replace(replace({name}::VARCHAR, '[', ''), '{{', '')) < {MOST_DEPTH}"


def _open(name: str) -> str:
    marks = " OR ".join(f"contains({name}::VARCHAR, {_text(mark)})" for mark in _SECRET)
    return f"({name} IS NULL OR NOT ({marks}))"


def _value(kind: ColumnType, name: str) -> str:
    if kind is ColumnType.STRING:
        return f"coalesce({name}, '')"
    if kind is ColumnType.GUID:
        return f"lower({name})"
    if kind is ColumnType.DYNAMIC:
        return f"{name}::VARCHAR"
    if kind is ColumnType.DATETIME:
        return f"TRY_CAST({name} AS TIMESTAMP)::TIMESTAMPTZ"
    return f"TRY_CAST({name} AS {SQL_TYPES[kind]})"




def _nothing(kind: ColumnType) -> str:
    return "''" if kind is ColumnType.STRING else f"NULL::{SQL_TYPES[kind]}"


def _moment(microseconds: int) -> str:
    return f"make_timestamp({microseconds})::TIMESTAMPTZ"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
