"""Engines that are kept for the next question: quicker, and never another answer than one that is opened anew."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lockgate.server.access import Allowance, Person
from lockgate.server.query.warm import Warm
from lockgate.store import Record
from lockgate.store.ask import Tables, ask

ANA, ROB = Person("ana"), Person("rob")


class Opened:
    """Counts the engines that are opened and those that are closed."""

    def __init__(self) -> None:
        self.tables: list[Tables] = []
        self.stamp: object | None = 1

    def __call__(self, person: Person, since: datetime | None, until: datetime | None) -> Tables:
        del since, until
        found = Tables(memory=person.allowance.memory)
        found.fill("Mine", {"who": "string"}, [[person.name]])
        self.tables.append(found)
        return found

    @property
    def closed(self) -> list[bool]:
        return [_is_closed(one) for one in self.tables]


def _is_closed(tables: Tables) -> bool:
    try:
        tables.connection.execute("SELECT 1")
    except Exception as error:
        assert "closed" in str(error).lower()
        return True
    return False


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def warm(opened: Opened) -> Warm:
    return Warm(opened, lambda person: opened.stamp, most=2, seconds=60)


def _asked(warm: Warm, person: Person, query: str = "Mine", since: datetime | None = None) -> list[tuple[object, ...]]:
    with warm.tables(person, since, None) as tables:
        return ask(query, tables).rows


def test_the_next_question_of_a_person_finds_the_engine_open(warm: Warm, opened: Opened) -> None:
    assert _asked(warm, ANA) == _asked(warm, ANA) == [("ana",)]
    assert _asked(warm, ANA, "let T = materialize(Mine | summarize make_set(who)); T | union T | count") == [(2,)]
    assert len(opened.tables) == 1
    warm.close()
    assert opened.closed == [True]
    assert _asked(warm, ANA) == [("ana",)]
    assert opened.closed == [True, True]


def test_another_person_another_time_and_other_limits_have_an_engine_of_their_own(warm: Warm, opened: Opened) -> None:
    assert [_asked(warm, one)[0][0] for one in (ANA, ROB, ANA, ROB)] == ["ana", "rob", "ana", "rob"]
    assert len(opened.tables) == 2
    _asked(warm, ANA, since=datetime(2026, 1, 1, tzinfo=UTC))
    _asked(warm, Person("ana", allowance=Allowance(memory="512MB")))
    assert len(opened.tables) == 4
    assert opened.closed == [True, True, False, False]


def test_what_changed_meanwhile_and_what_is_not_known_is_opened_anew(warm: Warm, opened: Opened) -> None:
    _asked(warm, ANA)
    opened.stamp = 2
    _asked(warm, ANA)
    assert opened.closed == [True, False]
    opened.stamp = None
    _asked(warm, ANA)
    assert opened.closed == [True, True, True]


def test_an_engine_whose_question_failed_is_not_kept(warm: Warm, opened: Opened) -> None:
    with pytest.raises(Exception, match="KS142"):
        _asked(warm, ANA, "Nowhere")
    assert opened.closed == [True]


def test_two_questions_at_once_have_two_engines(warm: Warm, opened: Opened) -> None:
    with warm.tables(ANA, None, None) as one, warm.tables(ANA, None, None) as other:
        assert one is not other
    assert opened.closed == [False, False]


def test_an_engine_that_nobody_asks_is_closed(opened: Opened) -> None:
    warm = Warm(opened, lambda person: 1, most=2, seconds=0.05)
    _asked(warm, ANA)
    for one in threading.enumerate():  # a connection that is asked just when it is closed would refuse to be
        if isinstance(one, threading.Timer):
            one.join(10)
    assert opened.closed == [True]


def test_each_engine_is_closed_when_its_own_time_is_over(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    now, timers = [0.0], []

    class Timer:
        daemon = False

        def __init__(self, seconds: float, look: Callable[[], None]) -> None:
            timers.append((now[0] + seconds, look))

        def start(self) -> None: ...

    monkeypatch.setattr("lockgate.server.query.warm.threading.Timer", Timer)
    monkeypatch.setattr("lockgate.server.query.warm.time.monotonic", lambda: now[0])
    warm = Warm(opened, lambda person: 1, most=2, seconds=60)
    for now[0], who in ((0.0, ANA), (20.0, ROB)):
        _asked(warm, who)
    while timers:
        now[0], look = timers.pop(0)
        look()
        assert opened.closed == [True, now[0] >= 80]
    assert now[0] == 80


def _written(record: Record, name: str) -> None:
    record.append_alone("AdmissionReviews", [{"TimeGenerated": datetime.now(UTC), "Name": name}])


def test_a_record_tells_when_it_was_written_to(tmp_path: Path) -> None:
    record = Record.open(tmp_path)
    assert record.stamp() == ()
    _written(record, "one")
    assert record.stamp() is None  # another write in the same instant might not be told

    log, past = tmp_path / "record" / "AdmissionReviews" / "_delta_log", time.time_ns() - 5_000_000_000
    os.utime(log, ns=(past, past))
    first = record.stamp()
    assert first is not None
    assert record.stamp() == first
    _written(record, "two")
    assert record.stamp() != first
    assert Record.open("s3://bucket/team").stamp() is None
