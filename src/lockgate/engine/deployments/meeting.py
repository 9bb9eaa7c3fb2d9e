"""Which request is meant when somebody asks: a forge and the pipeline that it runs ask for the same deployment.

A forge knows who waits, a pipeline what is deployed; by environment, repository and commit they become one, in
whichever order they come. What a pipeline says later of an open request takes the place of what it said before, and the
answers that were given to that fall away by themselves: they are bound to other digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model.deployment import DeploymentRequest, DeploymentWaits
from lockgate.store.team import gates
from lockgate.store.team.gates import ConflictError, Kept, Transaction

PIPELINE = "pipeline"
"""``forge`` of what is asked for by whoever waits itself."""
_LONGEST_KEY = 255
Given = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Met:
    """The request that is meant."""

    kept: Kept
    is_new: bool = False
    before: Kept | None = None
    """As it was, where now something else is to be deployed with it."""


def met(connection: Transaction, request: DeploymentRequest, waits: DeploymentWaits, given: Given) -> Met:
    """Find it, or make it of ``request``. Raises :class:`ConflictError` where it is settled about something else."""
    made = replace(waits, key=_short(waits.key))
    return (_of_pipeline if waits.forge == PIPELINE else _of_forge)(connection, request, made, given)


def _of_pipeline(connection: Transaction, request: DeploymentRequest, waits: DeploymentWaits, given: Given) -> Met:
    says_what = bool(request.images or request.manifests)
    waiting = gates.open_of_forge(connection, request) if says_what else None
    if waiting is not None:
        return _said(connection, waiting, request, given)
    kept, new = gates.add(connection, request, key=waits.key, callback=waits.callback, given=given)
    return Met(kept, is_new=True) if new else _said(connection, kept, request, given) if says_what else Met(kept)


def _of_forge(connection: Transaction, request: DeploymentRequest, waits: DeploymentWaits, given: Given) -> Met:
    says_what = bool(request.images or request.manifests)
    known = gates.newest_by_key(connection, waits.forge, waits.key)
    if known is not None and not _is_another(known, waits):
        return _said(connection, known, request, given) if says_what else Met(known)
    if known is not None:
        waits = replace(waits, key=_short(f"{waits.key}#{waits.callback['deployment']}"))
    told = None if says_what else gates.told_before(connection, request)
    if told is not None:
        if told.request.forge == PIPELINE and not gates.held(connection, told.request.id).standing.settled:
            return Met(gates.take_over(connection, told, waits))
        request = replace(request, images=told.request.images, manifests=told.request.manifests)
        given = {**told.given, **(given or {})}
    kept, new = gates.add(connection, request, key=waits.key, callback=waits.callback, given=given)
    return Met(kept, is_new=new)


def _is_another(known: Kept, waits: DeploymentWaits) -> bool:
    """Whether a job waits anew, behind one that was answered: a run that is begun again keeps its number, and a later
    job of it may deploy to the same environment. That answer was about another wait, and what it deploys may be
    another by now."""
    deployment = waits.callback.get("deployment", "")
    return known.standing.settled and deployment not in ("", known.callback.get("deployment"))


def _said(connection: Transaction, known: Kept, request: DeploymentRequest, given: Given) -> Met:
    """What is to be deployed is said of a request that there is."""
    kept = gates.held(connection, known.request.id)
    before, now = (kept.request.images, kept.request.manifests), (request.images, request.manifests)
    if kept.standing.settled:
        if before != now:
            reason = f"the request is {kept.standing}, about other images or manifests"
            raise ConflictError(reason, where=kept.request.id)
        return Met(kept)
    said = gates.set_given(connection, kept, images=request.images, manifests=request.manifests, given=given or {})
    return Met(said, before=kept if before not in (((), ""), now) else None)


def _short(key: str) -> str:
    """A key as the database holds it: names of environments may be long."""
    return key if len(key) <= _LONGEST_KEY else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
