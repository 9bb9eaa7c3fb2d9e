"""Apache Spark: a cluster, or this machine as one. It reads the data files of the record's Delta tables itself."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from re import Match
from typing import Any

from lockgate.errors import StoreError
from lockgate.kql import Workspace, spark
from lockgate.kql.emit import Foreign, Program
from lockgate.kql.errors import EvaluationError
from lockgate.kql.lower import Lowered
from lockgate.kql.row import Context
from lockgate.kql.row_security import RowSecurity
from lockgate.kql.spark.values import result_type, sql_type
from lockgate.kql.types import Column
from lockgate.lazy_pattern import lazy_pattern
from lockgate.store.ask.calls import Call
from lockgate.store.ask.engine import EngineError, EngineInterruptedError, EngineMemoryError, Form, Rows
from lockgate.store.ask.foreign import writer
from lockgate.store.ask.tables import Parquet, Tables

STORED_TYPES = {
    "bool": "BOOLEAN", "int": "INT", "long": "BIGINT", "real": "DOUBLE", "datetime": "TIMESTAMP", "timespan": "BIGINT",
    "string": "STRING", "dynamic": "STRING", "guid": "STRING", "decimal": "STRING",
}  # fmt: skip
"""How a table holds each of Kusto's types."""
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.maxResultSize": "512m",
}
_HANDED_OVER = 200_000
_GLOB = lazy_pattern(r"[\[\]{}*?\\]")
_numbers = count(1)


def connect(master: str, settings: Mapping[str, str] | None = None) -> Any:
    """A Spark session. ``master``: ``spark://host:port``, or ``local[2]`` for this machine. Starting takes seconds.

    On one machine nothing listens but on the loopback. Raises :class:`StoreError` where ``pyspark`` is missing or the
    master does not answer.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        hint = "pip install 'lockgate[spark]', which needs Java 17 too"
        raise StoreError("pyspark is not installed", where="spark", hint=hint) from None
    own = dict(SETTINGS)
    if master.startswith(("local", "spark://127.0.0.1")):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        own |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("lockgate ask")
    for key, value in (own | dict(settings or {})).items():
        builder = builder.config(key, value)
    # What is wrong with a statement is said to who asks; the log would repeat it with the stack of the JVM.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    try:
        return builder.getOrCreate()
    except Exception as error:
        said = " ".join(_text(error).partition("\n\tat ")[0].split())[:400]
        raise StoreError(f"Spark does not start, or the master does not answer: {said}", where=master) from None


class Spark:
    """The engine of large data."""

    name = "spark"

    def __init__(self, tables: Tables, session: Any) -> None:
        self.tables = tables
        self.spark = session
        self._made: dict[str, Form] = {}

    @property
    def workspace(self) -> Workspace:
        return self.tables.workspace

    @property
    def security(self) -> RowSecurity | None:
        return self.tables.security

    def forms(self) -> Mapping[str, Form]:
        return _Forms(self)

    def session(self) -> SparkSession:
        return SparkSession(self.spark)

    def form(self, name: str) -> Form:
        """A view of one table."""
        if name not in self._made:
            columns = self.tables.columns(name)
            own = f"w{next(_numbers)}"
            names = {column: f"k{i}" for i, column in enumerate(columns)}
            with _told():
                self._shown(name, own, [(names[column], STORED_TYPES[type_]) for column, type_ in columns.items()])
            self._made[name] = own, names
        return self._made[name]

    def _shown(self, name: str, own: str, columns: Sequence[tuple[str, str]]) -> None:
        if not self.tables.filled(name):
            nothing = ", ".join(f"CAST(NULL AS {type_}) AS {short}" for short, type_ in columns) or "1 AS nothing"
            self.spark.sql(f"CREATE TEMPORARY VIEW {own} AS SELECT {nothing} WHERE false")
            return
        files = self.tables.parquet(name)
        if files is None:
            self._handed_over(name, own, columns)
        else:
            self._read(name, own, columns, files)

    def _read(self, name: str, own: str, columns: Sequence[tuple[str, str]], files: Parquet) -> None:
        """Files of a Delta table. The schema is told, so that columns which older files lack are null."""
        named = list(zip(self.tables.columns(name), columns, strict=True))
        schema = ", ".join(f"`{column}` {type_}" for column, (_, type_) in named)
        reader = self.spark.read.schema(schema)
        if files.paths:
            frame = reader.parquet(*(f"file:{_GLOB.sub(_escaped, path)}" for path in files.paths))
        else:
            frame = self.spark.createDataFrame([], schema=schema)
        frame.createOrReplaceTempView(f"{own}_files")
        shown = ", ".join(f"`{column}` AS {short}" for column, (short, _) in named)
        where = []
        if files.marks:
            marks, marked = self.form(files.marks)
            where.append(f"`Batch` IN (SELECT {marked['Batch']} FROM {marks})")  # noqa: S608 -- generated names
        where += [f"`TimeGenerated` {sign} timestamp_micros({moment}L)" for sign, moment in files.within]
        under = f" WHERE {' AND '.join(where)}" if where else ""
        self.spark.sql(f"CREATE TEMPORARY VIEW {own} AS SELECT {shown} FROM {own}_files{under}")  # noqa: S608 -- names of columns, which Table checks

    def _handed_over(self, name: str, own: str, columns: Sequence[tuple[str, str]]) -> None:
        """Rows that only DuckDB can reach, through this process."""
        table, names = self.tables.form(name)
        listed = ", ".join(
            f"epoch_us({names_}) AS {names_}" if type_ == "TIMESTAMP" else names_
            for names_, (_, type_) in zip(names.values(), columns, strict=True)
        )
        cursor = self.tables.connection.cursor()
        rows = cursor.execute(f"SELECT {listed} FROM {table} LIMIT {_HANDED_OVER + 1}").fetchall()  # noqa: S608 -- generated names
        cursor.close()
        if len(rows) > _HANDED_OVER:
            raise StoreError(f"Spark cannot reach the files of this table, which has more than {_HANDED_OVER} rows",
                             where=name)  # fmt: skip
        schema = ", ".join(f"{short} {type_ if type_ != 'TIMESTAMP' else 'BIGINT'}" for short, type_ in columns)
        self.spark.createDataFrame(rows, schema=schema, verifySchema=False).createOrReplaceTempView(f"{own}_given")
        shown = ", ".join(
            f"timestamp_micros({short}) AS {short}" if type_ == "TIMESTAMP" else short for short, type_ in columns
        )
        self.spark.sql(f"CREATE TEMPORARY VIEW {own} AS SELECT {shown} FROM {own}_given")  # noqa: S608 -- generated names


class SparkSession:
    """Views and functions of one query."""

    def __init__(self, session: Any) -> None:
        self.spark = session
        self.group = f"lockgate-{next(_numbers)}"
        self.interrupted = False
        self.views: list[str] = []
        self.functions: list[str] = []
        self.narrowed: list[str] = []
        session.sparkContext.setJobGroup(self.group, "lockgate ask", interruptOnCancel=True)

    def program(self, lowered: Lowered, forms: Mapping[str, Form], *, narrow: bool = False) -> Program:
        del narrow  # which files to pass over Spark finds out by their statistics
        return spark.program(lowered, forms)

    def register(self, foreign: Foreign, context: Context) -> None:
        from pyspark.sql.functions import udf

        call = Call(foreign, context)
        call.made()
        function = udf(call, _types()[result_type(foreign.value)], useArrow=False)
        if foreign.volatile:
            function = function.asNondeterministic()
        try:
            self.spark.udf.register(foreign.name, function)
        except RecursionError:
            raise EvaluationError("This is nested too deeply to be sent to Spark.") from None
        self.functions.append(foreign.name)

    def rows(self, sql: str, parameters: Sequence[object], most: int) -> Iterator[Rows]:
        with self._told():
            yield [tuple(row) for row in self._frame(sql, parameters).limit(most + 1).collect()]

    def _frame(self, sql: str, parameters: Sequence[object]) -> Any:
        return self.spark.sql(sql, args={f"p{i}": one for i, one in enumerate(parameters, 1)} or None)

    def store(self, name: str, sql: str, parameters: Sequence[object]) -> None:
        with self._told():
            # Written down at once: what is random or any row must be the same wherever it is used.
            self._frame(sql, parameters).localCheckpoint(eager=True).createOrReplaceTempView(name)
        self.views.append(name)

    def keep(self, name: str, columns: Sequence[tuple[Column, list[object]]]) -> None:
        from pyspark.sql.types import StructField, StructType

        schema = StructType([StructField(column.name, _types()[sql_type(column.type)]) for column, _ in columns])
        writers = [writer(column.type) for column, _ in columns]
        data = [[write(one) for one in values] for write, (_, values) in zip(writers, columns, strict=True)]
        with self._told():
            frame = self.spark.createDataFrame(list(zip(*data, strict=True)), schema=schema, verifySchema=False)
            frame.createOrReplaceTempView(name)
        self.views.append(name)

    def interrupt(self) -> None:
        self.interrupted = True
        self.spark.sparkContext.cancelJobGroup(self.group)

    def close(self) -> None:
        for name in self.views:
            self.spark.catalog.dropTempView(name)
        for name in self.functions:
            self.spark.sql(f"DROP TEMPORARY FUNCTION IF EXISTS {name}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with _told():
                yield
        except EngineError as error:
            raise EngineInterruptedError(str(error)) if self.interrupted else error from None


@contextmanager
def _told() -> Iterator[None]:
    """Errors of Spark as those of an engine."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        text = _text(error)
        if "OutOfMemoryError" in text or "spark.driver.maxResultSize" in text:
            raise EngineMemoryError(text) from None
        raise EngineError(text) from None


def _text(error: Exception) -> str:
    """What an error says, without the stack of the JVM. Of a function in Python its last line is what counts."""
    text = str(error)
    begin = text.rfind("EvaluationError: ")
    return text[begin:].partition("\n")[0] if begin >= 0 else text


def _escaped(sign: Match[str]) -> str:
    """A sign of a path that would stand for others."""
    return f"\\{sign[0]}"


def _types() -> dict[str, Any]:
    from pyspark.sql import types as t

    text = t.StringType()
    return {"BOOLEAN": t.BooleanType(), "INT": t.IntegerType(), "BIGINT": t.LongType(), "DOUBLE": t.DoubleType(),
            "STRING": text, "ARRAY<STRING>": t.ArrayType(text)}  # fmt: skip


class _Forms(Mapping[str, Form]):
    def __init__(self, engine: Spark) -> None:
        self._engine = engine

    def __getitem__(self, name: str) -> Form:
        return self._engine.form(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._engine.workspace.names())

    def __len__(self) -> int:
        return len(self._engine.workspace.names())
