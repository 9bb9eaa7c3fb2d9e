"""Values of one type as values of another, as Kusto's ``to...`` functions convert. What cannot be converted is null."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context as Arithmetic
from decimal import Decimal, InvalidOperation
from typing import Any

from lockgate.kql import literals
from lockgate.kql.literals import INT_MAX, LONG_MAX
from lockgate.kql.moments import MAX_MOMENT, read_moment
from lockgate.kql.text import moment_text, span_text, text_of
from lockgate.kql.types import BOOL, DATETIME, DECIMAL, GUID, INT, LONG, REAL, STRING, TIMESPAN, Type
from lockgate.lazy_pattern import lazy_pattern

Convert = Callable[[Any], Any]
"""Takes a value or null, gives a value or null."""
EXACT = Arithmetic(prec=34, Emax=6144, Emin=-6143)
"""How decimals are computed: 34 digits."""
MAX_JSON = 16 << 20
"""Longest text that is read as JSON."""
_GUID = lazy_pattern(r"(?i)\s*[{(]?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})[})]?\s*")
_LONGEST_NUMBER = 400


def converter(source: Type, target: Type) -> Convert | None:
    """What makes values of ``target`` of those of ``source``; ``None`` where nothing needs to be done."""
    if source is target or (source.dynamic and target.dynamic):
        return None
    if target.dynamic:
        return to_dynamic(source)
    if target is STRING:
        return text_of(source)
    if target is REAL and source in (INT, LONG):
        return _widened
    if (source, target) == (INT, LONG):
        return None
    made = _MAKERS.get(target)
    return made(source) if made is not None else None


def _widened(value: Any) -> Any:
    return None if value is None else float(value)


def literal(value: Any, type_: Type) -> Any:
    """The value of a literal, which the bound tree holds as text where it is a decimal or a guid."""
    if isinstance(value, str) and (type_ is DECIMAL or type_ is GUID):
        return _text_to_decimal(value) if type_ is DECIMAL else _text_to_guid(value)
    return value


# --- into a dynamic value


def to_dynamic(source: Type) -> Convert:
    """Values as JSON holds them: times and guids as texts, and decimals, whose digits a number of JSON would lose."""
    if source is DATETIME:
        return lambda value: None if value is None else moment_text(value)
    if source is TIMESPAN:
        return lambda value: None if value is None else span_text(value)
    if source is DECIMAL:
        return lambda value: None if value is None else f"{value:f}"
    return lambda value: value


def read_json(text: Any) -> Any:
    """A text as JSON; what is none stays the text, and the empty one is null."""
    if text is None or not isinstance(text, str):
        return text
    if not text or text.isspace():
        return None
    if len(text) > MAX_JSON:
        return text
    import orjson

    try:
        return orjson.loads(text)
    except (ValueError, RecursionError):
        return text


# --- out of texts


def _text_to_long(text: str, limit: int = LONG_MAX) -> int | None:
    body = text.strip()
    return literals.whole(body, limit=limit) if body and body[-1] != ")" and "_" not in body else None


def _text_to_real(text: str) -> float | None:
    body = text.strip()
    if not body or len(body) > _LONGEST_NUMBER or "_" in body:
        return None
    try:
        return float(body)
    except ValueError:
        return None


def _text_to_decimal(text: str) -> Decimal | None:
    body = text.strip()
    if len(body) > _LONGEST_NUMBER or "_" in body:
        return None
    try:
        return _bounded(Decimal(body))
    except InvalidOperation:
        return None


def _text_to_bool(text: str) -> bool | None:
    body = text.strip().lower()
    if body in ("true", "false"):
        return body == "true"
    number = _text_to_long(body)
    return None if number is None else number != 0


def _text_to_guid(text: str) -> str | None:
    found = _GUID.fullmatch(text) if len(text) < _LONGEST_NUMBER else None
    return "-".join(found.groups()).lower() if found else None


def read_span(text: str) -> int | None:
    """Ticks of ``1.02:03:04.5`` or ``5m``; a number alone, which a literal may be, is none in a text."""
    if len(text) >= _LONGEST_NUMBER or text[-1:] == ")" or _text_to_real(text) is not None:
        return None
    return literals.timespan(text)


# --- out of numbers


def _bounded(value: Decimal) -> Decimal | None:
    return EXACT.plus(value) if value.is_finite() and abs(value.adjusted()) < 6000 else None


def real_to_long(value: float | Decimal, limit: int = LONG_MAX) -> int | None:
    """The whole part, when a long can hold it."""
    try:
        found = int(value)
    except (ValueError, OverflowError):
        return None
    return found if -limit - 1 <= found <= limit else None


def number_to_decimal(value: Any) -> Decimal | None:
    """A number with the digits that it is written with; what is no number (NaN) has none."""
    if value is None or isinstance(value, Decimal):
        return value
    return _bounded(Decimal(repr(value)) if isinstance(value, float) else Decimal(int(value)))


def _number(read: Callable[[str], Any], of_number: Convert) -> Callable[[Type], Convert]:
    """Makes a conversion into a number: texts are read, numbers and ticks converted."""

    def make(source: Type) -> Convert:
        if source is STRING:
            return lambda value: None if value is None else read(value)
        if source is GUID:
            return lambda value: None
        if not source.dynamic:
            return lambda value: None if value is None else of_number(value)

        def dynamic(value: Any) -> Any:
            if isinstance(value, str):
                return read(value)
            return of_number(value) if isinstance(value, int | float) else None

        return dynamic

    return make


def _long(value: Any) -> int | None:
    return _saturated(value, LONG_MAX) if isinstance(value, float) else real_to_long(value)


def _int(value: Any) -> int | None:
    """The low 32 bits of what is whole, the closest int of a real: so the service has it, row by row."""
    if isinstance(value, float):
        return _saturated(value, INT_MAX)
    if isinstance(value, int):
        return (int(value) + INT_MAX + 1 & 0xFFFFFFFF) - INT_MAX - 1
    return real_to_long(value, INT_MAX)


def _saturated(value: float, limit: int) -> int | None:
    try:
        return min(max(int(value), -limit - 1), limit)
    except (ValueError, OverflowError):
        return None


def _real(value: Any) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _times(
    read: Callable[[str], int | None], least: int, most: int, *, of_any: bool = False
) -> Callable[[Type], Convert]:
    """Makes a conversion into ticks: texts are read, whole numbers are ticks; ``of_any``: reals and bools, too."""

    def make(source: Type) -> Convert:
        def convert(value: Any) -> int | None:
            if isinstance(value, str):
                return read(value)
            if of_any and isinstance(value, bool | float):
                value = _long(value)
            if isinstance(value, bool) or not isinstance(value, int):
                return None
            return value if least <= value <= most else None

        return convert if source is not GUID else lambda value: None

    return make


def _guid(source: Type) -> Convert:
    del source
    return lambda value: _text_to_guid(value) if isinstance(value, str) else None


_MAKERS: dict[Type, Callable[[Type], Convert]] = {
    LONG: _number(_text_to_long, _long),
    INT: _number(lambda text: _text_to_long(text, INT_MAX), _int),
    REAL: _number(_text_to_real, _real),
    DECIMAL: _number(_text_to_decimal, number_to_decimal),
    BOOL: _number(_text_to_bool, bool),
    DATETIME: _times(read_moment, 0, MAX_MOMENT),
    TIMESPAN: _times(read_span, -LONG_MAX - 1, LONG_MAX, of_any=True),
    GUID: _guid,
}
