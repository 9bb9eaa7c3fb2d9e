"""A block of JSON lines into a Parquet file by one statement of DuckDB, where every row of it is plain.

Plain is a row of which nothing has to be said: one JSON object, every field known, every value just of its column's
type in its usual form. One row that is not makes the statement fail as a whole, and ``fitting`` reads the block then;
what both accept they make the same of.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.store import _spill
from lockgate.store._arrow import SQL_TYPES
from lockgate.store.ingest.collected import Part
from lockgate.store.ingest.memory import Bytes, path_of
from lockgate.store.ingest.oddities import odd
from lockgate.store.ingest.reading import Reading, Times
from lockgate.tables import ColumnType, Table

MOST_LINE = 10 << 20
"""Bytes of one row."""
MOST_DEPTH = 1000
"""Levels of a value; the readers of JSON that come after take at most 1,024."""
_DEEP = 2 * MOST_DEPTH
"""Bytes below which no value can be deeper than that."""
_USUAL_LINE = 1 << 18
"""Bytes of a line that a block of usual rows does not exceed."""
DAY = 86_400_000_000
_FIRST = -62_135_596_800_000_000
"""The first moment of year 1 in microseconds since 1970; Python has none before."""
_MOMENTS = ("____-__-__T__:__:__.______Z", "____-__-__T__:__:__Z", "____-__-__T__:__:__.___Z")
"""Times as they usually are; that they hold digits is seen when they are converted, which takes blanks for them too."""
_WHOLE = r"-?\d{1,19}"
_REAL = r"-?\d+(\.\d+)?([eE][+-]?\d+)?"
_GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
SECRET = ('"env":[', '"secrets"', '"Secret"', "oken", "last-applied", "kapp.k14s.io", "rio.cattle.io", "banzaicloud")
"""What an object or its reference holds where there may be something to take out of it."""
_ROW_GROUP = 20_480
"""Rows that are packed together. Memory for six times as many takes longer to get from the system than they save."""


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
    connection: Any, data: Bytes, part: Path, table: Table, reading: Reading, *, received: int, times: Times,
    block: Path, fields: Collection[str] | None = None, marks: Sequence[str] = SECRET,
) -> Part | None:  # fmt: skip
    """Write the rows of the lines in ``data`` to ``part``; None, and no file, where a row is not plain.

    ``received``: the time of ingestion in microseconds since 1970. ``block``: a file of our own for the lines, which
    stays for the next, since new pages of a file cost more than to fill them again; not needed where the lines lie in
    memory that is a file. ``fields``: all that the rows have,
    where they are known to be JSON objects with no others. ``marks``: those of :data:`SECRET` that may be in the lines.
    """
    import duckdb

    if odd(data) if fields is None else not reading.known.issuperset(fields):
        return None
    lines = _Lines(path_of(data) or _put(data, block), _room(data))
    try:
        if fields is None and not reading.closed and not _only_known(connection, lines, reading):
            return None
        return copied(connection, _rows(lines, table, reading, received, times, marks), part)
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


def _put(data: Bytes, block: Path) -> str:
    handle = os.open(block, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        left, at = memoryview(data), 0
        while at < len(data):
            at += os.pwrite(handle, left[at:], at)
        os.ftruncate(handle, len(data))
    finally:
        os.close(handle)
    return str(block)


def _room(data: Bytes) -> int:
    """Bytes that the longest line surely fits into: DuckDB fills buffers of twice as many, and small ones stay near."""
    at = 0
    while len(data) - at > _USUAL_LINE // 2:
        end = data.rfind(b"\n", at, at + _USUAL_LINE // 2) + 1
        if not end:
            return MOST_LINE
        at = end
    return _USUAL_LINE


@dataclass(frozen=True, slots=True)
class _Lines:
    """JSON lines in a file."""

    path: str
    room: int
    """Bytes that each of them fits into."""

    def read(self, columns: Mapping[str, str], more: str = "") -> str:
        """What stands after FROM."""
        listed = ", ".join(f"{_text(field)}: '{kind}'" for field, kind in columns.items())
        return (
            f"read_json({_text(self.path)}, format = 'newline_delimited', columns = {{{listed}}}, "
            f"maximum_object_size = {self.room}, compression = 'none'{more})"
        )


def _only_known(connection: Any, lines: _Lines, reading: Reading) -> bool:
    """Whether there are only objects with known fields."""
    source = lines.read({"o": "JSON"}, ", records = false")
    objects_only = "bool_and(coalesce(json_type(o) = 'OBJECT', false))"
    connection.execute(f"SELECT {objects_only}, list_distinct(flatten(list(DISTINCT json_keys(o)))) FROM {source}")  # noqa: S608 -- as above
    [(objects, names)] = connection.fetchall()
    return bool(objects) and reading.known.issuperset(names or ())


def _rows(
    lines: _Lines, table: Table, reading: Reading, received: int, times: Times, marks: Sequence[str] = SECRET
) -> str:  # fmt: skip
    """The query for the rows; each time is converted once, in a query of its own within."""
    kinds = {field: table.column(column).type for field, column in reading.fields.items()}
    columns = {field: "JSON" if kind is ColumnType.DYNAMIC else "VARCHAR" for field, kind in kinds.items()}
    columns |= dict.fromkeys((*reading.time, *(reading.demanded or ())), "VARCHAR")
    longest = "t" * max(map(len, columns))  # no field has these names
    moments = {
        field: f"{longest}{number}"
        for number, field in enumerate(columns)
        if field in reading.time or kinds.get(field) is ColumnType.DATETIME
    }
    # With the zone at once: what DuckDB makes of a moment without one goes through a calendar, 0.1 microseconds each.
    converted = [f"TRY_CAST({_name(field)} AS TIMESTAMPTZ) AS {name}" for field, name in moments.items()]
    within = f"SELECT {', '.join(('*', *converted))} FROM {lines.read(columns)}"  # noqa: S608 -- names and texts are quoted
    return f"SELECT {_selected(table, reading, moments, received, times, marks)} FROM ({within})"  # noqa: S608 -- as above


def _selected(
    table: Table, reading: Reading, moments: Mapping[str, str], received: int, times: Times, marks: Sequence[str]
) -> str:  # fmt: skip
    fields = {column: field for field, column in reading.fields.items()}
    demands = [
        _plain(table.column(column).type, _name(field))
        for field, column in reading.fields.items()
        if field not in moments and table.column(column).type is not ColumnType.STRING
    ]
    demands += [_usual(_name(field), moment) for field, moment in moments.items()]
    for field, text in (reading.demanded or {}).items():
        demands.append(f"{_name(field)} IS NOT DISTINCT FROM {_text(text)}")
    demands += [_open(_name(field), marks) for field in reading.objects if marks]
    kept = [moment for field, moment in moments.items() if field in reading.fields]
    given = {
        "Type": _text(table.name), "_IngestionTime": _moment(received),
        "TimeGenerated": _generated([moments[field] for field in reading.time], kept, demands, received, times),
    }  # fmt: skip
    shown = []
    for column in table.columns:
        field = fields.get(column.name, "")
        value = given.get(column.name) or (
            moments[field] if field in moments
            else _value(column.type, _name(field)) if field else _nothing(column.type)
        )  # fmt: skip
        shown.append(f"{value} AS {_name(column.name)}")
    return ", ".join(shown)


def _generated(
    moments: Sequence[str], columns: Sequence[str], demands: Sequence[str], received: int, times: Times
) -> str:  # fmt: skip
    """The time of a row; this is where one that is not plain ends the statement. Neither is one whose time is far from
    now and stands in none of ``columns``, which it would be lost from without a word.
    """
    now = _moment(received)
    first = f"coalesce({', '.join((*moments, now))})"
    oldest = f" OR {first} < {_moment(received - 2 * DAY)}" if times is Times.SERVICE else ""
    far = f"({first} > {_moment(received + DAY)}{oldest})"
    told = f" OR coalesce({first} IN ({', '.join(columns)}), false)" if columns else ""
    plain = " AND ".join((*demands, f"(NOT {far}{told})"))
    kept = f"CASE WHEN {far} THEN {now} ELSE {first} END"
    return f"CASE WHEN {plain} THEN {kept} ELSE error('not plain')::TIMESTAMPTZ END"


def _usual(name: str, moment: str) -> str:
    """The condition under which a text is a time in its usual form, or is not there. ``moment``: what it is cast to."""
    shape = " OR ".join(f"{name} LIKE '{one}'" for one in _MOMENTS)
    return (f"({name} IS NULL OR (({shape}) AND NOT contains({name}, ' ') AND NOT contains({name}, 'T24') "
            f"AND coalesce({moment} >= {_moment(_FIRST)}, false)))")  # fmt: skip


def _plain(kind: ColumnType, name: str) -> str:
    """The condition under which a text is a value of ``kind`` in its usual form, or is not there."""
    if kind is ColumnType.DYNAMIC:
        return f"({name} IS NULL OR strlen({name}) <= {_DEEP} OR {_shallow(name)})"
    if kind is ColumnType.BOOL:
        return f"({name} IS NULL OR {name} IN ('true', 'false'))"
    if kind is ColumnType.GUID:
        return f"({name} IS NULL OR regexp_full_match({name}, '{_GUID}'))"
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


def _open(name: str, marks: Sequence[str]) -> str:
    found = " OR ".join(f"contains({name}::VARCHAR, {_text(mark)})" for mark in marks)
    return f"({name} IS NULL OR NOT ({found}))"


def _value(kind: ColumnType, name: str) -> str:
    if kind is ColumnType.STRING:
        return f"coalesce({name}, '')"
    if kind is ColumnType.GUID:
        return f"lower({name})"
    if kind is ColumnType.DYNAMIC:
        return f"{name}::VARCHAR"
    return f"TRY_CAST({name} AS {SQL_TYPES[kind]})"


def _nothing(kind: ColumnType) -> str:
    return "''" if kind is ColumnType.STRING else f"NULL::{SQL_TYPES[kind]}"


def _moment(microseconds: int) -> str:
    return f"make_timestamp({microseconds})::TIMESTAMPTZ"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
