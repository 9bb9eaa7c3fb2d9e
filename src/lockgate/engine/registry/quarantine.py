"""What is done about a denied image, where the settings say so: named aside, its tag taken away, locked.

Every step looks afterwards whether it came true, since registries answer success to what they do not do. What a
registry cannot do is told as failed, and never made up for by deleting an image.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from lockgate.engine.registry.scope import QUARANTINED, Scope
from lockgate.errors import SourceError
from lockgate.formats.oci.references import Reference
from lockgate.settings import Quarantine
from lockgate.sources.image.place import Held
from lockgate.sources.image.registry import Client, RegistryPlace, registry_of
from lockgate.sources.image.registry.catalogue import digest_of
from lockgate.sources.image.registry.writing import put
from lockgate.store.registry.queue import Job
from lockgate.transport import AbsentError, RefusedError

_LONGEST_TAG = 128
_ACCEPTED = (200, 202, 204)
_LOCKED = {"readEnabled": False, "writeEnabled": False, "deleteEnabled": False}
"""Of Azure Container Registry: https://learn.microsoft.com/azure/container-registry/container-registry-image-lock"""
_UNKNOWN = frozenset((400, 404, 405, 501))
"""What a registry answers to a request that it does not know."""


def apply(scope: Scope, job: Job, digest: str) -> list[tuple[str, str]]:
    """Do what the settings say about the image ``digest`` that the job's tag names; ``done`` or ``failed``, and words,
    of each step. The first that fails ends it: a tag is not taken away from what has no other name."""
    found: list[tuple[str, str]] = []
    wanted = scope.settings.quarantine
    if not wanted:
        return found
    where = Reference(scope.registry, job.repository)
    with registry_of(where, scope.trust, limits=scope.limits, writes=True) as place:
        for step in (one for one in Quarantine if one in wanted):
            try:
                found.append(("done", _STEPS[step](place, job, job.top or digest, digest)))
            except SourceError as error:
                found.append(("failed", f"{step}: {error}"))
                break
    return found


def _name_aside(place: RegistryPlace, job: Job, top: str, digest: str) -> str:
    del digest
    document = place.manifest(top)
    tag = f"{QUARANTINED}{job.tag}"[:_LONGEST_TAG]
    put(place.client, document.content, document.media_type, key=tag)
    if digest_of(place.client, tag) != top:
        raise SourceError("the registry names something else by it", where=f"{place.name}:{tag}")
    return f"tag: it is {tag} too"


def _take_tag(place: RegistryPlace, job: Job, top: str, digest: str) -> str:
    del digest
    client = place.client
    for address in (f"/acr/v1/{job.repository}/_tags/{job.tag}", f"manifests/{job.tag}"):
        if _named(client, job.tag) != top:
            return "untag: the tag no longer names it"
        try:
            client.write("DELETE", address, success=_ACCEPTED)
        except RefusedError as error:
            if error.status not in _UNKNOWN:
                raise
    if _named(client, job.tag) == top:
        hint = "distribution's registry takes no tag away; Azure Container Registry, Harbor and zot do"
        raise SourceError("the registry takes no tag away", where=f"{place.name}:{job.tag}", hint=hint)
    return "untag: the tag is gone"


def _lock(place: RegistryPlace, job: Job, top: str, digest: str) -> str:
    for one in dict.fromkeys((digest, top)):
        body = Held(orjson.dumps(_LOCKED))
        headers = {"Content-Type": "application/json"}
        try:
            place.client.write("PATCH", f"/acr/v1/{job.repository}/_manifests/{one}", success=(200,), headers=headers,
                               body=body)  # fmt: skip
        except RefusedError as error:
            if error.status not in _UNKNOWN:
                raise
            hint = "Azure Container Registry alone locks images"
            raise SourceError("the registry locks no image", where=f"{place.name}@{one}", hint=hint) from None
    return "lock: it can no longer be pulled, written or deleted"


def _named(client: Client, tag: str) -> str:
    try:
        return digest_of(client, tag)
    except AbsentError:
        return ""


_STEPS: dict[Quarantine, Callable[[RegistryPlace, Job, str, str], str]] = {
    Quarantine.TAG: _name_aside, Quarantine.UNTAG: _take_tag, Quarantine.LOCK: _lock,
}  # fmt: skip
