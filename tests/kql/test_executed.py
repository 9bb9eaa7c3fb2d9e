"""The corpus runs against empty tables of its schema and gives the predicted columns, in exact numbers."""

import json
from typing import Any

import pytest
from tests.kql import executed, oracle

from lockgate.store.ask import Tables

pytestmark = pytest.mark.skipif(not oracle.COLUMNS.is_file(), reason="needs shared/corpora/kql (LOCKGATE_CORPORA)")
_PARTS = 12


@pytest.fixture(scope="module")
def tables() -> Tables:
    return executed.tables()


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(oracle.TABLE.read_text("utf-8"))["executed"]
    return kept


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_query_runs_and_gives_the_predicted_columns(part: int, tables: Tables) -> None:
    failing = _kept()["failing"]
    wrong = {}
    for one in executed.queries()[part::_PARTS]:
        if one["name"] not in failing and (found := executed.check(one["text"], tables)) is not None:
            wrong[one["name"]] = found
    assert wrong == {}


def test_the_page_counts_what_runs() -> None:
    kept = _kept()
    assert kept["total"] == len(executed.queries())
    assert (kept["total"], len(kept["failing"])) == (1447, 20)
    real = [name for name in kept["failing"] if not name.startswith("kusto-docs/")]
    assert real == []
