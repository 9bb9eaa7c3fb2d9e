"""Command lines by the device flow, pipelines by the token of their forge."""

from datetime import timedelta

import pytest

from lockgate.errors import ConfigurationError
from lockgate.model.actor import Actor, ActorKind, Persona
from lockgate.server.sign_in import by_program
from lockgate.server.sign_in.by_program import FlowError
from lockgate.server.sign_in.house import Came
from lockgate.server.sign_in.identity import SignInError
from lockgate.settings import PeopleSettings, WorkloadSettings
from lockgate.store.team import actors, people, tokens, trail

CAME = Came("192.0.2.7", "lockgate")


@pytest.fixture
def ana(house):
    with house.database.begin() as connection:
        made = people.create(connection, username="ana", personas=[Persona.DEVELOPER])
    return Actor(made.id, "Ana", personas=(Persona.DEVELOPER,))


def refused(house, device):
    with pytest.raises(FlowError) as caught:
        by_program.poll_device(house, device.device_code, came=CAME)
    return caught.value.code


def test_a_command_line_is_let_in_by_a_person_and_may_no_more_than_they_may(house, ana, clock):
    device = by_program.begin_device(house, name="laptop", came=CAME)
    assert refused(house, device) == "authorization_pending"
    assert refused(house, device) == "slow_down"
    clock.ahead = timedelta(seconds=6)
    assert refused(house, device) == "authorization_pending"
    assert by_program.asked(house, device.user_code.lower(), ana)["name"] == "laptop"
    by_program.answer_device(house, device.user_code, ana, allow=True, came=CAME)
    given = by_program.poll_device(house, device.device_code, came=CAME)
    with house.database.read() as connection:
        actor = actors.of_token(connection, tokens.find(connection, given.token))
    assert (actor.id, actor.personas, actor.narrowed) == (ana.id, (Persona.DEVELOPER,), by_program.COMMAND_LINE)
    assert refused(house, device) == "expired_token"
    with pytest.raises(SignInError, match="nothing waits with that code"):
        by_program.answer_device(house, device.user_code, ana, allow=True, came=CAME)


def test_a_command_line_that_is_refused_or_waits_too_long_gets_nothing(house, ana, clock):
    device = by_program.begin_device(house, name="laptop", came=CAME)
    by_program.answer_device(house, device.user_code, ana, allow=False, came=CAME)
    assert refused(house, device) == "access_denied"
    assert refused(house, device) == "expired_token"
    late = by_program.begin_device(house, name="laptop", came=CAME)
    clock.ahead = timedelta(minutes=11)
    assert refused(house, late) == "expired_token"


def test_somebody_who_was_disabled_meanwhile_lets_nothing_in(house, ana):
    device = by_program.begin_device(house, name="laptop", came=CAME)
    by_program.answer_device(house, device.user_code, ana, allow=True, came=CAME)
    with house.database.begin() as connection:
        people.disable(connection, ana.id, actor="test")
    assert refused(house, device) == "access_denied"


def test_codes_of_command_lines_cannot_be_guessed(house, ana):
    for _ in range(5):
        assert by_program.asked(house, "BBBB-BBBB", ana) is None
    with pytest.raises(SignInError, match="too many attempts"):
        by_program.asked(house, "BBBB-BBBB", ana)


GITHUB = {
    "sub": "repo:acme/shop:ref:refs/heads/main", "repository": "acme/shop", "ref": "refs/heads/main", "run_id": "77",
    "job_workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main", "event_name": "push",
    "workflow": "deploy", "actor": "ana",
}  # fmt: skip


@pytest.fixture
def pipelines(house, issuer, people_settings):
    workflow = "acme/shop/.github/workflows/deploy.yml@*"
    line = WorkloadSettings(issuer=issuer.issuer, repository="acme/shop", ref="refs/heads/main", teams=("shop",),
                            workflow=workflow, grants=("team:runs:upload",))  # fmt: skip
    azure = WorkloadSettings(issuer=issuer.issuer, subject="sc://acme/shop/deploy", audience="api://lockgate",
                             grants=("any:images:notify",), minutes=5)  # fmt: skip
    people_settings["settings"] = PeopleSettings(workloads=(line, azure))
    return issuer


def test_a_pipeline_gets_a_short_token_for_what_its_line_says(house, pipelines):
    given = by_program.exchange(house, pipelines.token(**GITHUB), came=CAME)
    assert (given.seconds, given.scope) == (900, "team:runs:upload")
    with house.database.read() as connection:
        actor = actors.of_token(connection, tokens.find(connection, given.token))
        told = trail.latest(connection, 1)[0]
    assert (actor.kind, actor.id) == (ActorKind.WORKLOAD, "workload:repo:acme/shop:ref:refs/heads/main")
    assert [team.name for team in actor.teams] == ["shop"]
    assert told.action == "tokens:exchange" and '"run_id":"77"' in told.detail
    of_azure = pipelines.token(sub="sc://acme/shop/deploy", aud="api://lockgate")
    assert by_program.exchange(house, of_azure, came=CAME).scope == "any:images:notify"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"repository": "mallory/shop"}, "no line of the settings is for this pipeline"),
        ({"ref": "refs/heads/feature"}, "no line of the settings"),
        ({"ref": "refs/pull/7/merge"}, "no line of the settings"),
        ({"job_workflow_ref": "mallory/x/.github/workflows/deploy.yml@main"}, "no line of the settings"),
        ({"aud": "sts.amazonaws.com"}, "InvalidAudienceError"),
        ({"jti": None}, "MissingRequiredClaimError"),
        ({"exp": 1}, "ExpiredSignatureError"),
        ({"lasts": 90_000}, "more than a day"),
    ],
)
def test_other_pipelines_get_nothing_and_that_is_told(house, pipelines, claims, said):
    with pytest.raises(FlowError, match=said) as caught:
        by_program.exchange(house, pipelines.token(**{**GITHUB, **claims}), came=CAME)
    assert caught.value.code == "invalid_grant"
    with house.database.read() as connection:
        assert trail.latest(connection, 1)[0].outcome == trail.REFUSED


def test_a_token_of_a_pipeline_counts_once(house, pipelines):
    token = pipelines.token(**GITHUB)
    by_program.exchange(house, token, came=CAME)
    with pytest.raises(FlowError, match="was shown before"):
        by_program.exchange(house, token, came=CAME)


def test_issuers_that_the_settings_do_not_name_are_never_asked(house, pipelines):
    forged = pipelines.token(**GITHUB, iss="http://127.0.0.1:9")
    with pytest.raises(FlowError, match="name no such issuer"):
        by_program.exchange(house, forged, came=CAME)
    with pytest.raises(FlowError, match="is no token"):
        by_program.exchange(house, "nonsense", came=CAME)
    with pytest.raises(FlowError, match="too long"):
        by_program.exchange(house, "x" * 20_000, came=CAME)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"ref": "refs/heads/main"}, "does not say whose pipelines"),
        ({"repository": "*/shop"}, "fits pipelines of everybody"),
        ({"subject": "repo:*"}, "fits pipelines of everybody"),
        ({"subject": "*"}, "fits pipelines of everybody"),
        ({"repository": "acme/shop", "grants": ("any:everything:do",)}, "there is no permission"),
    ],
)
def test_a_line_that_means_everybody_is_refused(house, people_settings, line, said):
    made = WorkloadSettings(**{"grants": ("team:runs:upload",), **line})
    people_settings["settings"] = PeopleSettings(workloads=(made,))
    with pytest.raises(ConfigurationError, match=said):
        house.check()
