"""Spans that hold a secret: which rule speaks for one, and what may be shown around it. Offsets only, never values."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence, Rule
from lockgate.patterns.masking import mask

SNIPPET_WIDTH = 200
_GOES_ON = lazy_pattern(rb"[A-Za-z0-9+/=_.~\\-]*")
_LEFT = 100


@dataclass(frozen=True, slots=True)
class Found:
    """One secret at one place, as one rule sees it."""

    rule: Rule
    rank: int
    confidence: Confidence
    start: int
    end: int
    pointer: str = ""
    exact: bool = True
    """False: the span is the place, and the value (decoded, decrypted) is kept by the session."""


def settle_spans(found: Sequence[Found]) -> list[Found]:
    """Of spans that overlap, the one of the best rank, then confidence, then length; in file order."""
    kept: list[Found] = []
    taken: list[tuple[int, int]] = []
    for one in sorted(found, key=lambda one: (one.rank, -one.confidence, one.start - one.end, one.start, one.rule.id)):
        at = bisect_left(taken, (one.start, one.end))
        after = at < len(taken) and taken[at][0] < one.end
        before = at > 0 and taken[at - 1][1] > one.start
        if not (after or before):
            kept.append(one)
            insort(taken, (one.start, one.end))
    return sorted(kept, key=lambda one: (one.start, one.end))


def masked_line(content: bytes, at: int, *, spans: Sequence[tuple[int, int]], values: Collection[bytes]) -> str:
    """The line around offset ``at``, cut to ``SNIPPET_WIDTH`` characters, masked.

    Masked are the ``spans`` that touch it and every further place where one of ``values`` stands, for a secret is often
    repeated where no rule sees it (a comment, a log line).
    """
    begin = max(content.rfind(b"\n", max(0, at - 4096), at) + 1, at - _LEFT)
    stop = content.find(b"\n", at, at + 4096)
    stop = min(stop if stop >= 0 else len(content), begin + 4 * SNIPPET_WIDTH)
    pieces: list[str] = []
    position = begin
    for start, end in joined([*_touching(spans, begin, stop), *_repeats(content, begin, stop, values=values)]):
        if end <= position:
            continue
        start = max(start, position)
        if start > position:
            pieces.append(content[position:start].decode("utf-8", "replace"))
        shown = mask(content[start:end].decode("utf-8", "replace")) if start >= begin else "****"
        pieces.append(shown)
        position = _rest_of_value(content, min(end, stop), stop)
    pieces.append(content[position:stop].decode("utf-8", "replace"))
    return "".join(pieces).rstrip("\r\n")[:SNIPPET_WIDTH]


def _rest_of_value(content: bytes, end: int, stop: int) -> int:
    """Where what goes on unbroken after a masked span ends: a pattern may have taken only the head of a value."""
    found = _GOES_ON.match(content, end, stop)
    return found.end() if found else end


def _touching(spans: Sequence[tuple[int, int]], begin: int, stop: int) -> list[tuple[int, int]]:
    """Those of the sorted spans, which do not overlap, that touch the window."""
    first = bisect_left(spans, begin, key=lambda span: span[1])
    return [span for span in spans[first : bisect_left(spans, (stop, 0))] if span[1] > begin]


def _repeats(content: bytes, begin: int, stop: int, *, values: Collection[bytes]) -> Iterator[tuple[int, int]]:
    for value in values:
        found = content.find(value, begin, stop)
        while found >= 0:
            yield found, found + len(value)
            found = content.find(value, found + len(value), stop)


def joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places as spans that neither overlap nor touch, in order."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
