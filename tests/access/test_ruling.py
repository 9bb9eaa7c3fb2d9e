"""Who may what: the promises of the matrix, and that no teams, tokens or clocks widen them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.access import Remedy, granted, may, owns
from lockgate.access import permissions as p
from lockgate.access.permissions import catalogue, grant
from lockgate.errors import UsageError
from lockgate.model.actor import (
    SYSTEM,
    Actor,
    ActorKind,
    Asset,
    AssetKind,
    Grant,
    Permission,
    Persona,
    Scope,
    Strength,
    Team,
)

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
FRESH = Strength(("pwd", "otp", "mfa"), NOW - timedelta(hours=1), NOW - timedelta(minutes=1))
SHOP = Team("shop", (Asset(AssetKind.REPOSITORY, "acme/shop-*"), Asset(AssetKind.ENVIRONMENT, "shop-production")))
OURS, THEIRS = Asset(AssetKind.REPOSITORY, "Acme/Shop-Web"), Asset(AssetKind.REPOSITORY, "acme/billing")


def person(*personas, teams=(SHOP,), strength=FRESH, **more):
    return Actor("person:1", "Ana", personas=personas, teams=teams, strength=strength, **more)


def test_a_developer_sees_what_their_team_owns_and_nothing_else():
    ana = person(Persona.DEVELOPER)
    assert may(ana, p.FINDINGS_READ, OURS, now=NOW)
    assert not (refused := may(ana, p.FINDINGS_READ, THEIRS, now=NOW))
    assert refused.reason == "Ana may findings:read only for what their teams own"
    assert may(ana, p.FINDINGS_READ, now=NOW).scope is Scope.TEAM


def test_a_namespace_is_not_a_repository_of_the_same_name():
    assert not owns(person(Persona.DEVELOPER), Asset(AssetKind.NAMESPACE, "acme/shop-web"))


def test_who_may_is_named_to_who_may_not():
    refused = may(person(Persona.DEVELOPER), p.WAIVERS_APPROVE, OURS, now=NOW)
    assert refused.reason == "Ana (developer) may not waivers:approve; security may"


def test_an_approval_needs_a_second_factor_of_the_last_minutes():
    stale = Strength(("pwd", "otp"), NOW - timedelta(hours=2), NOW - timedelta(minutes=11))
    place = Asset(AssetKind.ENVIRONMENT, "shop-production")
    assert may(person(Persona.SRE), p.DEPLOYMENTS_APPROVE, place, now=NOW)
    refused = may(person(Persona.SRE, strength=stale), p.DEPLOYMENTS_APPROVE, place, now=NOW)
    assert not refused and refused.remedy is Remedy.STEP_UP
    assert may(person(Persona.SRE, strength=stale), p.DEPLOYMENTS_APPROVE, place, now=NOW, fresh_mfa=15)
    ahead = Strength(("otp",), NOW, NOW + timedelta(minutes=1))
    assert not may(person(Persona.SRE, strength=ahead), p.DEPLOYMENTS_APPROVE, place, now=NOW)


def test_a_service_has_no_second_factor_and_only_what_its_token_says():
    robot = Actor("service:1", "uploader", ActorKind.SERVICE, grants=(grant("any:runs:upload"),))
    assert may(robot, p.RUNS_UPLOAD, THEIRS, now=NOW)
    assert may(robot, p.FINDINGS_READ, THEIRS, now=NOW).reason.startswith("uploader (service) may not findings:read")


def test_a_token_of_a_person_narrows_what_they_may():
    ana = person(Persona.SECURITY, narrowed=(grant("team:findings:read"),))
    assert may(ana, p.FINDINGS_READ, OURS, now=NOW)
    assert not may(ana, p.FINDINGS_READ, THEIRS, now=NOW)
    assert may(ana, p.WAIVERS_READ, now=NOW).reason == "the token of Ana is not for waivers:read"


def test_an_account_is_its_owners_and_administrators_alone():
    mine, other = Asset.of_person("person:1"), Asset.of_person("person:2")
    assert may(person(Persona.DEVELOPER), p.ACCOUNT_CHANGE, mine, now=NOW)
    assert not may(person(Persona.DEVELOPER), p.ACCOUNT_CHANGE, other, now=NOW)
    assert may(person(Persona.ADMINISTRATOR), p.ACCOUNT_CHANGE, other, now=NOW)


def test_what_no_team_owns_is_reached_whole_or_not_at_all_also_where_an_object_is_named():
    ana = person(Persona.DEVELOPER, narrowed=(grant("own:teams:read"),))
    for asked in (None, Asset.of_person("person:1"), OURS):
        refused = may(ana, p.TEAMS_READ, asked, now=NOW)
        assert not refused and refused.reason.endswith("a token for it says any:teams:read")
    assert may(person(Persona.DEVELOPER), p.TEAMS_READ, OURS, now=NOW)


def test_duties_are_kept_apart():
    assert p.DEPLOYMENTS_APPROVE not in granted(Persona.ADMINISTRATOR)
    assert p.WAIVERS_APPROVE not in granted(Persona.ADMINISTRATOR)
    assert [one for one in Persona if p.WAIVERS_APPROVE in granted(one)] == [Persona.SECURITY]
    assert [one for one in Persona if p.PEOPLE_CHANGE in granted(one)] == [Persona.ADMINISTRATOR]
    assert p.DEPLOYMENTS_APPROVE not in granted(Persona.DEVELOPER)


def test_every_permission_is_granted_to_somebody_or_meant_for_tokens():
    of_nobody = [str(one.permission) for one in catalogue() if not any(one.permission in granted(x) for x in Persona)]
    assert of_nobody == ["record:ingest", "images:notify", "people:provision"]


def test_what_does_not_exist_is_refused_with_a_way_out():
    with pytest.raises(UsageError, match="there is no permission findings:raed"):
        grant("team:findings:raed")
    with pytest.raises(UsageError, match="is no grant"):
        grant("all:findings:read")
    with pytest.raises(UsageError, match="is no permission"):
        Permission("Findings", "read")
    with pytest.raises(UsageError, match="there is no permission"):
        may(person(Persona.SECURITY), Permission("nothing", "read"), now=NOW)


def test_the_system_is_asked_for_nothing():
    assert not any(may(SYSTEM, one.permission, now=NOW) for one in catalogue())


PERMISSIONS = st.sampled_from([one.permission for one in catalogue()])
GRANTS = st.builds(Grant, st.sampled_from(Scope), PERMISSIONS)
NAMES = st.sampled_from(["a", "a/b", "A/B", "a/*", "*", "[a]", "a?b", "", "shop/web"])
ASSETS = st.builds(Asset, st.sampled_from(AssetKind), NAMES, st.sampled_from(["", "person:1", "person:2"]))
TEAMS = st.lists(st.builds(Team, NAMES, st.lists(ASSETS, max_size=3).map(tuple)), max_size=2).map(tuple)
PERSONAS = st.lists(st.sampled_from(Persona), max_size=3).map(tuple)
NARROWED = st.none() | st.lists(GRANTS, max_size=4).map(tuple)
ACTORS = st.builds(
    Actor, st.just("person:1"), st.just("Ana"), st.sampled_from(ActorKind), PERSONAS, TEAMS,
    st.lists(GRANTS, max_size=3).map(tuple), NARROWED, st.just(FRESH),
)  # fmt: skip


def changed(actor, **fields):
    import dataclasses

    return dataclasses.replace(actor, **fields)


@given(ACTORS, PERMISSIONS, st.none() | ASSETS)
def test_every_ruling_gives_its_reason(actor, permission, asset):
    assert may(actor, permission, asset, now=NOW).reason


@given(ACTORS, PERMISSIONS, ASSETS, NARROWED)
def test_a_token_never_widens(actor, permission, asset, narrowed):
    whole = changed(actor, narrowed=None)
    if may(changed(actor, narrowed=narrowed), permission, asset, now=NOW):
        assert may(whole, permission, asset, now=NOW)


@given(ACTORS, PERMISSIONS, ASSETS, PERSONAS, TEAMS)
def test_another_persona_or_team_never_takes_away(actor, permission, asset, personas, teams):
    more = changed(actor, personas=actor.personas + personas, teams=actor.teams + teams)
    if may(actor, permission, asset, now=NOW):
        assert may(more, permission, asset, now=NOW)


@given(ACTORS, PERMISSIONS, ASSETS)
def test_who_may_to_one_object_may_at_all(actor, permission, asset):
    if may(actor, permission, asset, now=NOW):
        assert may(actor, permission, now=NOW)


@given(ACTORS, PERMISSIONS, ASSETS)
def test_who_is_nothing_yet_may_nothing_but_their_own_account(actor, permission, asset):
    if may(changed(actor, personas=(), grants=()), permission, asset, now=NOW):
        assert str(permission) in ("account:read", "account:change", "tokens:revoke")
        assert actor.kind is ActorKind.PERSON and asset.owner == actor.id


@given(GRANTS)
def test_a_grant_is_read_as_it_is_written(one):
    assert Grant.parse(str(one)) == one
