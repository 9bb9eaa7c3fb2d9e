"""The background jobs of the gate of deployments: look again, keep rows, tell people and forges, remind.

Each may be done twice, since workers die: looks and rows are then done once all the same (a row is marked with the id
of its job's subject), notices keep their id, and a forge that was answered says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.engine.deployments import outbox
from lockgate.engine.deployments.desk import Desk
from lockgate.engine.deployments.notices import send
from lockgate.engine.working import Handler
from lockgate.errors import LockgateError, SourceError
from lockgate.formats.gate_notices import GateNotice
from lockgate.model import Verdict
from lockgate.model.deployment import DeploymentAnswer, Standing
from lockgate.store.team import gates, jobs
from lockgate.store.team.gates import ConflictError
from lockgate.tables import ColumnType, tables

if TYPE_CHECKING:
    from lockgate.store import Record

Answering = Callable[[DeploymentAnswer], str]
"""Answers a forge; what came of it, in words. Raises :class:`LockgateError` where it is to be tried again."""
Work = Callable[[Mapping[str, Any]], str]
"""Does a job by its payload; what came of it, in words. Raises :class:`LockgateError`."""
DISABLED = "people-disabled"
"""Put in by ``store.team.people`` when somebody may no longer sign in."""
KINDS = (outbox.LOOK, outbox.RECORD, outbox.NOTICE, outbox.TELL, outbox.REMIND, DISABLED)
AGAIN = (5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 3_600.0, 3_600.0)
"""Seconds after each failure: a forge or a server of mail may be away for an hour and more."""
_REMIND_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the jobs stand on."""

    desk: Desk
    record: Callable[[], Record]
    folder: Path
    """Of ``lockgate.yaml``, which files of channels lie beside."""
    answering: Mapping[str, Answering]
    """By forge."""

    def works(self) -> Mapping[str, Work]:
        """How each kind is done."""
        return {
            outbox.LOOK: self._look, outbox.RECORD: self._keep, outbox.NOTICE: self._notify, outbox.TELL: self._answer,
            outbox.REMIND: self._remind, DISABLED: self._fall_away,
        }  # fmt: skip

    def _look(self, payload: Mapping[str, Any]) -> str:
        try:
            return str(self.desk.look(payload["id"]).kept.standing)
        except ConflictError as error:
            return error.message

    def _keep(self, payload: Mapping[str, Any]) -> str:
        table = payload["table"]
        row = {name: _value(table, name, value) for name, value in payload["row"].items()}
        self.record().append_alone(table, [row], once=(f"gate {payload['once']}", 1))
        return f"a row of {table}"

    def _notify(self, payload: Mapping[str, Any]) -> str:
        channels, number = self.desk.rules().notices, int(payload["channel"])
        if number >= len(channels):
            return "the channel is no longer in the settings"
        notice = GateNotice(payload["id"], payload["event"], payload["title"], tuple(payload["lines"]), payload["url"],
                            payload["facts"])  # fmt: skip
        return send(channels[number], notice, number=number, folder=self.folder, now=self.desk.now())

    def _fall_away(self, payload: Mapping[str, Any]) -> str:
        requests = self.desk.disabled(str(payload["person"]))
        return f"answers to {len(requests)} deployments fell away"

    def _answer(self, payload: Mapping[str, Any]) -> str:
        answering = self.answering.get(payload["forge"])
        if answering is None:
            raise SourceError("no forge of that kind is connected, so nobody there is told", where=payload["forge"])
        verdict, comment = self._said_now(payload)
        if verdict is None:
            return comment
        return answering(DeploymentAnswer(
            payload["forge"], payload["key"], payload["callback"], verdict, comment, payload["url"],
        ))  # fmt: skip

    def _said_now(self, payload: Mapping[str, Any]) -> tuple[Verdict | None, str]:
        """What a forge is to hear by now, since it may have been away for hours; nothing, and why, where another job
        tells it."""
        verdict = Verdict(payload["verdict"])
        with self.desk.database.read() as connection:
            kept = gates.find(connection, str(payload["request"]))
        if kept is None:
            return verdict, payload["comment"]
        if verdict is Verdict.ASK and kept.standing.settled:
            return None, "it is settled by now, which is told by itself"
        if verdict is Verdict.ALLOW and kept.standing is not Standing.ALLOWED:
            return None, f"it is {kept.standing} by now, which is told by itself"
        if verdict is Verdict.ALLOW and kept.usable_until is not None and self.desk.now() > kept.usable_until:
            return Verdict.DENY, f"It was allowed, to begin until {kept.usable_until:%Y-%m-%d %H:%M} UTC. That is over."
        return verdict, payload["comment"]

    def _remind(self, payload: Mapping[str, Any]) -> str:
        with self.desk.database.begin() as connection:
            waiting = {one.id: one for one in gates.awaiting_follow_up(connection)}
            one = waiting.get(payload["glass"])
            kept = gates.find(connection, payload["request"])
            if one is None or kept is None:
                return "it was followed up"
            outbox.tell_overdue(connection, self.desk.rules().notices, kept, one, self.desk.origin)
            jobs.enqueue(connection, outbox.REMIND, payload, delay=_REMIND_HOURS * 3_600)
        return "told once more"


def handlers(held: Jobs) -> tuple[Handler, ...]:
    """The jobs as the workers of a server take them."""

    def handler(kind: str, work: Work) -> Handler:
        return Handler(kind, lambda job, _: work(job.payload), AGAIN)

    return tuple(handler(kind, work) for kind, work in held.works().items())


def resume(desk: Desk) -> int:
    """Have every open request looked at, as when a server starts; how many there are."""
    with desk.database.begin() as connection:
        ids = gates.open_ids(connection)
        for id in ids:
            outbox.look_at(connection, id)
    return len(ids)


def work_off(held: Jobs, *, kinds: Sequence[str] = KINDS, most: int = 1_000) -> list[str]:
    """Do what is due now, in this thread, as a command line does that has no workers beside it; what failed, in words.
    What did not go well is tried again when it is due, by whoever works then."""
    works, failed, database = held.works(), [], held.desk.database
    for _ in range(most):
        job = jobs.claim(database, kinds, "command")
        if job is None:
            break
        try:
            said = works[job.kind](job.payload)
        except LockgateError as error:
            again = AGAIN[job.attempts - 1] if job.attempts <= len(AGAIN) else None
            jobs.fail(database, job, str(error), again_in=again)
            failed.append(str(error))
        else:
            jobs.finish(database, job, said)
    return failed


def _value(table: str, name: str, value: Any) -> Any:
    """A value of JSON as the column of a table takes it."""
    kind = tables()[table].column(name).type
    if kind is ColumnType.DATETIME:
        return datetime.fromisoformat(value) if value else None
    return orjson.dumps(value).decode() if kind is ColumnType.DYNAMIC else value
