"""Names that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_MAX_NAME: Final = 100
_SHOWN: Final = 5


def did_you_mean(prefix: str, options: Sequence[str], *, quoted: bool = True) -> str:
    """`` Did you mean "a" or "b"?``, or nothing without options."""
    return f" {prefix} {or_list(options, quoted=quoted)}?" if options else ""


def or_list(options: Sequence[str], *, quoted: bool = True) -> str:
    """``"A", "B", or "C"``; five at most."""
    shown = [f'"{option}"' if quoted else option for option in options[:_SHOWN]]
    if len(shown) < 3:
        return " or ".join(shown)
    return ", ".join(shown[:-1]) + ", or " + shown[-1]


def similar(name: str, options: Iterable[str]) -> list[str]:
    """The options that are a few edits away, the nearest first. Names over 100 characters have none."""
    threshold = int(len(name) * 0.4) + 1
    found = []
    if len(name) <= _MAX_NAME:
        near = (option for option in options if abs(len(option) - len(name)) <= threshold)
        found = [(distance, option) for option in near if (distance := _distance(name, option)) <= threshold]
    return [option for _, option in sorted(found, key=lambda pair: pair[0])]


def _distance(one: str, other: str) -> int:
    """Edits of single characters; a difference in case alone is one edit."""
    if one == other:
        return 0
    one, other = one.lower(), other.lower()
    if one == other:
        return 1
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, letter in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (character != letter))
    return row[-1]
