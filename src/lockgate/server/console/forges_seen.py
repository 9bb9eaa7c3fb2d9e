"""How the connected forges stand: what they told last, when all was looked at, what failed, what may still be asked.
Shared by pages and API, as is having all of them looked at again."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from lockgate.access import permissions
from lockgate.dataclass import dataclass
from lockgate.engine.forges.happenings import HAPPENING, INVENTORY, RECONCILE
from lockgate.engine.forges.posture import LOOK, READ
from lockgate.engine.forges.posture_apply import APPLY
from lockgate.engine.forges.reconciling import enqueue
from lockgate.model.actor import Actor
from lockgate.server.console.api.forges import connections_of
from lockgate.server.console.asking import address_of, services_of
from lockgate.store.team import deliveries, installations, jobs, trail
from lockgate.store.team.deliveries import Heard
from lockgate.store.team.installations import ForgeInstallation
from lockgate.store.team.jobs import Job, JobState

_KINDS = (HAPPENING, INVENTORY, RECONCILE, LOOK, READ, APPLY)
_FEW = 10


@dataclass(frozen=True, slots=True)
class ForgeStanding:
    """One forge of the settings."""

    name: str
    kind: str
    events: str
    """Where it tells what happened."""
    covers: tuple[str, ...]
    """Repositories that are looked at, as the settings say."""
    heard: Heard | None
    """What it told; None where it told nothing yet."""
    installed: tuple[ForgeInstallation, ...]
    failed: tuple[Job, ...]
    """Work about it that failed, newest first."""

    @property
    def repositories(self) -> int:
        """Watched, when all were listed last."""
        return sum(one.repositories for one in self.installed)

    @property
    def looked(self) -> float:
        """When all were listed last, in seconds of Unix time; 0: not yet."""
        return min((one.looked for one in self.installed), default=0.0)


@dataclass(frozen=True, slots=True)
class ForgesStanding:
    """All of them."""

    forges: tuple[ForgeStanding, ...]
    reconciled: Job | None
    """The newest look at everything that ended."""
    failed: tuple[Job, ...]
    """Failed looks at all of them."""


def standing(request: Request) -> ForgesStanding:
    """How they stand. Raises ``LockgateError`` for settings that cannot hold."""
    services = services_of(request)
    known = connections_of(services)()
    with services.database.read() as connection:
        installed = installations.listed(connection)
        heard: Mapping[str, Heard] = deliveries.heard(connection)
        failed = [job for kind in _KINDS for job in jobs.listed(connection, states=[JobState.FAILED], kind=kind)]
        ended = jobs.listed(connection, states=[JobState.DONE], kind=RECONCILE, most=1)
    failed.sort(key=lambda job: -job.ended)
    forges = tuple(
        ForgeStanding(
            name, one.kind.value, f"{services.origin}/api/v1/forges/{name}/events", one.settings.repositories,
            heard.get(name), tuple(found for found in installed if found.connection == name),
            tuple(job for job in failed if _about(job) == name)[:_FEW],
        )
        for name, one in known.items()
    )  # fmt: skip
    others = tuple(job for job in failed if _about(job) not in known)[:_FEW]
    return ForgesStanding(forges, ended[0] if ended else None, others)


def look_again(request: Request, actor: Actor) -> None:
    """Have every forge looked at now, for what it did not tell."""
    services = services_of(request)
    enqueue(services.database)
    with services.database.begin() as connection:
        entry = trail.Entry(
            actor, str(permissions.FORGES_CHANGE), "forges", trail.DONE, "reconcile", address_of(request)
        )
        trail.append(connection, entry)
    services.wake()


def _about(job: Job) -> str:
    return str(job.payload.get("connection") or "")
