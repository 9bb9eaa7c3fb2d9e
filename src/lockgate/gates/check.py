"""The gate of ``lockgate check``: the lines of ``lockgate.yaml`` put to what a run found and could not read.

Pure. A waived finding never denies and never warns; it is counted. What was asked for and not covered denies. What does
not belong: exit codes (``cli``), whether a waiver holds (``findings``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from itertools import compress
from operator import not_

from lockgate.gates import Gate, Question
from lockgate.model import Decision, Family, Reason, SettledFinding, Skip, SkipKind, State, Verdict
from lockgate.settings import Condition, GateSettings, SkipCondition
from lockgate.settings.globs import path_matches, word_matches

EVERYTHING = "everything"
_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}
_LISTED = 3
"""Things a reason names before it only counts."""


def decide(settings: GateSettings, question: Question) -> Decision:
    """The verdict and every reason, worst first. Reasons name the line of the configuration they come from."""
    waived = [item for item in question.findings if item.waiver is not None]
    fixed = State.FIXED
    open_findings = [
        item
        for item in question.findings
        if item.state is not fixed and (item.waiver is None or item.waiver.expired)
    ]
    rest, deny_reasons = _judge(settings.deny, open_findings, Verdict.DENY, question.today)
    _, warn_reasons = _judge(settings.warn, rest, Verdict.WARN, question.today)
    nothing_checked = _not_checked(settings, question)
    reasons = [
        *_coverage_reasons(nothing_checked),
        *deny_reasons,
        *_skip_reasons(settings, question.skips),
        *warn_reasons,
        *_waiver_reasons(waived),
    ]
    reasons.sort(key=lambda reason: -_ORDER[reason.verdict])
    verdict = max((reason.verdict for reason in reasons), key=_ORDER.__getitem__, default=Verdict.ALLOW)
    return Decision("check", verdict, tuple(reasons), nothing_checked)


def _judge(
    conditions: Sequence[Condition], findings: Sequence[SettledFinding], verdict: Verdict, today: date
) -> tuple[list[SettledFinding], list[Reason]]:
    """The findings that meet no condition, and a reason for each condition with those that met none before it."""
    left = list(findings)
    reasons: list[Reason] = []
    for index, condition in enumerate(conditions):
        told = list(map(_predicate(condition, today), left))
        here = list(compress(left, told))
        if here:
            left = list(compress(left, map(not_, told)))
            reasons.append(Reason(verdict, f"{verdict}[{index}]", _text(here, condition), _identities(here)))
    return left, reasons


def _predicate(condition: Condition, today: date) -> Callable[[SettledFinding], bool]:
    """Whether every key that the condition gives holds of a finding. It gives few of those there are, and only those
    are asked."""
    asked = [
        partial(check, condition, today)
        for keys, check in _CHECKS
        if any(getattr(condition, key) is not None for key in keys)
    ]
    if len(asked) == 1:  # as of most
        return asked[0]

    def holds(settled: SettledFinding) -> bool:
        for check in asked:  # noqa: SIM110 - a generator for each finding costs more than the checks
            if not check(settled):
                return False
        return True

    return holds


def _is_family(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    return condition.family is None or settled.finding.family is condition.family


def _is_rule(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    return condition.rule is None or word_matches(condition.rule, settled.finding.rule)


def _is_graded(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    finding = settled.finding
    if condition.severity is not None and finding.severity < condition.severity:
        return False
    return condition.confidence is None or finding.confidence >= condition.confidence


def _is_old(condition: Condition, today: date, settled: SettledFinding) -> bool:
    return condition.age_days is None or _age_days(settled.first_seen, today) > condition.age_days


def _age_days(first_seen: str, today: date) -> int:
    try:
        return (today - datetime.fromisoformat(first_seen).date()).days
    except ValueError:
        return 0


def _is_fixable(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    if condition.fixable is None:
        return True
    finding = settled.finding
    known = bool(finding.fact("fixed-in")) if finding.family is Family.DEPENDENCIES else finding.fix is not None
    return known is condition.fixable


def _is_new(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    return condition.new is None or (settled.state is State.NEW) is condition.new


def _is_exploited(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    if condition.kev is None:
        return True
    return (settled.finding.fact("kev").lower() not in ("", "false", "no", "0")) is condition.kev


def _is_probable(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    if condition.epss is None:
        return True
    try:
        return float(settled.finding.fact("epss")) >= condition.epss
    except ValueError:
        return False


def _is_scoped(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    return condition.scope is None or settled.finding.fact("scope") == condition.scope.value


def _is_there(condition: Condition, _today: date, settled: SettledFinding) -> bool:
    glob = condition.path
    if glob is None:
        return True
    return any(path_matches(glob, place.path) for place in settled.locations or (settled.finding.location,))


_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Condition, date, SettledFinding], bool]], ...] = (
    (("family",), _is_family),
    (("rule",), _is_rule),
    (("severity", "confidence"), _is_graded),
    (("age_days",), _is_old),
    (("fixable",), _is_fixable),
    (("new",), _is_new),
    (("kev",), _is_exploited),
    (("epss",), _is_probable),
    (("scope",), _is_scoped),
    (("path",), _is_there),
)
"""Each with the keys of a condition that it looks at."""


def _not_checked(settings: GateSettings, question: Question) -> tuple[str, ...]:
    wanted = question.asked if settings.must_read.families is None else settings.must_read.families
    if not question.covered and (question.asked or wanted):
        return (EVERYTHING,)
    return tuple(dict.fromkeys(family.value for family in wanted if family not in question.covered))


def _coverage_reasons(nothing_checked: Sequence[str]) -> list[Reason]:
    if not nothing_checked:
        return []
    if EVERYTHING in nothing_checked:
        text = "nothing at all could be checked"
    else:
        text = f"nothing was checked for {', '.join(nothing_checked)}"
    return [Reason(Verdict.DENY, "must_read.families", text)]


def _skip_reasons(settings: GateSettings, skips: Sequence[Skip]) -> list[Reason]:
    bounds = settings.must_read
    reasons = [
        Reason(verdict, f"must_read.{name}[{index}]", _skips_text(here))
        for name, verdict, conditions in (
            ("deny_skips", Verdict.DENY, bounds.deny_skips),
            ("warn_skips", Verdict.WARN, bounds.warn_skips),
        )
        for index, condition in enumerate(conditions)
        if (here := [skip for skip in skips if _skip_meets(condition, skip)])
    ]
    if bounds.max_skips is not None and len(skips) > bounds.max_skips:
        text = f"{_skips_text(skips)}; {bounds.max_skips} are allowed"
        reasons.append(Reason(Verdict.DENY, "must_read.max_skips", text))
    return reasons


def _skip_meets(condition: SkipCondition, skip: Skip) -> bool:
    return (
        (condition.kind is None or skip.kind is condition.kind)
        and (condition.family is None or skip.family in ("", condition.family.value))
        and (condition.path is None or path_matches(condition.path, skip.path))
    )


def _waiver_reasons(findings: Sequence[SettledFinding]) -> list[Reason]:
    waived = [item for item in findings if item.waived and item.state is not State.FIXED]
    lapsed = [item for item in findings if item.waiver is not None and item.waiver.expired]
    reasons = []
    if waived:
        text = f"{_count(waived, 'finding')} waived and not weighed"
        reasons.append(Reason(Verdict.ALLOW, "waivers", text, _identities(waived)))
    if lapsed:
        text = f"{_count(lapsed, 'finding')} whose waiver has expired, weighed as if it were not there"
        reasons.append(Reason(Verdict.ALLOW, "waivers", text, _identities(lapsed)))
    return reasons


def _text(findings: Sequence[SettledFinding], condition: Condition) -> str:
    rules = list(map(str, dict.fromkeys([item.finding.rule for item in findings])))
    return f"{_count(findings, 'finding')} with {_condition_text(condition)}: {_some(rules)}"


def _condition_text(condition: Condition) -> str:
    words = {
        "family": "family {}",
        "rule": "rule {}",
        "severity": "severity {} or worse",
        "confidence": "confidence {} or more",
        "age_days": "more than {} days of age",
        "fixable": "fixable: {}",
        "new": "new: {}",
        "kev": "known to be exploited: {}",
        "epss": "EPSS of {} or more",
        "scope": "scope {}",
        "path": "path {}",
    }
    given = ((name, getattr(condition, name)) for name in words)
    return ", ".join(words[name].format(str(value).lower()) for name, value in given if value is not None)


def _skips_text(skips: Sequence[Skip]) -> str:
    """What was not read; where something is missing here, what, for no path tells that, and how to come by it."""
    missing = [skip.reason for skip in skips if skip.kind is SkipKind.MISSING_TOOL]
    why = f" ({_some(list(dict.fromkeys(missing)), '; ')})" if missing else ""
    return f"{_count(skips, 'thing')} not read: {_some(list(dict.fromkeys(skip.path for skip in skips)))}{why}"


def _some(names: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return between.join(names[:_LISTED]) + more


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}" if len(things) == 1 else f"{len(things)} {noun}s"


def _identities(findings: Sequence[SettledFinding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([item.identity for item in findings]))


GATE = Gate("check", decide)
