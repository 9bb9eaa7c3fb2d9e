"""DuckDB, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from lockgate.kql import Workspace, duckdb
from lockgate.kql.duckdb.values import sql_type
from lockgate.kql.emit import Foreign, Program
from lockgate.kql.emit.narrowing import narrowings
from lockgate.kql.lower import Lowered
from lockgate.kql.row import Context
from lockgate.kql.row_security import RowSecurity
from lockgate.kql.types import Column
from lockgate.store.ask.engine import (
    EngineError,
    EngineGoneError,
    EngineInterruptedError,
    EngineMemoryError,
    Form,
    Rows,
)
from lockgate.store.ask.foreign import register, writer
from lockgate.store.ask.tables import Tables

_BATCH = 20_000


class Duck:
    """The engine of small data, and the one that is always there."""

    name = "duckdb"

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @property
    def workspace(self) -> Workspace:
        return self.tables.workspace

    @property
    def security(self) -> RowSecurity | None:
        return self.tables.security

    def forms(self) -> Mapping[str, Form]:
        return self.tables.forms()

    def session(self) -> DuckSession:
        return DuckSession(self.tables)


class DuckSession:
    """A cursor, and one for functions."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.cursor = tables.connection.cursor()
        # Functions are seen by every cursor, but only one that has no rows waiting can make and drop them.
        self.functions_cursor = tables.connection.cursor()
        self.functions: list[str] = []
        self.narrowed: list[str] = []

    def program(self, lowered: Lowered, forms: Mapping[str, Form], *, narrow: bool = False) -> Program:
        return duckdb.program(lowered, forms, narrowed=self._narrowed(lowered) if narrow else {})

    def _narrowed(self, lowered: Lowered) -> dict[int, Form]:
        """Of each look at a table that wants a term what is read in its place."""
        found: dict[int, Form] = {}
        for scan, wanted in narrowings(lowered):
            made = self.tables.narrowed(self.cursor, scan.table, wanted, f"narrow{id(self)}_{len(found)}")
            if made is not None:
                form, narrowed = made
                found[id(scan)] = form
                told = "{} of {} files, {} of {} parts".format(*narrowed.files, *narrowed.parts)
                self.narrowed.append(f"{scan.table}: {told}")
        return found

    def register(self, foreign: Foreign, context: Context) -> None:
        register(self.functions_cursor, foreign, context)
        self.functions.append(foreign.name)

    def rows(self, sql: str, parameters: Sequence[object], most: int) -> Iterator[Rows]:
        del most
        with _told():
            found = self.cursor.execute(sql, list(parameters))
            while some := found.fetchmany(_BATCH):
                yield some

    def store(self, name: str, sql: str, parameters: Sequence[object]) -> None:
        with _told():
            self.cursor.execute(f"CREATE TEMP TABLE {name} AS {sql}", list(parameters))

    def keep(self, name: str, columns: Sequence[tuple[Column, list[object]]]) -> None:
        from arro3.core import Array, DataType, Field, RecordBatch, Schema

        kinds = {"BOOLEAN": DataType.bool(), "INTEGER": DataType.int32(), "BIGINT": DataType.int64(),
                 "DOUBLE": DataType.float64()}  # fmt: skip
        arrays, fields = [], []
        for column, values in columns:
            write = writer(column.type)
            kind = kinds.get(sql_type(column.type), DataType.utf8())
            arrays.append(Array([write(one) for one in values], type=kind))
            fields.append(Field(column.name, kind, nullable=True))
        batch = RecordBatch.from_arrays(arrays, schema=Schema(fields))
        self.cursor.register(f"{name}_given", batch)
        try:
            self.cursor.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_given")  # noqa: S608 -- generated names
        finally:
            self.cursor.unregister(f"{name}_given")

    def interrupt(self) -> None:
        self.cursor.interrupt()

    def close(self) -> None:
        self.cursor.close()
        for name in self.functions:
            self.functions_cursor.remove_function(name)
        self.functions_cursor.close()


@contextmanager
def _told() -> Iterator[None]:
    """Errors of DuckDB as those of an engine."""
    import duckdb as engine

    try:
        yield
    except engine.InterruptException as error:
        raise EngineInterruptedError(str(error)) from None
    except engine.OutOfMemoryException as error:
        raise EngineMemoryError(str(error)) from None
    except engine.IOException as error:
        gone = any(said in str(error) for said in ("No files found", "No such file"))
        raise (EngineGoneError if gone else EngineError)(str(error)) from None
    except engine.Error as error:
        raise EngineError(str(error)) from None
