"""Deliveries of forges: each once, with its jobs, on SQLite and PostgreSQL alike."""

from concurrent.futures import ThreadPoolExecutor

from lockgate.store.team import deliveries, jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.deliveries import Delivery, Work, accept
from lockgate.store.team.jobs import JobState

NOW = 1_800_000_000.0


def one(id: str, key: str = "", kind: str = "forge.happening") -> Delivery:
    return Delivery("hub", id, "push", (Work(kind, key or id, {"told": id}),))


def take(database: TeamDatabase, *taken: Delivery, now: float = NOW) -> list[bool]:
    with database.begin() as connection:
        return accept(connection, taken, now=now)


def test_a_delivery_counts_once_whoever_takes_it_in(database: TeamDatabase) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: take(database, one("a"), one(f"b{n % 3}")), range(12)))
    assert sum(new for pair in found for new in pair) == 4
    with database.read() as connection:
        assert sorted(job.key for job in jobs.listed(connection)) == ["a", "b0", "b1", "b2"]


def test_the_same_id_of_another_forge_is_another_delivery(database: TeamDatabase) -> None:
    assert take(database, one("a")) == [True]
    other = Delivery("lab", "a", "push", (Work("forge.happening", "lab:a", {}),))
    assert take(database, other, one("a")) == [True, False]


def test_what_asks_for_the_same_waits_as_one_job(database: TeamDatabase) -> None:
    assert take(database, one("a", "hub:7:pull:1"), one("b", "hub:7:pull:1")) == [True, True]
    with database.read() as connection:
        assert len(jobs.listed(connection)) == 1


def test_a_job_that_failed_for_good_is_done_again_when_it_is_delivered_again(database: TeamDatabase) -> None:
    take(database, one("a"))
    job = jobs.claim(database, ["forge.happening"], "worker", now=NOW)
    assert job is not None
    jobs.fail(database, job, "no", again_in=None, now=NOW)
    assert take(database, one("a")) == [False]
    with database.read() as connection:
        assert [one.state for one in jobs.listed(connection)] == [JobState.WAITING]


def test_after_a_time_deliveries_are_forgotten(database: TeamDatabase) -> None:
    take(database, one("old"), now=NOW - 100)
    take(database, one("new"))
    with database.begin() as connection:
        assert deliveries.forget(connection, before=NOW - 50) == 1
    assert take(database, one("old"), one("new")) == [True, False]


def test_what_was_judged_is_known_until_it_is_gone(database: TeamDatabase) -> None:
    with database.begin() as connection:
        assert deliveries.judged(connection, "hub", "7", "pull/1") == ("", "")
        deliveries.judge(connection, "hub", "7", "pull/1", "a" * 40, "b" * 40, now=NOW)
        deliveries.judge(connection, "hub", "7", "pull/1", "c" * 40, "b" * 40, now=NOW)
        assert deliveries.judged(connection, "hub", "7", "pull/1") == ("c" * 40, "b" * 40)
        assert deliveries.judged(connection, "hub", "8", "pull/1") == ("", "")
        deliveries.unjudge(connection, "hub", "7", "pull/1")
        assert deliveries.judged(connection, "hub", "7", "pull/1") == ("", "")
