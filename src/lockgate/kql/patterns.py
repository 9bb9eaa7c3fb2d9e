"""Patterns of queries, matched by RE2: they come from whoever asks, and its time grows with the text only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NoReturn

from lockgate.kql.errors import EvaluationError
from lockgate.kql.text import clean
from lockgate.lazy_pattern import lazy_pattern

_LONGEST = 1 << 16
_NAMED = lazy_pattern(r"(?s)\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?<(?=\w)")


@lru_cache(maxsize=1024)
def compiled(pattern: str, *, literal: bool = False) -> Any:
    """The pattern, ready to use. Raises :class:`EvaluationError` when it is none."""
    import re2

    if len(pattern) > _LONGEST:
        _refuse(pattern, "")
    options = re2.Options()
    options.log_errors = False
    options.literal = literal
    try:
        return re2.compile(clean(pattern), options)  # type: ignore[no-untyped-call]
    except re2.error as error:
        _refuse(pattern, _reason(error))


def _refuse(pattern: str, reason: str) -> NoReturn:
    shown = pattern if len(pattern) <= 80 else f"{pattern[:80]}..."
    raise EvaluationError(f"The pattern '{shown}' is no regular expression{reason or ': it is too long'}.")


def _reason(error: Exception) -> str:
    found = error.args[0] if error.args else ""
    text = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    return f": {text}" if text else ""


def with_plain_names(pattern: str) -> str:
    """The pattern with ``(?P<name>`` for ``(?<name>``, which the older RE2 inside DuckDB does not know."""
    return _NAMED.sub(lambda found: "(?P<" if found.group() == "(?<" else found.group(), pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    return compiled(pattern).search(clean(text)) is not None


def quote(text: str) -> str:
    """The pattern that matches just this text."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in text)


_SPECIAL = frozenset("\\.+*?()|[]{}^$")
