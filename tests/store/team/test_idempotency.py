"""A key is claimed once, answers alike for a day, and after a crash says whether something was done."""

from __future__ import annotations

import threading

import pytest

from lockgate.errors import StoreError
from lockgate.store.team import idempotency, jobs
from lockgate.store.team.database import TeamDatabase, with_each_change
from lockgate.store.team.idempotency import KEPT_SECONDS, LEASE_SECONDS, Claim, Request, Standing

ONE = Request("1" * 64, "person:ana", "a" * 64)
NOW = 1_000_000.0


def claim(database: TeamDatabase, request: Request = ONE, now: float = NOW) -> Claim:
    with database.begin() as connection:
        return idempotency.claim(connection, request, now=now)


def work(database: TeamDatabase, mark: str) -> None:
    """What the request does: a job is put in."""
    with (
        with_each_change(lambda connection: idempotency.changed(connection, ONE, mark)),
        database.begin() as connection,
    ):
        jobs.enqueue(connection, "scan")


def count(database: TeamDatabase) -> int:
    with database.read() as connection:
        return len(jobs.listed(connection))


def test_what_was_answered_is_answered_alike_for_a_day_and_no_longer(database: TeamDatabase) -> None:
    first = claim(database)
    work(database, first.mark)
    with database.begin() as connection:
        assert idempotency.answered(connection, ONE, first.mark, "sealed")
    assert claim(database, now=NOW + KEPT_SECONDS - 1) == Claim(Standing.ANSWERED, answer="sealed")
    assert claim(database, now=NOW + KEPT_SECONDS).standing is Standing.OURS


def test_another_request_of_the_same_key_is_told_so_whether_the_first_ended_or_not(database: TeamDatabase) -> None:
    claim(database)
    other = Request(ONE.id, ONE.holder, "b" * 64)
    assert claim(database, other).standing is Standing.OTHER
    assert claim(database).standing is Standing.AT_WORK


def test_after_a_crash_before_any_change_the_next_does_it_and_the_dead_one_no_more(database: TeamDatabase) -> None:
    first = claim(database)
    second = claim(database, now=NOW + LEASE_SECONDS + 1)
    assert second.standing is Standing.OURS
    with pytest.raises(StoreError, match="begun anew"):
        work(database, first.mark)
    assert count(database) == 0
    work(database, second.mark)
    assert count(database) == 1


def test_after_a_crash_between_change_and_answer_nothing_is_done_twice(database: TeamDatabase) -> None:
    work(database, claim(database).mark)
    assert claim(database, now=NOW + 1).standing is Standing.AT_WORK
    assert claim(database, now=NOW + LEASE_SECONDS + 1).standing is Standing.LOST


def test_what_failed_is_tried_again_and_what_failed_half_way_is_told(database: TeamDatabase) -> None:
    first = claim(database)
    with database.begin() as connection:
        idempotency.let_go(connection, ONE, first.mark)
    second = claim(database)
    assert second.standing is Standing.OURS
    work(database, second.mark)
    with database.begin() as connection:
        idempotency.let_go(connection, ONE, second.mark)
    assert claim(database).standing is Standing.LOST


def test_one_of_many_who_claim_at_once_gets_it(database: TeamDatabase) -> None:
    met: list[Standing] = []
    threads = [threading.Thread(target=lambda: met.append(claim(database).standing)) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(met) == [Standing.AT_WORK] * 5 + [Standing.OURS]


def test_keys_of_one_holder_are_bounded_and_leave_others_alone(
    database: TeamDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MOST_KEYS", 3)
    met = [claim(database, Request(str(n) * 64, "person:ana", "")).standing for n in range(4)]
    assert met == [Standing.OURS] * 3 + [Standing.FULL]
    assert claim(database, Request("9" * 64, "person:bob", "")).standing is Standing.OURS
    assert claim(database, Request("3" * 64, "person:ana", ""), NOW + KEPT_SECONDS).standing is Standing.OURS
