"""Parts of JSON by path: ``json.filter``, ``json.remove`` and ``json.patch`` (RFC 6902, and sets besides)."""

from __future__ import annotations

from typing import Any, Final

from lockgate.policy.rego.builtins.collections import at
from lockgate.policy.rego.builtins.contract import (
    MAX_ITEMS,
    BuiltinError,
    Context,
    Function,
    LimitError,
    array,
    dictionary,
    wrong_type,
)
from lockgate.policy.rego.values import (
    MAX_DEPTH,
    UNDEFINED,
    Key,
    Set,
    Value,
    check_depth,
    equal,
    in_order,
    key_of,
    too_deep,
    type_name,
)

_Path = list[Value]


def keep(value: Value, paths: Value) -> Value:
    """What the paths name, and nothing else."""
    return _kept(dictionary(value, 1), _tree(paths), 0)


def remove(value: Value, paths: Value) -> Value:
    """All but what the paths name; the members of an array move up."""
    return _without(dictionary(value, 1), _tree(paths), 0)


def patch(context: Context, value: Value, operations: Value) -> Value:
    """The value after all operations. Raises BuiltinError when one cannot be done."""
    for operation in array(operations, 2):
        value = _patched(context, value, operation)
    if value is UNDEFINED:
        return UNDEFINED
    check_depth(value)
    return value


def _tree(paths: Value) -> dict[Key, Any]:
    """The paths as a tree of dicts by key; a leaf is None, and ends what would go on below it."""
    if isinstance(paths, Set):
        paths = in_order(paths)
    elif not isinstance(paths, (list, tuple)):
        raise wrong_type(2, paths, "set", "array")
    root: dict[Key, Any] = {}
    for path in paths:
        parts = _parts(path)
        if len(parts) > MAX_DEPTH:
            raise too_deep()
        node: dict[Key, Any] | None = root
        for part in parts[:-1]:
            node = node.setdefault(key_of(part), {}) if node is not None else None
        if parts and node is not None:
            node[key_of(parts[-1])] = None
    return root


def _parts(path: Value) -> _Path:
    """The keys of ``"/a/b~1c"`` or of ``["a", "b/c"]``."""
    if isinstance(path, (list, tuple)):
        return list(path)
    if not isinstance(path, str):
        names = "must be one of {set, array} containing string paths or array of path segments but got "
        raise BuiltinError(f"operand 2 {names}{type_name(path)}")
    if not path:
        return []
    return [part.replace("~1", "/").replace("~0", "~") for part in path.lstrip("/").split("/")]


def _kept(value: Value, tree: dict[Key, Any] | None, depth: int) -> Value:
    if tree is None:
        return value
    if depth >= MAX_DEPTH:
        raise too_deep()
    if isinstance(value, dict):
        return {key: _kept(value[key], tree[key], depth + 1) for key in tree if key in value}
    if isinstance(value, (list, tuple)):
        return [_kept(item, tree[str(index)], depth + 1) for index, item in enumerate(value) if str(index) in tree]
    if isinstance(value, Set):
        return Set(_kept(item, tree[key], depth + 1) for key, item in value.members.items() if key in tree)
    return value


def _without(value: Value, tree: dict[Key, Any], depth: int) -> Value:
    if depth >= MAX_DEPTH:
        raise too_deep()
    if isinstance(value, dict):
        pairs = ((key, _rest(item, tree, key, depth)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not UNDEFINED}
    if isinstance(value, (list, tuple)):
        items = (_rest(item, tree, str(index), depth) for index, item in enumerate(value))
        return [item for item in items if item is not UNDEFINED]
    if isinstance(value, Set):
        items = (_rest(item, tree, key, depth) for key, item in value.members.items())
        return Set(item for item in items if item is not UNDEFINED)
    return value


def _rest(item: Value, tree: dict[Key, Any], key: Key, depth: int) -> Value:
    if key not in tree:
        return item
    below = tree[key]
    return UNDEFINED if below is None else _without(item, below, depth + 1)


def _patched(context: Context, value: Value, operation: Value) -> Value:
    if not isinstance(operation, dict):
        raise BuiltinError("must be an array of JSON-Patch objects, but at least one element is not an object")
    path, name = _attribute(operation, "path"), _attribute(operation, "op")
    if not isinstance(name, str):
        raise BuiltinError(f"attribute 'op' must be a string but found: {type_name(name)}")
    parts = _parts(path)
    if name == "add":
        return _edited(context, value, parts, _attribute(operation, "value"))
    if name == "remove":
        return _edited(context, value, parts, UNDEFINED)
    if name == "replace":
        without = _edited(context, value, parts, UNDEFINED)
        return _edited(context, without, parts, _attribute(operation, "value"))
    if name in ("move", "copy"):
        source = _parts(_attribute(operation, "from"))
        moved = _found(value, source)
        value = _edited(context, value, source, UNDEFINED) if name == "move" else value
        return _edited(context, value, parts, moved)
    if name != "test":
        raise BuiltinError(f"unrecognized op: '{name[:80]}'")
    if not equal(_found(value, parts), _attribute(operation, "value")):
        raise BuiltinError("a patch's test does not hold")
    return value


def _attribute(operation: dict[Key, Value], name: str) -> Value:
    if name not in operation:
        raise BuiltinError(f"missing required attribute '{name}'")
    return operation[name]


def _found(value: Value, path: _Path) -> Value:
    for part in path:
        value = at(value, _index(value, part) if isinstance(value, (list, tuple)) else part)
        if value is UNDEFINED:
            raise BuiltinError("a patch's path does not exist")
    return value


def _edited(context: Context, value: Value, path: _Path, new: Value) -> Value:
    """The value with ``new`` put in at the path, or with what is there taken out when new is UNDEFINED.

    What the path passes is copied; the rest is shared.
    """
    if len(path) > MAX_DEPTH:
        raise too_deep()
    if not path:
        if value is UNDEFINED and new is UNDEFINED:
            raise BuiltinError("a patch deletes what is deleted already")
        return new
    context.budget.spend(1 + (len(value) // 64 if isinstance(value, (dict, list, tuple, Set)) else 0))
    part, rest = path[0], path[1:]
    if isinstance(value, dict):
        return _edited_object(context, value, part, rest, new)
    if isinstance(value, (list, tuple)):
        return _edited_array(context, value, part, rest, new)
    if isinstance(value, Set):
        return _edited_set(context, value, part, rest, new)
    raise BuiltinError("a patch's path goes through what is no collection")


def _edited_object(context: Context, value: dict[Key, Value], part: Value, rest: _Path, new: Value) -> Value:
    key = key_of(part)
    if key not in value and (rest or new is UNDEFINED):
        raise BuiltinError("a patch's path does not exist")
    if not rest and new is UNDEFINED:
        return {other: item for other, item in value.items() if other != key}
    return {**value, key: _edited(context, value[key], rest, new) if rest else new}


def _edited_array(context: Context, value: Any, part: Value, rest: _Path, new: Value) -> Value:
    index = _index(value, part)
    inside = 0 <= index < len(value)
    if not inside and (rest or new is UNDEFINED or index != len(value)):
        raise BuiltinError("a patch's index is out of bounds")
    if rest:
        return [*value[:index], _edited(context, value[index], rest, new), *value[index + 1 :]]
    if new is UNDEFINED:
        return [*value[:index], *value[index + 1 :]]
    if len(value) >= MAX_ITEMS:
        raise LimitError(f"an array of more than {MAX_ITEMS} members")
    return [*value[:index], new, *value[index:]]


def _edited_set(context: Context, value: Set, part: Value, rest: _Path, new: Value) -> Value:
    if rest:
        if part not in value:
            raise BuiltinError("a patch's path does not exist")
        return (value - Set([part])) | Set([_edited(context, part, rest, new)])
    if new is UNDEFINED:
        if part not in value:
            raise BuiltinError("a patch's path does not exist")
        return value - Set([part])
    if not equal(part, new):
        raise BuiltinError("a set's key does not equal the value to be inserted")
    return value | Set([new])


def _index(value: Any, part: Value) -> int:
    if isinstance(part, str):
        if part == "-":
            return len(value)
        digits = part.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(part) > 18:
            raise BuiltinError("invalid string for indexing")
        if part != "0" and part.startswith("0"):
            raise BuiltinError("leading zeros are not allowed in JSON paths")
        return int(part)
    if isinstance(part, (int, float)) and not isinstance(part, bool) and part == part // 1:
        return int(part)
    raise BuiltinError("invalid type for indexing")


FUNCTIONS: Final[dict[str, Function]] = {"json.filter": keep, "json.remove": remove}
WITH_CONTEXT: Final[dict[str, Function]] = {"json.patch": patch}
