"""What follows from a change at the desk, put beside it as jobs of the same transaction: rows of the record, notices,
answers for forges, the next look. Done by ``handlers``, which may do each twice: all of them bear that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lockgate.gates.deployment.binding import subject_of
from lockgate.model.actor import Actor
from lockgate.model.deployment import Approval, BreakGlass, Standing
from lockgate.settings import Told
from lockgate.settings.globs import word_matches
from lockgate.store.team import gates, jobs
from lockgate.store.team.gates import Kept

if TYPE_CHECKING:
    from lockgate.engine.deployments.desk import Looked
    from lockgate.gates.deployment import Ruling
    from lockgate.settings import GateNoticeSettings
    from lockgate.store.team.gates import Transaction

LOOK, NOTICE, RECORD, TELL, REMIND = "gate-look", "gate-notice", "gate-record", "gate-tell", "gate-remind"
_OFTEN = 120.0
"""Seconds after which what is known of an open request is gathered again."""


def look_at(connection: Transaction, id: str) -> None:
    """Look at a request as soon as may be."""
    jobs.enqueue(connection, LOOK, {"id": id}, key=id)


def look_again(connection: Transaction, id: str, when: datetime | None, now: datetime) -> None:
    """Look at an open request again, at ``when`` at the latest."""
    delay = _OFTEN if when is None else min(_OFTEN, max((when - now).total_seconds(), 0.0))
    jobs.enqueue(connection, LOOK, {"id": id}, key=id, delay=delay)


def settled(
    connection: Transaction, notices: Sequence[GateNoticeSettings], kept: Kept, ruling: Ruling | None, origin: str,
    now: datetime,
) -> None:  # fmt: skip
    """A request has come to its end."""
    _row(connection, kept, ruling, now)
    tell_again(connection, kept, origin)
    _notice(connection, notices, kept, Told.SETTLED, f"{_name(kept)} is {kept.standing}", _reasons(kept), origin)


def tell_again(connection: Transaction, kept: Kept, origin: str) -> None:
    """Tell a forge what became of a settled request; once more where it still waits for that."""
    comment = [f"**{kept.standing}** by the gate of `{kept.request.environment}`", *_reasons(kept)]
    verdict = "allow" if kept.standing is Standing.ALLOWED else "deny"
    _tell(connection, kept, verdict, "\n- ".join(comment), origin)


def under_way(
    connection: Transaction, notices: Sequence[GateNoticeSettings], kept: Kept, looked: Looked, origin: str,
    now: datetime,
) -> None:  # fmt: skip
    """The standing of an open request is another."""
    _row(connection, kept, looked.ruling, now)
    comment = [f"**{kept.standing}** at the gate of `{kept.request.environment}`", *_reasons(kept)]
    _tell(connection, kept, "ask", "\n- ".join(comment), origin)
    if kept.standing is Standing.ASKING:
        from lockgate.engine.deployments.card import summary

        lines = [*(f"Needed: {one}" for one in looked.ruling.missing), *summary(looked)]
        _notice(connection, notices, kept, Told.ASKING, f"{_name(kept)} waits for an answer", lines, origin)


def tell_broken(
    connection: Transaction, notices: Sequence[GateNoticeSettings], kept: Kept, glass: BreakGlass, origin: str
) -> None:
    """Somebody has broken the glass."""
    lines = [f"Why: {glass.reason}", f"It holds until {glass.until:%Y-%m-%d %H:%M} UTC"]
    if glass.follow_up_by:
        lines.append(f"Others must have looked at it by {glass.follow_up_by:%Y-%m-%d %H:%M} UTC")
    title = f"{glass.name} broke the glass for {_name(kept)}"
    _notice(connection, notices, kept, Told.BROKEN, title, lines, origin)


def tell_overdue(
    connection: Transaction, notices: Sequence[GateNoticeSettings], kept: Kept, glass: BreakGlass, origin: str
) -> None:
    """Nobody, or too few, have looked at a break in time."""
    lines = [f"Why it was broken: {glass.reason}", "The glass cannot be broken again until they have"]
    title = f"Nobody has followed up on the glass that {glass.name} broke for {_name(kept)}"
    _notice(connection, notices, kept, Told.BROKEN, title, lines, origin)


def remind_later(connection: Transaction, glass: BreakGlass) -> None:
    """Look, once its time is up, whether a break was followed up."""
    if glass.follow_up_by is not None:
        delay = (glass.follow_up_by - glass.at).total_seconds()
        jobs.enqueue(connection, REMIND, {"glass": glass.id, "request": glass.request}, key=glass.id, delay=delay)


def record_answer(connection: Transaction, kept: Kept, one: Approval) -> None:
    """An answer was given."""
    _answer_row(connection, kept, one.at, one.actor, one.name, str(one.answer), one.binding, one.comment, one.id,
                mfa=one.mfa)  # fmt: skip


def record_voids(connection: Transaction, kept: Kept, which: Iterable[tuple[Approval, str]], now: datetime) -> None:
    """Answers fell away."""
    for one, why in which:
        _answer_row(connection, kept, now, one.actor, one.name, "void", one.binding, why, one.id, mfa=one.mfa)


def record_glass(connection: Transaction, kept: Kept, one: BreakGlass) -> None:
    """Glass was broken."""
    _answer_row(connection, kept, one.at, one.actor, one.name, "break-glass", kept.binding, one.reason, one.id,
                mfa=True)  # fmt: skip


def record_follow_up(
    connection: Transaction, kept: Kept, glass: BreakGlass, actor: Actor, note: str, now: datetime
) -> None:
    """Somebody has looked at a break."""
    _answer_row(connection, kept, now, actor.id, actor.name, "follow-up", kept.binding, note, glass.id, mfa=None)


def _row(connection: Transaction, kept: Kept, ruling: Ruling | None, now: datetime) -> None:
    request = kept.request
    row = {
        "TimeGenerated": _iso(now), "RunId": "", "RequestId": request.id,
        "Environment": request.environment, "Repository": request.repository, "Ref": request.ref,
        "Commit": request.commit, "Images": list(request.images), "ManifestsDigest": request.manifests,
        "Standing": str(kept.standing), "Reasons": list(kept.decision.get("reasons", ())),
        "Missing": list(kept.decision.get("missing", ())), "RequestedBy": request.requested_by,
        "RequestedAt": _iso(request.requested_at), "Authors": list(request.authors), "Forge": request.forge,
        "Binding": kept.binding, "PolicyVersion": kept.policy, "Subject": subject_of(request),
        "UsableUntil": _iso(kept.usable_until),
        "GlassBroken": ruling is not None and ruling.broken_by is not None,
    }  # fmt: skip
    _record(connection, "Deployments", row)


def _answer_row(
    connection: Transaction, kept: Kept, at: datetime, actor: str, name: str, what: str, binding: str, comment: str,
    about: str, *, mfa: bool | None,
) -> None:  # fmt: skip
    row = {
        "TimeGenerated": _iso(at), "RunId": "", "RequestId": kept.request.id,
        "Environment": kept.request.environment, "Repository": kept.request.repository, "Actor": actor,
        "ActorName": name, "Answer": what, "AnswerId": about, "Binding": binding, "Comment": comment, "Mfa": mfa,
    }  # fmt: skip
    _record(connection, "Approvals", row)


def _record(connection: Transaction, table: str, row: Mapping[str, Any]) -> None:
    jobs.enqueue(connection, RECORD, {"table": table, "row": dict(row), "once": gates.new_id()})


def _tell(connection: Transaction, kept: Kept, verdict: str, comment: str, origin: str) -> None:
    """Who waits in a pipeline of no forge asks by itself."""
    if kept.request.forge != "pipeline":
        jobs.enqueue(connection, TELL, {
            "forge": kept.request.forge, "key": kept.key, "callback": dict(kept.callback), "verdict": verdict,
            "comment": comment, "url": page_of(kept, origin), "request": kept.request.id,
        }, key=f"{kept.request.id}:{verdict}")  # fmt: skip


def _notice(
    connection: Transaction, notices: Sequence[GateNoticeSettings], kept: Kept, event: Told, title: str,
    lines: Sequence[str], origin: str,
) -> None:  # fmt: skip
    facts = {
        "request": kept.request.id, "environment": kept.request.environment, "repository": kept.request.repository,
        "ref": kept.request.ref, "commit": kept.request.commit, "standing": str(kept.standing),
        "binding": kept.binding, "images": list(kept.request.images)[:50],
    }  # fmt: skip
    for number, one in enumerate(notices):
        if event in one.told and any(word_matches(glob, kept.request.environment) for glob in one.environments):
            jobs.enqueue(connection, NOTICE, {
                "channel": number, "id": gates.new_id(), "event": str(event), "title": title, "lines": list(lines),
                "url": page_of(kept, origin), "facts": facts,
            })  # fmt: skip


def page_of(kept: Kept, origin: str) -> str:
    """The page of a request; empty without a console."""
    return f"{origin}/deployments/{kept.request.id}" if origin else ""


def _reasons(kept: Kept) -> list[str]:
    return [f"{one['rule']}: {one['text']}" for one in kept.decision.get("reasons", ())][:20]


def _name(kept: Kept) -> str:
    short = kept.request.commit[:12]
    return f"{kept.request.repository} {short} to {kept.request.environment}"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


