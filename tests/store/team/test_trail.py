"""The audit trail tells what was changed, and whatever is done to it shows."""

from __future__ import annotations

import threading
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

from lockgate.errors import StoreError
from lockgate.model.actor import SYSTEM, Actor
from lockgate.store.team import trail
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.trail import BEGINNING, TRAIL, Appended, Entry, hash_of, verified

ANA = Actor("person:1", "Ana")


def told(database: TeamDatabase, count: int = 3) -> list[Appended]:
    with database.begin() as connection:
        return [trail.append(connection, Entry(ANA, "waivers:approve", f"waiver:{n}")) for n in range(count)]


def looked(database: TeamDatabase, expected_head: str = "") -> trail.Verified:
    with database.read() as connection:
        return verified(trail.chain(connection), heads=[expected_head] if expected_head else ())


def test_a_chain_that_nobody_touched_holds(database: TeamDatabase) -> None:
    assert looked(database) == trail.Verified(0, BEGINNING)
    last = told(database)[-1]
    assert looked(database, last.hash) == trail.Verified(3, last.hash)
    with database.read() as connection:
        assert trail.head(connection) == (3, last.hash)
        assert [one.number for one in trail.latest(connection, 2)] == [3, 2]


def test_a_changed_entry_shows(database: TeamDatabase) -> None:
    told(database)
    with database.begin() as connection:
        connection.execute(update(TRAIL).where(TRAIL.c.number == 2).values(actor_name="Bob"))
    assert looked(database).broken == ("entry 2 was changed",)


def test_an_entry_that_was_changed_with_its_hash_shows_at_the_next(database: TeamDatabase) -> None:
    second = told(database)[1]
    with database.begin() as connection:
        values = asdict(second) | {"actor_name": "Bob"}
        connection.execute(update(TRAIL).where(TRAIL.c.number == 2).values(actor_name="Bob", hash=hash_of(values)))
    assert looked(database).broken == ("entry 3 does not follow the one before it",)


def test_a_missing_entry_shows(database: TeamDatabase) -> None:
    told(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM audit_trail WHERE number = 2"))
    assert "entry 2 is missing: 3 follows 1" in looked(database).broken


def test_entries_cut_off_at_the_end_show_where_the_head_was_noted(database: TeamDatabase) -> None:
    head = told(database)[-1].hash
    with database.begin() as connection:
        connection.execute(text("DELETE FROM audit_trail WHERE number = 3"))
    assert looked(database).broken == ()
    assert "cut off" in looked(database, head).broken[0]


def test_an_entry_is_there_only_with_what_it_tells(database: TeamDatabase) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        trail.append(connection, Entry(SYSTEM, "x"))
        _ = 1 / 0
    assert looked(database).count == 0


def test_many_at_once_make_one_chain(database: TeamDatabase) -> None:
    threads = [threading.Thread(target=told, args=(database, 5)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert looked(database).count == 20
    assert looked(database).broken == ()


def test_entries_about_one_object_or_of_one_actor_are_found(database: TeamDatabase) -> None:
    told(database)
    with database.read() as connection:
        assert [one.number for one in trail.entries(connection, target="waiver:1")] == [2]
        assert trail.entries(connection, actor="person:2") == ()


def test_more_than_an_entry_holds_is_refused(database: TeamDatabase) -> None:
    with pytest.raises(StoreError), database.begin() as connection:
        trail.append(connection, Entry(ANA, "x", detail={"a": "b" * 70_000}))


def chained(texts: list[str]) -> list[Appended]:
    made: list[Appended] = []
    for number, words in enumerate(texts, 1):
        values = {field.name: "" for field in fields(Appended)} | {"number": number, "reason": words}
        values["previous"] = made[-1].hash if made else BEGINNING
        made.append(Appended(**{**values, "hash": hash_of(values)}))  # type: ignore[arg-type]
    return made


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=8), st.data())
def test_any_change_of_any_entry_shows(texts: list[str], data: st.DataObject) -> None:
    whole = chained(texts)
    assert verified(iter(whole)).broken == ()
    place = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["change", "drop", "swap"]))
    other = list(whole)
    if kind == "change":
        other[place] = replace(whole[place], reason=whole[place].reason + "x")
    elif kind == "drop":
        del other[place]
    else:
        other[place], other[place - 1] = other[place - 1], other[place]
    assert verified(iter(other), heads=[whole[-1].hash]).broken != ()
