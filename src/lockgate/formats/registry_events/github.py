"""Webhooks of GitHub about packages: ``package`` and ``registry_package``, signed by ``X-Hub-Signature-256``.

https://docs.github.com/webhooks/webhook-events-and-payloads#registry_package. Packages other than containers are no
images. The version of a container package is named by its digest; its tag, where it has one, stands beside it.
"""

from __future__ import annotations

from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.registry_events import Action, EventFormat, Headers, RegistryEvent, event
from lockgate.formats.webhooks import object_at

_EVENTS = ("registry_package", "package")
_PUSHES = frozenset({"published", "updated"})


def _read(body: dict[str, Any], headers: Headers) -> list[RegistryEvent]:
    kind = headers.get("x-github-event", "")
    if kind not in _EVENTS:
        return []  # a ping, or what else the webhook was told to send
    package = object_at(body, kind)
    if not package:
        raise FormatError(f"the body has no {kind}")
    if str(package.get("package_type", "")).lower() not in ("container", "docker") or body.get("action") not in _PUSHES:
        return []
    owner = object_at(package, "owner").get("login") or package.get("namespace")
    name = package.get("name")
    if not isinstance(owner, str) or not isinstance(name, str):
        raise FormatError("the package has no owner or no name")
    version = object_at(package, "package_version")
    told = object_at(version, "container_metadata", "tag")
    digest = told.get("digest") or (version.get("version") if str(version.get("version")).startswith("sha256:") else "")
    tag = told.get("name")
    if not (digest or tag):
        raise FormatError("the version has neither digest nor tag")
    # Names of repositories are lower case in the registry whatever the account writes.
    repository = f"{owner}/{name}".lower()
    return [event(Action.PUSH, repository, digest=digest, tag=tag, id=headers.get("x-github-delivery", ""))]


FORMAT = EventFormat("GitHub's container registry", _read, signature="x-hub-signature-256")
