"""How Azure Policy compares values: folding, coercion, order, ``like`` and ``match``.

Two tiers of case: property names fold ASCII only, values of conditions fold all of Unicode (Microsoft calls it
``InvariantCultureIgnoreCase``). Numbers and booleans compare with the text that spells them.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lockgate.policy.errors import EvaluationError

Json = Any
"""What JSON can hold: None, bool, int, float, str, list and dict of these."""


_LIKE_WORK = 10_000_000


class _Missing:
    """The value of a field that the resource does not have; it is not ``null``, though ``exists`` treats both alike."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


def fold(text: str) -> str:
    """``text`` as conditions compare it: full case folding, canonical forms joined (ß = SS, ﬃ = ffi, Σ = σ = ς)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def ascii_fold(name: str) -> str:
    """A property name as Resource Manager compares it: only A to Z fold."""
    return name.lower() if name.isascii() else "".join(c.lower() if c < "\x80" else c for c in name)


def number_of(text: str) -> int | float | None:
    """The number that ``text`` spells in full, or None."""
    stripped = text.strip()
    if not stripped or len(stripped) > 64 or stripped[-1] not in "0123456789." or "_" in stripped:
        return None
    try:
        return int(stripped)
    except ValueError:
        pass
    try:
        return float(stripped)
    except ValueError:
        return None


def text_of(value: Json) -> str | None:
    """A scalar as text, folded; None for null, missing, arrays and objects."""
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return spelled(value)
    return None


def spelled(value: int | float) -> str:
    """A number as Azure writes it: a whole float loses its point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def equal(left: Json, right: Json) -> bool:
    """Whether a condition takes two values for equal. Never raises; arrays and objects compare member by member."""
    if isinstance(left, str):
        if isinstance(right, str):
            return left == right or fold(left) == fold(right)
        left, right = right, left
    if left is None or left is MISSING:
        return right is None or right is MISSING
    if isinstance(left, bool) or isinstance(right, bool):
        return _boolean(left) is not None and _boolean(left) is _boolean(right)
    if isinstance(left, int | float):
        other = number_of(right) if isinstance(right, str) else right
        return isinstance(other, int | float) and left == other
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict) and len(left) == len(right):
        others = {ascii_fold(key): value for key, value in right.items()}
        return all(ascii_fold(key) in others and equal(value, others[ascii_fold(key)]) for key, value in left.items())
    return False


def _boolean(value: Json) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def order(left: Json, right: Json) -> int:
    """-1, 0 or 1. Numbers with numbers or their spelling, dates with dates, text with text.

    Raises :class:`EvaluationError` when the two are of different kinds, which Azure answers with a denial.
    """
    if isinstance(left, str) and isinstance(right, str):
        one, two = instant(left), instant(right)
        if one is not None and two is not None:
            return (one > two) - (one < two)
        low, high = fold(left), fold(right)
        return (low > high) - (low < high)
    first, second = _number(left), _number(right)
    if first is None or second is None:
        raise EvaluationError(f"{kind(left)} cannot be ordered against {kind(right)}")
    return (first > second) - (first < second)


def _number(value: Json) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return number_of(value) if isinstance(value, str) else None


def kind(value: Json) -> str:
    """The name of a value's type, with its article, for messages."""
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {int: "a number", float: "a number", str: "a string", list: "an array", dict: "an object"}
    return names.get(type(value), "a value")


def instant(text: str) -> datetime | None:
    """The moment that ISO 8601 text with a date and a time names (UTC when it names no zone), or None."""
    if len(text) < 16 or len(text) > 40 or text[4] != "-" or text[10] not in "Tt ":
        return None
    body = text.strip().upper()
    head, dot, fraction = body.partition(".")
    if dot:  # Azure writes seven digits; Python reads six
        digits = len(fraction) - len(fraction.lstrip("0123456789"))
        body = f"{head}.{fraction[:digits][:6].ljust(6, '0')}{fraction[digits:]}" if digits else head
    try:
        moment = datetime.fromisoformat(body)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def written(moment: datetime) -> str:
    """A moment as policies write it: seconds, and a fraction only when there is one."""
    moment = moment.astimezone(UTC)
    if not moment.microsecond:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "0Z"


def shifted(moment: datetime, span: timedelta) -> datetime:
    """``moment + span``. Raises :class:`EvaluationError` outside the years 1 to 9999."""
    try:
        return moment + span
    except OverflowError:
        raise EvaluationError("the date lies outside the years 1 to 9999") from None


def like(text: str, pattern: str) -> bool:
    """Whether folded ``text`` fits a folded pattern: ``*`` stands for any text, ``?`` for any one character.

    The reference names ``*`` alone; Microsoft's own test suite has ``?`` too, and no resource name can hold one.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return len(text) == len(pattern) and _here(text, 0, pattern)
    last = rest.pop()
    end = len(text) - len(last)
    if end < len(first) or not _here(text, 0, first) or not _here(text, end, last):
        return False
    at = len(first)
    for part in rest:
        found = _find(text, part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _here(text: str, at: int, part: str) -> bool:
    """Whether ``part`` stands at this index, each ``?`` over any character."""
    if "?" not in part:
        return text.startswith(part, at)
    return all(want in ("?", have) for have, want in zip(text[at : at + len(part)], part, strict=True))


def _find(text: str, part: str, start: int, end: int) -> int:
    if "?" not in part:
        return text.find(part, start, end)
    if (end - start) * len(part) > _LIKE_WORK:
        raise EvaluationError("the text and the pattern of like are too long to compare")
    return next((at for at in range(start, end - len(part) + 1) if _here(text, at, part)), -1)


def match(text: str, pattern: str) -> bool:
    """Whether ``text`` has a digit for every ``#``, a letter for every ``?``, anything for ``.``, else the same."""
    if len(text) != len(pattern):
        return False
    for have, want in zip(text, pattern, strict=True):
        if want == "#":
            if not have.isdecimal():
                return False
        elif want == "?":
            if not have.isalpha():
                return False
        elif want != "." and have != want:
            return False
    return True


def contains(whole: Json, part: Json) -> bool:
    """Whether text holds text, or an array an equal member."""
    if isinstance(whole, list):
        return any(equal(member, part) for member in whole)
    text, piece = text_of(whole), text_of(part)
    return text is not None and piece is not None and piece in text


def contains_key(whole: Json, key: Json) -> bool:
    """Whether an object has a property of this name."""
    if not isinstance(whole, dict) or not isinstance(key, str):
        return False
    wanted = ascii_fold(key)
    return any(ascii_fold(name) == wanted for name in whole)


def get(value: dict[str, Json], key: str) -> Json:
    """The property of this name in any case; MISSING when there is none."""
    found = value.get(key, MISSING)
    if found is not MISSING:
        return found
    wanted = ascii_fold(key)
    for name, member in value.items():
        if ascii_fold(name) == wanted:
            return member
    return MISSING
