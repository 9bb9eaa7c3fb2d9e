"""Workers do jobs, try again what failed, give back what they cannot end, and outlive a database that goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from lockgate.engine.working import Handler, LaterError, Progress, Workers, joined
from lockgate.errors import SourceError
from lockgate.store.team import jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.jobs import Job, JobState


@pytest.fixture
def database(tmp_path: Path) -> Iterator[TeamDatabase]:
    """Of the team."""
    with TeamDatabase.open(tmp_path) as opened:
        yield opened


def put(database: TeamDatabase) -> int:
    with database.begin() as connection:
        return jobs.enqueue(connection, "x", {"n": 2})


def until(database: TeamDatabase, number: int, holds: Callable[[Job], bool]) -> Job:
    for _ in range(400):
        with database.read() as connection:
            job = jobs.find(connection, number)
        assert job is not None
        if holds(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"job stands at {job}")


def working(database: TeamDatabase, run: Callable[[Job, Progress], str], again: Sequence[float] = (0.0,)) -> Workers:
    workers = Workers(database, [Handler("x", run, again)], threads=2)
    workers.begin()
    return workers


def test_a_job_is_done_and_says_what_came_of_it(database: TeamDatabase) -> None:
    def run(job: Job, progress: Progress) -> str:
        progress.tell(1, job.payload["n"], "half")
        return "made"

    workers = working(database, run)
    number = put(database)
    workers.wake()
    job = until(database, number, lambda job: job.state is JobState.DONE)
    workers.end()
    assert (job.said, job.done, job.total) == ("made", 1, 2)


def test_a_failure_is_tried_again_and_then_left_to_a_person(database: TeamDatabase) -> None:
    def run(job: Job, progress: Progress) -> str:
        raise SourceError("the forge answers 500", where="forge.example")

    number = put(database)
    workers = working(database, run)
    job = until(database, number, lambda job: job.state is JobState.FAILED)
    workers.end()
    assert (job.attempts, job.said) == (2, "forge.example: the forge answers 500")


def test_a_defect_tells_its_kind_alone(database: TeamDatabase) -> None:
    def run(job: Job, progress: Progress) -> str:
        raise ValueError("geheim")

    number = put(database)
    workers = working(database, run, again=())
    assert until(database, number, lambda job: job.state is JobState.FAILED).said == "a defect: ValueError"
    workers.end()


def test_work_that_must_wait_comes_again_when_it_says(database: TeamDatabase) -> None:
    tries = iter((True, True, False))

    def run(job: Job, progress: Progress) -> str:
        if next(tries):
            raise LaterError("the rate limit ends soon", 0.0)
        return f"at last, at try {job.attempts}"

    number = put(database)
    workers = working(database, run, again=())
    assert until(database, number, lambda job: job.state is JobState.DONE).said == "at last, at try 1"
    workers.end()


def test_a_cancelled_job_ends_where_it_next_tells(database: TeamDatabase) -> None:
    begun, cancelled, ended = threading.Event(), threading.Event(), threading.Event()

    def run(job: Job, progress: Progress) -> str:
        begun.set()
        cancelled.wait(10)
        try:
            progress.tell(1)
        finally:
            ended.set()
        return "never"

    number = put(database)
    workers = working(database, run)
    begun.wait(10)
    with database.begin() as connection:
        jobs.cancel(connection, number)
    cancelled.set()
    assert ended.wait(10)
    workers.end()
    assert until(database, number, lambda job: True).state is JobState.CANCELLED


def test_a_server_that_ends_gives_its_work_back(database: TeamDatabase) -> None:
    begun = threading.Event()

    def run(job: Job, progress: Progress) -> str:
        begun.set()
        while True:
            progress.check()
            time.sleep(0.01)

    number = put(database)
    workers = working(database, run)
    begun.wait(10)
    workers.end()
    job = until(database, number, lambda job: job.state is JobState.WAITING)
    assert job.attempts == 0


def test_two_parts_may_not_take_one_kind() -> None:
    handler = Handler("x", lambda job, progress: "")
    with pytest.raises(ValueError, match="two parts handle x"):
        joined([handler, handler])
