"""Functions of Terraform's language whose answer depends on their arguments alone.

Meanings after https://developer.hashicorp.com/terraform/language/functions. A function raises :class:`UndecidedError`
for arguments it does not take and for results that would be too large; the value then stays unknown.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import orjson

from lockgate.formats.azure._functions import MAX_ITEMS, MAX_TEXT, UndecidedError
from lockgate.formats.azure._functions import call as arm_call
from lockgate.lazy_pattern import lazy_pattern

_VERB = lazy_pattern(r"%(?:(%)|([sdqvt]))")


def call(name: str, arguments: list[Any]) -> Any:
    """The result of a function. Raises :class:`UndecidedError`, also for names that are not known."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise UndecidedError(name)
    try:
        found = function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError, AttributeError):
        raise UndecidedError(name) from None
    if isinstance(found, str) and len(found) > MAX_TEXT:
        raise UndecidedError(name)
    if isinstance(found, list | dict) and len(found) > MAX_ITEMS:
        raise UndecidedError(name)
    return found


def text(value: Any) -> str:
    """A scalar as Terraform writes it into a string. Raises :class:`UndecidedError` for a collection or null."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    raise UndecidedError("not a text")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise UndecidedError("not a list")
    return value


def _format(pattern: str, *arguments: Any) -> str:
    rest = list(arguments)

    def verb(match: re.Match[str]) -> str:
        if match.group(1):
            return "%"
        value = rest.pop(0)
        if match.group(2) == "q":
            return orjson.dumps(text(value)).decode()
        return text(value)

    if len(_VERB.findall(pattern)) != pattern.count("%") - pattern.count("%%"):
        raise UndecidedError("a verb of format")
    return _VERB.sub(verb, pattern)


def _distinct(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in _list(values):
        if len(found) > MAX_ITEMS // 10:
            raise UndecidedError("too many items to compare")
        if value not in found:
            found.append(value)
    return found


def _set(values: Any) -> list[Any]:
    kept = _distinct(values)
    return sorted(kept) if all(isinstance(value, str) for value in kept) else kept


def _flatten(values: Any) -> list[Any]:
    found: list[Any] = []
    stack = [iter(_list(values))]
    while stack:
        item = next(stack[-1], stack)
        if item is stack:
            stack.pop()
        elif isinstance(item, list):
            stack.append(iter(item))
        else:
            found.append(item)
        if len(found) > MAX_ITEMS or len(stack) > 50:
            raise UndecidedError("too many items")
    return found


def _lookup(values: dict[str, Any], key: str, *default: Any) -> Any:
    if key in values:
        return values[key]
    return default[0]


def _element(values: list[Any], index: int) -> Any:
    return _list(values)[index % len(values)]


def _coalesce(*values: Any) -> Any:
    return (
        next(value for value in values if value not in (None, "")) if any(v not in (None, "") for v in values) else None
    )


def _merge(*values: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for value in values:
        if value is not None:
            made.update(value)
    return made


def _replace(value: str, old: str, new: str) -> str:
    if len(old) > 1 and old[0] == old[-1] == "/":
        raise UndecidedError("a pattern")
    return str(arm_call("replace", [value, old, new]))


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise UndecidedError("a boolean")
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else float(value[:40])
    return value + 0


def _substr(value: str, offset: int, length: int) -> str:
    start = offset if offset >= 0 else max(0, len(value) + offset)
    return value[start:] if length < 0 else value[start : start + length]


def _one(values: Any) -> Any:
    if len(_list(values)) > 1:
        raise UndecidedError("more than one")
    return values[0] if values else None


def _range(*arguments: int) -> list[int]:
    numbers = range(*arguments)
    if len(numbers) > MAX_ITEMS:
        raise UndecidedError("too many items")
    return list(numbers)


def _json(value: str) -> Any:
    return arm_call("json", [value])


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda value: abs(_number(value)),
    "base64decode": lambda value: arm_call("base64tostring", [value]),
    "base64encode": lambda value: base64.b64encode(value.encode()).decode(),
    "chomp": lambda value: value.rstrip("\r\n"),
    "cidrhost": lambda network, index: arm_call("cidrhost", [network, index - 1]),
    "cidrsubnet": lambda network, bits, index: arm_call(
        "cidrsubnet", [network, int(network.rpartition("/")[2]) + bits, index]
    ),
    "coalesce": _coalesce,
    "coalescelist": lambda *values: next(value for value in values if value),
    "compact": lambda values: [value for value in _list(values) if value],
    "concat": lambda *values: [item for value in values for item in _list(value)],
    "contains": lambda values, item: item in _list(values),
    "distinct": _distinct,
    "element": _element,
    "endswith": lambda value, part: value.endswith(part),
    "flatten": _flatten,
    "format": _format,
    "index": lambda values, item: _list(values).index(item),
    "join": lambda mark, *values: mark.join(text(item) for value in values for item in _list(value)),
    "jsondecode": _json,
    "jsonencode": lambda value: orjson.dumps(value).decode(),
    "keys": lambda value: sorted(value.keys()),
    "length": lambda value: len(value),
    "lookup": _lookup,
    "lower": lambda value: value.lower(),
    "max": lambda *values: max(map(_number, values)),
    "merge": _merge,
    "min": lambda *values: min(map(_number, values)),
    "one": _one,
    "range": _range,
    "replace": _replace,
    "reverse": lambda values: _list(values)[::-1],
    "sensitive": lambda value: value,
    "nonsensitive": lambda value: value,
    "sort": lambda values: sorted(_list(values)),
    "split": lambda mark, value: value.split(mark),
    "startswith": lambda value, part: value.startswith(part),
    "strcontains": lambda value, part: part in value,
    "substr": _substr,
    "sum": lambda values: sum(map(_number, _list(values))),
    "title": lambda value: re.sub(r"(?<![^\s])[a-z]", lambda match: match.group().upper(), value),
    "tobool": lambda value: {"true": True, "false": False}[value] if isinstance(value, str) else value,
    "tolist": lambda value: list(_list(value)),
    "tomap": lambda value: dict(value),
    "tonumber": _number,
    "toset": _set,
    "tostring": lambda value: None if value is None else text(value),
    "trim": lambda value, marks: value.strip(marks),
    "trimprefix": lambda value, part: value.removeprefix(part),
    "trimspace": lambda value: value.strip(),
    "trimsuffix": lambda value, part: value.removesuffix(part),
    "upper": lambda value: value.upper(),
    "values": lambda value: [value[key] for key in sorted(value)],
    "zipmap": lambda keys, values: dict(zip(_list(keys), _list(values), strict=True)),
}
