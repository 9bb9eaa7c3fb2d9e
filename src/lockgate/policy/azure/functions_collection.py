"""Template functions on arrays and objects; several take text as well."""

from __future__ import annotations

from typing import Final

from lockgate.policy.azure.functions_text import Entry, string, text, whole
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, equal, fold, get, kind
from lockgate.policy.errors import EvaluationError

_MAX_RANGE = 10_000
_MAX_FLATTENED = 100_000


def _concat(arguments: list[Json]) -> Json:
    """Arrays joined to an array, or anything else to text."""
    if arguments and all(isinstance(one, list) for one in arguments):
        return [member for one in arguments for member in one]
    if any(isinstance(one, list | dict) for one in arguments):
        raise EvaluationError("concat joins arrays with arrays, or text with text")
    return "".join(string(one) for one in arguments)


def _length(arguments: list[Json]) -> Json:
    value = arguments[0]
    if value is None or value is MISSING:
        return 0
    if isinstance(value, str | list | dict):
        return len(value)
    raise EvaluationError(f"{kind(value)} has no length")


def _empty(arguments: list[Json]) -> Json:
    value = arguments[0]
    if value is None or value is MISSING:
        return True
    if isinstance(value, str | list | dict):
        return not value
    raise EvaluationError(f"{kind(value)} cannot be empty")


def _end(at: int) -> Entry:
    def run(arguments: list[Json]) -> Json:
        value = arguments[0]
        if isinstance(value, str):
            return value[at] if value else ""
        if isinstance(value, list):
            return value[at] if value else None
        if value is None or value is MISSING:
            return None
        raise EvaluationError(f"{kind(value)} has no first or last member")

    return run, 1, 1


def _index_of(arguments: list[Json]) -> Json:
    where, what = arguments
    if isinstance(where, list):
        return next((at for at, member in enumerate(where) if equal(member, what)), -1)
    return fold(text(where)).find(fold(text(what)))


def _last_index_of(arguments: list[Json]) -> Json:
    where, what = arguments
    if isinstance(where, list):
        return next((at for at in range(len(where) - 1, -1, -1) if equal(where[at], what)), -1)
    return fold(text(where)).rfind(fold(text(what)))


def _take(arguments: list[Json]) -> Json:
    value, count = arguments[0], max(0, whole(arguments[1]))
    return value[:count] if isinstance(value, list) else text(value)[:count]


def _skip(arguments: list[Json]) -> Json:
    value, count = arguments[0], max(0, whole(arguments[1]))
    return value[count:] if isinstance(value, list) else text(value)[count:]


def _intersection(arguments: list[Json]) -> Json:
    first, *others = arguments
    if all(isinstance(one, list) for one in arguments):
        found: list[Json] = []
        for member in first:
            if all(_holds(other, member) for other in others) and not _holds(found, member):
                found.append(member)
        return found
    if all(isinstance(one, dict) for one in arguments):
        return {
            key: value
            for key, value in first.items()
            if all(get(other, key) is not MISSING and _same(get(other, key), value) for other in others)
        }
    raise EvaluationError("intersection needs arrays only or objects only")


def _union(arguments: list[Json]) -> Json:
    if all(isinstance(one, list) for one in arguments):
        members: list[Json] = []
        for one in arguments:
            for member in one:
                if not _holds(members, member):
                    members.append(member)
        return members
    if all(isinstance(one, dict) for one in arguments):
        result: dict[str, Json] = {}
        for one in arguments:
            result = _merged(result, one)
        return result
    raise EvaluationError("union needs arrays only or objects only")


def _merged(under: dict[str, Json], over: dict[str, Json]) -> dict[str, Json]:
    """Objects joined, members of the later one first; objects inside are joined in turn, without recursion."""
    result = dict(under)
    todo = [(result, over)]
    while todo:
        target, source = todo.pop()
        names = {ascii_fold(key): key for key in target}
        for key, value in source.items():
            name = names.get(ascii_fold(key), key)
            old = target.get(name)
            if isinstance(old, dict) and isinstance(value, dict):
                target[name] = dict(old)
                todo.append((target[name], value))
            else:
                target[name] = value
    return result


def _same(left: Json, right: Json) -> bool:
    """Whether two values are the same to set functions, which tell case and kind apart."""
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _holds(members: list[Json], value: Json) -> bool:
    return any(_same(member, value) for member in members)


def _create_object(arguments: list[Json]) -> Json:
    if len(arguments) % 2:
        raise EvaluationError("createObject needs a value for every key")
    return {text(arguments[at]): arguments[at + 1] for at in range(0, len(arguments), 2)}


def _range(arguments: list[Json]) -> Json:
    start, count = whole(arguments[0]), whole(arguments[1])
    if not 0 <= count <= _MAX_RANGE:
        raise EvaluationError(f"range makes up to {_MAX_RANGE} numbers")
    return list(range(start, start + count))


def _coalesce(arguments: list[Json]) -> Json:
    return next((one for one in arguments if one is not None and one is not MISSING), None)


def _try_get(arguments: list[Json]) -> Json:
    value = arguments[0]
    for key in arguments[1:]:
        value = member(value, key)
        if value is MISSING:
            return None
    return value


def _from_end(arguments: list[Json]) -> Json:
    """The member at a position that is counted from the end, from 1."""
    value, place = arguments
    if not isinstance(value, list) or not isinstance(place, int) or isinstance(place, bool):
        raise EvaluationError("an array and a whole number are needed")
    if not 1 <= place <= len(value):
        raise EvaluationError(f"an array of {len(value)} has no member {place} from its end")
    return value[-place]


def _try_from_end(arguments: list[Json]) -> Json:
    value, place = arguments
    found = member(value, len(value) - place) if isinstance(value, list) and isinstance(place, int) else MISSING
    return None if found is MISSING else found


def member(value: Json, key: Json) -> Json:
    """A member by name or index; MISSING when there is none."""
    if isinstance(value, dict) and isinstance(key, str):
        return get(value, key)
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if 0 <= key < len(value) else MISSING
    return MISSING


def _join(arguments: list[Json]) -> Json:
    if not isinstance(arguments[0], list):
        raise EvaluationError(f"join needs an array, not {kind(arguments[0])}")
    return text(arguments[1]).join(string(one) for one in arguments[0])


def _items(arguments: list[Json]) -> Json:
    if not isinstance(arguments[0], dict):
        raise EvaluationError(f"items needs an object, not {kind(arguments[0])}")
    return [{"key": key, "value": arguments[0][key]} for key in sorted(arguments[0])]


def _object_keys(arguments: list[Json]) -> Json:
    return [one["key"] for one in _items(arguments)]


def _flatten(arguments: list[Json]) -> Json:
    if not isinstance(arguments[0], list) or not all(isinstance(one, list) for one in arguments[0]):
        raise EvaluationError("flatten needs an array of arrays")
    if sum(map(len, arguments[0])) > _MAX_FLATTENED:
        raise EvaluationError("flatten would make too long an array")
    return [one for inner in arguments[0] for one in inner]


def _shallow_merge(arguments: list[Json]) -> Json:
    if not isinstance(arguments[0], list) or not all(isinstance(one, dict) for one in arguments[0]):
        raise EvaluationError("shallowMerge needs an array of objects")
    return {key: value for one in arguments[0] for key, value in one.items()}


def _array(arguments: list[Json]) -> Json:
    return arguments[0] if isinstance(arguments[0], list) else [arguments[0]]


TABLE: Final[dict[str, Entry]] = {
    "concat": (_concat, 0, 128),
    "length": (_length, 1, 1),
    "empty": (_empty, 1, 1),
    "first": _end(0),
    "last": _end(-1),
    "indexof": (_index_of, 2, 2),
    "lastindexof": (_last_index_of, 2, 2),
    "take": (_take, 2, 2),
    "skip": (_skip, 2, 2),
    "intersection": (_intersection, 1, 128),
    "union": (_union, 1, 128),
    "createarray": (lambda arguments: list(arguments), 0, 128),
    "createobject": (_create_object, 0, 128),
    "array": (_array, 1, 1),
    "range": (_range, 2, 2),
    "coalesce": (_coalesce, 1, 128),
    "tryget": (_try_get, 2, 128),
    "indexfromend": (_from_end, 2, 2),
    "tryindexfromend": (_try_from_end, 2, 2),
    "join": (_join, 2, 2),
    "items": (_items, 1, 1),
    "objectkeys": (_object_keys, 1, 1),
    "flatten": (_flatten, 1, 1),
    "shallowmerge": (_shallow_merge, 1, 1),
}
