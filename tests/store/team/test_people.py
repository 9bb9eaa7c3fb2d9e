"""People, teams, sessions, tokens and factors as they are kept."""

import pytest

from lockgate.access.permissions import grant
from lockgate.errors import ConfigurationError, StoreError, UsageError
from lockgate.model.actor import ActorKind, Asset, AssetKind, Persona
from lockgate.store.team import actors, credentials, jobs, people, sessions, teams, tokens
from lockgate.store.team.sealing import VARIABLE, Seal, seal_of

NOW = 1_900_000_000.0


@pytest.fixture
def connection(database):
    with database.begin() as opened:
        yield opened


def ana(connection, **more):
    return people.create(connection, username="Ana", name="Ana Ruiz", email="Ana@acme.example", now=NOW, **more)


def signed_in(connection, person, **more):
    return sessions.start(connection, person.id, hours=1, methods=["pwd", "otp"], now=NOW, **more)


def test_a_person_is_known_by_the_identity_of_a_provider_and_not_by_an_address(connection):
    one = ana(connection)
    people.link(connection, one.id, "entra", "subject-1", now=NOW)
    assert people.by_identity(connection, "entra", "subject-1") == one
    assert people.by_identity(connection, "github", "subject-1") is None
    other = people.create(connection, username="other", email="ana@acme.example")
    with pytest.raises(UsageError, match="belongs to another account"):
        people.link(connection, other.id, "entra", "subject-1")


def test_two_people_have_two_user_names(connection):
    ana(connection)
    with pytest.raises(UsageError, match="somebody called ana already"):
        people.create(connection, username="ANA")
    assert people.free_username(connection, "Ana") == "ana-2"
    with pytest.raises(UsageError, match="no user name"):
        people.create(connection, username="a b")


def test_a_disabled_person_is_nobody_at_once(connection):
    one = ana(connection, personas=[Persona.SRE])
    token, session = signed_in(connection, one)
    shown, _ = tokens.create(connection, "laptop", kind=ActorKind.PERSON, grants=[grant("team:findings:read")],
                             seconds=3600, created_by=one.id, person=one.id, now=NOW)  # fmt: skip
    assert actors.of_session(connection, session).personas == (Persona.SRE,)
    assert people.disable(connection, one.id, actor="system", now=NOW)
    assert not people.disable(connection, one.id, actor="system", now=NOW)
    assert sessions.find(connection, token, idle_seconds=60, now=NOW) is None
    assert tokens.find(connection, shown, now=NOW) is None
    assert actors.of_session(connection, session) is None
    assert actors.of_person(connection, one.id) is None
    assert people.active(connection, [one.id, "person:unknown"]) == frozenset()
    [job] = jobs.listed(connection, kind=people.DISABLED)
    assert job.payload == {"person": one.id}
    assert people.enable(connection, one.id)
    assert people.active(connection, [one.id]) == {one.id}
    assert sessions.find(connection, token, idle_seconds=60, now=NOW) is None


def test_claims_and_administrators_both_say_what_somebody_is(connection):
    one = ana(connection, personas=[Persona.DEVELOPER])
    teams.put(connection, "shop", owns=[Asset(AssetKind.REPOSITORY, "acme/shop-*")])
    teams.put(connection, "tools")
    teams.set_joined(connection, one.id, ["tools"])
    people.change(connection, one.id, claimed_personas=[Persona.SRE], claimed_teams=["shop"])
    actor = actors.of_person(connection, one.id)
    assert actor.personas == (Persona.DEVELOPER, Persona.SRE)
    assert {team.name: len(team.owns) for team in actor.teams} == {"shop": 1, "tools": 0}
    people.change(connection, one.id, claimed_personas=[], claimed_teams=[])
    assert [team.name for team in actors.of_person(connection, one.id).teams] == ["tools"]


def test_a_team_owns_things_and_never_everything(connection):
    with pytest.raises(UsageError, match="nothing that one team owns"):
        teams.put(connection, "all", owns=[Asset(AssetKind.REPOSITORY, "*")])
    with pytest.raises(UsageError, match="no name of a team"):
        teams.put(connection, "Shop Team")
    with pytest.raises(UsageError, match="there is no team nothing"):
        teams.set_joined(connection, "person:1", ["nothing"])


def test_a_session_ends_by_age_and_by_idleness(connection):
    token, _ = signed_in(connection, ana(connection))
    assert sessions.find(connection, token, idle_seconds=600, now=NOW + 599)
    assert sessions.find(connection, token, idle_seconds=600, now=NOW + 601) is None
    assert sessions.find(connection, token, idle_seconds=99_999, now=NOW + 3_601) is None
    assert sessions.find(connection, "guess", idle_seconds=600, now=NOW) is None


def test_a_second_factor_changes_what_the_browser_holds(connection):
    token, session = signed_in(connection, ana(connection))
    fresh = sessions.strengthen(connection, session, methods=["hwk"], now=NOW + 5)
    assert sessions.find(connection, token, idle_seconds=600, now=NOW) is None
    found = sessions.find(connection, fresh, idle_seconds=600, now=NOW)
    assert (found.mfa, found.methods) == (NOW + 5, ("pwd", "otp", "hwk"))


def test_a_provider_ends_the_sessions_that_it_began(connection):
    one = ana(connection)
    signed_in(connection, one, provider="entra", subject="s", provider_session="sid-1")
    signed_in(connection, one, provider="entra", subject="s", provider_session="sid-2")
    signed_in(connection, one)
    assert sessions.end_at_provider(connection, "entra") == 0
    assert sessions.end_at_provider(connection, "entra", provider_session="sid-1") == 1
    assert sessions.end_at_provider(connection, "entra", subject="s") == 1
    assert len(sessions.of(connection, one.id, now=NOW)) == 1


def test_what_counts_once_counts_once(connection):
    assert sessions.remember(connection, "state", "k", {"a": 1}, seconds=60, now=NOW)
    assert not sessions.remember(connection, "state", "k", {"a": 2}, seconds=60, now=NOW)
    assert sessions.taken(connection, "link", "k", now=NOW) is None
    assert sessions.taken(connection, "state", "k", now=NOW) == {"a": 1}
    assert sessions.taken(connection, "state", "k", now=NOW) is None
    sessions.remember(connection, "state", "late", {}, seconds=60, now=NOW)
    assert sessions.taken(connection, "state", "late", now=NOW + 61) is None


def test_secrets_stand_nowhere(connection):
    from sqlalchemy import select

    one = ana(connection)
    token, _ = signed_in(connection, one)
    shown, _ = tokens.create(connection, "ci", kind=ActorKind.SERVICE, grants=[grant("any:runs:upload")], seconds=60,
                             created_by=one.id, now=NOW)  # fmt: skip
    sessions.remember(connection, "state", "secret-state", {}, seconds=60, now=NOW)
    credentials.set_recovery_codes(connection, one.id, ["aaaa-bbbb"])
    tables = sessions.SESSIONS, tokens.TOKENS, sessions.PENDING, credentials.RECOVERY
    kept = "".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))
    assert not any(secret in kept for secret in (token, shown, "secret-state", "aaaa-bbbb"))


def test_a_token_expires_and_is_revoked(connection):
    one = ana(connection)
    made = {"kind": ActorKind.SERVICE, "grants": [grant("team:runs:upload")], "created_by": one.id, "now": NOW}
    shown, token = tokens.create(connection, "ci", seconds=60, teams=["shop"], **made)
    assert shown.startswith("lkg_")
    assert tokens.find(connection, shown, now=NOW + 59) == token
    assert tokens.find(connection, shown, now=NOW + 60) is None
    actor = actors.of_token(connection, token)
    assert (actor.kind, actor.personas, [team.name for team in actor.teams]) == (ActorKind.SERVICE, (), ["shop"])
    assert tokens.revoke(connection, token.id, now=NOW)
    assert tokens.find(connection, shown, now=NOW) is None
    for seconds in (0, -1, 400 * 86_400):
        with pytest.raises(UsageError, match="lasts up to 366 days"):
            tokens.create(connection, "ci", seconds=seconds, **made)


def test_who_guesses_is_locked_out_for_longer_each_time(connection):
    assert [credentials.failed(connection, "account ana", now=NOW) for _ in range(4)] == [0.0] * 4
    assert [credentials.failed(connection, "account ana", now=NOW) - NOW for _ in range(3)] == [30, 60, 120]
    assert credentials.locked_until(connection, "account ana", now=NOW + 119) == NOW + 120
    assert credentials.locked_until(connection, "account ana", now=NOW + 121) == 0
    assert credentials.locked_until(connection, "account bo", now=NOW) == 0
    credentials.succeeded(connection, "account ana")
    assert credentials.failed(connection, "account ana", now=NOW) == 0


def test_a_one_time_code_and_a_recovery_code_count_once(connection):
    credentials.set_one_time_code(connection, "p", "sealed")
    assert not credentials.factors(connection, "p").second
    assert credentials.use_step(connection, "p", 7, now=NOW)
    assert credentials.factors(connection, "p").second
    assert not credentials.use_step(connection, "p", 7, now=NOW)
    assert not credentials.use_step(connection, "p", 6, now=NOW)
    credentials.set_recovery_codes(connection, "p", ["a", "b"])
    assert credentials.use_recovery_code(connection, "p", "a")
    assert not credentials.use_recovery_code(connection, "p", "a")
    assert not credentials.use_recovery_code(connection, "q", "b")


def test_a_seal_opens_for_its_owner_and_with_its_key_alone(tmp_path):
    seal = seal_of(tmp_path, environment={})
    text = seal.sealed(b"value", "otp person:1")
    assert seal_of(tmp_path, environment={}).opened(text, "otp person:1") == b"value"
    assert (tmp_path / "team.key").stat().st_mode & 0o077 == 0
    for other, bound in ((seal, "otp person:2"), (Seal(b"k" * 32), "otp person:1")):
        with pytest.raises(StoreError, match="cannot be opened with this key"):
            other.opened(text, bound)
    with pytest.raises(ConfigurationError, match="is no key"):
        seal_of(tmp_path, environment={VARIABLE: "short"})


def test_groups_of_a_directory_have_members(connection):
    one = ana(connection)
    group = teams.put_group(connection, "Platform", external_id="e-1")
    teams.set_group_members(connection, group.id, add=[one.id])
    assert teams.groups_of(connection, one.id) == (group,)
    with pytest.raises(UsageError, match="of that name already"):
        teams.put_group(connection, "Platform")
    teams.set_group_members(connection, group.id, remove=[one.id])
    assert teams.group_members(connection, group.id) == ()
    assert teams.delete_group(connection, group.id) and not teams.delete_group(connection, group.id)
