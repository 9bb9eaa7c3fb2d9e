"""What alerts about clusters fire for is kept once a span of time, whoever looks, and made up for after a pause."""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from lockgate import rules
from lockgate.engine import alerting, cluster_alerts
from lockgate.engine.request import Request
from lockgate.errors import StoreError
from lockgate.store import Record
from lockgate.store.ingest import Collected, Loader

RULE = next(one for one in cluster_alerts.rules_of() if one.id == "alerts/container-cpu-high")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVERY = 120.0


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Holds what the rule's sample has two minutes before noon."""
    found = Record.open(tmp_path / "workspace")
    text = next(sample.text for sample in RULE.samples if sample.fires)
    for line in rules.expand_sample(text).splitlines():
        row = orjson.loads(line)
        loader = Loader(Collected(found), row.pop("Table"))
        loader.load(orjson.dumps(row) + b"\n")
        loader.close()
    return found


def look(record: Record, state: Path, minutes: float) -> list[tuple[datetime, int]]:
    now = (NOON + timedelta(minutes=minutes)).timestamp()
    looking = alerting.Looking(record, [RULE], Request())
    return [(end, len(result.findings)) for end, result in alerting.keep(lambda: looking, state, EVERY, now=now)]


def kept(record: Record) -> list[tuple[datetime, str]]:
    return [(row["TimeGenerated"], row["Rule"]) for row in record.rows("ClusterAlerts")]


def test_each_span_is_kept_once_whoever_looks_and_however_often(record: Record, tmp_path: Path) -> None:
    state = tmp_path / "own" / "alerts"
    assert look(record, state, 0.5) == [(NOON, 1)]
    assert look(record, state, 1.9) == []
    assert look(record, tmp_path / "of another machine", 1.0) == [(NOON, 1)]
    assert kept(record) == [(NOON, RULE.id)]


def test_what_ended_while_nobody_looked_is_made_up_for(record: Record, tmp_path: Path) -> None:
    state = tmp_path / "alerts"
    assert look(record, state, -9)[0][1] == 0
    found = look(record, state, 5)
    assert [end for end, _ in found] == [NOON + timedelta(minutes=2 * n) for n in range(-4, 3)]
    assert [fired for _, fired in found] == [0, 0, 0, 1, 1, 1, 0]
    assert len(kept(record)) == 3
    spans = len(list(alerting._spans(state.read_bytes(), 10_000_000_000, EVERY)))
    assert spans == 86_400 / EVERY + 1


def test_one_that_is_being_looked_at_is_left_to_who_does(record: Record, tmp_path: Path) -> None:
    state = tmp_path / "alerts"
    with state.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert look(record, state, 0) == []
    assert look(record, state, 0) == [(NOON, 1)]


@pytest.mark.parametrize("written", [b"", b"{", b"[]", b'{"span": "x", "every": 120.0}', b'{"span": 1, "every": 60.0}'])
def test_a_state_that_says_nothing_begins_with_the_newest_span(record: Record, tmp_path: Path, written: bytes) -> None:
    (tmp_path / "alerts").write_bytes(written)
    assert look(record, tmp_path / "alerts", 0) == [(NOON, 1)]


def test_a_folder_that_cannot_be_written_is_told(record: Record, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        look(record, tmp_path / "file" / "alerts", 0)
