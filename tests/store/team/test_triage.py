"""What people say of findings: state, who looks after them, remarks."""

from __future__ import annotations

import pytest

from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.store.team import triage
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.triage import TriageState

ANA = Actor("person:1", "Ana")


def test_many_are_changed_at_once_and_what_is_not_said_stays(database: TeamDatabase) -> None:
    with database.begin() as connection:
        assert triage.change(connection, ANA, ["a", "b", "a"], assignee=("person:1", "Ana"), now=1.0) == 2
        triage.change(connection, ANA, ["b"], state=TriageState.IN_PROGRESS, now=2.0)
        found = triage.found(connection, ["a", "b", "c"])
    assert {name: (one.state, one.assignee) for name, one in found.items()} == {
        "a": (TriageState.OPEN, "person:1"), "b": (TriageState.IN_PROGRESS, "person:1"),
    }  # fmt: skip


def test_somebody_sees_what_they_look_after_until_it_is_mended(database: TeamDatabase) -> None:
    with database.begin() as connection:
        triage.change(connection, ANA, ["a", "b"], assignee=("person:1", "Ana"), now=1.0)
        triage.change(connection, ANA, ["a"], state=TriageState.MENDED, now=2.0)
        assert [one.identity for one in triage.of_assignee(connection, "person:1")] == ["b"]
        triage.change(connection, ANA, ["b"], assignee=("", ""), now=3.0)
        assert triage.of_assignee(connection, "person:1") == ()


def test_remarks_stand_in_their_order(database: TeamDatabase) -> None:
    with database.begin() as connection:
        for text in ("first", "second "):
            triage.remark(connection, ANA, "a", text)
        assert [one.text for one in triage.remarks(connection, "a")] == ["first", "second"]


def test_nothing_and_too_much_are_refused(database: TeamDatabase) -> None:
    with database.begin() as connection:
        for identities in ([], ["x" * 81], [str(n) for n in range(501)]):
            with pytest.raises(UsageError):
                triage.change(connection, ANA, identities, state=TriageState.OPEN)
        with pytest.raises(UsageError):
            triage.remark(connection, ANA, "a", "  ")
