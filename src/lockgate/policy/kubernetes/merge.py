"""Merges an apply configuration into an object: the part of server-side apply that a mutating policy needs.

Maps merge key by key. Lists merge where Kubernetes' API declares them as maps by the keys of :data:`LIST_KEYS`, or as
sets (:data:`SETS`); which field of the API a list is, is told by its name alone, because no schema is at hand. Every
other list, and the maps of :data:`ATOMIC`, are atomic: a configuration that holds one is refused, as Kubernetes
refuses it, because it would delete what it does not name. Nothing is ever removed, ownership of fields is not kept,
and fields of custom resources merge only where they bear these names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.policy.errors import EvaluationError
from lockgate.policy.kubernetes.jsonpatch import same

LIST_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "containers": (("name",),),
    "initContainers": (("name",),),
    "ephemeralContainers": (("name",),),
    "volumes": (("name",),),
    "env": (("name",),),
    "imagePullSecrets": (("name",),),
    "secrets": (("name",),),
    "schedulingGates": (("name",),),
    "resourceClaims": (("name",),),
    "claims": (("name",),),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "hostAliases": (("ip",),),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "ownerReferences": (("uid",),),
    "conditions": (("type",),),
    "webhooks": (("name",),),
}
"""For a list's field name, the keys that tell its members apart; the first that a member has is taken."""
DEFAULTS = {"protocol": "TCP"}
"""Keys that a member may leave out."""
SETS = frozenset(("finalizers",))
"""Lists that are sets: members are added when they are not there yet."""
ATOMIC = frozenset(
    (
        "selector", "nodeSelector", "labelSelector", "namespaceSelector", "objectSelector", "secretKeyRef",
        "configMapKeyRef", "fieldRef", "resourceFieldRef", "requiredDuringSchedulingIgnoredDuringExecution",
    )
)  # fmt: skip
"""Maps that are replaced as a whole."""
_FIXED = ("apiVersion", "kind")
_FIXED_METADATA = ("name", "namespace", "uid", "resourceVersion", "generateName")
_DEPTH = 100


def merge(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A new object: ``document`` with ``configuration`` merged in.

    Raises :class:`EvaluationError` when the configuration holds an atomic list or map, sets what identifies the
    object, or has a value where the object has another kind of value.
    """
    _check_identity(document, configuration)
    return _merged_map(document, configuration, "", 0)


def _check_identity(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    metadata, own = configuration.get("metadata"), document.get("metadata")
    pairs = [(name, configuration, document) for name in _FIXED]
    if isinstance(metadata, Mapping) and isinstance(own, Mapping):
        pairs += [(name, metadata, own) for name in _FIXED_METADATA]
    for name, wanted, has in pairs:
        if name in wanted and not same(wanted[name], has.get(name)):
            raise EvaluationError(f"an apply configuration must not change {name}")


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
    if name in SETS:
        return old + [item for item in new if not any(same(item, known) for known in old)]
    if name not in LIST_KEYS:
        raise EvaluationError(f"{at} is an atomic list, which an apply configuration must not hold")
    merged = list(old)
    places = {_identity(item, name): index for index, item in enumerate(old) if isinstance(item, Mapping)}
    for item in new:
        if not isinstance(item, Mapping):
            raise EvaluationError(f"{at} must hold maps")
        identity = _identity(item, name)
        if identity is None:
            keys = " or ".join("+".join(keys) for keys in LIST_KEYS[name])
            raise EvaluationError(f"{at} holds a member without its key ({keys})")
        index = places.get(identity)
        if index is None:
            places[identity] = len(merged)
            merged.append(_merged_map({}, item, at, depth + 1))
        else:
            merged[index] = _merged_map(merged[index], item, at, depth + 1)
    return merged


def _identity(item: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    for keys in LIST_KEYS[name]:
        values = [item.get(key, DEFAULTS.get(key)) for key in keys]
        if keys[0] in item and all(isinstance(value, str | int) for value in values):
            return (keys[0], *map(repr, values))
    return None
