"""What somebody has done about how forges are set up: a rule's findings shown with what mends them, readings asked for,
and calls that are made for them after they saw them. Shared by pages and API."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence

from fastapi import Request

from lockgate.access import permissions
from lockgate.dataclass import dataclass
from lockgate.engine.forge_changes import Change
from lockgate.engine.forge_plans import recorded_plan
from lockgate.engine.forges.posture import Posture, look
from lockgate.engine.forges.posture_apply import APPLY, payload_of, stamp_of
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import address_of, services_of
from lockgate.server.console.posture_seen import PostureSeen, RuleSeen, posture_of
from lockgate.store.team import jobs, trail


@dataclass(frozen=True, slots=True)
class RuleMended:
    """One rule in one place, with what mends its findings."""

    place: PostureSeen
    seen: RuleSeen
    changes: tuple[Change, ...]
    stamp: str
    """Of the calls, by which they are known again."""
    command: str
    """Makes the same calls from a terminal."""
    subjects: tuple[str, ...]

    @property
    def calls(self) -> int:
        """How many findings a call mends."""
        return sum(one.call is not None for one in self.changes)


async def mended(request: Request, actor: Actor, root: str, rule_id: str) -> RuleMended | None:
    """What mends the findings of a rule that somebody sees and nobody accepted; None where they see no such rule."""
    place = await posture_of(request, actor, root)
    seen = place.rules.get(rule_id) if place is not None else None
    if place is None or seen is None:
        return None
    subjects = tuple(sorted({str(one["SubjectKey"]) for one in seen.findings if not one["Waived"]}))
    changes = tuple(await asyncio.to_thread(_plan, request, root, seen, subjects)) if subjects else ()
    command = f"lockgate posture {shlex.quote(root)} --apply {rule_id.partition('/')[2]} --yes"
    return RuleMended(place, seen, changes, stamp_of(changes), command, subjects)


def _plan(request: Request, root: str, seen: RuleSeen, subjects: Sequence[str]) -> list[Change]:
    posture: Posture | None = services_of(request).more.get(Posture)
    if posture is None:
        return []
    forge, _, name = root.partition(":")
    return recorded_plan(posture.record(), forge=forge, organization=name, rule=seen.rule, options=posture.options(),
                         subjects=subjects)  # fmt: skip


def read_again(request: Request, actor: Actor, root: str) -> int:
    """Have one place, or every one, read now; the id of the job."""
    services = services_of(request)
    number = look(services.database, only=root, is_asked=True, actor=actor.id)
    with services.database.begin() as connection:
        target = f"forge:{root}" if root else "forges"
        entry = trail.Entry(actor, str(permissions.POSTURE_REFRESH), target, address=address_of(request))
        trail.append(connection, entry)
    services.wake()
    return number


async def apply(request: Request, actor: Actor, root: str, rule_id: str, stamp: str) -> int | None:
    """Have the calls made that somebody saw; the id of the job, None where there is no such rule there.

    Raises :class:`UsageError` where there is nothing to call, or it is something else by now."""
    found = await mended(request, actor, root, rule_id)
    if found is None:
        return None
    if not found.calls:
        raise UsageError("no call mends it", hint="the page of the rule says what does")
    if stamp != found.stamp:
        raise UsageError("what mends it is something else by now than what was seen", hint="look at the calls again")
    services = services_of(request)
    with services.database.begin() as connection:
        payload = payload_of(root, rule_id, found.subjects, found.changes)
        number = jobs.enqueue(connection, APPLY, payload, key=f"{root}:{rule_id}"[:255], actor=actor.id)
        detail = {"rule": rule_id, "calls": found.calls, "job": number, "stamp": stamp}
        entry = trail.Entry(actor, str(permissions.POSTURE_APPLY), f"forge:{root}", address=address_of(request),
                            detail=detail)  # fmt: skip
        trail.append(connection, entry)
    services.wake()
    return number
