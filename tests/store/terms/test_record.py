"""Compaction gives the large files of a record filters of their terms; retention takes those of files that are gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson

from lockgate.cli._project import project_at
from lockgate.store import Record, settling
from lockgate.store.ask import ask, explain
from lockgate.store.ingest import Collected, Loader
from lockgate.store.terms import making

TABLE = "AdmissionReviews"
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
ROWS = 12_000


def _record(folder: Path) -> Record:
    record = Record.open(folder)
    for half in range(2):
        rows = [
            {"TimeGenerated": NOW + timedelta(0, i), "Name": f"deploy-{i % 3000}", "Uid": sha256(b"%d" % i).hexdigest()}
            for i in range(half, ROWS, 2)
        ]
        record.append_alone(TABLE, rows)
    return record


def _count(record: Record, query: str, *, since: datetime | None = None) -> tuple[object, str]:
    tables = record.asked(since=since)
    try:
        found = ask(query, tables).rows[0][0], " ".join(explain(query, tables).narrowed)
    finally:
        tables.connection.close()
    return found


def test_a_compacted_record_is_asked_for_terms_through_filters(tmp_path: Path) -> None:
    record = _record(tmp_path)
    query = f"{TABLE} | where Name has '2777' | count"
    missing = f"{TABLE} | where Name has 'nowhere' | count"
    assert _count(record, query) == (4, "")
    record.compact()
    (filters,) = (tmp_path / "record" / TABLE / "_terms").iterdir()
    assert _count(record, query) == (4, "")
    assert _count(record, missing) == (0, f"{TABLE}: 0 of 1 files, 0 of 1 parts")
    assert _count(record, missing, since=NOW) == (0, f"{TABLE}: 0 of 1 files, 0 of 1 parts")
    record.append_alone(TABLE, [{"TimeGenerated": NOW, "Name": "nowhere"}])
    assert _count(record, missing) == (1, f"{TABLE}: 1 of 2 files, 1 of 2 parts")
    assert _count(record, missing, since=NOW + timedelta(1)) == (0, f"{TABLE}: 1 of 2 files, 1 of 2 parts")
    assert record.compact()[TABLE] == 2
    assert filters.exists()
    assert len(list(filters.parent.iterdir())) == 2
    assert _count(record, missing) == (1, "")


def test_a_table_whose_plan_is_basic_gets_no_filters_whoever_compacts_the_record(tmp_path: Path) -> None:
    (tmp_path / "lockgate.yaml").write_text(f"tables: {{{TABLE}: {{plan: Basic}}}}\n")
    _record(tmp_path / ".lockgate")
    project = project_at(tmp_path)
    project.record().compact()
    assert not (tmp_path / ".lockgate" / "record" / TABLE / "_terms").exists()
    journal = tmp_path / "journal" / "writer"
    journal.mkdir(parents=True)
    (journal / "100.jsonl").write_bytes(b'AdmissionReviews {"Name":"one more"}\n')  # the number compacts
    upkeep = orjson.dumps(project.record().upkeep.told()).decode()
    assert settling.main([str(journal.parent), project.workspace.record, upkeep]) == 0
    assert not (tmp_path / ".lockgate" / "record" / TABLE / "_terms").exists()
    assert not journal.exists()
    Record.open(project.workspace.record).compact()
    assert (tmp_path / ".lockgate" / "record" / TABLE / "_terms").exists()


def test_ingested_rows_are_asked_for_terms_through_filters_too(tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    loader = Loader(Collected(record), "AKSAudit")
    try:
        for half in range(2):
            events = [
                {
                    "TimeGenerated": f"2026-11-01T08:{i % 60:02}:00Z", "AuditId": sha256(b"%d" % i).hexdigest(),
                    "User": {"username": f"user{i % 500}@contoso.example"},
                }
                for i in range(half, ROWS, 2)
            ]  # fmt: skip
            loader.load(b"".join(orjson.dumps(one) + b"\n" for one in events), received=NOW)
    finally:
        loader.close()
    queries = {
        f"AKSAudit | where AuditId == '{sha256(b'77').hexdigest()}' | count": 1,
        "AKSAudit | where User.username == 'user7@contoso.example' | count": 24,
        "AKSAudit | where User.username has 'nobody' | count": 0,
    }
    assert [_count(record, query) for query in queries] == [(count, "") for count in queries.values()]
    record.compact()
    assert [_count(record, query)[0] for query in queries] == list(queries.values())
    none = list(queries)[-1]
    assert _count(record, none) == (0, "AKSAudit: 0 of 1 files, 0 of 1 parts")
    assert _count(record, none, since=NOW) == (0, "AKSAudit: 0 of 1 files, 0 of 1 parts")


def test_retention_removes_the_filters_of_files_that_are_gone(tmp_path: Path) -> None:
    record = _record(tmp_path)
    record.compact()
    folder = tmp_path / "record" / TABLE
    (filters,) = (folder / "_terms").iterdir()
    record.retain(100_000)
    assert list((folder / "_terms").iterdir()) == [filters]
    (folder / "_terms" / "part-1.parquet.terms").write_bytes(b"of a file that is gone")
    begun = folder / "_terms" / "part-2.parquet.1.tmp"
    begun.write_bytes(b"of one at work")
    assert making.clear(str(folder)) == 1
    assert sorted((folder / "_terms").iterdir()) == sorted([filters, begun])
