"""What a policy may look at besides the request: namespaces, parameters, who may do what; and the activation of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.cel.library.authorizers import Authority, Authorizer
from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes.matching import Served, labels_of
from lockgate.policy.kubernetes.objects import Binding, Policy
from lockgate.policy.kubernetes.request import Request

_NAMESPACED = frozenset((("v1", "ConfigMap"), ("v1", "Secret")))
_NAMESPACE_METADATA = (
    "name", "generateName", "namespace", "labels", "annotations", "uid", "creationTimestamp", "deletionTimestamp",
    "deletionGracePeriodSeconds", "generation", "resourceVersion", "finalizers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """The cluster as it was at the time of the request, as far as it is known."""

    namespaces: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Namespace objects by name."""
    parameters: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Objects that may be parameters, by apiVersion and kind. A kind that is absent is not known to the cluster."""
    authority: Authority | None = None
    """Knows what the user of the request may do; ``None`` makes an expression that asks fail."""
    served: Served = field(default_factory=dict)
    """Under which groups and versions a resource is served; see :mod:`matching`."""


def parameters(policy: Policy, binding: Binding, request: Request, world: World) -> list[Mapping[str, Any] | None]:
    """Each parameter to judge with; one ``None`` when the policy or the binding takes none.

    Empty when none is found and the binding allows that. Raises :class:`EvaluationError` when it does not, when the
    kind is not known, and when it cannot be told in which namespace to look.
    """
    ref = binding.param_ref
    if policy.param_kind is None or ref is None:
        return [None]
    candidates = world.parameters.get(policy.param_kind)
    if candidates is None:
        raise EvaluationError(f"the parameters' kind {'/'.join(policy.param_kind)} is not known")
    namespaced = policy.param_kind in _NAMESPACED or any(_metadata(obj, "namespace") for obj in candidates)
    if namespaced and not (ref.namespace or request.namespace):
        raise EvaluationError("a binding that matches cluster-wide resources must name its parameters' namespace")
    if ref.namespace and candidates and not namespaced:
        raise EvaluationError("paramRef.namespace must not be given for parameters of a cluster-wide kind")
    namespace = (ref.namespace or request.namespace) if namespaced else ""
    found: list[Mapping[str, Any] | None] = [
        obj
        for obj in candidates
        if (_metadata(obj, "namespace") or "") == namespace
        and (ref.selector.matches(labels_of(obj)) if ref.selector is not None else _metadata(obj, "name") == ref.name)
    ]
    if not found and ref.denies:
        raise EvaluationError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return found


def activation(request: Request, params: Mapping[str, Any] | None, world: World) -> dict[str, Any]:
    """The variables of an expression but ``variables``. ``namespaceObject`` is absent when it is not known."""
    values: dict[str, Any] = {
        "object": request.object,
        "oldObject": request.old_object,
        "request": request.variable(),
        "params": params,
        "authorizer": Authorizer(world.authority, request=request.access()),
    }
    if not request.namespace or (request.group, request.kind) == ("", "Namespace"):
        values["namespaceObject"] = None
    elif request.namespace in world.namespaces:
        values["namespaceObject"] = _reduced(world.namespaces[request.namespace])
    return values


def _reduced(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """A Namespace as expressions see it: no owner references, no managed fields."""
    metadata = namespace.get("metadata")
    kept = {name: metadata[name] for name in _NAMESPACE_METADATA if name in metadata} if metadata else {}
    return {"metadata": kept, **{name: namespace[name] for name in ("spec", "status") if name in namespace}}


def _metadata(obj: Mapping[str, Any], name: str) -> object:
    metadata = obj.get("metadata")
    return metadata.get(name) if isinstance(metadata, Mapping) else None
