"""The standard definitions of the language: sizes, conversions, texts, timestamps and durations (cel-spec, langdef).

Texts of doubles are Go's shortest ones, because messages of policies hold them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.functions import Function, function, method
from lockgate.policy.cel.metering import charge
from lockgate.policy.cel.operators import integer, unsigned
from lockgate.policy.cel.regex import search
from lockgate.policy.cel.times import (
    SECOND,
    duration_of_int,
    format_duration,
    format_timestamp,
    local,
    parse_duration,
    parse_timestamp,
    timestamp_of_int,
)
from lockgate.policy.cel.values import CelError, Duration, Timestamp, TypeValue, Uint, type_name

_INTEGER = lazy_pattern(r"[+-]?[0-9]{1,30}")
_UNSIGNED = lazy_pattern(r"[0-9]{1,30}")
_DOUBLE = lazy_pattern(r"(?i)[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?(?:inf|infinity)|nan")
_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


def double_text(value: float) -> str:
    """The shortest text of Go's ``%g``: digits up to an exponent of 5, then ``1e+06``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    digits, _, exponent = f"{value!r}".partition("e")
    places = int(exponent or 0)
    if not exponent:
        mantissa = digits.lstrip("-")
        whole, _, fraction = mantissa.partition(".")
        places = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1)
    if value == 0 or -4 <= places < 6:
        return fixed_text(value)
    shortest = f"{value:.{max(0, len(digits.replace('-', '').replace('.', '').strip('0')) - 1)}e}"
    mantissa, _, power = shortest.partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{power}"


def fixed_text(value: float) -> str:
    """The shortest text without an exponent that reads back as ``value``."""
    from decimal import Decimal

    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _to_int(text: str) -> int:
    if _INTEGER.fullmatch(text):
        return integer(int(text))
    raise CelError(f"int() does not read {text[:40]!r}")


def _double_to_int(value: float) -> int:
    if math.isfinite(value) and -(2.0**63) < value < 2.0**63:
        return int(value)
    raise CelError("integer overflow")


def _to_uint(text: str) -> Uint:
    if _UNSIGNED.fullmatch(text):
        return unsigned(int(text))
    raise CelError(f"uint() does not read {text[:40]!r}")


def _double_to_uint(value: float) -> Uint:
    if math.isfinite(value) and 0 <= value < 2.0**64:
        return Uint(int(value))
    raise CelError("unsigned integer overflow")


def _to_double(text: str) -> float:
    if len(text) <= 400 and _DOUBLE.fullmatch(text):
        return float(text)
    raise CelError(f"double() does not read {text[:40]!r}")


def _to_bool(text: str) -> bool:
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise CelError(f"bool() does not read {text[:40]!r}")


def _to_text(value: bytes) -> str:
    charge(len(value))
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise CelError("string(): the bytes are not UTF-8") from None


def _to_bytes(text: str) -> bytes:
    charge(len(text))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CelError("bytes(): the text is not valid Unicode") from None


def _type(value: object) -> TypeValue:
    return TypeValue(type_name(value))


def _contains(text: str, part: str) -> bool:
    charge(len(text))
    return part in text


_STAMP_PARTS: dict[str, Callable[..., int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
}
_SPAN_PARTS = {"getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND, "getMilliseconds": 1_000_000}


def _part(take: Callable[..., int]) -> Callable[..., int]:
    return lambda value, zone="UTC": take(local(value, zone))


def _milliseconds(value: Timestamp, _zone: str = "UTC") -> int:
    return value.nanoseconds % SECOND // 1_000_000


def _units(unit: int) -> Callable[[Duration], int]:
    def count(value: Duration) -> int:
        whole = abs(value.nanoseconds) // unit
        return -whole if value.nanoseconds < 0 else whole

    return count


def _getters() -> list[Function]:
    parts = {name: _part(take) for name, take in _STAMP_PARTS.items()} | {"getMilliseconds": _milliseconds}
    return [
        *(method(name, "timestamp", do=do, result="int") for name, do in parts.items()),
        *(method(name, "timestamp", "string", do=do, result="int") for name, do in parts.items()),
        *(method(name, "duration", do=_units(unit), result="int") for name, unit in _SPAN_PARTS.items()),
    ]


def _conversions() -> list[Function]:
    return [
        function("int", "int", do=lambda value: value, result="int"),
        function("int", "uint", do=lambda value: integer(int(value)), result="int"),
        function("int", "double", do=_double_to_int, result="int"),
        function("int", "string", do=_to_int, result="int"),
        function("int", "timestamp", do=lambda value: value.nanoseconds // SECOND, result="int"),
        function("int", "duration", do=lambda value: value.nanoseconds, result="int"),
        function("uint", "uint", do=lambda value: value, result="uint"),
        function("uint", "int", do=unsigned, result="uint"),
        function("uint", "double", do=_double_to_uint, result="uint"),
        function("uint", "string", do=_to_uint, result="uint"),
        function("double", "double", do=lambda value: value, result="double"),
        function("double", "int", do=float, result="double"),
        function("double", "uint", do=lambda value: float(int(value)), result="double"),
        function("double", "string", do=_to_double, result="double"),
        function("bool", "bool", do=lambda value: value, result="bool"),
        function("bool", "string", do=_to_bool, result="bool"),
        function("string", "string", do=lambda value: value, result="string"),
        function("string", "bool", do=lambda value: "true" if value else "false", result="string"),
        function("string", "int", do=str, result="string"),
        function("string", "uint", do=lambda value: str(int(value)), result="string"),
        function("string", "double", do=double_text, result="string"),
        function("string", "bytes", do=_to_text, result="string"),
        function("string", "timestamp", do=format_timestamp, result="string"),
        function("string", "duration", do=format_duration, result="string"),
        function("bytes", "bytes", do=lambda value: value, result="bytes"),
        function("bytes", "string", do=_to_bytes, result="bytes"),
        function("timestamp", "timestamp", do=lambda value: value),
        function("timestamp", "string", do=parse_timestamp),
        function("timestamp", "int", do=timestamp_of_int),
        function("duration", "duration", do=lambda value: value),
        function("duration", "string", do=parse_duration),
        function("duration", "int", do=duration_of_int),
        function("dyn", "any", do=lambda value: value),
        function("type", "any", do=_type, result="type"),
    ]


def _texts() -> list[Function]:
    return [
        *(make("size", kind, do=len, result="int") for make in (function, method) for kind in _SIZED),
        *(make("matches", "string", "string", do=search, result="bool") for make in (function, method)),
        method("contains", "string", "string", do=_contains, result="bool"),
        method("startsWith", "string", "string", do=str.startswith, result="bool"),
        method("endsWith", "string", "string", do=str.endswith, result="bool"),
    ]


_SIZED = ("string", "bytes", "list", "map")
LIBRARY = [*_conversions(), *_texts(), *_getters()]
