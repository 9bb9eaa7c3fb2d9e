"""Merges an apply configuration into an object: the part of server-side apply that a mutating policy needs.

Maps merge key by key. Lists merge where Kubernetes' API declares them as maps by the keys of :data:`LIST_KEYS`, or as
sets (:data:`SETS`); which field of the API a list is, is told by its name alone, because no schema is at hand. Every
other list, the members of :data:`OF_ATOMIC`, and the maps of :data:`ATOMIC` are atomic: a configuration that holds one
is refused, as Kubernetes refuses it, because it would delete what it does not name. The names are those of the schema
of all kinds of Kubernetes 1.35, in which few mean two things (:data:`ATOMIC_AT`). Nothing is ever removed, ownership of
fields is not kept, and fields of custom resources merge only where they bear these names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes.jsonpatch import same

LIST_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "containers": (("name",),),
    "initContainers": (("name",),),
    "ephemeralContainers": (("name",),),
    "volumes": (("name",),),
    "env": (("name",),),
    "schedulingGates": (("name",),),
    "resourceClaims": (("name",),),
    "claims": (("name",),),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "hostAliases": (("ip",),),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "conditions": (("type",),),
    "drivers": (("name",),),
    "matchConditions": (("name",),),
    "webhooks": (("name",),),
}
"""For a list's field name, the keys that tell its members apart; the first that a member has is taken."""
DEFAULTS = {"protocol": "TCP"}
"""Keys that a member may leave out."""
SETS = frozenset(("finalizers", "podCIDRs", "validationActions", "volumeLifecycleModes"))
"""Lists that are sets: members are added when they are not there yet."""
OF_ATOMIC = frozenset(("imagePullSecrets", "ownerReferences", "secrets"))
"""Lists that merge and whose members are atomic, so that none may be given."""
ATOMIC = frozenset(
    (
        "configMapKeyRef", "controllerExpandSecretRef", "controllerPublishSecretRef", "dataSource", "fieldRef",
        "fileKeyRef", "involvedObject", "labelSelector", "matchConstraints", "matchResources", "metricSelector",
        "namespaceSelector", "nodeExpandSecretRef", "nodePublishSecretRef", "nodeSelector", "nodeStageSecretRef",
        "nodeTopology", "objectSelector", "paramKind", "paramRef", "podSelector", "port", "preference", "regarding",
        "related", "required", "requiredDuringSchedulingIgnoredDuringExecution", "resource", "resourceFieldRef",
        "roleRef", "scopeSelector", "secretKeyRef", "secretRef", "selector", "targetRef",
    )
)  # fmt: skip
"""Maps that are replaced as a whole."""
ATOMIC_AT: dict[tuple[str, str], tuple[str, ...]] = {
    ("v1", "Namespace"): ("spec", "finalizers"),
    ("v1", "ServiceAccount"): ("imagePullSecrets",),
    ("autoscaling/v1", "HorizontalPodAutoscaler"): ("spec", "scaleTargetRef"),
    ("discovery.k8s.io/v1", "EndpointSlice"): ("ports",),
}
"""By version and kind, what is atomic there and not elsewhere."""
_FIXED = ("apiVersion", "kind")
_FIXED_METADATA = ("name", "namespace", "uid", "resourceVersion", "generateName")
_DEPTH = 100
_Id = tuple[str, ...]
"""What tells the members of a list apart."""


def merge(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A new object: ``document`` with ``configuration`` merged in.

    Raises :class:`EvaluationError` when the configuration holds an atomic list or map, sets what identifies the
    object, or has a value where the object has another kind of value.
    """
    _check_identity(document, configuration)
    _check_kind(document, configuration)
    return _merged_map(document, configuration, "", 0)


def _check_identity(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    metadata, own = configuration.get("metadata"), document.get("metadata")
    pairs = [(name, configuration, document) for name in _FIXED]
    if isinstance(metadata, Mapping) and isinstance(own, Mapping):
        pairs += [(name, metadata, own) for name in _FIXED_METADATA]
    for name, wanted, has in pairs:
        if name in wanted and not same(wanted[name], has.get(name)):
            raise EvaluationError(f"an apply configuration must not change {name}")


def _check_kind(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    path = ATOMIC_AT.get((str(document.get("apiVersion")), str(document.get("kind"))))
    if path is None:
        return
    value: Any = configuration
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping | list):
        raise EvaluationError(f"{'.'.join(path)} is atomic, which an apply configuration must not hold")


def _merged_map(old: Mapping[str, Any], new: Mapping[str, Any], at: str, depth: int) -> dict[str, Any]:
    if depth > _DEPTH:
        raise EvaluationError(f"the apply configuration nests deeper than {_DEPTH}")
    merged = dict(old)
    for name, value in new.items():
        place = f"{at}.{name}" if at else name
        if isinstance(value, Mapping) and name in ATOMIC:
            raise EvaluationError(f"{place} is an atomic map, which an apply configuration must not hold")
        merged[name] = _merged(old.get(name), value, name, place, depth + 1)
    return merged


def _merged(old: Any, new: Any, name: str, at: str, depth: int) -> Any:
    if isinstance(new, Mapping):
        if old is not None and not isinstance(old, Mapping):
            raise EvaluationError(f"{at} is a map in the apply configuration and none in the object")
        return _merged_map(old or {}, new, at, depth)
    if isinstance(new, list):
        if old is not None and not isinstance(old, list):
            raise EvaluationError(f"{at} is a list in the apply configuration and none in the object")
        return _merged_list(old or [], new, name, at, depth)
    if isinstance(old, Mapping | list):
        raise EvaluationError(f"{at} is a single value in the apply configuration and none in the object")
    return new


def _merged_list(old: list[Any], new: list[Any], name: str, at: str, depth: int) -> list[Any]:
    if name in OF_ATOMIC and not new:
        return old
    if name not in SETS and name not in LIST_KEYS:
        raise EvaluationError(f"{at} is an atomic list, which an apply configuration must not hold")
    wanted: dict[_Id, Any] = {}
    for item in new:
        identity = _member(item, name, at)
        if identity in wanted:
            raise EvaluationError(f"{at} has two members that are the same by their keys")
        wanted[identity] = item
    had = [_id_of(item, name) for item in old]
    by_id = {identity: item for identity, item in zip(had, old, strict=True) if identity is not None}
    twice = {identity for identity in by_id if had.count(identity) > 1}

    def merged(identity: _Id) -> Any:
        item = wanted[identity]
        if name in SETS:
            return item
        # Of members that are there twice it is not known which is meant: they give way.
        return _merged_map({} if identity in twice else by_id.get(identity, {}), item, at, depth + 1)

    return [old[one] if isinstance(one, int) else merged(one) for one in _woven(had, list(wanted))]


def _woven(had: Sequence[_Id | None], wanted: Sequence[_Id]) -> Iterator[int | _Id]:
    """The order of a merged list: members of the configuration in its own order, others where they stand, before any
    that is new. A place in the object's list for what it alone has."""
    named, present = frozenset(wanted), frozenset(had)
    coming, shared = iter(wanted), iter([one for one in wanted if one in present])
    due = next(shared, None)
    for place, one in enumerate(had):
        if one is None or one not in named:
            yield place
        elif one == due:
            for other in coming:
                yield other
                if other == one:
                    break
            due = next(shared, None)
    yield from coming


def _member(item: Any, name: str, at: str) -> _Id:
    if name not in SETS and not isinstance(item, Mapping):
        raise EvaluationError(f"{at} must hold maps")
    identity = _id_of(item, name)
    if identity is None:
        keys = " or ".join("+".join(keys) for keys in LIST_KEYS[name])
        raise EvaluationError(f"{at} holds a member without its key ({keys})")
    return identity


def _id_of(item: Any, name: str) -> _Id | None:
    if name in SETS:
        return (repr(item),)
    return _identity(item, name) if isinstance(item, Mapping) else None


def _identity(item: Mapping[str, Any], name: str) -> _Id | None:
    for keys in LIST_KEYS[name]:
        values = [item.get(key, DEFAULTS.get(key)) for key in keys]
        if keys[0] in item and all(isinstance(value, str | int) for value in values):
            return (keys[0], *map(repr, values))
    return None
