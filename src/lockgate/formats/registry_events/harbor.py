"""Webhooks of Harbor, in both forms that it has: its own, and CloudEvents.

Its own is ``{type: PUSH_ARTIFACT, event_data: {resources: [{digest, tag}], repository: {repo_full_name}}}``; as
CloudEvents the type is ``harbor.artifact.pushed`` and ``data`` stands for ``event_data``.
https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.registry_events import Action, EventFormat, Headers, RegistryEvent, event
from lockgate.formats.webhooks import object_at

_ACTIONS = {
    "PUSH_ARTIFACT": Action.PUSH, "harbor.artifact.pushed": Action.PUSH,
    "DELETE_ARTIFACT": Action.DELETE, "harbor.artifact.deleted": Action.DELETE,
}  # fmt: skip


def _read(body: dict[str, Any], headers: Headers) -> list[RegistryEvent]:
    del headers
    kind = body.get("type")
    if not isinstance(kind, str):
        raise FormatError("the body has no type")
    action = _ACTIONS.get(kind)
    if action is None:  # pulls, scans, quotas, replications
        return []
    data = object_at(body, "data") if "specversion" in body else object_at(body, "event_data")
    repository = object_at(data, "repository").get("repo_full_name")
    resources = data.get("resources")
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise FormatError("the event has no list of resources")
    found = []
    for one in resources:
        digest, tag = one.get("digest"), one.get("tag")
        if tag == digest:  # how Harbor tells an artefact without a tag
            tag = ""
        if digest or tag:
            found.append(event(action, repository, digest=digest, tag=tag, id=body.get("id")))
    return found


FORMAT = EventFormat("Harbor", _read)
