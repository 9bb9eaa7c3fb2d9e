"""Jobs are worked on by one worker at a time, tried again, never lost, and say how far they are."""

from __future__ import annotations

import threading

import pytest

from lockgate.errors import StoreError
from lockgate.store.team import jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.jobs import Job, JobState

KINDS = ("scan",)


def put(database: TeamDatabase, key: str = "", **more: float) -> int:
    with database.begin() as connection:
        return jobs.enqueue(connection, "scan", {"n": 1}, key=key, now=0.0, **more)


def stands(database: TeamDatabase, number: int) -> Job:
    with database.read() as connection:
        found = jobs.find(connection, number)
    assert found is not None
    return found


def test_a_job_goes_to_one_worker_and_ends(database: TeamDatabase) -> None:
    number = put(database)
    job = jobs.claim(database, KINDS, "a", now=1.0)
    assert job is not None
    assert (job.id, job.payload, job.attempts) == (number, {"n": 1}, 1)
    assert jobs.claim(database, KINDS, "b", now=1.0) is None
    assert jobs.renew(database, job, done=3, total=9, said="reading", now=2.0)
    assert (stands(database, number).done, stands(database, number).total) == (3, 9)
    assert jobs.finish(database, job, "read", now=3.0)
    assert stands(database, number).state is JobState.DONE
    assert jobs.claim(database, KINDS, "b", now=1e9) is None


def test_a_job_of_a_worker_that_died_is_claimed_again_and_the_dead_may_write_no_more(database: TeamDatabase) -> None:
    put(database)
    first = jobs.claim(database, KINDS, "a", lease=10.0, now=1.0)
    assert first is not None
    assert jobs.claim(database, KINDS, "b", now=10.0) is None
    again = jobs.claim(database, KINDS, "b", now=12.0)
    assert again is not None
    assert again.attempts == 2
    assert not jobs.finish(database, first, "too late", now=13.0)
    assert jobs.finish(database, again, now=13.0)


def test_a_failure_is_tried_again_later_and_at_last_waits_for_a_person(database: TeamDatabase) -> None:
    number = put(database)
    job = jobs.claim(database, KINDS, "a", now=1.0)
    assert job is not None
    assert jobs.fail(database, job, "the forge answers 500", again_in=60.0, now=1.0)
    assert jobs.claim(database, KINDS, "a", now=60.0) is None
    job = jobs.claim(database, KINDS, "a", now=62.0)
    assert job is not None
    assert jobs.fail(database, job, "still", again_in=None, now=63.0)
    assert stands(database, number).state is JobState.FAILED
    with database.begin() as connection:
        assert jobs.retry(connection, number, now=64.0)
    assert jobs.claim(database, KINDS, "a", now=65.0) is not None


def test_of_one_key_one_waits_and_one_runs(database: TeamDatabase) -> None:
    number = put(database, "repo")
    assert put(database, "repo") == number
    job = jobs.claim(database, KINDS, "a", now=1.0)
    assert job is not None
    later = put(database, "repo")
    assert later != number
    assert jobs.claim(database, KINDS, "b", now=1.0) is None
    jobs.finish(database, job, now=2.0)
    claimed = jobs.claim(database, KINDS, "b", now=2.0)
    assert claimed is not None
    assert claimed.id == later


def test_what_waits_for_later_is_drawn_nearer_by_one_that_is_due_now(database: TeamDatabase) -> None:
    put(database, "repo", delay=100.0)
    assert jobs.claim(database, KINDS, "a", now=1.0) is None
    put(database, "repo")
    assert jobs.claim(database, KINDS, "a", now=1.0) is not None


def test_a_cancelled_job_is_seen_by_its_worker(database: TeamDatabase) -> None:
    number = put(database)
    job = jobs.claim(database, KINDS, "a", now=1.0)
    assert job is not None
    with database.begin() as connection:
        assert jobs.cancel(connection, number, now=2.0)
        assert not jobs.cancel(connection, number, now=2.0)
    assert not jobs.renew(database, job, now=3.0)


def test_a_job_that_is_given_back_has_not_been_tried(database: TeamDatabase) -> None:
    number = put(database)
    job = jobs.claim(database, KINDS, "a", now=1.0)
    assert job is not None
    assert jobs.release(database, job, now=2.0)
    assert stands(database, number).attempts == 0
    assert jobs.claim(database, KINDS, "b", now=2.0) is not None


def test_workers_at_once_never_have_the_same_job(database: TeamDatabase) -> None:
    for _ in range(24):
        put(database)
    had: list[int] = []
    wrong: list[BaseException] = []

    def work(name: str) -> None:
        try:
            while (job := jobs.claim(database, KINDS, name, now=1.0)) is not None:
                had.append(job.id)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert sorted(had) == sorted(set(had))
    assert len(had) == 24


def test_only_the_kinds_that_a_worker_knows_are_claimed(database: TeamDatabase) -> None:
    put(database)
    assert jobs.claim(database, ("mail",), "a", now=1.0) is None
    assert jobs.claim(database, (), "a", now=1.0) is None


def test_jobs_are_listed_newest_first_in_pages(database: TeamDatabase) -> None:
    numbers = [put(database) for _ in range(5)]
    with database.read() as connection:
        first = jobs.listed(connection, most=3)
        rest = jobs.listed(connection, most=3, before=first[-1].id)
    assert [job.id for job in (*first, *rest)] == numbers[::-1]


def test_ended_jobs_are_forgotten_and_failed_ones_are_not(database: TeamDatabase) -> None:
    for outcome in ("done", "failed"):
        put(database, outcome)
        job = jobs.claim(database, KINDS, "a", now=1.0)
        assert job is not None
        if outcome == "done":
            assert jobs.finish(database, job, now=2.0)
        else:
            assert jobs.fail(database, job, "x", again_in=None, now=2.0)
    with database.begin() as connection:
        assert jobs.forget(connection, ended_before=3.0) == 1
        assert [job.state for job in jobs.listed(connection)] == [JobState.FAILED]


def test_a_payload_that_is_too_large_is_refused(database: TeamDatabase) -> None:
    with pytest.raises(StoreError, match="too large for a job"), database.begin() as connection:
        jobs.enqueue(connection, "scan", {"x": "y" * (1 << 20)})
