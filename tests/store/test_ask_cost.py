"""What ``explain`` says a query costs: the columns that it needs of the tables that it reads, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from lockgate.store import Record
from lockgate.store.ask import Tables, explain
from lockgate.store.ingest import Collected, Loader


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    record = Record.open(tmp_path_factory.mktemp("cost"))
    loader = Loader(Collected(record), "AKSAudit")
    try:
        for part in range(2):
            events = [{"AuditId": f"{part}-{i}" * 9, "Verb": "get", "User": {"username": f"u{i}"}} for i in range(500)]
            loader.load(b"".join(orjson.dumps(one) + b"\n" for one in events), received=datetime.now(UTC))
    finally:
        loader.close()
    return record.asked()


@pytest.mark.parametrize(("query", "read"), [
    ("AKSAudit | count", {"AKSAudit": set()}),
    ("AKSAudit | where Verb == 'get' | count", {"AKSAudit": {"Verb"}}),
    ("AKSAudit | extend Who = User.username | where Verb == 'get' | project Who", {"AKSAudit": {"Verb", "User"}}),
    ("AKSAudit | summarize arg_max(TimeGenerated, AuditId) by Verb",
     {"AKSAudit": {"TimeGenerated", "AuditId", "Verb"}}),
    ("let Most = toscalar(AKSAudit | summarize max(TimeGenerated)); print Most", {"AKSAudit": {"TimeGenerated"}}),
    ("AKSAudit | project Verb, AuditId | evaluate autocluster()", {"AKSAudit": {"Verb", "AuditId"}}),
    ("print 1", {}), ("datatable(a: long)[1]", {}),
])  # fmt: skip
def test_only_the_columns_that_are_needed_count(tables: Tables, query: str, read: dict[str, set[str]]) -> None:
    found = {one.table: set(one.columns) for one in explain(query, tables).cost}
    assert found == read


def test_rows_files_and_bytes_are_those_of_the_files(tables: Tables) -> None:
    (small,) = explain("AKSAudit | where Verb == 'get' | count", tables).cost
    (large,) = explain("AKSAudit | summarize dcount(AuditId) by Verb", tables).cost
    assert (small.files, small.rows) == (large.files, large.rows) == (2, 1000)
    assert 0 < small.bytes < large.bytes < large.whole == small.whole
    assert str(small) == (
        f"AKSAudit: 1,000 rows in 2 files, at most {small.bytes:,} of {small.whole:,} bytes (1 column)"
    )


def test_a_table_that_holds_nothing_costs_nothing(tables: Tables) -> None:
    assert explain("SigninLogs | count", tables).cost == ()
    assert [one.rows for one in explain("Findings | count", tables).cost] in ([], [0])
