"""The tables of a workspace that hold rows from outside: found by name, made, widened, appended to once a batch.

The shape of a table stands in its Delta schema: what Kusto calls the type of a column is in the field's metadata, since
texts, dynamic values and guids are all strings there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, StoreError
from lockgate.store._append import CONFIGURATION, shown
from lockgate.store._arrow import SQL_TYPES
from lockgate.store.ingest.committing import committed
from lockgate.store.ingest.handles import Handles
from lockgate.store.journal import sync_folder
from lockgate.store.record import holds
from lockgate.tables import Column, ColumnType, Table, tables
from lockgate.tables._collected import COMPANION, collected, companion, custom

if TYPE_CHECKING:
    from lockgate.store.ask.tables import Source
    from lockgate.store.record import Record

T = TypeVar("T")
_TYPE, _ADDED = "lockgate.type", "lockgate.added"
_DELTA = {
    ColumnType.STRING: "string", ColumnType.DYNAMIC: "string", ColumnType.GUID: "string", ColumnType.LONG: "long",
    ColumnType.INT: "integer", ColumnType.REAL: "double", ColumnType.BOOL: "boolean",
    ColumnType.DATETIME: "timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file with rows of a table, not yet part of it."""

    path: Path
    """Where it lies; within the folder of the table when that is local."""
    rows: int
    first: int
    """Least time of its rows, microseconds since 1970."""
    last: int


class Collected(Mapping[str, Table]):
    """The tables by name. They are looked up each time: other processes make and widen them too."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._handles = Handles(record.place, record.delta) if "://" not in record.place else None

    @property
    def place(self) -> str:
        """Folder or address that holds them."""
        return self._record.place

    @property
    def local(self) -> bool:
        """Whether they lie in a folder."""
        return "://" not in self.place

    def __getitem__(self, name: str) -> Table:
        handle = self._handle(name)
        if handle is None:
            raise KeyError(name)
        return _table_of(name, handle)

    def __iter__(self) -> Iterator[str]:
        """Those in a local folder; on an object store they are found by name alone."""
        if not self.local:
            return
        try:
            names = sorted(entry.name for entry in os.scandir(self.place) if entry.is_dir())
        except OSError:
            return
        for name in names:
            if name not in tables() and (Path(self.place) / name / "_delta_log").is_dir():
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def made(self, shape: Table) -> Table:
        """The table ``shape.name`` as it stands, made or widened so that it has the columns of ``shape``.

        Raises :class:`StoreError`, also where a column of that name has another type.
        """
        from deltalake import DeltaTable

        def make(handle: Any) -> Table:
            if handle is None:
                DeltaTable.create(
                    self._record.uri(shape.name), _schema(shape.columns), configuration=CONFIGURATION,
                    storage_options=self._record.options,
                )  # fmt: skip
                return shape
            there = _table_of(shape.name, handle)
            known = {column.name: column.type for column in there.columns}
            _same_types(there, shape)
            missing = [column for column in shape.columns if column.name not in known]
            if not missing:
                return there
            handle.alter.add_columns([_field(column, added=True) for column in missing])
            return Table(there.name, (*there.columns, *missing), there.source, there.about, plans=there.plans)

        return self._committing(shape.name, make)

    def holds(self, name: str, once: tuple[str, int]) -> bool:
        """Whether the batch of that number, or a later one of the same sender, is in the table."""
        return holds(self._handle(name), once)

    def append(self, name: str, parts: Sequence[Part], *, once: tuple[str, int] | None = None) -> None:
        """Append ``parts``, all of them or none. ``once``: as :meth:`Record.append_alone` takes it.

        When this returns they are on the disk. Raises :class:`StoreError`.
        """
        from deltalake import CommitProperties, Transaction, write_deltalake

        properties = CommitProperties(app_transactions=[Transaction(*once)] if once is not None else None)

        def write(handle: Any) -> None:
            if once is not None and holds(handle, once):
                return
            if self.local:
                folder = Path(self.place) / name
                made = committed(handle, folder, [_added(one) for one in parts], once)
                if made is not None:
                    _sync_log(folder, [made])
                    return
                before = handle.version()
                handle.create_write_transaction(
                    [_action(one) for one in parts], "append", handle.schema(), commit_properties=properties
                )
                handle.update_incremental()
                _sync_log(folder, range(before + 1, handle.version() + 1))
            else:
                write_deltalake(handle, _arrow(parts), mode="append", commit_properties=properties,
                                storage_options=self._record.options)  # fmt: skip

        if self.local:
            for part in parts:
                _sync(part.path)
        self._committing(name, write)

    def guarded(self, name: str, work: Callable[[], T]) -> T:
        """What ``work`` gives; what the engines raise becomes a :class:`StoreError` with a hint."""
        return self._record.guarded(name, work)

    def part_path(self, name: str) -> Path:
        """Where the next part of a local table is to be written."""
        return Path(self.place) / name / f"part-00000-{uuid4()}-c000.parquet"

    def source(self, name: str, connection: Any, *, within: tuple[tuple[str, int], ...] = ()) -> Source:
        """Where the rows of a table are as it stands now; ``within``: for other engines, as :class:`Parquet` has it."""
        from lockgate.store import _query
        from lockgate.store.ask.tables import Source
        from lockgate.store.shredding import quoted, shredding_of

        handle = None if name in tables() else self._record.delta(name)
        if handle is None:
            raise StoreError("the table is not there any more", where=self._record.uri(name))
        fields = {field.name: dict(field.metadata or {}) for field in handle.schema().fields}
        table = _table_of(name, handle)
        shredding = shredding_of(self._record.upkeep.paths_of(name) if self._record.keeps_paths else (), table)
        nothing = ", ".join(f'NULL::{SQL_TYPES[column.type]} AS "{column.name}"' for column in table.columns)
        own = ", ".join(f'"{column.name}"' for column in table.columns)
        shown = ", ".join(_shown(column, fields[column.name]) for column in table.columns)
        shown += "".join(f", {one}" for one in map(quoted, shredding.names()))

        def whole(read: str) -> str:
            return f"(SELECT {nothing} WHERE false)" + (f" UNION ALL BY NAME ({read})" if read else "")

        def extended(path: str, read: str) -> str:
            """Files without the columns of the paths have them made of their JSON."""
            if not shredding.mark or path.endswith(shredding.mark):
                return read
            return shredding.extended(f"SELECT {own} FROM ({whole(read)})")  # noqa: S608 -- Table checks names

        def rows_of(read: str) -> str:
            return f"(SELECT {shown} FROM ({whole(read or extended('', ''))}))"  # noqa: S608 -- Table checks names

        files = _query.files_behind(handle, rows_of, extended, lie=self._record.lie)
        if files is not None:
            parquet = _query.parquet_behind(handle, "", within)
            return Source(rows_of(files.statement()), files, tuple(shredding.names()), parquet)
        stored = _query.stored(connection, name, handle)
        return Source(rows_of(f"SELECT * FROM {stored}" if stored else ""), None, ())  # noqa: S608 -- our own name

    def _handle(self, name: str) -> Any:
        """For one look."""
        if name in tables():
            return None
        return self._record.delta(name) if self._handles is None else self._handles.current(name)

    def _committing(self, name: str, work: Callable[[Any], T]) -> T:
        if self._handles is None:
            return self._record.committing(name, work)
        try:
            return self._record.committing(name, work, opened=self._handles.current)
        except BaseException:
            self._handles.drop(name)
            raise


def shape_of(name: str, columns: Sequence[Column] = ()) -> Table:
    """What a table of that name is like that is not there yet. Raises :class:`ConfigurationError`."""
    if name.endswith(COMPANION):
        return companion(name.removesuffix(COMPANION))
    table = collected(name) or custom(name, columns)
    if len({column.name.lower() for column in table.columns}) < len(table.columns):
        raise ConfigurationError("two of its columns differ by case alone, which no table here can keep", where=name,
                                 hint="records of diagnostic settings: --format azure-diagnostics")  # fmt: skip
    return table


def _table_of(name: str, handle: Any) -> Table:
    shape = _known(name)
    known = {column.name: column for column in shape.columns} if shape is not None else {}
    columns = []
    for field in handle.schema().fields:
        kind = dict(field.metadata or {}).get(_TYPE)
        if kind is None:
            raise StoreError(f"the column {field.name!r} does not say what it holds", where=name,
                             hint="only tables that Lockgate made can be asked")  # fmt: skip
        columns.append(known.get(field.name) or Column(field.name, ColumnType(kind), ""))
    return Table(name, tuple(columns), "the record", shape.about if shape else "", plans=("Analytics",))


def _known(name: str) -> Table | None:
    return companion(name.removesuffix(COMPANION)) if name.endswith(COMPANION) else collected(name)


def _same_types(there: Table, wanted: Table) -> None:
    known = {column.name: column.type for column in there.columns}
    for column in wanted.columns:
        has = known.get(column.name)
        if has is not None and has is not column.type:
            raise StoreError(f"the column {column.name!r} holds {has}, not {column.type}", where=there.name)


def _schema(columns: Sequence[Column]) -> Any:
    from deltalake import Schema

    return Schema([_field(column) for column in columns])


def _field(column: Column, *, added: bool = False) -> Any:
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    told = {_TYPE: column.type.value} | ({_ADDED: "true"} if added else {})
    return Field(column.name, PrimitiveType(_DELTA[column.type]), nullable=True, metadata=told)


def _shown(column: Column, told: Mapping[str, str]) -> str:
    if column.type is ColumnType.DATETIME:
        return f'make_timestamp(epoch_us("{column.name}")) AS "{column.name}"'
    if column.type is ColumnType.STRING and _ADDED in told:  # a text is never null, and files before it hold none
        return f"coalesce(\"{column.name}\", '') AS \"{column.name}\""
    return f'"{column.name}"'


def _added(part: Part) -> dict[str, Any]:
    """The file as a commit names it."""
    stats = {
        "numRecords": part.rows, "nullCount": {"TimeGenerated": 0},
        "minValues": {"TimeGenerated": shown(part.first)}, "maxValues": {"TimeGenerated": shown(part.last)},
    }  # fmt: skip
    return {
        "path": part.path.name, "partitionValues": {}, "size": part.path.stat().st_size,
        "modificationTime": int(time.time() * 1000), "dataChange": True, "stats": orjson.dumps(stats).decode(),
    }  # fmt: skip


def _action(part: Part) -> Any:
    from deltalake.transaction import AddAction

    one = _added(part)
    return AddAction(one["path"], one["size"], {}, one["modificationTime"], one["dataChange"], one["stats"])


def _arrow(parts: Sequence[Part]) -> Any:
    """Rows of files in a folder of their own as Arrow: deltalake reads them as a table that is made of it."""
    from deltalake import DeltaTable, convert_to_deltalake

    folder = str(parts[0].path.parent)
    convert_to_deltalake(folder)
    return DeltaTable(folder).scan()


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _sync_log(folder: Path, versions: Iterable[int]) -> None:
    """What commits consist of reaches the disk before anybody is told that they are there."""
    log = folder / "_delta_log"
    for version in versions:
        _sync(log / f"{version:020}.json")
    for one in (folder, log):
        sync_folder(one)
