"""RE2 patterns that come from expressions: compiled once, and their errors said in CEL's words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lockgate.policy.cel.metering import charge
from lockgate.policy.cel.pattern_texts import Needed, needed
from lockgate.policy.cel.values import CelError

MAX_PATTERN = 10_000
_SHORT = 256


@lru_cache(maxsize=128)  # objects bring patterns too, and RE2 keeps up to 8 MB for each
def compiled(pattern: str) -> Any:
    """The pattern. Raises :class:`CelError` for what RE2 does not read."""
    import re2

    if len(pattern) > MAX_PATTERN:
        raise CelError(f"the pattern is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)  # type: ignore[no-untyped-call]
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise CelError(f"RE2 does not read the pattern {pattern[:80]!r}: {text}") from None


def search(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere in ``text``."""
    size = len(text) + len(pattern)
    if size > _SHORT:
        charge(size)
    if text.isascii():  # any other may be no text to RE2, which it says
        alternatives = _needed(pattern)
        for one in alternatives:
            if one.stands_in(text):
                if one.whole:
                    return True
                break
        else:
            if alternatives:
                return False
    return _search_short(text, pattern) if size <= _SHORT else _search(text, pattern)


@lru_cache(maxsize=512)
def _needed(pattern: str) -> tuple[Needed, ...]:
    compiled(pattern)
    return needed(pattern)


def _search(text: str, pattern: str) -> bool:
    try:
        # The binding counts characters for the places that it gives, which nobody asks for here.
        return compiled(pattern).search(text.encode()) is not None
    except UnicodeEncodeError:
        raise CelError("the text is not valid Unicode") from None


# The binding of RE2 takes some microseconds a search, and policies ask the same names and images again and again.
_search_short = lru_cache(maxsize=4096)(_search)
