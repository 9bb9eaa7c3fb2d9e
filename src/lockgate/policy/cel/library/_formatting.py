"""``text.format(list)`` of cel-go's strings extension as Kubernetes has it (version 2): %s %d %f %e %b %o %x %X and %%.

That version writes for readers of American English: ``%f`` groups thousands, ``%e`` is a power of ten in small
digits and takes its precision for a width, and what stands in a list or a map is written as an expression would be.
"""

from __future__ import annotations

import math

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.library.standard import double_text
from lockgate.policy.cel.metering import charge_each, charge_new
from lockgate.policy.cel.times import format_duration, format_timestamp
from lockgate.policy.cel.values import CelError, Duration, Timestamp, TypeValue, Uint, type_name

_CLAUSE = lazy_pattern(r"%(?:(%)|(?:\.([0-9]{1,4}))?([a-zA-Z]))")
_PRECISION, _DEPTH = 1000, 100
_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_SPECIAL = {"inf": "\u221e", "-inf": "-\u221e", "nan": "NaN"}
_NAMED = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


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
        case "d" if isinstance(value, int) and type(value) is not bool:
            return str(int(value))
        case "f" if (number := _number(value)) is not None:
            return f"{number + 0.0:,.{digits}f}" if math.isfinite(number) else _SPECIAL[str(number)]
        case "e" if (number := _number(value)) is not None:
            return _scientific(number).rjust(digits)
        case "b" if isinstance(value, int):
            return f"{int(value):b}"
        case "o" if type(value) in (int, Uint):
            return f"{value:o}"
        case "x" | "X":
            return _hexadecimal(value, verb)
        case "d" | "f" | "e" | "b" | "o":
            raise CelError(f"error during formatting: %{verb} does not take {type_name(value)}")
    raise CelError(f"could not parse formatting clause: unrecognized formatting clause {verb!r}")


def _number(value: object) -> float | None:
    """The double that ``%f`` and ``%e`` write; the texts of those that have no literal count as well."""
    if type(value) is str and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    return value if type(value) is float else None


def _scientific(number: float) -> str:
    if not math.isfinite(number):
        return _SPECIAL[str(number)]
    mantissa, _, power = f"{number + 0.0:.6e}".partition("e")
    return f"{mantissa}\u00d710{power.removeprefix('+').translate(_RAISED)}"


def _hexadecimal(value: object, verb: str) -> str:
    if type(value) in (int, Uint):
        return f"{value:{verb}}"
    if isinstance(value, str | bytes):
        data = value.encode("utf-8", "replace") if isinstance(value, str) else value
        return data.hex().upper() if verb == "X" else data.hex()
    raise CelError(f"error during formatting: %{verb} does not take {type_name(value)}")


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
            return double_text(value)
        case bytes():
            return _decoded(value)
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
        case TypeValue():
            return value.name
        case list() | dict():
            return _nested(value, depth)
    raise CelError(f"error during formatting: %s does not take {type_name(value)}")


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise CelError("error during formatting: the bytes are no UTF-8") from None


def _nested(value: list[object] | dict[object, object], depth: int) -> str:
    if depth > _DEPTH:
        raise CelError(f"error during formatting: the value nests deeper than {_DEPTH}")
    charge_each(len(value))
    if isinstance(value, list):
        return f"[{', '.join(_within(item, depth + 1) for item in value)}]"
    entries = sorted(
        ((_within(key, depth + 1), _within(item, depth + 1)) for key, item in value.items()), key=lambda entry: entry[0]
    )
    return f"{{{', '.join(f'{key}:{item}' for key, item in entries)}}}"


def _within(value: object, depth: int) -> str:
    """A value within a list or a map, as an expression would spell it."""
    match value:
        case str():
            return _quoted(value)
        case bytes():
            return f"b{_quoted(_decoded(value))}"
        case float():
            return f"{value:.6f}" if math.isfinite(value) else f'"{_NAMED[str(value)]}"'
        case Timestamp():
            return f'timestamp("{format_timestamp(value)}")'
        case Duration():
            return f'duration("{format_duration(value)}")'
    return shown(value, depth)


def _quoted(text: str) -> str:
    """As Go's ``%q``: characters that cannot be printed are escaped."""
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
