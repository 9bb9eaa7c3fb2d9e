"""Documented queries whose last words are steps or aggregates give the rows that the documentation shows."""

import pytest
from tests.corpora import CORPORA
from tests.kql.steps.running import documented, plain, run, shown

pytestmark = pytest.mark.skipif(not (CORPORA / "kql" / "documented.jsonl").is_file(), reason="no corpora here")

SAME = """
parse-kv-operator.md#4 parse-kv-operator.md#5 parse-kv-operator.md#7 parse-kv-operator.md#8
all-graph-function.md#0 any-graph-function.md#1 graph-match-operator.md#0 graph-match-operator.md#1
graph-shortest-paths-operator.md#0 map-graph-function.md#1
active-users-count-plugin.md#0 activity-counts-metrics-plugin.md#0 sliding-window-counts-plugin.md#0
bag-unpack-plugin.md#1 bag-unpack-plugin.md#3 bag-unpack-plugin.md#5 dcount-intersect-plugin.md#0
buildschema-aggregation-function.md#0 make-list-with-nulls-aggregation-function.md#0 make-series-operator.md#3
scan-operator.md#0 scan-operator.md#2 scan-operator.md#3 stdevif-aggregation-function.md#0
summarize-operator.md#6 summarize-operator.md#9 variance-aggregation-function.md#0
variancep-aggregation-function.md#0 covariancep-aggregation-function.md#0
"""
"""Identifiers of examples that give the same rows."""


@pytest.mark.parametrize("name", SAME.split())
def test_the_rows_are_those_of_the_documentation(name: str) -> None:
    query, expected = documented()[name]
    assert sorted(shown(run(query))) == sorted([plain(cell) for cell in row] for row in expected)


def test_a_scan_within_partitions_is_that_of_the_documentation() -> None:
    query, expected = documented()["scan-operator.md#4"]
    found = [[row[2], *row[:2], row[3]] for row in shown(run(query))]
    assert sorted(found) == sorted([plain(cell) for cell in row] for row in expected)
