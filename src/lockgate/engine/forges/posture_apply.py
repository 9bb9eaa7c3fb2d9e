"""Calls that mend what is wrong with a forge, made as a job for somebody who saw them.

The connection's own identity makes them; each is a row of ``ForgeChanges``, and the organisation is read again after.

What is made must be what was seen: where the record tells other calls by now, none is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lockgate.engine.forge_changes import Change, perform, row_of
from lockgate.engine.forge_plans import recorded_plan
from lockgate.engine.forges.connections import Connection
from lockgate.engine.forges.posture import Posture, look, root_of
from lockgate.engine.working import Handler, Progress
from lockgate.errors import ConfigurationError
from lockgate.model import Family
from lockgate.model.actor import SYSTEM
from lockgate.rules import load
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.store.team import trail
from lockgate.store.team.jobs import Job

APPLY = "posture.apply"
_MADE = "SELECT Target, Method FROM ForgeChanges WHERE RunId = ?"


def stamp_of(changes: Sequence[Change]) -> str:
    """By which the calls that somebody saw are known again."""
    shown = "\n".join(one.call.shown() for one in changes if one.call is not None)
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


def handler(posture: Posture) -> Handler:
    """How they are made. A job that failed is not tried again by itself: somebody looks first."""
    return Handler(APPLY, lambda job, progress: _apply(posture, job, progress), ())


def _apply(posture: Posture, job: Job, progress: Progress) -> str:
    root, rule_id = str(job.payload["root"]), str(job.payload["rule"])
    forge, _, name = root.partition(":")
    connection, installation = _connected(posture, root)
    rule = load((Family.POSTURE,), samples=False).get(rule_id)
    record, run = posture.record(), f"apply-{job.id}"
    changes = recorded_plan(record, forge=forge, organization=name, rule=rule, options=posture.options(),
                            subjects=job.payload["subjects"])  # fmt: skip
    if stamp_of(changes) != job.payload["stamp"]:
        return "nothing was called: what mends it is something else by now than what was seen"
    made = {(row["Method"], row["Target"]) for row in record.sql(_MADE, [run], only=("ForgeChanges",))}
    left = [one for one in changes if one.call is not None and (one.call.method, one.call.path) not in made]
    budget = CallBudget(Bounds(calls=4 * len(left) + 10, retries=20, wait_seconds=120.0))
    refused = 0
    with connection.sending(installation, budget) as send:
        for number, outcome in enumerate(perform(left, send)):
            refused += bool(outcome.refusal)
            row = row_of(outcome, forge=forge, organization=name, run=run, at=datetime.now(UTC), by=job.actor)
            record.append_alone("ForgeChanges", [row])
            progress.tell(number + 1, len(left), f"{root}: {number + 1:,} of {len(left):,} calls")
    said = f"{root}: {len(left) - refused:,} calls made, {refused:,} refused"
    with posture.database.begin() as written:
        trail.append(written, trail.Entry(SYSTEM, "posture:apply", f"forge:{root}", trail.DONE, f"{rule_id}: {said}"))
    look(posture.database, only=root, is_asked=True, actor=job.actor)
    return said


def _connected(posture: Posture, root: str) -> tuple[Connection, int]:
    """The connection that an organisation is read by."""
    for connection in posture.connections().values():
        for name, installation in connection.organizations():
            if root_of(connection, name) == root:
                return connection, installation
    raise ConfigurationError("no forge of the settings leads there", where=root, hint="run lockgate posture --apply")


def payload_of(root: str, rule: str, subjects: Sequence[str], changes: Sequence[Change]) -> dict[str, Any]:
    """The job's."""
    return {"root": root, "rule": rule, "subjects": sorted(subjects), "stamp": stamp_of(changes)}
