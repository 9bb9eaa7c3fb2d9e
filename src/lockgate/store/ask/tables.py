"""The tables that a query may name, in a DuckDB of their own. Columns go by generated names there (``k0``, ``k1``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import ChainMap
from collections.abc import Container, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.kql import Workspace
from lockgate.kql.emit.shredded import LONG
from lockgate.kql.row_security import RowSecurity
from lockgate.kql.syntax import Function
from lockgate.kql.terms import Wanted
from lockgate.store import _spill
from lockgate.store.ask.answer import Reader
from lockgate.store.ask.engine import Form
from lockgate.store.terms.pruning import Files, Narrowed

SQL_TYPES = {
    "bool": "BOOLEAN", "int": "INTEGER", "long": "BIGINT", "real": "DOUBLE", "datetime": "TIMESTAMP",
    "timespan": "BIGINT", "string": "VARCHAR", "dynamic": "VARCHAR", "guid": "VARCHAR", "decimal": "VARCHAR",
}  # fmt: skip
"""How a table holds each of Kusto's types: timespans in ticks, dynamic values as JSON text."""


@dataclass(frozen=True, slots=True)
class Parquet:
    """Where the rows of a table lie, for an engine that reads the files itself."""

    paths: tuple[str, ...]
    """The data files of one snapshot of a Delta table without deletion vectors and column mapping."""
    bytes: int
    """Their size together."""
    marks: str = ""
    """The table whose ``Batch`` says which rows show; empty where all do."""
    within: tuple[tuple[str, int], ...] = ()
    """Which rows show by when they were generated: ``>=`` or ``<=``, and microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of a table are."""

    text: str
    """What stands after FROM in a statement for them, with all columns of the table and then ``paths``."""
    files: Files | None
    """Its data files; None for those of an object store."""
    paths: tuple[str, ...]
    """Names of columns that hold parts of JSON columns (:mod:`lockgate.kql.emit.shredded`)."""
    parquet: Parquet | None = None
    """The same for other engines; None where they cannot read it."""


class Lazy(Mapping[str, Mapping[str, str]], ABC):
    """Tables that are read when they are looked up: their columns' types by name."""

    @abstractmethod
    def source(self, name: str) -> Source:
        """Where its rows are. The same each time."""


class Tables:
    """Tables and stored functions. Not for several threads at once; a query works on a cursor of its own."""

    def __init__(
        self, *, functions: Mapping[str, Function] | None = None, memory: str = "1GB", threads: int = 2,
        connection: Any = None, beside: Mapping[str, Mapping[str, str]] | None = None, stored: Lazy | None = None,
        security: RowSecurity | None = None, reader: Reader | None = None,
    ) -> None:  # fmt: skip
        """``beside``: columns of tables without rows, there when a query names them; see :class:`Workspace`.

        ``stored``: more tables, of which columns and rows are looked up when a query names them. ``security``: which
        rows queries see. ``reader``: gives them files elsewhere.
        """
        self.security, self.reader = security, reader
        self._connection = connection
        self._memory, self._threads = memory, threads
        self._functions = functions or {}
        self._beside = beside or {}
        self._stored = stored
        self._columns: MutableMapping[str, Mapping[str, str]] = {} if stored is None else ChainMap({}, stored)  # type: ignore[arg-type]
        self._sources: dict[str, Any] = {}
        self._made: dict[str, Form] = {}
        self._files: dict[str, Files] = {}
        self._parquet: dict[str, Parquet] = {}
        self._paths: dict[str, Sequence[str]] = {}
        self._workspace: Workspace | None = None

    @property
    def connection(self) -> Any:
        """The DuckDB that holds them, opened when it is first asked for. No file can be reached from it."""
        if self._connection is None:
            import duckdb

            self._connection = duckdb.connect(":memory:", config=_spill.settings(self._memory, self._threads))
        return self._connection

    @property
    def workspace(self) -> Workspace:
        """The shapes, for binding."""
        if self._workspace is None:
            self._workspace = Workspace(self._columns, self._functions, beside=self._beside)
        return self._workspace

    def add(
        self, name: str, columns: Mapping[str, str], source: Any = None, *, files: Files | None = None,
        parquet: Parquet | None = None, paths: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """A table with its columns' types by name, in order.

        ``source`` holds the same columns in the same order: anything that speaks Arrow, or a text that is what stands
        after FROM in a statement of ours (a view, ``read_parquet``). Without it the table is empty. Times come as
        timestamps in UTC, timespans as ticks, dynamic values as JSON text. ``files``: the data files that
        ``source`` reads, of which those with none of the terms that a query wants are passed over; ``parquet``: the
        same for other engines, under the names of the columns; ``paths``: more columns that ``source`` has behind them,
        as :class:`Source` has them. Raises :class:`StoreError` for an unknown type.
        """
        strange = [one for one in columns.values() if one not in SQL_TYPES]
        if strange:
            raise StoreError(f"{strange[0]!r} is no type of a column", where=name)
        self._columns[name] = dict(columns)
        self._sources[name] = source
        self._paths[name] = paths
        self._files.pop(name, None)
        if files is not None:
            self._files[name] = files
        self._parquet.pop(name, None)
        if parquet is not None:
            self._parquet[name] = parquet
        self._made.pop(name, None)
        self._workspace = None

    def fill(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[str | None]]) -> None:
        """A table of rows that are given as texts, as Kusto writes values; timespans as ticks."""
        import orjson

        own = f"f{len(self._sources)}_{id(self)}"
        types = [SQL_TYPES[one] for one in columns.values()]
        declared = ", ".join(f"k{i} {type_}" for i, type_ in enumerate(types))
        picked = ", ".join(f"r[{i}]::{type_}" for i, type_ in enumerate(types, 1))
        self.connection.execute(f"CREATE TABLE {own} ({declared})")
        self.connection.execute(
            f"INSERT INTO {own} SELECT {picked} FROM "  # noqa: S608 -- generated names and types
            "(SELECT unnest(from_json(?::JSON, '[[\"VARCHAR\"]]')) AS r)",
            [orjson.dumps([list(row) for row in rows]).decode()],
        )
        self.add(name, columns, own)

    def columns(self, name: str) -> Mapping[str, str]:
        """The columns' types of a table by name, in order."""
        return self._columns[name] if name in self._columns else self._beside[name]

    def parquet(self, name: str) -> Parquet | None:
        """Where the rows of a table lie, if they lie in files."""
        if self._is_stored(name):
            assert self._stored is not None
            return self._stored.source(name).parquet
        return self._parquet.get(name)

    def sizes(self, names: Container[str] | None = None) -> dict[str, int]:
        """Of each table that lies in files how many bytes these have; of ``names`` alone, or of all."""
        known = (*self._parquet, *(self._stored or ()))
        found = {name: self.parquet(name) for name in known if names is None or name in names}
        return {name: files.bytes for name, files in found.items() if files is not None}

    def filled(self, name: str) -> bool:
        """Whether a table may have rows."""
        return self._sources.get(name) is not None or self._is_stored(name)

    def forms(self) -> Mapping[str, Form]:
        """Of each table how it is called in DuckDB. A table is made there when it is first looked up."""
        return _Forms(self)

    def form(self, name: str) -> Form:
        """The same of one table."""
        if name not in self._made:
            self._made[name] = self._make(name, f"w{len(self._made)}_{id(self)}")
        return self._made[name]

    def narrowed(self, cursor: Any, name: str, wanted: Wanted, own: str) -> tuple[Form, Narrowed] | None:
        """The rows of a table that may hold what is wanted, as ``own`` on this cursor; ``None`` where all may."""
        files, paths = self._files.get(name), self._paths.get(name, ())
        if self._is_stored(name):
            assert self._stored is not None
            found_in = self._stored.source(name)
            files, paths = found_in.files, found_in.paths
        plain = files is not None and not any(one.lower() == "file_row_number" for one in self._columns[name])
        found = files.narrowed(wanted) if files is not None and plain else None
        if found is None:
            return None
        return self._view(cursor, f"TEMP VIEW {own}", own, name, found.source, paths), found

    def _is_stored(self, name: str) -> bool:
        return self._stored is not None and name not in self._sources and name in self._stored

    def _make(self, name: str, own: str) -> Form:
        columns = self.columns(name)
        source, paths = self._sources.get(name), self._paths.get(name, ())
        if self._is_stored(name):
            assert self._stored is not None
            found = self._stored.source(name)
            source, paths = found.text, found.paths
        names = {column: f"k{i}" for i, column in enumerate(columns)}
        types = [SQL_TYPES[one] for one in columns.values()]
        if source is None:
            declared = ", ".join(f"{short} {type_}" for short, type_ in zip(names.values(), types, strict=True))
            self.connection.execute(f"CREATE TABLE {own} ({declared or 'nothing INTEGER'})")
            return own, names
        if not isinstance(source, str):
            self.connection.register(f"{own}_source", source)
            source = f"{own}_source"
        return self._view(self.connection, f"VIEW {own}", own, name, source, paths)

    def _view(
        self, connection: Any, view: str, own: str, name: str, source: str, paths: Sequence[str]
    ) -> Form:  # fmt: skip
        """A view of a source with generated names, in the types that a table has."""
        columns = [*self._columns[name], *paths]
        names = {column: f"k{i}" for i, column in enumerate(columns)}
        types = [SQL_TYPES[one] for one in self._columns[name].values()]
        types += ["BIGINT" if f"/{LONG}$" in one else "VARCHAR" for one in paths]
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}")  # noqa: S608 -- the caller's own text
        given = [row[1] for row in described.fetchall()]
        if len(given) != len(columns):
            raise StoreError(f"the table has {len(given)} columns, not {len(columns)}", where=name)
        shown = ", ".join(
            f"{_in_form(short, has, wanted)} AS {short}"
            for short, has, wanted in zip(names.values(), given, types, strict=True)
        )
        listed = ", ".join(names.values())
        connection.execute(f"CREATE {view} AS SELECT {shown} FROM {source} AS s({listed})")  # noqa: S608 -- generated names
        return own, names


def _in_form(column: str, has: str, wanted: str) -> str:
    if has == wanted:
        return column
    if wanted == "TIMESTAMP" and has.startswith("TIMESTAMP"):
        # Zoned times are moments in UTC, whatever zone the process is in.
        return f"make_timestamp(epoch_us({column}))" if "ZONE" in has else f"{column}::TIMESTAMP"
    return f"{column}::{wanted}"


class _Forms(Mapping[str, Form]):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> Form:
        return self._tables.form(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables.workspace.names())

    def __len__(self) -> int:
        return len(self._tables.workspace.names())
