"""Which patterns Java reads as RE2 does, in a time that grows with the text only. All others go through Python."""

from __future__ import annotations

from lockgate.kql.errors import EvaluationError
from lockgate.kql.patterns import compiled
from lockgate.lazy_pattern import lazy_pattern

_CHARACTER = r"[A-Za-z0-9 _\-/:@,;=<>%#!~\"'`]|\\[.\\/+*?()\[\]{}|^$\-dDwW]|\."
_CLASS = r"\[\^?(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[ _/:@,;.=]|\\[dw.\-])+-?\]"
_TIMES = r"(?:[*+?]\??|\{\d{1,2}\})?"
_PLAIN = lazy_pattern(rf"\^?(?:(?:{_CHARACTER}|{_CLASS}){_TIMES})+")
_UNBOUNDED = lazy_pattern(r"(?<!\\)[*+]")
_SPECIAL = frozenset("\\.+*?()|[]{}^$")


def same(pattern: str) -> str | None:
    """The pattern for Java, where it finds what RE2's finds: letters, classes, one repetition after the other.

    Left out is whatever differs: groups (their time), ``$`` (a last line), ``\\s`` and ``\\b`` (which characters) and
    flags (folding of letters beyond ASCII). ``(?d)`` lets only ``\\n`` end a line, as RE2 has it.
    """
    if len(pattern) > 1_000 or _PLAIN.fullmatch(pattern) is None or len(_UNBOUNDED.findall(pattern)) > 2:
        return None
    try:
        compiled(pattern)
    except EvaluationError:
        return None  # what is wrong with it is said where it is matched
    return f"(?d){pattern}"


def quoted(text: str) -> str:
    """The pattern that matches just this text."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in text)
