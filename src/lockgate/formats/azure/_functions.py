"""Functions of template expressions whose answer depends on their arguments alone.

Meanings after https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions: names and the keys
of objects compare without case, ``equals`` compares text with case, ``indexOf``, ``startsWith`` and ``endsWith``
without. Each function raises :class:`UndecidedError` for arguments it does not take; the value then stays unknown.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urljoin

import orjson

from lockgate.lazy_pattern import lazy_pattern

MAX_TEXT = 131_072
"""Characters of one result, as Azure's own limit."""
MAX_ITEMS = 10_000
_PLACE = lazy_pattern(r"\{\{|\}\}|\{(\d{1,3})(?::([^{}]{1,20}))?\}")


class UndecidedError(Exception):
    """The arguments do not fit, or the result would be too large."""


def call(name: str, arguments: list[Any]) -> Any:
    """The result of the function of that lower-case name. Raises :class:`UndecidedError`, also for unknown names."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise UndecidedError(name)
    try:
        found = function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError, ZeroDivisionError):
        raise UndecidedError(name) from None
    if isinstance(found, str) and len(found) > MAX_TEXT:
        raise UndecidedError(name)
    if isinstance(found, list | dict) and len(found) > MAX_ITEMS:
        raise UndecidedError(name)
    return found


def member(value: Any, index: Any) -> Any:
    """``value[index]``: a key of an object in any case, or an index of an array. Raises :class:`UndecidedError`."""
    if isinstance(value, dict) and isinstance(index, str):
        if index in value:
            return value[index]
        lowered = index.lower()
        for key, item in value.items():
            if key.lower() == lowered:
                return item
    elif isinstance(value, list) and isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(value):
        return value[index]
    raise UndecidedError("no such member")


def text(value: Any) -> str:
    """A value as ``string()`` writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    return orjson.dumps(value).decode()


def _need(value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, (int, float))):
        raise UndecidedError("a value of another type")
    return value


def _string(value: Any) -> str:
    return str(_need(value, str))


def _number(value: Any) -> int:
    return int(_need(value, int))


def _concat(*arguments: Any) -> Any:
    if arguments and isinstance(arguments[0], list):
        return [item for argument in arguments for item in _need(argument, list)]
    if any(isinstance(argument, list | dict) for argument in arguments):
        raise UndecidedError("an array among texts")
    return "".join(map(text, arguments))


def _format(pattern: Any, *arguments: Any) -> str:
    def place(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group()[0]
        value = arguments[int(match.group(1))]
        spec = match.group(2)
        if not spec:
            return text(value)
        digits = re.fullmatch(r"[dD](\d{1,2})|(0{1,20})", spec)
        if digits is None:
            raise UndecidedError("a number format")
        return f"{_number(value):0{int(digits.group(1)) if digits.group(1) else len(digits.group(2))}d}"

    return _PLACE.sub(place, _string(pattern))


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        return text(item) in container
    if isinstance(container, list):
        return any(_equal(one, item) for one in container)
    return _string(item).lower() in {key.lower() for key in _need(container, dict)}


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)


def _union(*arguments: Any) -> Any:
    if isinstance(arguments[0], list):
        found: list[Any] = []
        for argument in arguments:
            found.extend(item for item in _need(argument, list) if not any(_equal(item, one) for one in found))
            if len(found) > MAX_ITEMS // 10:
                raise UndecidedError("too many items to compare")
        return found
    merged: dict[str, Any] = {}
    for argument in arguments:
        _merge(merged, _need(argument, dict))
    return merged


def _merge(into: dict[str, Any], value: dict[str, Any]) -> None:
    for key, item in value.items():
        mine = into.get(key)
        if isinstance(mine, dict) and isinstance(item, dict):
            into[key] = dict(mine)
            _merge(into[key], item)
        else:
            into[key] = item


def _intersection(*arguments: Any) -> Any:
    if isinstance(arguments[0], list):
        found = [item for item in arguments[0][:1000] if all(_contains(_need(a, list), item) for a in arguments[1:])]
        return _union(found)
    return {
        key: item
        for key, item in _need(arguments[0], dict).items()
        if all(key in _need(a, dict) and _equal(a[key], item) for a in arguments[1:])
    }


def _split(value: Any, delimiter: Any) -> list[str]:
    marks = delimiter if isinstance(delimiter, list) else [delimiter]
    if not all(isinstance(mark, str) and mark for mark in marks):
        raise UndecidedError("a delimiter")
    return re.split("|".join(re.escape(mark) for mark in marks), _string(value))


def _substring(value: Any, start: Any, length: Any = None) -> str:
    value, start = _string(value), _number(start)
    end = len(value) if length is None else start + _number(length)
    if not 0 <= start <= end <= len(value):
        raise UndecidedError("outside the text")
    return str(value[start:end])


def _take(value: Any, count: Any) -> Any:
    return _need(value, (str, list))[: max(0, _number(count))]


def _skip(value: Any, count: Any) -> Any:
    return _need(value, (str, list))[max(0, _number(count)) :]


def _first(value: Any) -> Any:
    return _need(value, (str, list))[0] if value else ("" if isinstance(value, str) else None)


def _last(value: Any) -> Any:
    return _need(value, (str, list))[-1] if value else ("" if isinstance(value, str) else None)


def _range(start: Any, count: Any) -> list[int]:
    if not 0 <= _number(count) <= MAX_ITEMS:
        raise UndecidedError("too many items")
    return list(range(_number(start), start + count))


def _pad_left(value: Any, width: Any, mark: Any = " ") -> str:
    if not 0 <= _number(width) <= MAX_TEXT or len(_string(mark)) != 1:
        raise UndecidedError("a width")
    return text(value).rjust(width, mark)


def _replace(value: Any, old: Any, new: Any) -> str:
    if not _string(old) or (len(_string(new)) + 1) * (len(_string(value)) + 1) > 8 * MAX_TEXT:
        raise UndecidedError("too much to replace")
    return str(value.replace(old, new))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    return {"true": True, "false": False, "1": True, "0": False}[_string(value).lower()]


def _integer(value: Any) -> int:
    return int(_string(value).strip()[:40]) if isinstance(value, str) else int(_need(value, (int, float)))


def _json(value: Any) -> Any:
    if len(_string(value)) > MAX_TEXT or value.count("[") + value.count("{") > 200:
        raise UndecidedError("too large")
    return orjson.loads(value)


def _divide(one: Any, other: Any) -> int:
    quotient = abs(_number(one)) // abs(_number(other))
    return quotient if (one < 0) == (other < 0) else -quotient


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(one: Any, other: Any) -> bool:
        if isinstance(one, str):
            return compare(one, _string(other))
        return compare(_need(one, (int, float)), _need(other, (int, float)))

    return ordered


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def chosen(*arguments: Any) -> Any:
        numbers = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else list(arguments)
        return choose([_number(number) for number in numbers])

    return chosen


def _create_object(*arguments: Any) -> dict[str, Any]:
    if len(arguments) % 2:
        raise UndecidedError("a key without its value")
    return {_string(key): value for key, value in zip(arguments[::2], arguments[1::2], strict=True)}


def _objects_to_one(values: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for value in _need(values, list):
        made.update(_need(value, dict))
    return made


def _try_get(value: Any, *path: Any) -> Any:
    for index in path:
        try:
            value = member(value, index)
        except UndecidedError:
            return None
    return value


def _from_base64(value: Any) -> str:
    try:
        return base64.b64decode(_string(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise UndecidedError("not base64") from None


def _cidr_subnet(network: Any, bits: Any, index: Any) -> str:
    whole = ipaddress.ip_network(_string(network), strict=False)
    shift = whole.max_prefixlen - _number(bits)
    if not whole.prefixlen <= bits <= whole.max_prefixlen or not 0 <= _number(index) < 1 << (bits - whole.prefixlen):
        raise UndecidedError("outside the network")
    return f"{whole.network_address + (index << shift)}/{bits}"


def _cidr_host(network: Any, index: Any) -> str:
    whole = ipaddress.ip_network(_string(network), strict=False)
    if not 0 <= _number(index) < whole.num_addresses - 1:
        raise UndecidedError("outside the network")
    return str(whole.network_address + index + 1)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "concat": _concat,
    "format": _format,
    "string": text,
    "int": _integer,
    "float": lambda value: float(_need(value, (str, int, float))),
    "bool": _boolean,
    "json": _json,
    "array": lambda value: value if isinstance(value, list) else [value],
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
    "contains": _contains,
    "empty": lambda value: value is None or not _need(value, (str, list, dict)),
    "length": lambda value: len(_need(value, (str, list, dict))),
    "first": _first,
    "last": _last,
    "take": _take,
    "skip": _skip,
    "range": _range,
    "union": _union,
    "intersection": _intersection,
    "shallowmerge": _objects_to_one,
    "items": lambda value: [{"key": key, "value": _need(value, dict)[key]} for key in sorted(value, key=str.lower)],
    "objectkeys": lambda value: sorted(_need(value, dict), key=str.lower),
    "flatten": lambda value: [item for inner in _need(value, list) for item in _need(inner, list)],
    "join": lambda items, mark: _string(mark).join(text(item) for item in _need(items, list)),
    "split": _split,
    "substring": _substring,
    "replace": _replace,
    "trim": lambda value: _string(value).strip(),
    "tolower": lambda value: _string(value).lower(),
    "toupper": lambda value: _string(value).upper(),
    "padleft": _pad_left,
    "startswith": lambda value, part: _string(value).lower().startswith(_string(part).lower()),
    "endswith": lambda value, part: _string(value).lower().endswith(_string(part).lower()),
    "indexof": lambda value, part: (
        _string(value).lower().find(_string(part).lower())
        if isinstance(value, str)
        else next((at for at, item in enumerate(_need(value, list)) if _equal(item, part)), -1)
    ),
    "lastindexof": lambda value, part: _string(value).lower().rfind(_string(part).lower()),
    "uri": lambda base, part: urljoin(_string(base), _string(part)),
    "uricomponent": lambda value: quote(_string(value), safe="-_.!~*'()"),
    "uricomponenttostring": lambda value: unquote(_string(value)),
    "base64": lambda value: base64.b64encode(_string(value).encode()).decode(),
    "base64tostring": _from_base64,
    "base64tojson": lambda value: _json(_from_base64(value)),
    "tryget": _try_get,
    "equals": _equal,
    "less": _order(lambda one, other: one < other),
    "lessorequals": _order(lambda one, other: one <= other),
    "greater": _order(lambda one, other: one > other),
    "greaterorequals": _order(lambda one, other: one >= other),
    "not": lambda value: not _need(value, bool),
    "add": lambda one, other: _number(one) + _number(other),
    "sub": lambda one, other: _number(one) - _number(other),
    "mul": lambda one, other: _number(one) * _number(other),
    "div": _divide,
    "mod": lambda one, other: _number(one) - _divide(one, other) * other,
    "min": _extreme(min),
    "max": _extreme(max),
    "cidrsubnet": _cidr_subnet,
    "cidrhost": _cidr_host,
}
