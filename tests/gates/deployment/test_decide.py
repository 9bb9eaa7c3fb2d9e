"""The decision on one deployment, and which answers count for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.gates.deployment import Approver, Environment, Evidence, Ruling, decide
from lockgate.gates.deployment.answers import Bound, weigh
from lockgate.gates.deployment.binding import binding_of, policy_version, subject_of
from lockgate.gates.deployment.environment import environments_of, find
from lockgate.gates.deployment.evidence import CheckSeen, CheckState, FindingSeen, GateSeen, ImageSeen, PolicyVerdict
from lockgate.model import Verdict
from lockgate.model.deployment import Answered, Approval, BreakGlass, DeploymentRequest, Standing
from lockgate.settings import (
    BreakGlassSettings,
    EnvironmentSettings,
    Freeze,
    GateSettings,
    ImagesAsked,
    QuorumLine,
    Window,
)

NOW = datetime(2026, 7, 6, 10, 0, tzinfo=UTC)
"""A Monday."""
DIGEST = "sha256:" + "a" * 64
SETTINGS = EnvironmentSettings(
    name="production", refs=("refs/heads/main", "refs/tags/v*"),
    approvals=(QuorumLine(2, team="security"), QuorumLine(1, team="sre")),
)  # fmt: skip
REQUEST = DeploymentRequest(
    "r1", "production", "github.com/team/shop", "refs/heads/main", "c" * 40,
    (f"registry.example.com/team/cart@{DIGEST}",), "", "eve", NOW, ("Ada@Example.com",),
)  # fmt: skip
GOOD = Evidence(gate=GateSeen("allow"), images=(ImageSeen("registry.example.com/team/cart", DIGEST),))


def person(id: str, *teams: str, mail: str = "", active: bool = True) -> Approver:
    return Approver(id, id.title(), frozenset(teams), frozenset(), frozenset(filter(None, (mail,))), active)


PEOPLE = {
    one.id: one
    for one in (
        person("ada", "security", mail="ada@example.com"),  # wrote it
        person("bea", "security"), person("cas", "security", "sre"), person("dov", "sre"), person("eve", "security"),
        person("fay", "security", active=False), person("gus", "security"),
    )
}  # fmt: skip


def only(settings: EnvironmentSettings) -> Environment:
    return environments_of((settings,))[0]


def policy(settings: EnvironmentSettings = SETTINGS) -> str:
    return policy_version(only(settings), GateSettings(), rules="rules-1", images="")


def bound(evidence: Evidence = GOOD, request: DeploymentRequest = REQUEST) -> Bound:
    return Bound(binding_of(request, evidence, policy()), NOW)


def said(who: str, answer: Answered = Answered.APPROVE, **other) -> Approval:
    given = Approval(f"a-{who}", "r1", who, who.title(), answer, bound().binding, NOW + timedelta(minutes=1), mfa=True)
    return replace(given, **other)


def ruled(
    *answers: Approval, settings: EnvironmentSettings = SETTINGS, evidence: Evidence = GOOD, minutes: float = 5,
    request: DeploymentRequest = REQUEST, directory=PEOPLE, glass: tuple[BreakGlass, ...] = (),
    what: Bound | None = None,
) -> Ruling:  # fmt: skip
    return decide(
        only(settings), request, evidence, answers=answers, directory=directory, bound=what or bound(), glass=glass,
        now=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def reasons(ruling: Ruling) -> list[tuple[str, str]]:
    return [(one.rule, one.text) for one in ruling.decision.reasons]


def test_two_of_security_and_one_of_sre_let_it_through_and_fewer_are_named() -> None:
    asking = ruled(said("bea"))
    assert asking.standing is Standing.ASKING
    assert asking.decision.verdict is Verdict.ASK
    assert reasons(asking) == [
        ("environments[0].approvals[0]", "1 more of security"), ("environments[0].approvals[1]", "1 more of sre")
    ]  # fmt: skip
    assert asking.could_answer == ("cas", "dov", "gus")  # not the author, who asked for it, or who is disabled
    allowed = ruled(said("bea"), said("cas"), said("dov"))
    assert allowed.standing is Standing.ALLOWED
    assert allowed.decision.verdict is Verdict.ALLOW
    assert [one.people for one in allowed.lines] == [("Bea", "Cas"), ("Dov",)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (said("ada"), "they wrote what is deployed"),
        (said("eve"), "they asked for the deployment"),
        (said("fay"), "may no longer answer"),
        (said("zoe"), "may no longer answer"),
        (said("bea", mfa=False), "second factor"),
        (said("bea", binding="sha256:other"), "changed since"),
        (said("bea", at=NOW - timedelta(minutes=1)), "changed since"),
        (said("bea", request="r2"), "another request"),
    ],
)
def test_an_answer_that_does_not_count_is_kept_with_the_reason(answer: Approval, why: str) -> None:
    ruling = ruled(answer, said("cas"), said("dov"))
    assert ruling.standing is Standing.ASKING
    assert [one for one, _ in ruling.weighed.void] == [answer]
    assert why in ruling.weighed.void[0][1]


def test_of_one_person_the_last_answer_counts() -> None:
    later = said("bea", Answered.REJECT, id="a-later", at=NOW + timedelta(minutes=2), comment="not on a Monday")
    ruling = ruled(said("bea"), said("cas"), said("dov"), later)
    assert ruling.standing is Standing.DENIED
    assert ("environments[0].approvals", "Bea has rejected it: not on a Monday") in reasons(ruling)


def test_who_wrote_it_may_reject_it() -> None:
    assert ruled(said("ada", Answered.REJECT), said("bea"), said("cas"), said("dov")).standing is Standing.DENIED


def test_people_are_not_asked_while_a_check_runs_and_are_asked_while_a_timer_does() -> None:
    checked = replace(SETTINGS, checks=("build", "e2e"), wait_minutes=30)
    runs = replace(GOOD, checks=(CheckSeen("build", CheckState.SUCCESS), CheckSeen("e2e", CheckState.PENDING)))
    waiting = ruled(settings=checked, evidence=runs)
    assert waiting.standing is Standing.WAITING
    assert ("environments[0].checks[1]", "the check 'e2e' runs") in reasons(waiting)
    done = replace(GOOD, checks=(CheckSeen("build", CheckState.SUCCESS), CheckSeen("e2e", CheckState.SUCCESS)))
    asking = ruled(settings=checked, evidence=done)
    assert asking.standing is Standing.ASKING
    assert asking.look_again == NOW + timedelta(minutes=30)
    agreed = (said("bea"), said("cas"), said("dov"))
    assert ruled(*agreed, settings=checked, evidence=done).standing is Standing.WAITING
    assert ruled(*agreed, settings=checked, evidence=done, minutes=30).standing is Standing.ALLOWED


@pytest.mark.parametrize(
    ("settings", "evidence", "line", "standing"),
    [
        (SETTINGS, Evidence(), "gate", Standing.WAITING),
        (SETTINGS, Evidence(gate=GateSeen("deny", ("deny[0]: 2 findings",))), "gate", Standing.DENIED),
        (SETTINGS, replace(GOOD, policies=(PolicyVerdict("policy/root", "Pod a", "deny", "no"),)), "policies",
         Standing.DENIED),
        (replace(SETTINGS, refs=("refs/tags/v*",)), GOOD, "refs", Standing.DENIED),
        (replace(SETTINGS, checks=("build",)), GOOD, "checks[0]", Standing.WAITING),
        (replace(SETTINGS, checks=("build",)), replace(GOOD, checks=(CheckSeen("build", CheckState.FAILURE),)),
         "checks[0]", Standing.DENIED),
        (replace(SETTINGS, images=ImagesAsked(least=2, verified=False)), GOOD, "images.least", Standing.WAITING),
        (replace(SETTINGS, images=ImagesAsked()), GOOD, "images.verified", Standing.WAITING),
        (replace(SETTINGS, images=ImagesAsked()), replace(GOOD, images=(ImageSeen("x", DIGEST, "deny"),)),
         "images.verified", Standing.DENIED),
        (replace(SETTINGS, images=ImagesAsked(verified=False, scan_days=7)), GOOD, "images.scan_days",
         Standing.WAITING),
        (replace(SETTINGS, images=ImagesAsked(verified=False, scan_days=7)),
         replace(GOOD, images=(ImageSeen("x", DIGEST, scan="allow", scanned_at=NOW - timedelta(days=8)),)),
         "images.scan_days", Standing.WAITING),
        (replace(SETTINGS, images=ImagesAsked(verified=False, scan_days=7)),
         replace(GOOD, images=(ImageSeen("x", DIGEST, scan="deny", scanned_at=NOW),)), "images.no_denied",
         Standing.DENIED),
        (replace(SETTINGS, windows=(Window(opens="12:00", closes="13:00"),)), GOOD, "windows", Standing.WAITING),
        (replace(SETTINGS, freezes=(Freeze("2026-07-06", "2026-07-07", why="migration"),)), GOOD, "freezes[0]",
         Standing.WAITING),
    ],
)  # fmt: skip
def test_each_line_holds_it_back_by_its_name(settings, evidence, line, standing) -> None:
    answers = (said("bea"), said("cas"), said("dov"))
    ruling = ruled(*answers, settings=settings, evidence=evidence)
    assert ruling.standing is standing
    assert [rule for rule, _ in reasons(ruling)] == [f"environments[0].{line}"]


def test_nobody_is_asked_while_it_is_not_known_who_wrote_it() -> None:
    unknown = replace(GOOD, commits_known=False)
    told = Bound(binding_of(REQUEST, unknown, policy()), NOW)
    answers = [said(who, binding=told.binding) for who in ("bea", "cas", "dov")]
    ruling = ruled(*answers, evidence=unknown, what=told)
    assert ruling.standing is Standing.WAITING
    assert [rule for rule, _ in reasons(ruling)] == ["environments[0].author_may_approve"]
    trusting = replace(SETTINGS, author_may_approve=True)
    assert ruled(*answers, evidence=unknown, settings=trusting, what=told).standing is Standing.ALLOWED


def test_a_request_that_nobody_settles_expires_and_a_later_yes_does_not_bring_it_back() -> None:
    assert ruled(said("bea"), minutes=72 * 60 - 1).standing is Standing.ASKING
    expired = ruled(said("bea"), minutes=72 * 60)
    assert expired.standing is Standing.EXPIRED


def test_an_answer_grows_old_where_the_environment_says_so() -> None:
    old = replace(SETTINGS, approval_hours=2)
    answers = (said("bea"), said("cas"), said("dov"))
    assert ruled(*answers, settings=old, minutes=120).standing is Standing.ALLOWED
    assert ruled(*answers, settings=old, minutes=121).standing is Standing.ASKING


def test_an_environment_that_no_line_names_denies() -> None:
    assert find(environments_of((SETTINGS,)), "prod", "github.com/team/shop") is None
    ruling = decide(None, REQUEST, GOOD, answers=(), directory={}, bound=bound(), now=NOW)
    assert ruling.standing is Standing.DENIED
    assert ruling.decision.reasons[0].rule == "environments"


def test_the_first_line_that_environment_and_repository_meet_holds() -> None:
    lines = environments_of((
        EnvironmentSettings(name="prod-*", repositories=("github.com/team/*",)), EnvironmentSettings(name="*"),
    ))  # fmt: skip
    assert find(lines, "prod-eu", "github.com/team/shop") is lines[0]
    assert find(lines, "prod-eu", "github.com/other/shop") is lines[1]


GLASS = replace(SETTINGS, break_glass=BreakGlassSettings((QuorumLine(team="sre"),)), wait_minutes=60)
BROKEN = BreakGlass(
    "b1", "r1", "dov", "Dov", "the shop is down", subject_of(REQUEST), NOW, NOW + timedelta(minutes=60)
)


def test_a_broken_glass_passes_over_people_and_times_for_a_while_and_says_over_what() -> None:
    ruling = ruled(settings=GLASS, glass=(BROKEN,))
    assert ruling.standing is Standing.ALLOWED
    assert ruling.broken_by is BROKEN
    assert ruling.decision.verdict is Verdict.WARN
    (reason,) = ruling.decision.reasons
    assert reason.rule == "environments[0].break_glass"
    assert "Dov broke the glass (the shop is down) over: " in reason.text
    assert "1 more of sre" in reason.text
    assert "it waits until" in reason.text
    assert ruled(settings=GLASS, glass=(BROKEN,), minutes=60).standing is Standing.ASKING


@pytest.mark.parametrize(
    ("evidence", "request_", "settings"),
    [
        (replace(GOOD, gate=GateSeen("deny")), REQUEST, GLASS),
        (GOOD, replace(REQUEST, images=(f"registry.example.com/team/cart@sha256:{'b' * 64}",)), GLASS),
        (GOOD, replace(REQUEST, manifests=DIGEST), GLASS),
        (GOOD, REQUEST, SETTINGS),
        (GOOD, replace(REQUEST, ref="refs/heads/mine"), GLASS),
    ],
)
def test_it_passes_over_nothing_else_and_for_nothing_else(evidence, request_, settings) -> None:
    ruling = ruled(settings=settings, evidence=evidence, request=request_, glass=(BROKEN,))
    assert ruling.standing is not Standing.ALLOWED


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (EnvironmentSettings(), "has a name"),
        (EnvironmentSettings("x", approvals=(QuorumLine(2),)), "says who"),
        (EnvironmentSettings("x", approvals=(QuorumLine(1, team="a", persona="b"),)), "says who"),
        (EnvironmentSettings("x", approvals=(QuorumLine(2, people=("a", "a")),)), "never agree"),
        (EnvironmentSettings("x", break_glass=BreakGlassSettings()), "who may break it"),
    ],
)
def test_a_line_that_could_not_work_is_refused(settings, words) -> None:
    with pytest.raises(ConfigurationError, match=words):
        environments_of((settings,))


FINDING = FindingSeen("lg1-1", "dependencies/vulnerable", "high", "bad")


@pytest.mark.parametrize(
    "changed",
    [
        {"request": replace(REQUEST, images=(f"registry.example.com/team/cart@sha256:{'b' * 64}",))},
        {"request": replace(REQUEST, images=())},
        {"request": replace(REQUEST, manifests="sha256:1")},
        {"request": replace(REQUEST, commit="d" * 40)},
        {"request": replace(REQUEST, ref="refs/tags/v1")},
        {"request": replace(REQUEST, environment="staging")},
        {"policy": policy_version(only(SETTINGS), GateSettings(), rules="rules-2", images="")},
        {"policy": policy_version(only(SETTINGS), GateSettings(), rules="rules-1", images="changed")},
        {"policy": policy_version(only(SETTINGS), GateSettings(deny=()), rules="rules-1", images="")},
        {"policy": policy(replace(SETTINGS, approvals=SETTINGS.approvals[:1]))},
        {"policy": policy(replace(SETTINGS, wait_minutes=1))},
        {"evidence": replace(GOOD, new_findings=(FINDING,))},
        {"evidence": replace(GOOD, fixed_findings=(FINDING,))},
        {"evidence": replace(GOOD, unread=("no registry",))},
        {"evidence": replace(GOOD, gate=None)},
        {"evidence": replace(GOOD, commits_known=False)},
    ],
)
def test_any_change_of_what_runs_is_known_or_holds_is_another_binding(changed) -> None:
    same = {"request": REQUEST, "evidence": GOOD, "policy": policy()}
    assert binding_of(**same) == bound().binding
    assert binding_of(**same | changed) != bound().binding


def test_what_has_become_the_same_again_is_no_longer_what_was_approved() -> None:
    again = Bound(bound().binding, NOW + timedelta(minutes=3))
    ruling = ruled(said("bea"), said("cas"), said("dov"), what=again)
    assert ruling.standing is Standing.ASKING
    assert len(ruling.weighed.void) == 3


ANSWERS = st.lists(
    st.builds(
        said, st.sampled_from([*sorted(PEOPLE), "zoe"]), st.sampled_from(list(Answered)),
        id=st.text("0123456789", min_size=3, max_size=6), mfa=st.booleans(),
        at=st.integers(-2, 9).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        binding=st.sampled_from([bound().binding, "sha256:old"]),
    ),
    max_size=8,
)  # fmt: skip


@given(ANSWERS, st.randoms())
def test_the_order_in_which_answers_are_told_changes_nothing(answers, random) -> None:
    told = list({one.id: one for one in answers}.values())  # of an id there is one answer
    assert ruled(*random.sample(told, len(told))) == ruled(*told)


@given(ANSWERS)
def test_an_author_never_counts_nor_who_asked_nor_anybody_twice(answers) -> None:
    weighed = ruled(*answers).weighed
    actors = [one.actor for one in weighed.approve]
    assert not {"ada", "eve", "fay", "zoe"} & set(actors)
    assert len(actors) == len(set(actors))
    assert {*weighed.approve, *weighed.reject, *(one for one, _ in weighed.void)} == set(answers)  # nothing is lost


@given(ANSWERS, st.integers(0, 10), st.integers(0, 200), st.booleans())
def test_what_is_void_stays_so_at_any_later_moment_and_for_any_later_binding(answers, since, minutes, other) -> None:
    settings = replace(SETTINGS, approval_hours=1)
    first = weigh(answers, REQUEST, settings, PEOPLE, bound(), NOW)
    later = Bound("sha256:other" if other else bound().binding, NOW + timedelta(minutes=since))
    then = weigh(answers, REQUEST, settings, PEOPLE, later, NOW + timedelta(minutes=minutes))
    assert set(then.approve) <= set(first.approve)
    assert set(then.reject) <= set(first.reject)


@given(ANSWERS)
def test_a_yes_never_takes_a_permission_away(answers) -> None:
    before = ruled(*answers)
    added = said("gus", id="zzz", at=NOW + timedelta(minutes=20))
    if before.standing is Standing.ALLOWED and not any(one.actor == "gus" for one in answers):
        assert ruled(*answers, added).standing is Standing.ALLOWED
