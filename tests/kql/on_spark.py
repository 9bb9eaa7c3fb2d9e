"""The corpus on Spark: every statement of every query read and checked by its analyser, over empty tables.

``python -m tests.kql.on_spark`` starts a cluster, does so with all of them, runs the documented examples too, and keeps
what fails in ``docs/conformance/kql.json``.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.kql import documented, executed, oracle
from tests.simulators import spark as simulator

from lockgate.errors import LockgateError
from lockgate.store.ask import ask
from lockgate.store.ask.engine import Rows
from lockgate.store.ask.spark import Spark, SparkSession, connect

_ANY = "of rows with one key any is kept, and no order of them holds"
EXEMPT = documented.EXEMPT | {"join-innerunique.md#1": _ANY, "join-innerunique.md#3": _ANY}
"""Examples that cannot match on Spark, each with its reason."""


class Reading(Spark):
    """Reads statements and runs none of them."""

    def session(self) -> SparkSession:
        return _Reading(self.spark)


class _Reading(SparkSession):
    def rows(self, sql: str, parameters: Sequence[object], most: int) -> Iterator[Rows]:
        with self._told():
            self._frame(sql, parameters)
        yield []

    def store(self, name: str, sql: str, parameters: Sequence[object]) -> None:
        with self._told():
            self._frame(sql, parameters).createOrReplaceTempView(name)
        self.views.append(name)


def reader(session: Any) -> Reading:
    """Over empty tables of the catalogue of Log Analytics."""
    return Reading(executed.tables(), session)


def check(text: str, engine: Spark) -> str | None:
    """Why Spark does not read the query, or ``None``."""
    try:
        ask(text, engine.tables, now=executed.NOW, limits=executed.LIMITS, reader=lambda outside: [], engine=engine)
    except LockgateError as error:
        return str(error)[:200]
    return None


def queries() -> list[dict[str, Any]]:
    """Those that DuckDB runs."""
    failing = json.loads(oracle.TABLE.read_text("utf-8"))["executed"]["failing"]
    return [one for one in executed.queries() if one["name"] not in failing]


def main(session: Any) -> None:
    """Do all of it, and keep what fails with its reason."""
    runner = documented.Runner(lambda tables: Spark(tables, session))
    examples = [one for one in documented.examples() if one["id"] not in EXEMPT]
    rows = {one["id"]: wrong for one in examples if (wrong := runner.check(one)) is not None}
    engine, asked = reader(session), queries()
    unread = {one["name"]: wrong for one in asked if (wrong := check(one["text"], engine)) is not None}
    kept = json.loads(oracle.TABLE.read_text("utf-8"))
    shortened = {name: wrong.split(" for [")[0][:160] for name, wrong in rows.items()}
    kept["spark"] = {"documented": {"total": len(examples), "failing": shortened},
                     "read": {"total": len(asked), "failing": unread}}  # fmt: skip
    oracle.TABLE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    if simulator.MISSING:
        sys.exit(simulator.MISSING)
    with tempfile.TemporaryDirectory() as folder, simulator.cluster(Path(folder)) as master:
        main(connect(master, simulator.SETTINGS))
