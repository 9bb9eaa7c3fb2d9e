"""Strategic merge patches and JSON patches (RFC 6902), as kustomize applies them.

Lists of kinds that Kubernetes defines merge by key; new members go first; every other list is replaced
(https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import parts_of

_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",), "initContainers": ("name",), "ephemeralContainers": ("name",), "volumes": ("name",),
    "env": ("name",), "volumeMounts": ("mountPath",), "volumeDevices": ("devicePath",), "imagePullSecrets": ("name",),
    "hostAliases": ("ip",), "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ports": ("containerPort", "port"), "secrets": ("name",), "conditions": ("type",), "ownerReferences": ("uid",),
    "webhooks": ("name",), "resourceClaims": ("name",),
}  # fmt: skip
_MERGED_VALUES = frozenset(("finalizers",))
_ATOMIC = frozenset(("rules", "subjects", "tolerations"))


class Deleted(Exception):  # noqa: N818 -- an answer, not an error
    """The patch says that the whole resource goes."""


def merged(base: Any, patch: Any, *, schema: bool) -> Any:
    """``base`` with a strategic merge patch; raises :class:`Deleted` when nothing stays of it."""
    if isinstance(patch, dict) and patch.get("$patch") == "delete":
        raise Deleted
    return _merge(base, patch, "", schema)


def _merge(base: Any, patch: Any, name: str, schema: bool) -> Any:
    if isinstance(patch, dict):
        return _mapping(base if isinstance(base, dict) else {}, patch, schema)
    if isinstance(patch, list):
        return _list(base if isinstance(base, list) else [], patch, name, schema)
    return copy.deepcopy(patch)


def _mapping(base: dict[str, Any], patch: dict[str, Any], schema: bool) -> dict[str, Any]:
    if patch.get("$patch") == "replace":
        return copy.deepcopy({key: value for key, value in patch.items() if key != "$patch"})
    made = dict(base)
    for key, value in patch.items():
        if key.startswith("$"):
            _directive(made, key, value)
        elif value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            made.pop(key, None)
        else:
            made[key] = _merge(made.get(key), value, key, schema)
    return made


def _directive(made: dict[str, Any], key: str, value: Any) -> None:
    name = key.removeprefix("$deleteFromPrimitiveList/")
    if name != key and isinstance(made.get(name), list) and isinstance(value, list):
        made[name] = [item for item in made[name] if item not in value]


def _list(base: list[Any], patch: list[Any], name: str, schema: bool) -> list[Any]:
    if any(isinstance(item, dict) and item == {"$patch": "replace"} for item in patch):
        return copy.deepcopy([item for item in patch if item != {"$patch": "replace"}])
    if schema and name in _MERGED_VALUES:
        return [item for item in patch if item not in base] + base
    key = _key_of(name, [*patch, *base]) if schema and name not in _ATOMIC else None
    if key is None:
        return copy.deepcopy(patch)
    made = list(base)
    fresh: list[Any] = []
    for item in patch:
        at = next((n for n, held in enumerate(made) if held.get(key) == item.get(key) and _same(held, item)), None)
        if item.get("$patch") == "delete":
            made = [held for held in made if held.get(key) != item.get(key)]
        elif at is None:
            fresh.append(_mapping({}, item, schema))
        else:
            made[at] = _mapping(made[at], item, schema)
    return fresh + made


def _same(held: dict[str, Any], item: dict[str, Any]) -> bool:
    """Ports are told apart by protocol too; what says none is TCP."""
    if not ("containerPort" in item or "port" in item):
        return True
    return bool(held.get("protocol", "TCP") == item.get("protocol", "TCP"))


def _key_of(name: str, items: list[Any]) -> str | None:
    for key in _MERGE_KEYS.get(name, ()):
        if all(isinstance(item, dict) and (key in item) for item in items):
            return key
    return None


def json_patched(base: dict[str, Any], operations: list[Any], copied: Callable[[Any], Any]) -> dict[str, Any]:
    """``base``, changed in place, with a JSON patch. Raises :class:`FormatError` for an operation that does not apply.

    ``copied`` copies a value and counts it: ``copy`` operations can double a resource again and again.
    """
    root: dict[str, Any] = {"": base}
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise FormatError("a JSON patch whose operation has no path")
        _operate(root, operation, copied)
    if not isinstance(root[""], dict):
        raise FormatError("a JSON patch that leaves no object")
    return root[""]


def _operate(root: dict[str, Any], operation: dict[str, Any], copied: Callable[[Any], Any]) -> None:
    path, kind = parts_of(operation["path"]), operation.get("op")
    if kind in ("move", "copy"):
        source = parts_of(str(operation.get("from", "")))
        value = copied(_get(root, source))
        if kind == "move":
            _remove(root, source)
        _add(root, path, value)
    elif kind == "add":
        _add(root, path, copy.deepcopy(operation.get("value")))
    elif kind == "remove":
        _remove(root, path)
    elif kind == "replace":
        _get(root, path)
        _set(root, path, copy.deepcopy(operation.get("value")))
    elif kind == "test":
        if _get(root, path) != operation.get("value"):
            raise FormatError("a test of a JSON patch that does not hold")
    else:
        raise FormatError("an operation that JSON patches do not have")


def _holder(root: dict[str, Any], path: list[str]) -> tuple[Any, Any]:
    here: Any = root
    steps = ["", *path]
    for step in steps[:-1]:
        here = here[_index(here, step)]
    return here, _index(here, steps[-1], last=True)


def _index(here: Any, step: str, *, last: bool = False) -> Any:
    if isinstance(here, dict):
        if not last and step not in here:
            raise FormatError("a JSON patch whose path does not exist")
        return step
    if isinstance(here, list):
        if last and step == "-":
            return len(here)
        if step.isascii() and step.isdigit() and len(step) < 9 and int(step) < len(here) + last:
            return int(step)
    raise FormatError("a JSON patch whose path does not exist")


def _get(root: dict[str, Any], path: list[str]) -> Any:
    here, key = _holder(root, path)
    if (isinstance(here, dict) and key not in here) or (isinstance(here, list) and key >= len(here)):
        raise FormatError("a JSON patch whose path does not exist")
    return here[key]


def _set(root: dict[str, Any], path: list[str], value: Any) -> None:
    here, key = _holder(root, path)
    here[key] = value


def _add(root: dict[str, Any], path: list[str], value: Any) -> None:
    here, key = _holder(root, path)
    if isinstance(here, list):
        here.insert(key, value)
    else:
        here[key] = value


def _remove(root: dict[str, Any], path: list[str]) -> None:
    _get(root, path)
    here, key = _holder(root, path)
    del here[key]
