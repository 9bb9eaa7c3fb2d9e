"""Where in a content a match may stand: windows before candidate ends, and what is near a match.

A window is as wide as the pattern can be (``width``), widened left to a line start, and narrowed to the lines that a
match may stand on. What does not belong: matching.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.patterns.width import Width

SPAN = 256 * 1024
"""Bytes before an end that a pattern without bound is looked for in."""
LINE = 16 * 1024
"""A longer line is cut when a window is widened to a line start."""
MOST_LINES = 16
"""Line ends within a match up to which a window is narrowed to the lines that the match may stand on."""


class Look:
    """A content under judgement, with what several patterns ask of it made once."""

    __slots__ = ("_lowered", "_tabbed", "content", "paths")

    def __init__(self, content: bytes, paths: Sequence[str]) -> None:
        self.content = content
        self.paths = paths
        self._lowered: bytes | None = None
        self._tabbed: bool | None = None

    @property
    def lowered(self) -> bytes:
        """The content in lower case."""
        if self._lowered is None:
            self._lowered = self.content.lower()
        return self._lowered

    @property
    def tabbed(self) -> bool:
        """Whether a vertical tab stands in the content."""
        if self._tabbed is None:
            self._tabbed = b"\v" in self.content
        return self._tabbed

    def lines(self, start: int, end: int) -> bytes:
        """The whole lines that the span touches, cut to ``LINE`` on either side."""
        left = self.content.rfind(b"\n", max(0, start - LINE), start) + 1
        right = self.content.find(b"\n", end, end + LINE)
        return self.content[left or max(0, start - LINE) : right if right >= 0 else end + LINE]

    def near(self, start: int, end: int, words: Sequence[str]) -> bool:
        """Whether one of the words stands within three lines of the span."""
        left, right = start, end
        for _ in range(4):
            left = max(self.content.rfind(b"\n", max(0, left - LINE), left), max(0, left - LINE))
            found = self.content.find(b"\n", right + 1, right + LINE)
            right = found if found >= 0 else min(len(self.content), right + LINE)
        around = self.content[left:right].lower()
        return any(word.encode() in around for word in words)


def windows_of(look: Look, ends: Sequence[int], width: Width) -> Iterator[tuple[int, int]]:
    """Begin and end of the windows before the ends; those that overlap are one."""
    begin = stop = -1
    before: list[tuple[int, int]] = []
    for end in sorted(ends):
        if end - stop == 1 and stop >= 0:  # a value that may end at each of its characters
            stop = end
            continue
        left = _left(look, end, width)
        if stop >= 0 and left > stop:
            before.append((begin, stop))
            begin = left
        else:
            begin = left if stop < 0 else min(begin, left)
        while before and begin <= before[-1][1]:  # one that goes over a vertical tab reaches over several lines
            begin = min(begin, before.pop()[0])
        stop = end
    yield from before
    yield begin, stop


def _left(look: Look, end: int, width: Width) -> int:
    """Where a match that ends at ``end`` may begin at the earliest, at a line start where one is near."""
    if width.whole:
        return max(0, end - SPAN)
    narrow = width.lines <= MOST_LINES
    if narrow and not look.tabbed:
        least = max(0, end - width.most - 1)  # whatever the runs take, a match may begin there
        begin = _line_start(look.content, least, end, lines=width.lines)
        if begin >= 0:
            return begin
    left = _leftmost(look.content, end, width)
    # What goes over a vertical tab may be no match for Hyperscan, and is looked for from as far as the width goes.
    if not narrow or (look.tabbed and look.content.find(b"\v", left, end) >= 0):
        return left
    return max(left, _line_start(look.content, left, end, lines=width.lines))


def _leftmost(content: bytes, end: int, width: Width) -> int:
    """The same by the width alone. Between two runs that stay on their line lie at most ``width.most`` bytes, so each
    run is followed by one step."""
    at = end
    for _ in range(min(width.runs, 64) + 1):
        at = max(0, at - width.most - 1)
        found = content.rfind(b"\n", max(0, at - LINE), at)
        at = found + 1 if found >= 0 else max(0, at - LINE)
    return at


def _line_start(content: bytes, left: int, end: int, *, lines: int) -> int:
    """Where what ends at ``end`` and takes at most so many line ends begins at the earliest; -1 when that is before
    ``left``."""
    at = end
    for _ in range(lines + 1):
        at = content.rfind(b"\n", left, at)
        if at < 0:
            return -1
    return at + 1
