"""Webhooks of Azure Container Registry: one event a body, ``{id, action, target, request}``.

https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference. A ``ping`` says that the
webhook was set up. Charts and other artefacts come as ``chart_push``; they are no images.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.registry_events import Action, EventFormat, Headers, RegistryEvent, event
from lockgate.formats.webhooks import object_at

_ACTIONS = {"push": Action.PUSH, "quarantine": Action.PUSH, "delete": Action.DELETE}
"""``quarantine``: an image was pushed to a registry whose own quarantine holds it back until somebody judged it."""
_OTHERS = frozenset({"ping", "chart_push", "chart_delete"})


def _read(body: dict[str, Any], headers: Headers) -> list[RegistryEvent]:
    del headers
    name = body.get("action")
    if name in _OTHERS:
        return []
    action, target = _ACTIONS.get(str(name)), object_at(body, "target")
    if action is None or not target:
        raise FormatError("the body has neither an action that is known nor a target")
    digest, tag = target.get("digest"), target.get("tag")
    if not (digest or tag):
        raise FormatError("the target has neither digest nor tag")
    return [event(action, target.get("repository"), digest=digest, tag=tag, id=body.get("id"))]


FORMAT = EventFormat("Azure Container Registry", _read)
