"""The gate of ``lockgate check``."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from lockgate import gates
from lockgate.discover import discover
from lockgate.gates import Gate, Question
from lockgate.gates.check import _CHECKS, decide
from lockgate.model import (
    Confidence,
    Family,
    Finding,
    Fix,
    Location,
    Related,
    RuleId,
    Scope,
    SettledFinding,
    Severity,
    Skip,
    SkipKind,
    State,
    Subject,
    Verdict,
    WaiverUse,
)
from lockgate.settings import Condition, GateSettings, MustRead, SkipCondition

TODAY = date(2026, 3, 1)


def found(
    identity: str = "lg1-a",
    *,
    severity: Severity = Severity.HIGH,
    confidence: Confidence = Confidence.HIGH,
    state: State = State.NEW,
    waiver: WaiverUse | None = None,
    facts: dict[str, str] | None = None,
    family: Family = Family.SECRETS,
    rule: str = "secrets/token",
    path: str = "src/a.py",
    first_seen: str = "",
    fix: Fix | None = None,
) -> SettledFinding:
    finding = Finding(
        RuleId(rule),
        family,
        severity,
        confidence,
        Subject("secret", "a token", identity),
        Location(path, 1),
        "found",
        fix=fix,
        facts=tuple(Related(name, value) for name, value in (facts or {}).items()),
    )
    return SettledFinding(finding, identity, state, (finding.location,), waiver=waiver, first_seen=first_seen)


def ask(*findings: SettledFinding, settings: GateSettings | None = None, **changes: Any) -> Any:
    asked = changes.pop("asked", (Family.SECRETS,))
    question = Question(
        findings=findings,
        skips=changes.pop("skips", ()),
        asked=asked,
        covered=changes.pop("covered", asked),
        files=1,
        today=TODAY,
    )
    return decide(settings or GateSettings(), question)


def test_the_gate_is_discovered() -> None:
    assert discover(gates, "GATE", Gate)["check"].decide is decide


def test_nothing_found_is_allowed_without_reasons() -> None:
    decision = ask()
    assert (decision.verdict, decision.reasons, decision.nothing_checked) == (Verdict.ALLOW, (), ())


def test_a_high_finding_denies_and_the_reason_names_the_line_and_the_identity() -> None:
    decision = ask(found("lg1-x"))
    assert decision.verdict is Verdict.DENY
    (reason,) = decision.reasons
    assert (reason.rule, reason.identities) == ("deny[0]", ("lg1-x",))


def test_a_high_finding_of_low_confidence_only_warns() -> None:
    decision = ask(found(confidence=Confidence.LOW))
    assert decision.verdict is Verdict.WARN
    assert decision.reasons[0].rule == "warn[0]"


def test_a_low_finding_is_allowed() -> None:
    assert ask(found(severity=Severity.LOW)).verdict is Verdict.ALLOW


def test_a_finding_that_denies_is_not_said_to_warn_too() -> None:
    assert [reason.rule for reason in ask(found(), found("b", severity=Severity.MEDIUM)).reasons] == [
        "deny[0]",
        "warn[0]",
    ]


def test_a_waived_finding_never_denies_but_is_counted() -> None:
    waiver = WaiverUse("w1", "ann", "a sample", "2027-01-01")
    decision = ask(found(waiver=waiver))
    assert decision.verdict is Verdict.ALLOW
    assert decision.reasons[0].identities == ("lg1-a",) and "1 finding waived" in decision.reasons[0].text


def test_an_expired_waiver_does_not_protect_and_says_so() -> None:
    decision = ask(found(waiver=WaiverUse("w1", "ann", "old", "2025-01-01", expired=True)))
    assert decision.verdict is Verdict.DENY
    assert "expired" in decision.reasons[-1].text


def test_a_fixed_finding_does_not_deny() -> None:
    assert ask(found(state=State.FIXED)).verdict is Verdict.ALLOW


def test_an_asked_family_that_was_not_covered_denies() -> None:
    decision = ask(asked=(Family.SECRETS, Family.DEPENDENCIES), covered=(Family.SECRETS,))
    assert (decision.verdict, decision.nothing_checked) == (Verdict.DENY, ("dependencies",))


def test_when_nothing_at_all_was_checked_it_denies_and_says_everything() -> None:
    decision = ask(covered=())
    assert (decision.verdict, decision.nothing_checked) == (Verdict.DENY, ("everything",))


def test_must_read_can_ask_for_fewer_families() -> None:
    settings = GateSettings(must_read=MustRead(families=()))
    assert (
        ask(settings=settings, asked=(Family.SECRETS, Family.DEPENDENCIES), covered=(Family.SECRETS,)).verdict
        == "allow"
    )


@pytest.mark.parametrize(
    ("condition", "meets", "misses"),
    [
        (Condition(family=Family.DEPENDENCIES), {"family": Family.DEPENDENCIES}, {}),
        (Condition(rule="secrets/*"), {}, {"rule": "dependencies/x"}),
        (Condition(age_days=30), {"first_seen": "2026-01-01T00:00:00+00:00"}, {"first_seen": "2026-02-20"}),
        (Condition(fixable=True), {"fix": Fix("revoke it")}, {}),
        (
            Condition(fixable=True),
            {"family": Family.DEPENDENCIES, "facts": {"fixed-in": "2"}},
            {"family": Family.DEPENDENCIES, "fix": Fix("remove it")},
        ),
        (Condition(fixable=False), {}, {"fix": Fix("revoke it")}),
        (Condition(new=True), {}, {"state": State.KNOWN}),
        (Condition(new=False), {"state": State.KNOWN}, {}),
        (Condition(kev=True), {"facts": {"kev": "true"}}, {"facts": {"kev": "false"}}),
        (Condition(kev=False), {}, {"facts": {"kev": "2024-01-01"}}),
        (Condition(epss=0.5), {"facts": {"epss": "0.5"}}, {"facts": {"epss": "0.49"}}),
        (Condition(epss=0.0), {"facts": {"epss": "0"}}, {}),
        (Condition(scope=Scope.RUNTIME), {"facts": {"scope": "runtime"}}, {"facts": {"scope": "development"}}),
        (Condition(path="src/**"), {}, {"path": "tests/a.py"}),
        (Condition(severity=Severity.CRITICAL), {"severity": Severity.CRITICAL}, {}),
        (Condition(family=Family.SECRETS, new=True), {}, {"state": State.KNOWN}),
    ],
)
def test_each_key_of_a_condition_decides(condition: Condition, meets: dict[str, Any], misses: dict[str, Any]) -> None:
    settings = GateSettings(deny=(condition,), warn=())
    assert ask(found(**meets), settings=settings).verdict is Verdict.DENY
    assert ask(found(**misses), settings=settings).verdict is Verdict.ALLOW


def test_a_malformed_lock_file_warns_by_default() -> None:
    skip = Skip("poetry.lock", SkipKind.MALFORMED, "cut in half", family="dependencies")
    decision = ask(skips=(skip,))
    assert decision.verdict is Verdict.WARN
    assert decision.reasons[0].rule == "must_read.warn_skips[0]" and "poetry.lock" in decision.reasons[0].text


def test_an_ecosystem_that_no_advisory_is_about_warns_and_says_what_to_do() -> None:
    reason = "the advisory store holds nothing about npm: add that ecosystem with 'lockgate advisories update'"
    skip = Skip("package-lock.json", SkipKind.MISSING_TOOL, reason, family="dependencies")
    decision = ask(skips=(skip,))
    assert decision.verdict is Verdict.WARN
    assert "package-lock.json" in decision.reasons[0].text and reason in decision.reasons[0].text
    chart = Skip("Chart.yaml", SkipKind.MISSING_TOOL, "charts are not rendered here", family="policy")
    assert ask(skips=(chart,)).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "skip",
    [
        Skip("f2.py", SkipKind.LIMIT, "the time budget of 1 s was used up before this file and 58 more"),
        Skip("Dockerfile", SkipKind.LIMIT, "more than 1000 findings", family="dockerfiles"),
    ],
)
def test_what_no_budget_was_left_for_is_never_allowed_without_a_word(skip: Skip) -> None:
    decision = ask(skips=(skip,))
    assert decision.verdict is Verdict.WARN
    assert skip.path in decision.reasons[0].text


def test_skips_deny_when_the_settings_say_so() -> None:
    skip = Skip("a", SkipKind.TOO_LARGE, "large")
    settings = GateSettings(must_read=MustRead(deny_skips=(SkipCondition(kind=SkipKind.TOO_LARGE),)))
    assert ask(settings=settings, skips=(skip,)).verdict is Verdict.DENY
    bounded = GateSettings(must_read=MustRead(max_skips=1))
    assert ask(settings=bounded, skips=(skip,)).verdict is Verdict.ALLOW
    assert ask(settings=bounded, skips=(skip, skip)).verdict is Verdict.DENY


def test_the_worst_reason_is_first_and_is_the_verdict() -> None:
    decision = ask(found("a", severity=Severity.MEDIUM), found("b"), skips=())
    assert [reason.verdict for reason in decision.reasons] == [Verdict.DENY, Verdict.WARN]
    assert decision.verdict is Verdict.DENY


def test_every_key_of_a_condition_is_looked_at():
    looked_at = [key for keys, _ in _CHECKS for key in keys]
    assert sorted(looked_at) == sorted(one.name for one in fields(Condition))
