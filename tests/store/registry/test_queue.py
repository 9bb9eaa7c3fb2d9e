"""The queue keeps what was accepted, gives each job to one worker, and takes up what a dead one had at hand."""

import os
import signal
import subprocess
import sys

import pytest

from lockgate.errors import StoreError
from lockgate.store.registry import queue as module
from lockgate.store.registry.database import RegistryDatabase
from lockgate.store.registry.queue import FullError, Queue, Resolved, State, Wanted
from lockgate.store.registry.rebuilds import Rebuild, Rebuilds
from lockgate.store.registry.seen import Judged, Seen

A, B = ("sha256:" + sign * 64 for sign in "ab")
HOST = "registry.example.com"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(tmp_path):
    made = RegistryDatabase(tmp_path)
    yield made
    made.close()


def wanted(digest=A, tag="1", **more) -> Wanted:
    return Wanted(HOST, "team/cart", digest, tag, "distribution", **more)


def test_what_is_told_several_times_is_one_job(database):
    queue = Queue(database)
    assert queue.accept([wanted(event="e1"), wanted(event="e2"), wanted()]) == 1
    assert queue.accept([wanted(tag="2"), wanted(B)]) == 2
    assert queue.counts(HOST)["waiting"] == 3


def test_an_event_that_is_sent_again_does_nothing(database):
    queue, seen = Queue(database), Seen(database, HOST)
    queue.accept([wanted(event="e1")])
    queue.end(queue.take(HOST), State.DONE)
    assert queue.accept([wanted(event="e1")]) == 0
    # Another event of the same image counts, until the image is known to be judged and to be what the tag names.
    assert queue.accept([wanted(event="e2")]) == 1
    queue.end(queue.take(HOST), State.DONE)
    seen.judge("team/cart", Judged(A, "r", "allow"))
    assert queue.accept([wanted(event="e3")]) == 1
    queue.end(queue.take(HOST), State.DONE)
    seen.tag("team/cart", "1", A)
    assert queue.accept([wanted(event="e4"), wanted(tag="")]) == 0
    assert queue.accept([wanted(event="e5", known_too=True)]) == 1
    seen.tag("team/cart", "1", B)  # the tag came back to an image that was judged
    queue.end(queue.take(HOST), State.DONE)
    assert queue.accept([wanted(event="e6")]) == 1


def test_each_job_is_given_to_one_worker(tmp_path, database):
    other = RegistryDatabase(tmp_path)
    queues = Queue(database), Queue(other)
    queues[0].accept([wanted(), wanted(B, tag="2")])
    taken = [queues[0].take(HOST), queues[1].take(HOST), queues[0].take(HOST)]
    assert [one and one.tag for one in taken] == ["1", "2", None]
    assert queues[0].free() == 0  # both live
    other.close()
    assert queues[0].free() == 1
    again = queues[0].take(HOST)
    assert (again.tag, again.attempts, again.run) == ("2", 2, taken[1].run)
    assert queues[0].take("another.example.com") is None


def test_a_worker_that_is_killed_leaves_its_job_to_the_next(tmp_path):
    script = (
        "import sys, pathlib\nfrom lockgate.store.registry.database import RegistryDatabase\n"
        "from lockgate.store.registry.queue import Queue, Wanted\n"
        "queue = Queue(RegistryDatabase(pathlib.Path(sys.argv[1])))\n"
        f"queue.accept([Wanted('{HOST}', 'team/cart', '{A}', '1', 'acr')])\n"
        f"print(queue.take('{HOST}').run, flush=True)\nsys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, env=environment,
                          stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        run = process.stdout.readline().strip()
        database = RegistryDatabase(tmp_path)
        queue = Queue(database)
        assert (queue.free(), queue.take(HOST)) == (0, None)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert queue.free() == 1
    assert queue.take(HOST).run == run
    database.close()


def test_two_names_of_one_image_are_not_worked_on_at_once(tmp_path, database):
    other = RegistryDatabase(tmp_path)
    queue, second = Queue(database), Queue(other)
    queue.accept([wanted("", "1"), wanted(A, "1"), wanted("", "2"), wanted(B, "3")])
    by_tag, by_digest = queue.take(HOST), second.take(HOST)
    assert (by_tag.digest, by_digest.digest) == ("", A)
    assert queue.resolve(by_tag, A) is Resolved.TOLD  # the other job does it
    queue.end(by_tag, State.DONE)
    two = queue.take(HOST)
    assert queue.resolve(two, A) is Resolved.BUSY
    queue.put_back(two, "busy", after=0)
    assert {queue.take(HOST).tag, queue.take(HOST).tag} == {"2", "3"}
    second.end(by_digest, State.DONE)
    assert second.resolve(two, A) is Resolved.MINE
    queue.accept([wanted(A, "4")])
    assert queue.take(HOST) is None  # the image is at hand
    other.close()


def test_a_job_waits_as_long_as_it_is_told_to_and_is_told_when_it_is_given_up(database):
    clock = Clock()
    queue = Queue(database, clock)
    queue.accept([wanted()])
    queue.put_back(queue.take(HOST), "429", after=30)
    assert queue.take(HOST) is None
    clock.now += 31
    job = queue.take(HOST)
    assert (job.attempts, job.reason) == (2, "429")
    queue.end(job, State.DEAD, "a damaged layer")
    assert [one.reason for one in queue.dead(HOST)] == ["a damaged layer"]
    assert queue.revive(HOST) == 1 and queue.take(HOST).attempts == 1


def test_of_more_than_may_wait_nothing_is_kept(database, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    queue = Queue(database)
    queue.accept(wanted(tag=str(number)) for number in range(3))
    with pytest.raises(FullError):
        queue.accept([wanted(tag="8", event="e"), wanted(tag="9")])
    assert queue.counts(HOST)["waiting"] == 3
    queue.end(queue.take(HOST), State.DONE)
    assert queue.accept([wanted(tag="8", event="e")]) == 1


def test_a_database_that_is_damaged_or_newer_is_told_as_such(tmp_path):
    (tmp_path / "registry.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="cannot be used"):
        RegistryDatabase(tmp_path)
    (tmp_path / "registry.db").unlink()
    made = RegistryDatabase(tmp_path)
    with made.changed() as connection:
        connection.execute("PRAGMA user_version = 99")
    made.close()
    with pytest.raises(StoreError, match="version 99"):
        RegistryDatabase(tmp_path)


def test_what_tags_name_now_is_known_with_the_base_it_stands_on(database):
    seen = Seen(database, HOST)
    seen.judge("team/cart", Judged(A, "r1", "allow", "base:1", B))
    seen.judge("team/cart", Judged(B, "r2", "deny"))
    assert seen.standing() == []
    seen.tag("team/cart", "1", A)
    seen.tag("team/cart", "2", "sha256:" + "c" * 64)
    seen.add_members("team/cart", "sha256:" + "c" * 64, [A, B])
    assert [(one.tag, one.digest, one.base_digest) for one in seen.standing()] == [("1", A, B), ("2", A, B)]
    assert seen.standing(["other"]) == [] and len(seen.standing(["base:1"])) == 2
    assert seen.unknown("team/cart", ["1", "3", "2"]) == ["3"]
    assert seen.forget("team/cart", A) == 1 and seen.tagged("team/cart", "1") == ""


def test_what_is_done_from_time_to_time_is_done_by_one(tmp_path, database):
    clock = Clock()
    seen, other = Seen(database, HOST, clock), RegistryDatabase(tmp_path)
    assert seen.claim("poll", every=60)
    assert not Seen(other, HOST, clock).claim("poll", every=60) and not seen.claim("poll", every=60)
    clock.now += 61
    assert Seen(other, HOST, clock).claim("poll", every=60)
    other.close()


def test_a_rebuild_is_one_for_each_image_and_new_base(database):
    clock = Clock()
    rebuilds = Rebuilds(database, clock)
    one = Rebuild("shop", HOST, "team/cart", "1", A, "base:1", A, B)
    assert rebuilds.unknown(one) and rebuilds.add([one, one]) == 1 and not rebuilds.unknown(one)
    assert rebuilds.add([one]) == 0
    taken = rebuilds.take(HOST)
    assert (taken.attempts, taken.base_now) == (1, B) and rebuilds.take(HOST) is None
    rebuilds.put_back(taken, "503", after=10)
    assert rebuilds.take(HOST) is None
    clock.now += 11
    rebuilds.end(rebuilds.take(HOST), State.DONE)
    assert rebuilds.counts(HOST) == {"done": 1}
