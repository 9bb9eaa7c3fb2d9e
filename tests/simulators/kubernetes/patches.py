"""The patches an API server takes: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386), strategic merge patch.

Pure functions over plain JSON values that never change their arguments. ``x-kubernetes-list-map-keys`` of custom kinds
do not count for strategic merge, because the real server refuses that patch for custom kinds.
"""

from __future__ import annotations

import copy
from typing import Any

from .kinds import list_keys


class PatchError(Exception):
    """The patch cannot be applied."""


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902; raises :class:`PatchError`."""
    if not isinstance(operations, list):
        raise PatchError("a JSON patch is a list of operations")
    target = copy.deepcopy(target)
    for one in operations:
        try:
            target = _operate(target, one)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            told = f"{one.get('op')} of {one.get('path')!r}" if isinstance(one, dict) else "what is no object"
            raise PatchError(f"operation does not apply: {told}: doc is missing path ({error})") from None
    return target


def _operate(target: Any, one: dict[str, Any]) -> Any:
    operation, path = one["op"], _pointer(one["path"])
    if operation == "test":
        if _get(target, path) != one["value"]:
            raise PatchError(f"testing value {one['path']} failed")
        return target
    if operation in ("move", "copy"):
        origin = _pointer(one["from"])
        value = copy.deepcopy(_get(target, origin))
        if operation == "move":
            target = _remove(target, origin)
        return _add(target, path, value)
    if operation == "add":
        return _add(target, path, copy.deepcopy(one["value"]))
    if operation == "remove":
        return _remove(target, path)
    if operation == "replace":
        _get(target, path)
        if not path:
            return copy.deepcopy(one["value"])
        parent = _get(target, path[:-1])
        parent[_index(parent, path[-1])] = copy.deepcopy(one["value"])
        return target
    raise PatchError(f"unexpected kind: {operation}")


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(parent: Any, part: str, *, insert: bool = False) -> Any:
    if not isinstance(parent, list):
        return part
    if part == "-" and insert:
        return len(parent)
    at = int(part)
    if at < 0 or at > len(parent) - (not insert):
        raise IndexError(part)
    return at


def _get(target: Any, path: list[str]) -> Any:
    for part in path:
        target = target[_index(target, part)]
    return target


def _add(target: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _get(target, path[:-1])
    if isinstance(parent, list):
        parent.insert(_index(parent, path[-1], insert=True), value)
    else:
        parent[path[-1]] = value
    return target


def _remove(target: Any, path: list[str]) -> Any:
    parent = _get(target, path[:-1])
    del parent[_index(parent, path[-1])]
    return target


def strategic_merge(target: Any, patch: Any, *, name: str = "") -> Any:
    """Kubernetes' strategic merge, with ``$patch``, ``$retainKeys``, ``$deleteFromPrimitiveList``, and merge keys."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch")
    if directive == "delete":
        return None
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    merged = dict(target) if isinstance(target, dict) else {}
    if isinstance(patch.get("$retainKeys"), list):
        merged = {key: value for key, value in merged.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            merged[field] = [one for one in merged.get(field) or [] if one not in value]
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, list):
            order = patch.get(f"$setElementOrder/{key}")
            merged[key] = _merge_list(merged.get(key) or [], value, order, parent=name, name=key)
        else:
            merged[key] = strategic_merge(merged.get(key), value, name=key)
    for key, order in patch.items():
        field = key.partition("/")[2]
        if key.startswith("$setElementOrder/") and field not in patch and isinstance(merged.get(field), list):
            merged[field] = _merge_list(merged[field], [], order, parent=name, name=field)
    return merged


def _merge_list(held: list[Any], patch: list[Any], order: Any, *, parent: str, name: str) -> list[Any]:
    sample = next((one for one in (*patch, *held) if isinstance(one, dict)), None)
    keys = list_keys(parent, name, sample)
    if keys is None:
        return patch
    if keys == ():
        merged = [*held, *(one for one in patch if one not in held)]
        return _ordered(merged, order, lambda one: one)
    key = keys[0]
    if any(isinstance(one, dict) and one.get("$patch") == "replace" for one in patch):
        return [one for one in patch if "$patch" not in one]
    merged = list(held)
    for one in patch:
        if not isinstance(one, dict) or key not in one:
            raise PatchError(f"map: {one} does not contain declared merge key: {key}")
        at = next((index for index, old in enumerate(merged) if old.get(key) == one[key]), None)
        if one.get("$patch") == "delete":
            merged = [old for old in merged if old.get(key) != one[key]]
        elif at is None:
            merged.append(strategic_merge({}, one, name=name))
        else:
            merged[at] = strategic_merge(merged[at], one, name=name)
    return _ordered(merged, order, lambda one: one.get(key), lambda one: one.get(key))


def _ordered(items: list[Any], order: Any, of_item: Any, of_order: Any = lambda one: one) -> list[Any]:
    if not isinstance(order, list):
        return items
    rank = {of_order(one): at for at, one in enumerate(order)}
    return sorted(items, key=lambda one: rank.get(of_item(one), len(rank)))
