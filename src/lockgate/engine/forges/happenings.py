"""What happened at a forge as a job: its kind, what it is known by, and its payload, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from lockgate.errors import StoreError
from lockgate.model.deployment import DeploymentWaits
from lockgate.model.forge import (
    AccessChanged,
    CheckAgain,
    DeploymentsMayWait,
    ForgeEvent,
    ForgeRepository,
    Happening,
    MergeGroup,
    PullRequest,
    Push,
    SettingsChanged,
)
from lockgate.store.team.deliveries import Work

HAPPENING = "forge.happening"
INVENTORY = "forge.inventory"
RECONCILE = "forge.reconcile"
_KINDS: dict[str, type[Any]] = {
    one.__name__: one
    for one in (
        Push, PullRequest, MergeGroup, CheckAgain, AccessChanged, SettingsChanged, DeploymentWaits, DeploymentsMayWait,
    )
}


def work_of(connection: str, event: ForgeEvent) -> Work:
    """The job for an event. Events that ask for the same have the same key, so that one of them waits at a time."""
    happening = event.happening
    payload = {
        "connection": connection, "installation": event.installation, "what": type(happening).__name__,
        "told": asdict(happening),
    }  # fmt: skip
    return Work(HAPPENING, f"{connection}:{_about(happening)}"[:255], payload)


def inventory_of(connection: str, installation: int, repository: ForgeRepository) -> Work:
    """The job that judges a whole repository."""
    payload = {"connection": connection, "installation": installation, "told": asdict(repository)}
    return Work(INVENTORY, f"{connection}:{repository.id}"[:255], payload)


def _about(happening: Happening) -> str:
    if isinstance(happening, PullRequest):
        return f"{happening.repository.id}:pull:{happening.number}"
    if isinstance(happening, Push):
        return f"{happening.repository.id}:{happening.after or 'gone'}:{happening.ref}"
    if isinstance(happening, MergeGroup):
        return f"{happening.repository.id}:queue:{happening.head}"
    if isinstance(happening, CheckAgain):
        return f"{happening.repository.id}:again:{happening.head}"
    if isinstance(happening, DeploymentWaits):
        return f"wait:{happening.key}"
    if isinstance(happening, SettingsChanged):
        return f"settings:{happening.account}"
    if isinstance(happening, DeploymentsMayWait):
        return f"{happening.repository.id}:waits"
    return f"access:{happening.installation}"


def event_of(payload: Mapping[str, Any]) -> tuple[str, ForgeEvent]:
    """The name of the connection, and the event. Raises :class:`StoreError` for what another version wrote."""
    try:
        kind = _KINDS[payload["what"]]
        told = dict(payload["told"])
        if "repository" in told and isinstance(told["repository"], dict):
            told["repository"] = repository_of(told["repository"])
        for name in ("added", "removed"):
            if name in told:
                told[name] = tuple(map(repository_of, told[name]))
        for name in ("numbers", "images"):
            if name in told:
                told[name] = tuple(told[name])
        known = {one.name for one in fields(kind)}
        happening = kind(**{name: value for name, value in told.items() if name in known})
        return str(payload["connection"]), ForgeEvent(happening, int(payload["installation"]))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"the job is not understood: {type(error).__name__}", where=HAPPENING) from None


def repository_of(told: Mapping[str, Any]) -> ForgeRepository:
    """A repository of a payload."""
    known = {one.name for one in fields(ForgeRepository)}
    return ForgeRepository(**{name: value for name, value in told.items() if name in known})
