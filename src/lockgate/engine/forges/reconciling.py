"""Finds what happened while nobody listened: by deliveries that a forge still holds, and by listing how things stand.

The default branch and every open pull request of each repository are compared with what was judged of them; what is
another becomes the job that a webhook would have made, under the same key. Lists are asked for with entity tags, so
that where nothing happened the forge counts next to nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from lockgate.engine.forges.connections import Connection, allowed_by
from lockgate.engine.forges.happenings import RECONCILE, work_of
from lockgate.engine.working import Progress
from lockgate.errors import LockgateError
from lockgate.formats.forge_events import formats, read
from lockgate.formats.format_error import FormatError
from lockgate.model.forge import ForgeEvent, ForgeRepository, Push
from lockgate.sources.forges.forge import Forge
from lockgate.store.team import deliveries, installations, jobs
from lockgate.store.team.database import TeamDatabase
from lockgate.store.team.deliveries import Delivery
from lockgate.store.team.jobs import Job
from lockgate.transport import RefusedError, UnansweredError

_log = logging.getLogger("lockgate.forges")
_LOOKED_BACK = 3 * 86_400.0
"""Seconds: for so long GitHub keeps deliveries."""


def reconcile(connections: Mapping[str, Connection], database: TeamDatabase, job: Job, progress: Progress) -> str:
    """Look at every forge, or at the one that the job names; what came of it, in words."""
    only = str(job.payload.get("connection") or "")
    said, failed = [], None
    for name, connection in connections.items():
        if only and name != only:
            continue
        try:
            found, looked_at = _forge(connection, database, progress)
            said.append(f"{name}: {found} of {looked_at} repositories had something new")
        except LockgateError as error:
            failed = error
            _log.error("%s could not be looked at: %s", name, error)
    _again(connections, database)
    if failed is not None:
        raise failed
    with database.begin() as written:
        deliveries.forget(written, before=time.time() - deliveries.KEPT_SECONDS)
    return "; ".join(said) or "there is no forge"


def enqueue(database: TeamDatabase, *, delay: float = 0.0) -> None:
    """Have everything looked at once."""
    with database.begin() as connection:
        jobs.enqueue(connection, RECONCILE, {}, key="all", delay=delay)


def _again(connections: Mapping[str, Connection], database: TeamDatabase) -> None:
    """The next look at everything waits in the queue from now on."""
    minutes = [one.settings.reconcile_minutes for one in connections.values() if one.settings.reconcile_minutes]
    if minutes:
        enqueue(database, delay=min(minutes) * 60.0)


def _forge(connection: Connection, database: TeamDatabase, progress: Progress) -> tuple[int, int]:
    """How many repositories had something new, of how many."""
    found = looked_at = 0
    budget = connection.listing()
    accounts = connection.accounts(budget)
    for number, forge in connection.forges(accounts, budget):
        before = looked_at
        _missed(connection, forge, database)
        for repository in forge.repositories():
            if repository.is_archived or not connection.covers(repository.name):
                continue
            progress.tell(done=looked_at, said=f"{connection.name}: {repository.name}")
            looked_at += 1
            try:
                found += _repository(connection, number, forge, repository, database)
            except UnansweredError:
                raise
            except LockgateError as error:  # one that is being moved or hidden does not hide the others
                _log.warning("%s could not be looked at: %s", repository.name, error)
        with database.begin() as written:
            installations.looked_at(written, connection.name, number, account=accounts.get(number, ""),
                                    repositories=looked_at - before, now=time.time())  # fmt: skip
            installations.allowed(written, connection.name, number, allowed_by(budget), now=time.time())
    with database.begin() as written:
        installations.keep_only(written, connection.name, list(accounts))
    return found, looked_at


def _missed(connection: Connection, forge: Forge, database: TeamDatabase) -> None:
    """Take in what the forge could not deliver. It comes from the forge itself, so no signature is asked for."""
    form = formats()[connection.kind.replace("-", "_")]
    try:
        missed = list(forge.missed(time.time() - _LOOKED_BACK))
    except RefusedError as error:
        _log.warning("%s does not show its deliveries: %s", connection.name, error)
        return
    taken = []
    for one in missed:
        try:
            told = read(form, one.content, one.headers)
        except FormatError as error:
            _log.warning("a delivery of %s is not understood: %s", connection.name, error.reason)
            continue
        work = tuple(work_of(connection.name, event) for event in told.events)
        taken.append(Delivery(connection.name, told.id, told.kind, work))
    if taken:
        with database.begin() as written:
            deliveries.accept(written, taken, now=time.time())


def _repository(
    connection: Connection, installation: int, forge: Forge, repository: ForgeRepository, database: TeamDatabase
) -> bool:
    """Whether anything of it was not judged yet; its jobs are then in the queue."""
    _waiting(connection, installation, forge, repository, database)
    branch, head = forge.head(repository)
    happened: list[ForgeEvent] = []
    with database.read() as reading:
        known, _ = deliveries.judged(reading, connection.name, repository.id, f"refs/heads/{branch}")
        if head and known != head:
            happened.append(ForgeEvent(Push(repository, f"refs/heads/{branch}", known, head), installation))
        for one in forge.open_pull_requests(repository):
            # That its target moved alone has a pull request judged at its next commit.
            if deliveries.judged(reading, connection.name, repository.id, f"pull/{one.number}")[0] != one.head:
                happened.append(ForgeEvent(one, installation))
    if happened:
        with database.begin() as written:
            for event in happened:
                work = work_of(connection.name, event)
                jobs.enqueue(written, work.kind, work.payload, key=work.key)
    return bool(happened)


def _waiting(
    connection: Connection, installation: int, forge: Forge, repository: ForgeRepository, database: TeamDatabase
) -> None:
    """Hand what waits for an answer to the gate, which knows what it was told of before."""
    try:
        waits = list(forge.waiting(repository))
    except RefusedError as error:
        _log.info("%s does not show which deployments wait in %s: %s", connection.name, repository.name, error)
        return
    with database.begin() as written:
        for one in waits:
            work = work_of(connection.name, ForgeEvent(one, installation))
            jobs.enqueue(written, work.kind, work.payload, key=work.key)
