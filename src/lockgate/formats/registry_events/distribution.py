"""Notifications of the distribution project (docker-registry), and of what is built on it.

``{"events": [{id, action, target: {mediaType, digest, repository, tag}}]}``, an event for each blob and each manifest.
https://distribution.github.io/distribution/about/notifications/
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import media_types
from lockgate.formats.registry_events import Action, EventFormat, Headers, RegistryEvent, event
from lockgate.formats.webhooks import object_at

MEDIA_TYPE = "application/vnd.docker.distribution.events.v1+json"
_MANIFESTS = media_types.MANIFESTS | media_types.INDEXES | media_types.SCHEMA_1
_ACTIONS = {"push": Action.PUSH, "delete": Action.DELETE}


def _read(body: dict[str, Any], headers: Headers) -> list[RegistryEvent]:
    del headers
    events = body.get("events")
    if not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
        raise FormatError("the body has no list of events")
    found = []
    for one in events:
        target, action = object_at(one, "target"), _ACTIONS.get(str(one.get("action")))
        if action is None or (action is Action.PUSH and target.get("mediaType") not in _MANIFESTS):
            continue  # pulls, mounts, and the blobs that a push brings before its manifest
        digest, tag = target.get("digest"), target.get("tag")
        if digest or tag:
            found.append(event(action, target.get("repository"), digest=digest, tag=tag, id=one.get("id")))
    return found


FORMAT = EventFormat("docker-registry, and other registries of the distribution project", _read)
