"""Saved views: one's own, those of a team, and what the audit trail is told of them."""

from __future__ import annotations

import pytest

from lockgate.errors import UsageError
from lockgate.model.actor import Actor, Team
from lockgate.store.team import trail, views
from lockgate.store.team.database import TeamDatabase

ANA = Actor("person:1", "Ana", teams=(Team("shop"),))
BOB = Actor("person:2", "Bob", teams=(Team("shop"),))
EVE = Actor("person:3", "Eve", teams=(Team("pay"),))


def names(database: TeamDatabase, actor: Actor) -> list[str]:
    with database.read() as connection:
        return [one.name for one in views.seen(connection, actor, lists=["findings"])]


def told(database: TeamDatabase) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(one.actor, one.action) for one in trail.entries(connection)]


def test_a_view_is_seen_by_its_owner_and_by_the_team_it_is_shared_with(database: TeamDatabase) -> None:
    with database.begin() as connection:
        views.save(connection, ANA, "findings", "mine", "severity=high")
        views.save(connection, ANA, "findings", "ours", "state=new", team="shop")
        views.save(connection, ANA, "jobs", "elsewhere", "")
    assert (names(database, ANA), names(database, BOB), names(database, EVE)) == (["mine", "ours"], ["ours"], [])
    assert told(database) == [("person:1", "views:share")]


def test_saving_under_the_same_name_changes_the_view_and_tells_that_it_is_shared_no_longer(
    database: TeamDatabase,
) -> None:
    with database.begin() as connection:
        first = views.save(connection, ANA, "findings", "ours", "state=new", team="shop", now=1.0)
        again = views.save(connection, ANA, "findings", "  ours ", "state=known", now=2.0)
    assert (again.id, again.query, names(database, BOB)) == (first.id, "state=known", [])
    assert told(database) == [("person:1", "views:share"), ("person:1", "views:unshare")]


def test_only_its_owner_takes_a_view_away(database: TeamDatabase) -> None:
    with database.begin() as connection:
        view = views.save(connection, ANA, "findings", "ours", "", team="shop")
        assert views.remove(connection, BOB, view.id) is None
        assert views.remove(connection, ANA, view.id) == view
        assert views.remove(connection, ANA, view.id) is None
    assert names(database, BOB) == []
    assert told(database) == [("person:1", "views:share"), ("person:1", "views:unshare")]


@pytest.mark.parametrize(("name", "team"), [("", ""), ("   ", ""), ("a" * 81, ""), ("a\x1bb", ""), ("a", "pay")])
def test_a_name_that_is_none_and_a_team_of_others_are_refused(database: TeamDatabase, name: str, team: str) -> None:
    with database.begin() as connection, pytest.raises(UsageError):
        views.save(connection, ANA, "findings", name, "", team=team)


def test_one_person_has_so_many_views_and_no_more(database: TeamDatabase) -> None:
    with database.begin() as connection:
        for number in range(views.MOST_VIEWS):
            views.save(connection, ANA, "findings", f"{number}", "")
        views.save(connection, ANA, "findings", "0", "state=new")
        with pytest.raises(UsageError, match="already"):
            views.save(connection, ANA, "findings", "one more", "")


def test_a_team_that_is_no_more_leaves_its_views_to_their_owners(database: TeamDatabase) -> None:
    with database.begin() as connection:
        views.save(connection, ANA, "findings", "ours", "", team="shop")
        assert views.unshare(connection, "shop") == 1
    assert (names(database, ANA), names(database, BOB)) == (["ours"], [])
