"""DuckDB over snapshots of Delta tables. A snapshot is an opened ``DeltaTable`` or None; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lockgate.dataclass import dataclass
from lockgate.store import _spill
from lockgate.store._arrow import SQL_TYPES
from lockgate.tables import ColumnType, Table, tables

if TYPE_CHECKING:
    from lockgate.store.ask.tables import Parquet
    from lockgate.store.shredding import Shredding
    from lockgate.store.terms.pruning import Files
    from lockgate.tables._hot_paths import HotPath

_MEMORY = "256MB"
Lie = Callable[[Any], "list[str] | None"]
"""Tells where the data files of a snapshot are on this machine; None: they are not."""
_OF_DELTA = {
    "string": "VARCHAR", "long": "BIGINT", "integer": "INTEGER", "double": "DOUBLE", "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
}  # fmt: skip


def visible_rows(table: Table, data: Any, mark: Any) -> list[dict[str, Any]]:
    """The rows of ``table`` whose run is stored whole, oldest first, with the columns in their order. Those of a run
    come as they were appended, but that what was appended in pieces may be joined again piece by piece."""
    connection = opened({table.name: data, "Runs": mark})
    try:
        read = _placed(table, data)
        ordered = f"{visible(table, read)} ORDER BY TimeGenerated, Batch, file_index, file_row_number"
        rows = _dicts(connection.execute(ordered)) if read else []
    finally:
        connection.close()
    times = [column.name for column in table.columns if column.type is ColumnType.DATETIME]
    for row in rows:
        for name in times:
            row[name] = None if row[name] is None else row[name].replace(tzinfo=UTC)
    return rows


def _placed(table: Table, snapshot: Any) -> str:
    """The statement for all rows of a snapshot that is shown, with the place of each: ``file_index`` in the order in
    which the files were written, and ``file_row_number``. Empty where there are none."""
    if snapshot is None:
        return ""
    if not _folder(snapshot):
        return f'SELECT *, 0 AS file_index, rowid AS file_row_number FROM "kept_{table.name}"'  # noqa: S608 -- our own name
    added = snapshot.get_add_actions()
    written = dict(zip(added.column("path").to_pylist(), added.column("modification_time").to_pylist(), strict=True))
    files = sorted(files_of(snapshot), key=lambda path: (written.get(Path(path).name, 0), path))
    read = f"read_parquet({listed(files)}, union_by_name = true)"
    return f"SELECT *, file_index, file_row_number FROM {read}" if files else ""  # noqa: S608 -- a quoted list of files


def collected_rows(name: str, data: Any, last: int | None) -> list[dict[str, Any]]:
    """The rows of a table that is not one of ours, oldest first; at most the ``last``."""
    import duckdb

    kinds = {field.name: str(field.type.type) for field in data.schema().fields}
    nothing = ", ".join(f"NULL::{_OF_DELTA[kind]} AS {_quoted(column)}" for column, kind in kinds.items())
    shown = ", ".join(
        f"make_timestamp(epoch_us({_quoted(column)})) AS {_quoted(column)}" if kind == "timestamp" else _quoted(column)
        for column, kind in kinds.items()
    )
    connection = duckdb.connect(":memory:", config=_spill.settings(_MEMORY))
    try:
        found = stored(connection, name, data)
        read = f" UNION ALL BY NAME (SELECT * FROM {found})" if found else ""  # noqa: S608 -- files of the record
        rows = _dicts(connection.execute(
            f"SELECT {shown} FROM ((SELECT {nothing} WHERE false){read}) ORDER BY TimeGenerated DESC "  # noqa: S608 -- as above
            f"{'' if last is None else f'LIMIT {int(last)}'}"
        ))  # fmt: skip
    finally:
        connection.close()
    for row in rows:
        for column, kind in kinds.items():
            if kind == "timestamp" and row[column] is not None:
                row[column] = row[column].replace(tzinfo=UTC)
    return rows[::-1]


def local(snapshot: Any) -> list[str] | None:
    """The data files of a snapshot in a local folder; None of others."""
    return files_of(snapshot) if _folder(snapshot) else None


def answer(
    snapshots: Mapping[str, Any], query: str, parameters: Sequence[object], *, place: str = "", lie: Lie = local
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of ``query`` as dicts. ``place`` and ``lie``: as :func:`opened` takes them."""
    connection = opened(snapshots, place=place, lie=lie)
    try:
        return _dicts(connection.execute(query, list(parameters)))
    finally:
        connection.close()


def opened(
    snapshots: Mapping[str, Any], *, memory: str = _MEMORY, place: str = "", lie: Lie = local
) -> Any:  # fmt: skip
    """A connection with a view of the visible rows of each table; nothing else can be reached from it, but the files of
    the local folder ``place``. ``lie``: where the files of a snapshot are."""
    import duckdb

    connection = duckdb.connect(":memory:", config=_spill.settings(memory))
    try:
        folders = [_folder(snapshot) for snapshot in snapshots.values() if snapshot is not None]
        local = [folder for folder in (*folders, place) if folder and "://" not in folder]
        connection.execute("SET allowed_directories = " + listed(local))
        for name in ("Runs", *(name for name in snapshots if name != "Runs")):
            _show(connection, tables()[name], snapshots[name], lie)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def _show(connection: Any, table: Table, snapshot: Any, lie: Lie) -> None:
    """A view of the visible rows."""
    found = stored(connection, table.name, snapshot, lie) if snapshot is not None else ""
    read = f"SELECT * FROM {found}" if found else ""  # noqa: S608 -- a quoted list of files of the record, or our own name
    connection.execute(f'CREATE VIEW "{table.name}" AS {visible(table, read)}')


def visible(table: Table, read: str, more: Sequence[str] = ()) -> str:
    """The statement for the visible rows among those that ``read`` gives; columns that older files lack are null.

    ``more``: further columns that ``read`` has.
    """
    rows = _whole(table, read)
    names = ", ".join([*(_selected(column.name, column.type) for column in table.columns), *map(_quoted, more)])
    seen = "" if table.name == "Runs" or table.alone else ' WHERE Batch IN (SELECT Batch FROM "Runs")'
    return f"SELECT {names} FROM ({rows}){seen}"  # noqa: S608 -- as above


def _whole(table: Table, read: str) -> str:
    nothing = ", ".join(f'NULL::{SQL_TYPES[column.type]} AS "{column.name}"' for column in table.columns)
    parts = [f"SELECT {nothing} WHERE false", *([read] if read else [])]
    return " UNION ALL BY NAME ".join(f"({part})" for part in parts)


@dataclass(frozen=True, slots=True)
class Shown:
    """How the rows of a table of ours are read, as :class:`~lockgate.store.terms.pruning.Files` takes it."""

    source: Callable[[str], str]
    """What stands after FROM for the visible rows among those that a statement gives."""
    extended: Callable[[str, str], str]
    """Makes the statement for one file one with all columns that are read."""
    names: tuple[str, ...]
    """Columns of paths of JSON, which follow those of the table."""


def shown_with(paths: Sequence[HotPath], table: Table, seen: str) -> Shown:
    """The rows that a clause lets through, with the columns of those paths that the table has."""
    from functools import partial

    shredding = _shredding(paths, table)
    if shredding is None:
        return Shown(partial(_visible_within, table, seen, ()), lambda _, read: read, ())
    own = ", ".join(_quoted(column.name) for column in table.columns)

    def extended(path: str, read: str) -> str:
        """Files without the columns of the paths have them made of their JSON."""
        if path.endswith(shredding.mark):
            return read
        return shredding.extended(f"SELECT {own} FROM ({_whole(table, read)})")  # noqa: S608 -- Table checks names

    names = tuple(shredding.names())

    def source(read: str) -> str:
        return _visible_within(table, seen, names, read or extended("", ""))

    return Shown(source, extended, names)


def _shredding(paths: Sequence[HotPath], table: Table) -> Shredding | None:
    if not paths:
        return None
    from lockgate.store.shredding import shredding_of

    found = shredding_of(paths, table)
    return found if found.paths else None


def _visible_within(table: Table, seen: str, more: Sequence[str], read: str) -> str:
    return f"(SELECT * FROM ({visible(table, read, more)}){seen})"  # noqa: S608 -- as above


def files_behind(
    snapshot: Any, shown: Callable[[str], str], extended: Callable[[str, str], str] = lambda _, read: read,
    *, lie: Lie = local,
) -> Files | None:  # fmt: skip
    """The data files of a snapshot; ``shown`` and ``extended`` as :class:`Files` has them."""
    paths = None if snapshot is None else lie(snapshot)
    if paths is None:
        return None
    from lockgate.store.terms.pruning import Files

    return Files(paths, shown, extended)


def parquet_behind(snapshot: Any, marks: str, within: tuple[tuple[str, int], ...]) -> Parquet | None:
    """The same for another engine; None where it would need more than to read Parquet from a folder that machines
    share."""
    if snapshot is None or snapshot.protocol().min_reader_version > 1 or (paths := local(snapshot)) is None:
        return None
    from lockgate.store.ask.tables import Parquet

    return Parquet(tuple(paths), sum(Path(one).stat().st_size for one in paths), marks, within)


def stored(connection: Any, table: str, snapshot: Any, lie: Lie = local) -> str:
    """What stands after FROM for all rows of a snapshot; empty where it has none."""
    files = lie(snapshot)
    if files is not None:
        return f"read_parquet({listed(files)}, union_by_name = true)" if files else ""
    # DuckDB would need an extension from the network for object stores: deltalake reads those, and hands over Arrow.
    name = f"stored_{table}"
    connection.register(name, snapshot.scan())
    # No temporary one: a query has a cursor of its own, which sees neither that nor what is registered.
    connection.execute(f'CREATE TABLE "kept_{table}" AS SELECT * FROM "{name}"')  # noqa: S608 -- our own name
    connection.unregister(name)
    return f'"kept_{table}"'


def _folder(snapshot: Any) -> str:
    """The local folder of a snapshot, or an empty string when it lies on an object store."""
    uri = urlsplit(str(snapshot.table_uri))
    return unquote(uri.path) if uri.scheme == "file" else ""


def files_of(snapshot: Any) -> list[str]:
    """Paths of the data files. deltalake gives those of a folder with blanks as it writes them in addresses."""
    written = urlsplit(str(snapshot.table_uri)).path
    return [_folder(snapshot) + uri.removeprefix("file://").removeprefix(written) for uri in snapshot.file_uris()]


def listed(texts: Sequence[str]) -> str:
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return f"[{quoted}]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _selected(name: str, kind: ColumnType) -> str:
    """Times without a zone, in UTC: zoned ones need an extension that DuckDB does not bring along."""
    return f'make_timestamp(epoch_us("{name}")) AS "{name}"' if kind is ColumnType.DATETIME else f'"{name}"'


def _dicts(cursor: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
