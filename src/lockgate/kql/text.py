"""How Kusto writes values as text: what ``tostring`` gives, and what a dynamic value looks like as JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from lockgate.kql.literals import TICKS_PER_DAY, TICKS_PER_SECOND
from lockgate.kql.types import BOOL, DATETIME, DECIMAL, REAL, STRING, TIMESPAN, Type
from lockgate.lazy_pattern import lazy_pattern

TextOf = Callable[[Any], str]
"""Gives the text of a value of one type; of null the empty one."""
_EXPONENT = lazy_pattern(r"[0-9]e[0-9-]")
MAX_TEXT = 1 << 20
"""Most characters that a function gives: the service cuts longer texts at 1 MB."""


def text_of(type_: Type) -> TextOf:
    """What writes values of ``type_``."""
    if type_ is STRING:
        return string_text
    if type_.dynamic:
        return dynamic_text
    return _WRITERS.get(type_, _plain)


def shown_text_of(type_: Type) -> TextOf:
    """What writes values of ``type_`` into a table or a file: as :func:`text_of`, but ``true`` and ``false`` small."""
    return _small_bool if type_ is BOOL else text_of(type_)


def _small_bool(value: Any) -> str:
    return bool_text(value).lower()


def string_text(value: Any) -> str:
    """A string as it is. A null may come from outside; inside it is the empty text."""
    return "" if value is None else value if isinstance(value, str) else dynamic_text(value)


def lowered(text: str) -> str:
    """The text in lower case, each character by itself as the engines have it: ``Σ`` is ``σ`` wherever it stands."""
    if not text.isascii():
        text = text.replace("Σ", "σ").replace("İ", "i")
    return text.lower()


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def bool_text(value: Any) -> str:
    """``True`` or ``False``, as .NET writes them; inside JSON they are small."""
    return "" if value is None else "True" if value else "False"


def real_string(value: Any) -> str:
    """What ``tostring`` gives: as :func:`real_text`, but the infinities are ``inf`` and ``-inf``."""
    found = real_text(value)
    return found if not found.endswith("y") else "-inf" if found[0] == "-" else "inf"


def real_text(value: Any) -> str:
    """The shortest digits that read back as the same real, with ``.0`` when it is whole."""
    if value is None:
        return ""
    value = float(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value).replace("e", "E")


def decimal_text(value: Any) -> str:
    """All digits, never with an exponent."""
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def moment_text(value: Any) -> str:
    """``2026-11-26T10:00:00.0000000Z``"""
    if value is None:
        return ""
    days, ticks = divmod(value, TICKS_PER_DAY)
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    day = date.fromordinal(days + 1)
    return f"{day.isoformat()}T{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:07}Z"


def span_text(value: Any) -> str:
    """``1.02:03:04.5000000``; days and the fraction only when there are some."""
    if value is None:
        return ""
    sign = "-" if value < 0 else ""
    seconds, fraction = divmod(abs(value), TICKS_PER_SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{sign}{f'{days}.' if days else ''}{clock}{f'.{fraction:07}' if fraction else ''}"


def dynamic_text(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """Compact JSON. What JSON has no number for is a text: ``"NaN"``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -(10**40) < value < 10**40 else "null"
    import orjson

    try:
        found = orjson.dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        return _written(value)
    # There, numbers without a form in JSON become null, and exponents look otherwise: only then is it worth looking.
    return _written(value) if "null" in found or _EXPONENT.search(found) else found


def _written(value: Any) -> str:
    """The same, one part after another, for values of any depth and kind."""
    parts: list[str] = []
    pending: list[Any] = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, _Mark):
            parts.append(one.text)
        elif isinstance(one, dict):
            pending.append(_Mark("}"))
            items = list(one.items())
            for i in range(len(items) - 1, -1, -1):
                pending.append(items[i][1])
                pending.append(_Mark(f"{',' if i else ''}{quoted(str(items[i][0]))}:"))
            parts.append("{")
        elif isinstance(one, list | tuple):
            pending.append(_Mark("]"))
            for i in range(len(one) - 1, -1, -1):
                pending.append(one[i])
                if i:
                    pending.append(_Mark(","))
            parts.append("[")
        else:
            parts.append(_scalar(one))
    return "".join(parts)


class _Mark:
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return json_text(value)
    if isinstance(value, float):
        found = real_text(value)
        return found if found[-1].isdigit() else f'"{found}"'
    return quoted(decimal_text(value) if isinstance(value, Decimal) else str(value))


def quoted(text: str) -> str:
    """A text as JSON writes it."""
    import orjson

    return orjson.dumps(clean(text)).decode()


def clean(text: str) -> str:
    """The text with what is no character (half of a surrogate pair) replaced, so that it has a form in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def cut(text: str) -> str:
    """At most as much text as a value may hold."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT]


_WRITERS: dict[Type, TextOf] = {
    BOOL: bool_text, REAL: real_string, DECIMAL: decimal_text, DATETIME: moment_text, TIMESPAN: span_text,
}  # fmt: skip
