"""One admission request, as the API server or a webhook review has it, or made up for an object in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.cel.library.authorizers import Access
from lockgate.policy.errors import PolicyError

OPERATIONS = ("CREATE", "UPDATE", "DELETE", "CONNECT")
_PLURALS = {"Endpoints": "endpoints", "ResourceQuota": "resourcequotas", "Gateway": "gateways"}
_SOMEBODY: Mapping[str, Any] = {"username": "", "groups": ["system:authenticated"]}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be admitted."""

    operation: str
    """``CREATE``, ``UPDATE``, ``DELETE`` or ``CONNECT``."""
    group: str
    """API group of the resource; empty is the core one."""
    version: str
    """API version of the resource."""
    resource: str
    """Plural name of the resource in lower case."""
    kind: str
    """Kind of the object."""
    subresource: str = ""
    """Subresource, or empty."""
    name: str = ""
    """Name of the object; empty while it is only generated."""
    namespace: str = ""
    """Namespace of the request; a Namespace's own name for Namespaces; empty for other cluster-wide resources."""
    object: Mapping[str, Any] | None = None
    """The object as it shall be; ``None`` for a deletion."""
    old_object: Mapping[str, Any] | None = None
    """The object as it is; ``None`` for a creation."""
    user: Mapping[str, Any] = field(default_factory=dict)
    """``userInfo``: username, uid, groups, extra. Empty for an object that nobody asks to store, in files or an audit:
    expressions then meet somebody who is signed in and has no name, as conditions on users are written for requests."""
    dry_run: bool = False
    """Whether nothing will be stored."""
    options: Mapping[str, Any] | None = None
    """Options of the operation, as ``CreateOptions``."""

    def variable(self) -> dict[str, Any]:
        """What ``request`` is in an expression: the AdmissionRequest without its objects and its uid."""
        kind = {"group": self.group, "version": self.version, "kind": self.kind}
        resource = {"group": self.group, "version": self.version, "resource": self.resource}
        return {
            "kind": kind,
            "resource": resource,
            "subResource": self.subresource,
            "requestKind": kind,
            "requestResource": resource,
            "requestSubResource": self.subresource,
            "name": self.name,
            "namespace": self.namespace,
            "operation": self.operation,
            "userInfo": dict(self.user or _SOMEBODY),
            "dryRun": self.dry_run,
            "options": self.options,
        }

    def access(self) -> Access:
        """What ``authorizer.requestResource`` asks about."""
        return Access(
            group=self.group,
            resource=self.resource,
            subresource=self.subresource,
            namespace=self.namespace,
            name=self.name,
        )


def plural(kind: str) -> str:
    """The resource's name of a kind, as Kubernetes' own guess makes it; ``Ingress`` gives ``ingresses``."""
    if kind in _PLURALS:
        return _PLURALS[kind]
    name = kind.lower()
    if name.endswith("s"):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def request_for(
    obj: Mapping[str, Any],
    *,
    operation: str = "CREATE",
    old: Mapping[str, Any] | None = None,
    namespace: str | None = None,
    resource: str | None = None,
    user: Mapping[str, Any] | None = None,
) -> Request:
    """The request that would bring about ``obj``. For a ``DELETE`` it is the object that goes.

    ``namespace`` is the request's when the object names none; ``resource`` the plural where :func:`plural` would be
    wrong. Raises :class:`PolicyError` for an object without apiVersion or kind.
    """
    version, kind = obj.get("apiVersion"), obj.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str) or not version or not kind:
        raise PolicyError("the object needs an apiVersion and a kind")
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    name = str(metadata.get("name") or "")
    group, _, number = version.rpartition("/")
    own = name if (group, kind) == ("", "Namespace") else metadata.get("namespace") or namespace or ""
    gone = operation == "DELETE"
    return Request(
        operation, group, number, resource or plural(kind), kind, name=name, namespace=str(own),
        object=None if gone else obj, old_object=obj if gone else old, user=user or {},
    )  # fmt: skip


def parse_request(review: Mapping[str, Any]) -> Request:
    """The request of an AdmissionReview, or a bare AdmissionRequest. Raises :class:`PolicyError` for other shapes."""
    request = review.get("request", review)
    if not isinstance(request, Mapping):
        raise PolicyError("the review's request must be a map")
    kind, resource = _named(request, "kind", "kind"), _named(request, "resource", "resource")
    operation = request.get("operation")
    if operation not in OPERATIONS:
        raise PolicyError(f"the request's operation is {operation!r}", hint=f"use {', '.join(OPERATIONS)}")
    for name in ("object", "oldObject", "options", "userInfo"):
        if not isinstance(request.get(name), Mapping | None):
            raise PolicyError(f"the request's {name} must be a map or null")
    return Request(
        operation, resource["group"], resource["version"], resource["resource"], kind["kind"],
        subresource=str(request.get("subResource") or ""), name=str(request.get("name") or ""),
        namespace=str(request.get("namespace") or ""), object=request.get("object"),
        old_object=request.get("oldObject"), user=request.get("userInfo") or {},
        dry_run=request.get("dryRun") is True, options=request.get("options"),
    )  # fmt: skip


def _named(request: Mapping[str, Any], name: str, last: str) -> dict[str, str]:
    value = request.get(name)
    if not isinstance(value, Mapping):
        raise PolicyError(f"the request's {name} must be a map")
    parts = {part: value.get(part) or "" for part in ("group", "version", last)}
    if not all(isinstance(part, str) for part in parts.values()) or not parts[last]:
        raise PolicyError(f"the request's {name} must name group, version and {last}")
    return parts
