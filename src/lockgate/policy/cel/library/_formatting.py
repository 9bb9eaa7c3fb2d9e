"""``text.format(list)`` of cel-go's strings extension: %s %d %f %e %b %o %x %X and %%.

Doubles are written as Go writes them; the precision of ``%f`` and ``%e`` is 6 unless given.
"""

from __future__ import annotations

import math

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.library.standard import fixed_text
from lockgate.policy.cel.metering import charge_each, charge_new
from lockgate.policy.cel.times import format_duration, format_timestamp
from lockgate.policy.cel.values import CelError, Duration, Timestamp, TypeValue, Uint, type_name

_CLAUSE = lazy_pattern(r"%(?:(%)|(?:\.([0-9]{1,4}))?([a-zA-Z]))")
_PRECISION, _DEPTH = 1000, 100


def format_text(template: str, values: list[object]) -> str:
    """The template with its clauses filled in order. Every clause needs a value of a type that it takes."""
    parts: list[str] = []
    at = used = size = 0
    while (percent := template.find("%", at)) >= 0:
        match = _CLAUSE.match(template, percent)
        if match is None:
            raise CelError("could not parse formatting clause: '%' is not followed by one")
        parts.append(template[at:percent])
        if match[1]:
            parts.append("%")
        else:
            if used >= len(values):
                raise CelError(f"index {used} out of range: the template has more clauses than the list has values")
            parts.append(_clause(match[3], match[2], values[used]))
            used += 1
        size += len(parts[-1]) + len(parts[-2])
        charge_new(size)
        at = match.end()
    parts.append(template[at:])
    return "".join(parts)


def _clause(verb: str, precision: str | None, value: object) -> str:
    digits = 6 if precision is None else int(precision)
    if digits > _PRECISION:
        raise CelError(f"a precision must be at most {_PRECISION}")
    match verb:
        case "s":
            return shown(value)
        case "d" if type(value) in (int, Uint, float):
            return shown(value)
        case "f" | "e" if isinstance(value, int | float) and type(value) is not bool:
            return _rounded(float(value), digits, verb)
        case "b" if isinstance(value, int):
            return f"{int(value):b}"
        case "o" if type(value) in (int, Uint):
            return f"{value:o}"
        case "x" | "X":
            return _hexadecimal(value, verb)
        case "d" | "f" | "e" | "b" | "o":
            raise CelError(f"error during formatting: %{verb} does not take {type_name(value)}")
    raise CelError(f"could not parse formatting clause: unrecognized formatting clause {verb!r}")


def _rounded(value: float, digits: int, verb: str) -> str:
    return f"{value:.{digits}{verb}}" if math.isfinite(value) else _double(value)


def _hexadecimal(value: object, verb: str) -> str:
    if type(value) in (int, Uint):
        return f"{value:{verb}}"
    if isinstance(value, str | bytes):
        data = value.encode("utf-8", "replace") if isinstance(value, str) else value
        return data.hex().upper() if verb == "X" else data.hex()
    raise CelError(f"error during formatting: %{verb} does not take {type_name(value)}")


def _double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return fixed_text(value)


def shown(value: object, depth: int = 0) -> str:
    """What ``%s`` writes."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(int(value))
        case float():
            return _double(value)
        case bytes():
            return value.decode("utf-8", "replace")
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
        case TypeValue():
            return value.name
        case list() | dict():
            return _nested(value, depth)
    raise CelError(f"error during formatting: %s does not take {type_name(value)}")


def _nested(value: list[object] | dict[object, object], depth: int) -> str:
    if depth > _DEPTH:
        raise CelError(f"error during formatting: the value nests deeper than {_DEPTH}")
    charge_each(len(value))
    if isinstance(value, list):
        return f"[{', '.join(shown(item, depth + 1) for item in value)}]"
    entries = sorted(((shown(key), shown(item, depth + 1)) for key, item in value.items()), key=lambda entry: entry[0])
    return f"{{{', '.join(f'{key}: {item}' for key, item in entries)}}}"
