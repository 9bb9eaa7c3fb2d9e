"""From an address to what it names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import discovery
from .kinds import Kind
from .status import ApiError, no_such_path


@dataclass(slots=True)
class Target:
    """What an address names."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def named(selector: str) -> str:
    """The one name a field selector asks for: the authorizer counts such a list as a request for that object."""
    found = re.fullmatch(r"metadata\.name==?([^,!=]+)", selector)
    return found[1] if found else ""


def target_of(registry: discovery.Registry, parts: list[str]) -> Target | None:
    """None for addresses about the server itself; 404 for a resource that is not served."""
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    kind = registry.find(group, version, rest[0])
    if len(rest) > 3 or (namespace and not kind.namespaced):
        raise no_such_path()
    if kind.namespaced and not namespace and len(rest) > 1:
        raise no_such_path()
    return Target(kind, namespace, *rest[1:])


def check_verb(target: Target, verb: str) -> None:
    """404 for a subresource that is not there, 405 for a verb that is not served at the address."""
    kind, sub = target.kind, target.subresource
    if sub == "status" and not kind.status:
        raise no_such_path()
    known = {name: verbs for name, _, verbs in kind.subresources}
    if sub and sub != "status" and sub not in known:
        raise no_such_path()
    allowed = ("get", "patch", "update") if sub == "status" else known.get(sub, kind.verbs)
    misplaced = (verb == "create" and not sub and target.name) or (verb in ("update", "patch") and not target.name)
    if verb not in allowed or misplaced or (kind.namespaced and not target.namespace and verb == "create"):
        said = "the server does not allow this method on the requested resource"
        raise ApiError(405, "MethodNotAllowed", said, details={})
    if verb in ("create", "update", "patch", "delete") and (kind.group, kind.version) in (
            ("autoscaling", "v1"), ("events.k8s.io", "v1")):  # fmt: skip
        raise ApiError(501, "NotImplemented", "the simulator serves this version for reading only")
