"""Waivers are asked for by one and granted by another, end on a day, and every step is in the trail."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.store.team import trail, waivers
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.waivers import WaiverState

ANA, BOB = Actor("person:1", "Ana"), Actor("person:2", "Bob")
SOON = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}"


def asked(database: TeamDatabase, *identities: str, reason: str = "mended next week", expires: str = SOON) -> int:
    with database.begin() as connection:
        return waivers.ask(connection, ANA, identities or ("lg1-a", "lg1-b", "lg1-a"), reason, expires)


def answered(database: TeamDatabase, actor: Actor, number: int, state: WaiverState) -> bool:
    with database.begin() as connection:
        return waivers.answer(connection, actor, number, state, "so be it")


def test_a_granted_waiver_covers_each_finding_once(database: TeamDatabase) -> None:
    number = asked(database)
    assert answered(database, BOB, number, WaiverState.GRANTED)
    with database.read() as connection:
        found = list(waivers.granted(connection))
        told = [(one.actor_name, one.action) for one in trail.entries(connection)]
    assert [(one.identity, one.by, one.expires, one.where) for one in found] == [
        ("lg1-a", "Bob", SOON, "waiver:1"), ("lg1-b", "Bob", SOON, "waiver:1"),
    ]  # fmt: skip
    assert told == [("Ana", "waivers:request"), ("Bob", "waivers:granted")]


def test_nobody_grants_what_they_asked_for(database: TeamDatabase) -> None:
    number = asked(database)
    with pytest.raises(UsageError, match="another has to"):
        answered(database, ANA, number, WaiverState.GRANTED)
    assert answered(database, ANA, number, WaiverState.REFUSED)


@pytest.mark.parametrize("state", [WaiverState.GRANTED, WaiverState.REFUSED, WaiverState.WAITING])
def test_an_answer_is_final_but_for_ending_what_was_granted(database: TeamDatabase, state: WaiverState) -> None:
    number = asked(database)
    assert not answered(database, BOB, number, WaiverState.ENDED)
    assert answered(database, BOB, number, WaiverState.GRANTED)
    assert not answered(database, BOB, number, state)
    assert answered(database, BOB, number, WaiverState.ENDED)
    assert not answered(database, BOB, number, state)
    with database.read() as connection:
        assert list(waivers.granted(connection)) == []
        assert [one.state for one in waivers.listed(connection, state=WaiverState.ENDED)] == [WaiverState.ENDED]


@pytest.mark.parametrize(
    ("identities", "reason", "expires"),
    [
        ((" ",), "because", SOON),
        (tuple(f"lg1-{n}" for n in range(501)), "because", SOON),
        (("x" * 81,), "because", SOON),
        (("lg1-a",), " ", SOON),
        (("lg1-a",), "because", "2020-01-01"),
        (("lg1-a",), "because", "2199-01-01"),
        (("lg1-a",), "because", "soon"),
        (("lg1-a",), "because", "20270101"),
    ],
)
def test_what_could_never_be_granted_is_refused_at_once(
    database: TeamDatabase, identities: tuple[str, ...], reason: str, expires: str
) -> None:
    with pytest.raises(UsageError):
        asked(database, *identities, reason=reason, expires=expires)


def test_two_who_answer_at_the_same_instant_do_not_both(database: TeamDatabase) -> None:
    number = asked(database)
    done: list[bool] = []
    threads = [
        threading.Thread(target=lambda state=state: done.append(answered(database, BOB, number, state)))
        for state in (WaiverState.GRANTED, WaiverState.REFUSED)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(done) == [False, True]
