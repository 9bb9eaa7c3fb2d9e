"""Names with string literals in source files of any C-like or Python-like syntax: ``name = 'x'``, ``"name" => "x"``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

_STRING = r"'(?P<{0}s>(?:[^'\\\n]|\\.)*+)'|\"(?P<{0}d>(?:[^\"\\\n]|\\.)*+)\""
# The look-behind keeps the search from starting inside a name; every repeat is bounded or possessive: linear.
_ASSIGNED = lazy_pattern(
    r"(?<![\w$.>-])(?P<q>[\"']?)(?P<name>[A-Za-z_$][\w$.>-]{0,150}?)(?P=q)\]?\s{0,40}(?:=>|:=|=|:)\s{0,40}[bru]?(?:"
    + _STRING.format("v")
    + ")"
)
_SUBSCRIPT = lazy_pattern(
    r"\[\s{0,5}[\"'](?P<name>[\w.-]{1,100})[\"']\s{0,5}\]\s{0,40}=\s{0,40}(?:" + _STRING.format("v") + ")"
)
_DEFINE = lazy_pattern(
    r"define\s{0,5}\(\s{0,40}[\"'](?P<name>\w{1,100})[\"']\s{0,40},\s{0,40}(?:" + _STRING.format("v") + ")"
)
_ANY_STRING = lazy_pattern(_STRING.format("v"))
_CALL_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal under a name."""

    name: str
    value: str = field(repr=False)
    line: int
    column: int


def assigned(text: str) -> Iterator[Literal]:
    """Literals that are given to a name, a key or a constant, in no particular order."""
    starts = LineStarts(text)
    for pattern in (_ASSIGNED, _SUBSCRIPT, _DEFINE):
        for match in pattern.finditer(text):
            yield _literal(match, starts, match.group("name"))


def nth_argument(text: str, calls: re.Pattern[str], number: int) -> Iterator[Literal]:
    """The literal that is argument ``number`` (from 1, counting literals) of each call that ``calls`` finds."""
    starts = LineStarts(text)
    for call in calls.finditer(text):
        end = text.find(";", call.end(), call.end() + _CALL_LENGTH)
        end = end if end >= 0 else min(len(text), call.end() + _CALL_LENGTH)
        for place, match in enumerate(_ANY_STRING.finditer(text, call.end(), end), 1):
            if place == number:
                yield _literal(match, starts, call.group().strip(" \t(").strip())
                break


def _literal(match: re.Match[str], starts: LineStarts, name: str) -> Literal:
    group = "vs" if match.group("vs") is not None else "vd"
    line, column = starts.place(match.start(group))
    return Literal(name, match.group(group), line, column)


class LineStarts:
    """Line and column of an offset, both from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Where an offset stands."""
        from bisect import bisect_right

        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
