"""Requests for deployments and answers to them, in SQLite and in PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.model.deployment import Answered, BreakGlass, DeploymentRequest, Standing
from lockgate.store.team import gates
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.gates import ConflictError, Kept

NOW = datetime(2026, 7, 6, 10, 0, 0, 123456, tzinfo=UTC)
BINDING = "sha256:" + "b" * 64


def request(id: str = "r1", **other) -> DeploymentRequest:
    told = {
        "environment": "production", "repository": "github.com/team/shop", "ref": "refs/heads/main", "commit": "c" * 40,
        "images": ("registry.example.com/cart@sha256:" + "a" * 64,), "manifests": "sha256:1", "requested_by": "eve",
        "requested_at": NOW, "authors": ("ada@example.com",), "forge": "github", "url": "https://github.com/x",
    }  # fmt: skip
    return DeploymentRequest(id, **told | other)


def kept(database: TeamDatabase, id: str = "r1", **other) -> Kept:
    with database.begin() as connection:
        made, _ = gates.add(connection, request(id, **other), key=f"key-{id}")
        return gates.bind(connection, made, binding=BINDING, policy="p1", evidence="{}", authors=("ada",), now=NOW)


def say(database: TeamDatabase, who: str, said: Answered = Answered.APPROVE, *, id: str = "r1", binding: str = BINDING):
    with database.begin() as connection:
        return gates.answer(connection, id, actor=who, name=who.title(), said=said, binding=binding, comment="fine",
                            mfa=True, now=NOW)  # fmt: skip


def test_a_request_comes_back_as_it_was_kept_and_a_second_delivery_finds_it(database: TeamDatabase) -> None:
    with database.begin() as connection:
        first, new = gates.add(connection, request(), key="run/7", callback={"run": "7"}, given={"network": []})
        again, newer = gates.add(connection, request("r2"), key="run/7")
    assert (new, newer) == (True, False)
    assert first == again
    assert first.request == request()
    assert first.callback == {"run": "7"}
    assert first.standing is Standing.WAITING
    with pytest.raises(ConflictError, match="another deployment"), database.begin() as connection:
        gates.add(connection, request("r3", commit="d" * 40), key="run/7")


def test_answers_are_kept_in_their_order_and_are_about_what_was_shown(database: TeamDatabase) -> None:
    kept(database)
    one, two = say(database, "bea"), say(database, "cas", Answered.REJECT)
    with pytest.raises(ConflictError, match="changed since you saw it"):
        say(database, "dov", binding="sha256:old")
    with database.read() as connection:
        assert gates.answers(connection, "r1") == (one, two)


def test_nothing_can_be_answered_before_anything_is_known_nor_after_it_is_settled(database: TeamDatabase) -> None:
    with database.begin() as connection:
        made, _ = gates.add(connection, request())
    with pytest.raises(ConflictError, match="changed"):
        say(database, "bea", binding="")
    with database.begin() as connection:
        assert gates.decide(connection, made, Standing.DENIED, {"verdict": "deny"}, now=NOW)
        assert not gates.decide(connection, made, Standing.ALLOWED, {}, now=NOW)  # it stays denied
    with pytest.raises(ConflictError, match="denied"):
        say(database, "bea")
    with database.read() as connection:
        found = gates.find(connection, "r1")
    assert found is not None
    assert (found.standing, found.decision, found.settled_at) == (Standing.DENIED, {"verdict": "deny"}, NOW)


def test_another_binding_is_bound_from_that_moment_and_the_same_is_not(database: TeamDatabase) -> None:
    made = kept(database)
    later = NOW + timedelta(hours=1)
    with database.begin() as connection:
        same = gates.bind(connection, made, binding=BINDING, policy="p1", evidence="{ }", authors=(), now=later)
        other = gates.bind(connection, same, binding="sha256:2", policy="p2", evidence="{}", authors=(), now=later)
        back = gates.bind(connection, other, binding=BINDING, policy="p1", evidence="{}", authors=(), now=later)
    assert (made.bound_since, same.bound_since, other.bound_since, back.bound_since) == (NOW, NOW, later, later)


def test_an_answer_that_fell_away_never_counts_again(database: TeamDatabase) -> None:
    kept(database)
    one, two = say(database, "bea"), say(database, "cas")
    with database.begin() as connection:
        assert gates.void(connection, "r1", [(one, "the evidence changed")], now=NOW) == 1
        assert gates.void(connection, "r1", [(one, "again")], now=NOW) == 0
        assert gates.answers(connection, "r1") == (two,)
        assert gates.answers(connection, "r1", void=True) == (one, two)
        assert gates.voided(connection, "r1") == {one.id: "the evidence changed"}


def test_all_open_answers_of_somebody_who_is_disabled_fall_away(database: TeamDatabase) -> None:
    kept(database), kept(database, "r2"), kept(database, "r3")
    for id in ("r1", "r2", "r3"):
        say(database, "bea", id=id)
    say(database, "cas")
    with database.begin() as connection:
        gates.decide(connection, gates.held(connection, "r3"), Standing.ALLOWED, {}, now=NOW)
        assert gates.void_answers_of(connection, "bea", "disabled", now=NOW) == ("r1", "r2")
        assert [one.actor for one in gates.answers(connection, "r1")] == ["cas"]
        assert [one.actor for one in gates.answers(connection, "r3")] == ["bea"]  # it was settled before


def test_two_who_answer_at_the_same_instant_come_one_after_the_other(database: TeamDatabase) -> None:
    """Each settles the request once two have said yes: that must happen exactly once, and see both."""
    kept(database)
    start, settled = threading.Barrier(6), []

    def one(who: str) -> None:
        start.wait()
        with database.begin() as connection:
            gates.answer(connection, "r1", actor=who, name=who, said=Answered.APPROVE, binding=BINDING, comment="",
                         mfa=True, now=NOW)  # fmt: skip
            found = gates.held(connection, "r1")
            if len(gates.answers(connection, "r1")) == 6 and gates.decide(
                connection, found, Standing.ALLOWED, {}, now=NOW
            ):
                settled.append(who)

    threads = [threading.Thread(target=one, args=(f"p{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(settled) == 1
    with database.read() as connection:
        assert len(gates.answers(connection, "r1")) == 6
        found = gates.find(connection, "r1")
        assert found is not None
        assert found.standing is Standing.ALLOWED


def test_one_request_comes_of_many_deliveries_at_once(database: TeamDatabase) -> None:
    made = []

    def deliver(number: int) -> None:
        with database.begin() as connection:
            made.append(gates.add(connection, request(f"r{number}"), key="the same"))

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new for _, new in made) == 1
    assert len({one.request.id for one, _ in made}) == 1


def test_what_a_pipeline_knows_is_added(database: TeamDatabase) -> None:
    kept(database, images=(), manifests="")
    with database.begin() as connection:
        held = gates.held(connection, "r1")
        told = gates.set_given(connection, held, images=("x@sha256:1",), manifests="sha256:2", given={"a": 1})
        assert (told.request.images, told.request.manifests, told.given) == (("x@sha256:1",), "sha256:2", {"a": 1})
        told = gates.set_given(connection, told, images=("y@sha256:1",), manifests="", given={"b": 2})
        assert (told.request.images, told.request.manifests, told.given) == (("y@sha256:1",), "", {"a": 1, "b": 2})


def test_what_runs_now_is_what_was_last_allowed_there(database: TeamDatabase) -> None:
    for number, id in enumerate(("r1", "r2", "r3", "r4")):
        made = kept(database, id, environment="staging" if id == "r3" else "production")
        if id != "r4":
            with database.begin() as connection:
                gates.decide(connection, made, Standing.ALLOWED, {}, now=NOW + timedelta(minutes=number))
    with database.read() as connection:
        before = gates.allowed_before(connection, gates.held(connection, "r4"))
        assert before is not None
        assert before.request.id == "r2"
        assert [one.request.id for one in gates.allowed_of(connection)] == ["r1", "r2", "r3"]
        assert gates.open_ids(connection) == ("r4",)
        assert [one.request.id for one in gates.listed(connection, environment="production")] == ["r4", "r2", "r1"]
        assert [one.request.id for one in gates.listed(connection, before=made.number, most=1)] == ["r3"]


def test_a_withdrawn_request_allows_nothing(database: TeamDatabase) -> None:
    made = kept(database)
    with database.begin() as connection:
        gates.decide(connection, made, Standing.ALLOWED, {}, now=NOW)
        assert gates.withdraw(connection, made, now=NOW)
        assert not gates.withdraw(connection, made, now=NOW)
        assert gates.allowed_of(connection) == ()


def test_a_broken_glass_waits_for_two_others(database: TeamDatabase) -> None:
    kept(database)
    broken = BreakGlass("b1", "r1", "dov", "Dov", "the shop is down", "sha256:1", NOW, NOW + timedelta(hours=1), (),
                        NOW + timedelta(hours=24))  # fmt: skip
    with database.begin() as connection:
        gates.break_glass(connection, broken, environment="production", people=2)
        assert gates.glass_of(connection, "r1") == (broken,)
        assert gates.awaiting_follow_up(connection, "production") == (broken,)
        assert gates.awaiting_follow_up(connection, "staging") == ()
        gates.follow_up(connection, "b1", actor="bea", name="Bea", note="seen", now=NOW)
    for who, words in (("dov", "others"), ("bea", "already"), ("cas", "")):
        with database.begin() as connection:
            if words:
                with pytest.raises(ConflictError, match=words):
                    gates.follow_up(connection, "b1", actor=who, name=who, note="", now=NOW)
            else:
                assert gates.follow_up(connection, "b1", actor=who, name=who, note="", now=NOW).followed_up_by == (
                    "bea", "cas"
                )  # fmt: skip
                assert gates.awaiting_follow_up(connection) == ()


def test_what_is_not_there_is_said(database: TeamDatabase) -> None:
    with database.begin() as connection:
        assert gates.find(connection, "r9") is None
        with pytest.raises(ConflictError, match="no such request"):
            gates.held(connection, "r9")
        with pytest.raises(ConflictError, match="no such break"):
            gates.follow_up(connection, "b9", actor="a", name="a", note="", now=NOW)
