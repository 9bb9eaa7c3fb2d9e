"""Spark gives the answers that DuckDB gives: over the documented examples, and over the corpus as Spark reads it."""

import json
from typing import Any

import pytest
from tests.kql import documented, on_spark, oracle

from lockgate.store.ask.spark import Spark

pytestmark = pytest.mark.skipif(not oracle.COLUMNS.is_file(), reason="needs shared/corpora/kql (LOCKGATE_CORPORA)")
_EVERY = 16
"""Of the corpus one query in so many is read in a run of the tests."""


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(oracle.TABLE.read_text("utf-8"))["spark"]
    return kept


def test_every_documented_example_gives_the_documented_rows(spark_session: Any) -> None:
    runner = documented.Runner(lambda tables: Spark(tables, spark_session))
    failing = _kept()["documented"]["failing"]
    wrong = {}
    for one in documented.examples():
        if one["id"] in on_spark.EXEMPT or one["id"] in failing:
            continue
        if (found := runner.check(one)) is not None:
            wrong[one["id"]] = found
    assert wrong == {}


def test_spark_reads_every_statement_of_the_corpus(spark_session: Any) -> None:
    engine, failing = on_spark.reader(spark_session), _kept()["read"]["failing"]
    wrong = {}
    for one in on_spark.queries()[::_EVERY]:
        if one["name"] not in failing and (found := on_spark.check(one["text"], engine)) is not None:
            wrong[one["name"]] = found
    assert wrong == {}


def test_the_page_counts_what_spark_answers() -> None:
    kept = _kept()
    assert (kept["documented"]["total"], len(kept["documented"]["failing"])) == (302, 0)
    assert (kept["read"]["total"], len(kept["read"]["failing"])) == (1427, 0)
