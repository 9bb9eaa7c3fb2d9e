"""The desk of the gate of deployments: every way in comes here, to ask, to look, to answer, to break the glass.

What is known is gathered first, without a lock; then, in one transaction under the lock of the request, it is bound,
answers that fell away are voided, the decision is made and kept, and its entry of the audit trail, its rows of the
record and its notices are put beside it as jobs: all of that, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lockgate.access.permissions import STEP_UP
from lockgate.dataclass import dataclass
from lockgate.engine.deployments import outbox
from lockgate.engine.deployments.gathering import Sources, authors_of, gather
from lockgate.engine.deployments.meeting import met
from lockgate.errors import LockgateError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.printable import clipped, printable
from lockgate.gates.deployment import GATE, Approver, Environment, Evidence, Ruling
from lockgate.gates.deployment import evidence as evidences
from lockgate.gates.deployment.answers import Bound, unfit
from lockgate.gates.deployment.binding import binding_of, policy_version, subject_of
from lockgate.gates.deployment.environment import find
from lockgate.model.actor import SYSTEM, Actor
from lockgate.model.deployment import Answered, Approval, BreakGlass, DeploymentRequest, DeploymentWaits, Standing
from lockgate.store.team import gates, trail
from lockgate.store.team.gates import MOST_IMAGES, ConflictError, Kept
from lockgate.store.team.trail import DONE, REFUSED, Entry

if TYPE_CHECKING:
    from lockgate.settings import GateNoticeSettings, GateSettings
    from lockgate.store.team.database import TeamDatabase
    from lockgate.store.team.gates import Transaction

_TRIES = 4
"""Looks that are made anew because somebody else looked meanwhile."""


class NotEntitledError(LockgateError):
    """Somebody's answer could not count here, or they may not do this."""

    code = "not-entitled"


@dataclass(frozen=True, slots=True)
class GateRules:
    """All that decides, as it holds now."""

    environments: tuple[Environment, ...]
    gate: GateSettings
    rules: str
    """Digest of the rulebook."""
    images: str = ""
    """Version of the policy of images; empty where there is none."""
    notices: tuple[GateNoticeSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """A request with what is known of it and the decision."""

    kept: Kept
    before: Kept | None
    environment: Environment | None
    evidence: Evidence
    ruling: Ruling
    answers: tuple[Approval, ...] = ()
    """All that were given, voided ones too."""
    voided: Mapping[str, str] = field(default_factory=dict)
    """Ids of those that fell away, with the reason."""
    glass: tuple[BreakGlass, ...] = ()
    directory: Mapping[str, Approver] = field(default_factory=dict)


Directory = Callable[["Transaction"], Mapping[str, Approver]]
"""Everybody who may answer, by their ids, as they are now."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk; for any thread."""

    database: TeamDatabase
    sources: Callable[[], Sources]
    rules: Callable[[], GateRules]
    directory: Directory
    origin: str = ""
    """Where people reach the console, without a slash at its end; empty where there is none."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def ask(self, waits: DeploymentWaits, actor: Actor, given: Mapping[str, Any] | None = None) -> tuple[Kept, bool]:
        """Take a request in, and whether it is new; it is looked at by a job. One that a forge made before, which a
        pipeline now says more of, is looked at again, and a forge that still waits for a settled one is told once more.
        Raises :class:`UsageError`, :class:`ConflictError`."""
        images, now = checked_images(waits.images), self.now()
        request = DeploymentRequest(
            gates.new_id(), _word(waits.environment, "environment"), _word(waits.repository, "repository"),
            _word(waits.ref, "ref", empty=True), _commit(waits.commit), images, waits.manifests,
            waits.requested_by or actor.id, now, (), waits.forge, _url(waits.url),
        )  # fmt: skip
        with self.database.begin() as connection:
            found = met(connection, request, waits, given)
            kept = found.kept
            if found.is_new:
                _told(connection, actor, "deployments:request", kept, now, detail={
                    "environment": request.environment, "repository": request.repository, "commit": request.commit,
                    "images": list(images), "manifests": waits.manifests,
                })  # fmt: skip
            if found.before is not None:
                was = found.before.request
                _told(connection, actor, "deployments:restate", kept, now, detail={
                    "images": list(images), "manifests": waits.manifests, "images_before": list(was.images),
                    "manifests_before": was.manifests,
                })  # fmt: skip
            if kept.standing.settled:
                outbox.tell_again(connection, kept, self.origin)
            outbox.look_at(connection, kept.request.id)
        return kept, found.is_new

    def look(self, id: str) -> Looked:
        """Find out what is known now, and decide. Raises :class:`ConflictError` where there is no such request."""
        for left in range(_TRIES, 0, -1):
            with self.database.read() as connection:
                kept = gates.find(connection, id)
                if kept is None:
                    raise ConflictError("there is no such request", where=id[:100])
                before = gates.allowed_before(connection, kept)
            if kept.standing.settled:
                return self.show(id)
            evidence = gather(kept, before, self.sources())
            with self.database.begin() as connection:
                now_kept = gates.held(connection, id)
                other = gates.allowed_before(connection, now_kept)
                moved = (now_kept.binding, now_kept.given, now_kept.request) != (kept.binding, kept.given, kept.request)
                if left > 1 and (moved or _id(other) != _id(before)):
                    continue
                if now_kept.standing.settled:
                    break
                return self._settle(connection, now_kept, before, evidence)
        return self.show(id)

    def show(self, id: str) -> Looked:
        """A request as it was last looked at; nothing is gathered or changed. Raises :class:`ConflictError`."""
        with self.database.read() as connection:
            kept = gates.find(connection, id)
            if kept is None:
                raise ConflictError("there is no such request", where=id[:100])
            evidence = evidences.read(kept.evidence) if kept.evidence else Evidence()
            return self._ruled(connection, kept, gates.allowed_before(connection, kept), evidence)

    def answer(
        self, id: str, actor: Actor, said: Answered, *, binding: str, comment: str = "", address: str = ""
    ) -> Looked:  # fmt: skip
        """Take somebody's answer about what they were shown, and decide. ``address``: where it came from.

        Raises :class:`NotEntitledError` where it could not count, :class:`ConflictError` where what they were shown has
        changed; both are told in the trail.
        """
        self.look(id)  # what they were shown must be what is so now
        now = self.now()
        mfa = _second_factor(actor, now)
        action = f"deployments:{said}"
        try:
            with self.database.begin() as connection:
                kept = gates.held(connection, id)
                self._entitled(connection, kept, actor, said, mfa=mfa)
                made = gates.answer(connection, id, actor=actor.id, name=actor.name, said=said, binding=binding,
                                    comment=clipped(comment, 4_000), mfa=mfa, now=now)  # fmt: skip
                _told(connection, actor, action, kept, now, address=address, reason=comment,
                      detail={"answer": made.id, "binding": binding, "mfa": mfa})  # fmt: skip
                outbox.record_answer(connection, kept, made)
                return self._settle(connection, kept, gates.allowed_before(connection, kept),
                                    evidences.read(kept.evidence))  # fmt: skip
        except (NotEntitledError, ConflictError) as error:
            self._refused(actor, action, id, error, address, now)
            raise

    def break_glass(self, id: str, actor: Actor, reason: str, *, address: str = "") -> Looked:
        """Let a request through before its time. Raises as :meth:`answer`, and :class:`UsageError` without a reason."""
        if len(reason.strip()) < 10:
            raise UsageError("say why, in ten characters or more: others will read it", where="--reason")
        self.look(id)
        now = self.now()
        try:
            with self.database.begin() as connection:
                kept = gates.held(connection, id)
                made = self._broken(connection, kept, actor, reason.strip(), now)
                _told(connection, actor, "deployments:break-glass", kept, now, address=address, reason=reason,
                      detail={"glass": made.id, "until": made.until.isoformat(), "subject": made.subject})  # fmt: skip
                outbox.record_glass(connection, kept, made)
                outbox.tell_broken(connection, self.rules().notices, kept, made, self.origin)
                outbox.remind_later(connection, made)
                return self._settle(connection, kept, gates.allowed_before(connection, kept),
                                    evidences.read(kept.evidence))  # fmt: skip
        except (NotEntitledError, ConflictError) as error:
            self._refused(actor, "deployments:break-glass", id, error, address, now)
            raise

    def follow_up(self, glass: str, actor: Actor, note: str, *, address: str = "") -> BreakGlass:
        """Say that one has looked at a break. Raises :class:`ConflictError`."""
        now = self.now()
        with self.database.begin() as connection:
            done = gates.follow_up(connection, glass, actor=actor.id, name=actor.name, note=note, now=now)
            kept = gates.held(connection, done.request)
            _told(connection, actor, "deployments:follow-up", kept, now, address=address, reason=note,
                  detail={"glass": glass})  # fmt: skip
            outbox.record_follow_up(connection, kept, done, actor, note, now)
        return done

    def withdraw(self, id: str, actor: Actor, reason: str = "", *, address: str = "") -> Kept:
        """Take a request back, also an allowed one. Raises :class:`ConflictError`."""
        now = self.now()
        with self.database.begin() as connection:
            kept = gates.held(connection, id)
            if not gates.withdraw(connection, kept, now=now):
                raise ConflictError(f"the request is {kept.standing}", where=id)
            _told(connection, actor, "deployments:withdraw", kept, now, address=address, reason=reason)
            done = gates.held(connection, id)
            outbox.settled(connection, self.rules().notices, done, None, self.origin, now)
        return done

    def disabled(self, actor_id: str, why: str = "whoever gave it was disabled") -> tuple[str, ...]:
        """Let the open answers of somebody fall away; ids of the requests, which are looked at again."""
        now = self.now()
        with self.database.begin() as connection:
            requests = gates.void_answers_of(connection, actor_id, why, now=now)
            for id in requests:
                _told(connection, SYSTEM, "deployments:void", gates.held(connection, id), now, reason=why,
                      detail={"actor": actor_id})  # fmt: skip
                outbox.look_at(connection, id)
        return requests

    def _settle(self, connection: Transaction, kept: Kept, before: Kept | None, evidence: Evidence) -> Looked:
        """Bind, void, decide and keep, under the lock of the request."""
        now, rules = self.now(), self.rules()
        environment = find(rules.environments, kept.request.environment, kept.request.repository)
        kept = replace(kept, request=replace(kept.request, authors=authors_of(kept.request, evidence)))
        policy = _policy(rules, environment)
        kept = gates.bind(
            connection, kept, binding=binding_of(kept.request, evidence, policy), policy=policy,
            evidence=evidences.plain(evidence).decode(), authors=kept.request.authors, now=now,
        )  # fmt: skip
        looked = self._ruled(connection, kept, before, evidence, now=now)
        fell = [(one, why) for one, why in looked.ruling.weighed.void if one.id not in looked.voided]
        if gates.void(connection, kept.request.id, fell, now=now):
            _told(connection, SYSTEM, "deployments:void", kept, now, detail={
                "answers": [{"id": one.id, "actor": one.actor, "why": why} for one, why in fell],
            })  # fmt: skip
            outbox.record_voids(connection, kept, fell, now)
        self._keep(connection, looked, now)
        return replace(looked, kept=gates.held(connection, kept.request.id),
                       voided=gates.voided(connection, kept.request.id))  # fmt: skip

    def _keep(self, connection: Transaction, looked: Looked, now: datetime) -> None:
        kept, ruling, environment = looked.kept, looked.ruling, looked.environment
        usable = None
        if ruling.standing is Standing.ALLOWED and environment is not None:
            usable = now + timedelta(hours=environment.settings.lasts_hours)
            if ruling.broken_by is not None:
                usable = min(usable, ruling.broken_by.until)
        told = plain_decision(ruling)
        changed = gates.decide(connection, kept, ruling.standing, told, now=now, usable_until=usable)
        if not ruling.standing.settled:
            outbox.look_again(connection, kept.request.id, ruling.look_again, now)
        if not changed and (ruling.standing is not Standing.WAITING or kept.decision):
            return
        _told(connection, SYSTEM, "deployments:decide", kept, now, reason=str(ruling.standing), detail={
            "standing": ruling.standing, "binding": kept.binding, "policy": kept.policy,
            "reasons": [f"{one.rule}: {one.text}" for one in ruling.decision.reasons][:20],
        })  # fmt: skip
        notices = self.rules().notices
        after = gates.held(connection, kept.request.id)
        if ruling.standing.settled:
            outbox.settled(connection, notices, after, ruling, self.origin, now)
        else:
            outbox.under_way(connection, notices, after, looked, self.origin, now)

    def _ruled(
        self, connection: Transaction, kept: Kept, before: Kept | None, evidence: Evidence, *,
        now: datetime | None = None,
    ) -> Looked:  # fmt: skip
        environment = find(self.rules().environments, kept.request.environment, kept.request.repository)
        directory, glass = self.directory(connection), gates.glass_of(connection, kept.request.id)
        ruling: Ruling = GATE.decide(
            environment, kept.request, evidence, answers=gates.answers(connection, kept.request.id),
            directory=directory, bound=Bound(kept.binding, kept.bound_since or kept.request.requested_at), glass=glass,
            now=now or self.now(),
        )  # fmt: skip
        return Looked(
            kept, before, environment, evidence, ruling, gates.answers(connection, kept.request.id, void=True),
            gates.voided(connection, kept.request.id), glass, directory,
        )  # fmt: skip

    def _entitled(
        self, connection: Transaction, kept: Kept, actor: Actor, said: Answered, *, mfa: bool
    ) -> None:  # fmt: skip
        """Raises :class:`NotEntitledError` where an answer of theirs could never count."""
        environment = find(self.rules().environments, kept.request.environment, kept.request.repository)
        who = self.directory(connection).get(actor.id)
        if environment is None or who is None or not who.active:
            raise NotEntitledError(f"{actor.name} is nobody who answers here", where=kept.request.environment)
        lines = environment.settings.approvals
        if not any(who.fits(line) for line in lines):
            raise NotEntitledError("no line of its approvals asks for them", where=f"{environment.line}.approvals")
        if said is Answered.REJECT:
            return
        if why := unfit(who, kept.request, environment.settings):
            raise NotEntitledError(f"their yes cannot count: {why}", where=environment.line)
        if environment.settings.mfa and not mfa:
            hint = f"show a second factor, and answer within {STEP_UP} minutes"
            raise NotEntitledError("a yes needs a second factor", where=f"{environment.line}.mfa", hint=hint)

    def _broken(
        self, connection: Transaction, kept: Kept, actor: Actor, reason: str, now: datetime
    ) -> BreakGlass:  # fmt: skip
        if kept.standing.settled:
            raise ConflictError(f"the request is {kept.standing}", where=kept.request.id)
        environment = find(self.rules().environments, kept.request.environment, kept.request.repository)
        rules = environment.settings.break_glass if environment is not None else None
        who = self.directory(connection).get(actor.id)
        if environment is None or rules is None:
            raise NotEntitledError("there is no glass to break", where=kept.request.environment)
        if who is None or not who.active or not any(who.fits(line) for line in rules.by):
            raise NotEntitledError("they may not break it", where=f"{environment.line}.break_glass.by")
        if environment.settings.mfa and not _second_factor(actor, now):
            raise NotEntitledError("it needs a second factor", where=f"{environment.line}.mfa")
        overdue = [
            one for one in gates.awaiting_follow_up(connection, kept.request.environment)
            if one.follow_up_by is not None and one.follow_up_by < now
        ]  # fmt: skip
        if overdue:
            hint = f"lockgate gate follow-up {overdue[0].id}"
            raise NotEntitledError("an earlier break was not looked at in time", where=overdue[0].id, hint=hint)
        made = BreakGlass(
            gates.new_id(), kept.request.id, actor.id, actor.name, reason, subject_of(kept.request), now,
            now + timedelta(minutes=rules.minutes), (), now + timedelta(hours=rules.follow_up_hours),
        )  # fmt: skip
        gates.break_glass(connection, made, environment=kept.request.environment, people=rules.follow_up_people)
        return made

    def _refused(
        self, actor: Actor, action: str, id: str, error: LockgateError, address: str, now: datetime
    ) -> None:  # fmt: skip
        with self.database.begin() as connection:
            entry = Entry(actor, action, f"deployment:{id}", REFUSED, error.message, address)
            trail.append(connection, entry, now=now)


def plain_decision(ruling: Ruling) -> dict[str, Any]:
    """A decision as JSON values, for keeping and showing."""
    return {
        "verdict": ruling.decision.verdict.value,
        "reasons": [{"rule": one.rule, "verdict": one.verdict.value, "text": one.text}
                    for one in ruling.decision.reasons],
        "lines": [{"rule": one.rule, "words": one.words, "count": one.count, "people": list(one.people)}
                  for one in ruling.lines],
        "missing": list(ruling.missing),
        "look_again": ruling.look_again.isoformat() if ruling.look_again else None,
        "broken_by": ruling.broken_by.id if ruling.broken_by else None,
    }  # fmt: skip


def checked_images(images: Sequence[str]) -> tuple[str, ...]:
    """Names with digests in their normal form, sorted, each once. Raises :class:`UsageError` for one without: what a
    tag names may be another image by the time it runs."""
    if len(images) > MOST_IMAGES:
        raise UsageError(f"more than {MOST_IMAGES} images", where="images")
    found = set()
    for one in images:
        try:
            reference = references.parse(one)
        except FormatError as error:
            reason = f"{clipped(printable(one), 100)} is no name of an image: {error.reason}"
            raise UsageError(reason, where="images") from None
        if not reference.digest:
            hint = "NAME@sha256:..., as a push answers it"
            raise UsageError(f"{clipped(printable(one), 100)} names no digest", where="images", hint=hint)
        found.add(f"{reference.name}@{reference.digest}")
    return tuple(sorted(found))


def _second_factor(actor: Actor, now: datetime) -> bool:
    """Whether one was shown just now; a time that is yet to come is no proof."""
    shown = actor.strength.mfa
    return shown is not None and timedelta() <= now - shown <= timedelta(minutes=STEP_UP)


def _policy(rules: GateRules, environment: Environment | None) -> str:
    if environment is None:
        return ""
    return policy_version(environment, rules.gate, rules=rules.rules, images=rules.images)


def _told(
    connection: Transaction, actor: Actor, action: str, kept: Kept, now: datetime, *, address: str = "",
    reason: str = "", detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    trail.append(connection, Entry(actor, action, f"deployment:{kept.request.id}", DONE, reason, address, detail),
                 now=now)  # fmt: skip


def _id(kept: Kept | None) -> str:
    return kept.request.id if kept is not None else ""


def _word(text: str, what: str, *, empty: bool = False) -> str:
    if (not text and not empty) or len(text) > 255 or not text.isprintable():
        raise UsageError(f"{what} has 1 to 255 printable characters", where=what)
    return text


def _url(text: str) -> str:
    """It will be a link on a page: one that runs nothing."""
    if text and (not text.startswith(("https://", "http://")) or not text.isprintable() or len(text) > 1_000):
        raise UsageError("a page has an address of https://", where="url")
    return text


def _commit(text: str) -> str:
    if not (40 <= len(text) <= 64 and all(one in "0123456789abcdef" for one in text)):
        raise UsageError("a commit is its whole hash, in lower case", where="commit", hint="git rev-parse HEAD")
    return text
