"""How forges are set up, read by jobs: every organisation from time to time, when somebody asks, and when a forge tells
that settings changed. What comes of it is a run of the engine, as of ``lockgate posture``.

A reading that has to wait for the forge's limits gives its job back, and goes on later from the answers that it had
(``store.forge_answers``). What does not belong: what is asked (``sources.forges.posture``), and when pages show it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.engine.forges.connections import Connection, allowed_by
from lockgate.engine.forges.patient import again
from lockgate.engine.machine import machine_folder
from lockgate.engine.request import Request
from lockgate.engine.scan import scan
from lockgate.engine.working import Handler, LaterError, Progress
from lockgate.errors import LockgateError
from lockgate.findings import Waivers
from lockgate.model import Family, Result
from lockgate.model.forge import SettingsChanged
from lockgate.settings import GateSettings
from lockgate.sources.forges.budget import Bounds, CallBudget, LimitedError
from lockgate.store import Ledger, Record
from lockgate.store.forge_answers import ForgeAnswers, answers_of, sweep
from lockgate.store.team import installations, jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.jobs import Job
from lockgate.store.team.sealing import seal_of
from lockgate.store.workspace import Workspace, salt_of

_log = logging.getLogger("lockgate.forges")
LOOK, READ = "posture.look", "posture.read"
_LOOKED = 3_600.0
"""Seconds between two looks at which organisations there are, and which are due."""
_GATHERED, _APART = 60.0, 900.0
"""Seconds for which changes are gathered before they are read, and at least between two readings for changes."""
_TOLD = 2.0
"""Seconds between two entries of how far a reading is."""
_LAST = "SELECT max(TimeGenerated) AS Last FROM Runs WHERE Mode = 'posture' AND Root = ?"


@dataclass(frozen=True, slots=True)
class Posture:
    """What the jobs stand on."""

    connections: Callable[[], Mapping[str, Connection]]
    database: TeamDatabase
    workspace: Workspace
    record: Callable[[], Record]
    gate: Callable[[], GateSettings]
    options: Callable[[], Mapping[str, Mapping[str, Any]]]
    """Of the scanners, as the settings have them now."""
    waivers: Callable[[], Waivers]
    now: Callable[[], float] = time.time

    def changed(self, connection: Connection, told: SettingsChanged, installation: int) -> str:
        """A forge told that settings are others now: they are read soon, many changes at once; in words."""
        wanted = told.account.lower()
        said = []
        for name, number in connection.organizations():
            if not wanted or wanted == name.lower() or wanted.startswith(f"{name.lower()}/"):
                delay = max(_GATHERED, _APART - (self.now() - self._last(connection, name)))
                self._enqueue(connection, name, number or installation, delay=delay)
                said.append(f"{name} is read in {delay:,.0f} s")
        return f"{told.about}: {'; '.join(said) or f'the settings do not look at {told.account}'}"

    def _last(self, connection: Connection, name: str) -> float:
        """When an organisation was read last, in seconds of Unix time; 0: never."""
        rows = self.record().sql(_LAST, [root_of(connection, name)], only=("Runs",))
        last: datetime | None = rows[0]["Last"] if rows else None
        return 0.0 if last is None else last.timestamp()

    def _enqueue(self, connection: Connection, name: str, installation: int, *, delay: float) -> None:
        payload = {"connection": connection.name, "organization": name, "installation": installation}
        with self.database.begin() as written:
            jobs.enqueue(written, READ, payload, key=f"{connection.name}:{name}"[:255], delay=delay, now=self.now())


def root_of(connection: Connection, organization: str) -> str:
    """How a run over an organisation is named: ``github:acme``."""
    return f"{connection.kind.value}:{organization}"


def look(database: TeamDatabase, *, only: str = "", is_asked: bool = False, actor: str = "system") -> int:
    """Have organisations looked at: those that are due read; those that somebody asked for at once. ``only``: root of
    one, such as ``github:acme``; empty: all. The id of the job."""
    with database.begin() as connection:
        payload = {"only": only, "asked": is_asked}
        return jobs.enqueue(connection, LOOK, payload, key=f"{only or 'all'}{':asked' if is_asked else ''}"[:255],
                            actor=actor)  # fmt: skip


def handlers(posture: Posture) -> tuple[Handler, ...]:
    """How the jobs are done."""
    return (again(LOOK, lambda job, progress: _look(posture, job)),
            again(READ, lambda job, progress: _read(posture, job, progress)))  # fmt: skip


def _look(posture: Posture, job: Job) -> str:
    only, is_asked = str(job.payload.get("only") or ""), bool(job.payload.get("asked"))
    said, failed = [], None
    for connection in posture.connections().values():
        hours = connection.settings.posture.hours
        if not hours and not is_asked:
            continue
        try:
            for name, installation in connection.organizations():
                if only and only != root_of(connection, name):
                    continue
                due = 0.0 if is_asked else posture._last(connection, name) + hours * 3_600.0 - posture.now()
                posture._enqueue(connection, name, installation, delay=max(due, 0.0))
                said.append(f"{root_of(connection, name)} is read {'now' if due <= 0 else f'in {due / 3_600:.1f} h'}")
        except LockgateError as error:
            failed = error
            _log.error("the organisations of %s could not be listed: %s", connection.name, error)
    if not is_asked:
        sweep(_folder(posture), now=posture.now())
        with posture.database.begin() as written:
            jobs.enqueue(written, LOOK, {}, key="all", delay=_LOOKED, now=posture.now())
    if failed is not None:
        raise failed
    return "; ".join(said) or "there is nothing to read"


def _read(posture: Posture, job: Job, progress: Progress) -> str:
    """Read and judge one organisation. What was answered before this attempt is not asked again."""
    name, number = str(job.payload["organization"]), int(job.payload["installation"])
    connection = posture.connections().get(str(job.payload["connection"]))
    if connection is None:
        return "the settings name no such forge any more"
    run = hashlib.sha256(f"posture/{job.id}/{job.created}".encode()).hexdigest()[:32]
    if posture.record().has_run(run):
        return f"{root_of(connection, name)} was read"
    settings = connection.settings.posture
    bounds = Bounds(settings.calls, retries=50, wait_seconds=120.0, longest_wait=30.0, reserve=500)
    with ForgeAnswers(answers_of(_folder(posture), job.id), seal_of(posture.workspace.folder)) as answers:
        budget = _Metered(bounds, progress, root_of(connection, name))
        budget.calls = len(answers)
        at = datetime.fromtimestamp(job.created, UTC).isoformat(timespec="seconds")
        asked = connection.posture(name, number, budget=budget, so_far=answers, read_at=at)
        budget.expected = lambda: asked.source.expected
        try:
            result = _judged(posture, asked.source, run, f"{connection.kind.value}:{name}")
        finally:
            asked.close()
            _keep_allowances(posture, connection, number, budget)
    new = sum(one.state == "new" for one in result.findings)
    found = f"{len(result.findings):,} findings, {new:,} new, {len(result.fixed):,} mended"
    return f"{root_of(connection, name)}: {found}, {len(result.skips):,} not read whole; {budget.calls:,} calls"


def _judged(posture: Posture, source: Any, run: str, project: str) -> Result:
    from lockgate.gates.check import GATE
    from lockgate.rules import load

    place, results, made = posture.workspace, list[Result](), machine_folder([])
    rules = load((Family.POSTURE,), cache_dir=made or place.cache_dir, samples=False)
    request = Request(
        families=(Family.POSTURE,), gate=posture.gate(), options=posture.options(), rules_digest=rules.digest,
        project=project, salt=salt_of(place), cache_dir=place.cache_dir, made_dir=made, waivers=posture.waivers(),
        run=run, tell=results.append,
    )  # fmt: skip
    with Ledger.open(place.folder) as ledger:
        scan([source], rules, GATE, store=posture.record(), ledger=ledger, request=request)
    return results[0]


def _keep_allowances(posture: Posture, connection: Connection, installation: int, budget: CallBudget) -> None:
    with posture.database.begin() as written:
        installations.allowed(written, connection.name, installation, allowed_by(budget), now=posture.now())


def _folder(posture: Posture) -> Any:
    return posture.workspace.folder / "forges"


class _Metered(CallBudget):
    """Says how far a reading is, and gives it back where the forge wants to be asked later."""

    def __init__(self, bounds: Bounds, progress: Progress, what: str) -> None:
        super().__init__(bounds)
        self._progress, self._what, self._said = progress, what, 0.0
        self.expected: Callable[[], int] = lambda: 0
        """Calls that all of it takes, as far as is known."""

    def spend(self, where: str, resource: str = "") -> None:
        """As of every budget. Raises :class:`StoppedError` where the job is to end, and :class:`LaterError`."""
        self._progress.check()
        super().spend(where, resource)
        now = time.monotonic()
        if now - self._said >= _TOLD:
            self._said = now
            self._progress.tell(self.calls, max(self.expected(), self.calls), f"{self._what}: {self.calls:,} calls")

    def wait(self, seconds: float, reason: str, where: str, *, limited: bool = False) -> None:
        """As of every budget. Raises :class:`LaterError` where the forge's limits take longer."""
        try:
            super().wait(seconds, reason, where, limited=limited)
        except LimitedError as error:
            raise LaterError(f"{self._what}: {error.message}; {self.calls:,} calls are made", error.after) from None
