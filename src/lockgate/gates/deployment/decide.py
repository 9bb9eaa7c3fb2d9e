"""The decision on one deployment: every line of its environment held against what is known and what people said.

What machines object to comes before people are asked: while a check runs or a scan is missing nobody needs to answer,
and what a rule denies is not shown to anybody for a yes. Times and people run side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from lockgate.dataclass import dataclass
from lockgate.formats.printable import clipped, printable
from lockgate.gates.deployment import quorum
from lockgate.gates.deployment.answers import Approver, Bound, Weighed, weigh
from lockgate.gates.deployment.binding import subject_of
from lockgate.gates.deployment.environment import Environment, words
from lockgate.gates.deployment.evidence import CheckState, Evidence, ImageSeen
from lockgate.gates.deployment.quorum import Filling, Places
from lockgate.model import Decision, Reason, Verdict
from lockgate.model.deployment import Approval, BreakGlass, DeploymentRequest, Standing
from lockgate.settings import EnvironmentSettings, Override
from lockgate.settings.globs import word_matches

GATE_NAME = "deployment"
_LONGEST = 600
_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Objection:
    """Something in the way of a deployment."""

    rule: str
    text: str
    verdict: Verdict
    """``deny``, or ``ask``: not yet."""
    override: Override | None = None
    """What it is called among the overrides of a broken glass; None: nothing passes over it."""
    until: datetime | None = None
    """When it ends by itself."""
    people: bool = False
    """Whether people are what is waited for."""

    @property
    def machine(self) -> bool:
        """Whether something must first be known that no person and no clock decides."""
        return self.verdict is Verdict.ASK and not self.people and self.until is None


@dataclass(frozen=True, slots=True)
class LineStanding:
    """How one line of ``approvals`` stands."""

    rule: str
    words: str
    count: int
    people: tuple[str, ...]
    """Names of those who fill its places."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision, and what would change it."""

    standing: Standing
    decision: Decision
    weighed: Weighed = Weighed()
    lines: tuple[LineStanding, ...] = ()
    missing: tuple[str, ...] = ()
    """What is still needed, for people: ``1 more of security or sre``."""
    could_answer: tuple[str, ...] = ()
    """Ids of those of the directory whose yes would help."""
    look_again: datetime | None = None
    """When time alone may change it; None: never."""
    broken_by: BreakGlass | None = None
    """The broken glass that lets it through."""


def decide(
    environment: Environment | None, request: DeploymentRequest, evidence: Evidence, *, answers: Sequence[Approval],
    directory: Mapping[str, Approver], bound: Bound, glass: Sequence[BreakGlass] = (), now: datetime,
) -> Ruling:  # fmt: skip
    """Hold the request to its environment. ``bound``: what answers must be about; ``glass``: of this request."""
    if environment is None:
        text = f"no line of the settings is about {request.environment} and {request.repository}"
        reason = Reason(Verdict.DENY, "environments", clipped(printable(text), _LONGEST))
        return Ruling(Standing.DENIED, Decision(GATE_NAME, Verdict.DENY, (reason,)))
    settings = environment.settings
    weighed = weigh(answers, request, settings, directory, bound, now)
    lines = [
        Places(line.count, frozenset(id for id, who in directory.items() if who.fits(line)))
        for line in settings.approvals
    ]
    filling = quorum.fill(lines, {one.actor for one in weighed.approve}, once=settings.each_person_once)
    objections = [*_of_rules(environment, request, evidence, now), *_of_people(environment, weighed, filling),
                  *_of_times(environment, request, now)]  # fmt: skip
    broken = _broken(glass, request, now)
    passed = [one for one in objections if broken is not None and _passes_over(settings, one)]
    left = [one for one in objections if one not in passed]
    expires = request.requested_at + timedelta(hours=settings.expires_hours)
    standing = _standing(left, expired=now >= expires)
    if standing is Standing.EXPIRED:
        text = f"it was not settled within {settings.expires_hours} hours"
        left.append(Objection(f"{environment.line}.expires_hours", text, Verdict.DENY))
    names = {one.actor: one.name for one in weighed.approve}
    return Ruling(
        standing, _decision(environment, left, passed, broken, weighed), weighed,
        tuple(
            LineStanding(f"{environment.line}.approvals[{number}]", words(line), line.count,
                         tuple(sorted(names[id] for id in filling.places[number])))
            for number, line in enumerate(settings.approvals)
        ),
        tuple(_missing(environment, filling)),
        _helpful(environment, request, directory, weighed, lines, filling),
        _again(left, standing, expires, broken), broken if passed else None,
    )  # fmt: skip


def _of_rules(
    environment: Environment, request: DeploymentRequest, evidence: Evidence, now: datetime
) -> Iterator[Objection]:
    settings, line = environment.settings, environment.line
    if not any(word_matches(glob, request.ref) for glob in settings.refs):
        yield Objection(f"{line}.refs", f"{request.ref or 'no ref'} may not be deployed here", Verdict.DENY)
    seen = {one.name: one.state for one in evidence.checks}
    for number, name in enumerate(settings.checks):
        state = seen.get(name)
        if state is not CheckState.SUCCESS:
            failed = state is CheckState.FAILURE
            text = f"the check {name!r} " + ("has failed" if failed else "runs" if state else "has not begun")
            verdict = Verdict.DENY if failed else Verdict.ASK
            yield Objection(f"{line}.checks[{number}]", text, verdict, Override.CHECKS)
    if settings.gate:
        gate = evidence.gate
        if gate is None:
            text = f"the record holds no check of {request.commit[:12]} by Lockgate"
            yield Objection(f"{line}.gate", text, Verdict.ASK, Override.GATE)
        elif gate.verdict in (Verdict.DENY, Verdict.ASK):
            told = "; ".join(gate.reasons[:3]) or "it denied"
            yield Objection(f"{line}.gate", f"the check of the commit denied: {told}", Verdict.DENY, Override.GATE)
    if settings.policies:
        denied = [one for one in evidence.policies if one.verdict == Verdict.DENY]
        if denied:
            told = "; ".join(f"{one.subject}: {one.rule}" for one in denied[:3])
            more = f" and {len(denied) - 3} more" if len(denied) > 3 else ""
            yield Objection(f"{line}.policies", f"policies deny what is rendered: {told}{more}", Verdict.DENY,
                            Override.POLICIES)  # fmt: skip
    if settings.approvals and not settings.author_may_approve and not evidence.commits_known:
        text = "it is not known who wrote what is deployed, so nobody can be told from them"
        yield Objection(f"{line}.author_may_approve", text, Verdict.ASK, Override.APPROVALS)
    if settings.images is not None:
        yield from _of_images(environment, evidence, now)


def _of_images(environment: Environment, evidence: Evidence, now: datetime) -> Iterator[Objection]:
    asked, line = environment.settings.images, f"{environment.line}.images"
    assert asked is not None
    if len(evidence.images) < asked.least:
        text = f"{len(evidence.images)} images are named by digest, {asked.least} are asked for"
        yield Objection(f"{line}.least", text, Verdict.ASK, Override.IMAGES)
    for one in evidence.images:
        named = f"{one.name}@{one.digest[:19]}"
        if asked.verified and one.trust not in (Verdict.ALLOW, Verdict.WARN):
            denied = one.trust == Verdict.DENY
            told = "; ".join(one.reasons[:3])
            text = f"{named} {'is denied' if denied else 'was not held to the policy of images yet'}"
            yield Objection(f"{line}.verified", f"{text}: {told}" if told else text,
                            Verdict.DENY if denied else Verdict.ASK, Override.IMAGES)  # fmt: skip
        if asked.scan_days is not None:
            yield from _of_scan(one, named, line, asked.scan_days, no_denied=asked.no_denied, now=now)


def _of_scan(
    one: ImageSeen, named: str, line: str, days: int, *, no_denied: bool, now: datetime
) -> Iterator[Objection]:
    if one.scanned_at is None:
        yield Objection(f"{line}.scan_days", f"{named} was not scanned yet", Verdict.ASK, Override.IMAGES)
        return
    if now - one.scanned_at > timedelta(days=days):
        text = f"the last scan of {named} is of {one.scanned_at:%Y-%m-%d}, more than {days} days ago"
        yield Objection(f"{line}.scan_days", text, Verdict.ASK, Override.IMAGES)
    if no_denied and one.scan == Verdict.DENY:
        yield Objection(f"{line}.no_denied", f"the last scan of {named} was denied", Verdict.DENY, Override.IMAGES)


def _of_people(environment: Environment, weighed: Weighed, filling: Filling) -> Iterator[Objection]:
    for one in weighed.reject:
        said = f": {one.comment}" if one.comment else ""
        yield Objection(f"{environment.line}.approvals", f"{one.name} has rejected it{said}", Verdict.DENY)
    for short, text in zip(filling.short, _missing(environment, filling), strict=True):
        rule = f"{environment.line}.approvals[{short.lines[0]}]"
        yield Objection(rule, text, Verdict.ASK, Override.APPROVALS, people=True)


def _missing(environment: Environment, filling: Filling) -> Iterator[str]:
    lines = environment.settings.approvals
    for short in filling.short:
        who = " or ".join(dict.fromkeys(words(lines[at]) for at in short.lines))
        yield f"{short.count} more of {who}"


def _of_times(environment: Environment, request: DeploymentRequest, now: datetime) -> Iterator[Objection]:
    settings, line, calendar = environment.settings, environment.line, environment.calendar
    ready = request.requested_at + timedelta(minutes=settings.wait_minutes)
    if now < ready:
        yield Objection(f"{line}.wait_minutes", f"it waits until {_time(ready)}", Verdict.ASK, Override.WAIT, ready)
    frozen = calendar.frozen_by(now)
    again = calendar.next_allowed(now) if frozen is not None or not calendar.open_at(now) else None
    if frozen is not None:
        one = calendar.freezes[frozen]
        why = f" ({one.why})" if one.why else ""
        text = f"frozen until {_time(one.ends)}{why}"
        yield Objection(f"{line}.freezes[{frozen}]", text, Verdict.ASK, Override.FREEZES, again or one.ends)
    if not calendar.open_at(now):
        text = f"no window is open until {_time(again)}" if again else "no window will be open"
        yield Objection(f"{line}.windows", text, Verdict.ASK if again else Verdict.DENY, Override.WINDOWS, again)


def _broken(glass: Sequence[BreakGlass], request: DeploymentRequest, now: datetime) -> BreakGlass | None:
    """The glass that is broken for exactly this, the last to end."""
    subject = subject_of(request)
    held = [one for one in glass if one.request == request.id and one.subject == subject and one.at <= now < one.until]
    return max(held, key=lambda one: (one.until, one.id), default=None)


def _passes_over(settings: EnvironmentSettings, one: Objection) -> bool:
    rules = settings.break_glass
    return rules is not None and one.override is not None and one.override in rules.overrides


def _standing(left: Sequence[Objection], *, expired: bool) -> Standing:
    if any(one.verdict is Verdict.DENY for one in left):
        return Standing.DENIED
    if not left:
        return Standing.ALLOWED
    if expired:
        return Standing.EXPIRED
    if any(one.people for one in left) and not any(one.machine for one in left):
        return Standing.ASKING
    return Standing.WAITING


def _decision(
    environment: Environment, left: Sequence[Objection], passed: Sequence[Objection], broken: BreakGlass | None,
    weighed: Weighed,
) -> Decision:  # fmt: skip
    reasons = [Reason(one.verdict, one.rule, clipped(printable(one.text), _LONGEST)) for one in left]
    if broken is not None and passed:
        over = "; ".join(f"{one.rule}: {one.text}" for one in passed)
        text = f"{broken.name} broke the glass ({broken.reason}) over: {over}"
        reasons.append(Reason(Verdict.WARN, f"{environment.line}.break_glass", clipped(printable(text), _LONGEST)))
    if weighed.void:
        text = f"{len(weighed.void)} answers do not count: {weighed.void[-1][0].name}: {weighed.void[-1][1]}"
        reasons.append(Reason(Verdict.ALLOW, f"{environment.line}.approvals", clipped(printable(text), _LONGEST)))
    reasons.sort(key=lambda one: -_ORDER[one.verdict])
    worst = max((one.verdict for one in reasons), key=_ORDER.__getitem__, default=Verdict.ALLOW)
    return Decision(GATE_NAME, worst, tuple(reasons))


def _helpful(
    environment: Environment, request: DeploymentRequest, directory: Mapping[str, Approver], weighed: Weighed,
    lines: Sequence[Places], filling: Filling,
) -> tuple[str, ...]:  # fmt: skip
    """Those who have not said yes, whose yes would fill a place."""
    from lockgate.gates.deployment.answers import unfit

    wanted = {at for short in filling.short for at in short.lines}
    fitting = {id for at in wanted for id in lines[at].fitting}
    fitting -= {one.actor for one in weighed.approve} if environment.settings.each_person_once else set()
    return tuple(sorted(
        id for id in fitting if directory[id].active and not unfit(directory[id], request, environment.settings)
    ))  # fmt: skip


def _again(
    left: Sequence[Objection], standing: Standing, expires: datetime, broken: BreakGlass | None
) -> datetime | None:
    if standing.settled:
        return None
    times = [one.until for one in left if one.until is not None]
    return min([*times, expires, *([broken.until] if broken is not None else [])])


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
