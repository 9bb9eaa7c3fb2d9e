"""Reads a SARIF log in pieces: everything but the results first, then some results at a time.

One pass over the brackets of the text finds where each run's results lie; what is left is parsed as an ordinary log.
Memory is bounded by that rest and by one piece, not by the file, and what is made of a piece still lies in a
processor's cache when it is looked at: twice parsed so, a log takes less time than once as a whole. Within the results
the pass hops: nearly all begin as the one before, so it looks for the last such beginning within a piece, and what lies
before it is whole results when it is JSON. Where it is not, the brackets are walked. What does not belong: what a
result means.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

import orjson

from lockgate.formats.format_error import FormatError
from lockgate.model import SkipKind

MAX_RESULT = 16 * 1024 * 1024
MAX_DEPTH = 500
_CHUNK = 1 << 20
# Text and whole strings up to the next bracket; possessive, so that a string that is cut makes it fail at once.
_STEP = re.compile(rb'(?s)(?:[^"\[\]{}]++|"(?:[^"\\]|\\.)*+")*+([\[\]{}])')
_KEY = re.compile(rb'(?s)("(?:[^"\\]|\\.)*+")\s*+:\s*+\Z')
_OPENING = re.compile(rb'[ \t\r\n]*+"[^"\\]{1,64}+"[ \t\r\n]*+:')
_BLANK = b" \t\r\n"
_HOP = 1 << 16
"""Bytes that a hop may pass over: a piece. A larger result is walked through."""
_LEAST_HOP = 1 << 10
_RUN_DEPTH, _RESULTS_DEPTH = 3, 4

if TYPE_CHECKING:
    Spans = array[int]
else:  # the class of the standard library takes no parameter at run time before Python 3.12
    Spans = array
"""Offsets of the results of one run, one after the other: start and end of each piece, which is one result or more with
what stands between them."""


class _Text:
    """A window over the stream: what was looked at is let go."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0
        self._begin = 0
        """Offset of the window in the stream."""
        self._reach = _HOP
        """Bytes that the next hop tries to pass over."""
        mark = stream.read(3)
        if mark != b"\xef\xbb\xbf":
            self._buffer = mark
        else:
            self._begin = 3

    def step(self, limit: int) -> tuple[bytes, bytes, int]:
        """The text up to the next bracket, the bracket (empty at the end) and the offset of the bracket."""
        more = _CHUNK
        while True:
            match = _STEP.match(self._buffer, self._at)
            if match is not None:
                text = self._buffer[self._at : match.end() - 1]
                self._at = match.end()
                return text, match[1], self._begin + match.end() - 1
            if len(self._buffer) - self._at > limit:
                raise FormatError(f"a text of more than {limit >> 20} MB without a bracket", kind=SkipKind.TOO_LARGE)
            fresh = self._stream.read(more)
            if not fresh:
                rest = self._buffer[self._at :]
                return rest, b"", self._begin + len(self._buffer)
            self._begin += self._at
            self._buffer = self._buffer[self._at :] + fresh
            self._at, more = 0, min(more * 2, limit)

    def opening(self) -> bytes:
        """The key that the object begins with whose bracket was the last step, with what stands around it; empty when
        it is not to be seen."""
        match = _OPENING.match(self._buffer, self._at)
        return match[0] if match is not None else b""

    def hop(self, between: bytes, opening: bytes) -> tuple[int, int] | None:
        """From the bracket of one result to that of another, as many further on as one piece holds, which follows
        ``between`` and begins with ``opening``: the offsets of the end of the last that was passed and of the start of
        that other. None where the next begins otherwise.

        What begins with a bracket and is JSON, as a list of values, is whole results, since nothing shorter or longer
        is. Where the last beginning of the piece lies within a result, a shorter piece is tried, and next time as well.
        """
        mark = b"}%b{%b" % (between, opening)
        end = self._buffer.rfind(mark, self._at, self._at + self._reach)
        if end >= 0 and self._are_whole(end + 1):
            self._reach = min(2 * self._reach, _HOP)
        else:
            self._reach = max(self._reach // 2, _LEAST_HOP)
            end = self._buffer.find(mark, self._at, self._at + _HOP)
            if end < 0 or not self._are_whole(end + 1):
                return None
        start = end + 1 + len(between)
        self._at = start + 1
        return self._begin + end + 1, self._begin + start

    def _are_whole(self, end: int) -> bool:
        """Whether what lies between the bracket that was the last step and ``end`` is results."""
        try:
            orjson.loads(b"[%b]" % self._buffer[self._at - 1 : end])
        except orjson.JSONDecodeError:
            return False
        return True


def split(stream: IO[bytes], *, max_rest: int) -> tuple[bytes, list[Spans]]:
    """The log without its results, and the offsets of the results of each run. Raises :class:`FormatError`.

    ``max_rest``: bytes that what is left may have.
    """
    text = _Text(stream)
    rest = bytearray()
    runs: list[Spans] = []
    in_runs = False
    depth = 0
    while True:
        before, bracket, _ = text.step(max_rest)
        rest += before
        if not bracket:
            break
        rest += bracket
        if len(rest) > max_rest:
            raise FormatError(f"more than {max_rest >> 20} MB beside its results", kind=SkipKind.TOO_LARGE)
        if bracket in b"]}":
            depth -= 1
            in_runs = in_runs and depth >= 2
            continue
        depth += 1
        if depth > MAX_DEPTH:
            raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE)
        if depth == 2 and bracket == b"[":
            in_runs = _key(before) == "runs"
        elif depth == _RUN_DEPTH and in_runs:
            runs.append(array("q"))
        elif depth == _RESULTS_DEPTH and in_runs and bracket == b"[" and _key(before) == "results":
            runs[-1] = _results(text)
            rest += b"]"
            depth -= 1
    return bytes(rest), runs


def read_results(stream: IO[bytes], spans: Spans) -> Callable[[], Iterator[Any]]:
    """Gives the results one by one; None for one that is no container."""

    def each() -> Iterator[Any]:
        for place in range(0, len(spans), 2):
            start, end = spans[place], spans[place + 1]
            if start < 0:
                yield None
                continue
            stream.seek(start)
            try:
                piece = orjson.loads(b"[%b]" % stream.read(end - start))
            except orjson.JSONDecodeError as error:
                raise FormatError(f"not JSON: {error.msg.split(':')[0]} in the results at byte {start}") from None
            yield from piece

    return each


def _results(text: _Text) -> Spans:
    """Spans up to the end of the array that was just opened; (-1, -1) for a value that is no container."""
    spans: Spans = array("q")
    depth, start = 0, 0
    between = b""
    while True:
        before, bracket, offset = text.step(MAX_RESULT)
        if not bracket:
            raise FormatError("not JSON: it ends within its results")
        if depth == 0:
            between = before
        if bracket in b"]}":
            depth -= 1
            if depth < 0:
                if bracket == b"}":
                    raise FormatError(f"not JSON: a bracket that does not fit at byte {offset}")
                _pass_over(between, spans, last=True)
                return spans
            if depth == 0:
                spans.extend((start, offset + 1))
                if offset - start > MAX_RESULT:
                    raise FormatError(f"a result of more than {MAX_RESULT >> 20} MB", kind=SkipKind.TOO_LARGE)
            continue
        if depth == 0:
            _pass_over(between, spans, last=False)
            start = offset
            opening = text.opening() if bracket == b"{" and between.strip(_BLANK) == b"," else b""
            while opening and (met := text.hop(between, opening)) is not None:
                spans.extend((start, met[0]))
                start = met[1]
        depth += 1
        if depth > MAX_DEPTH:
            raise FormatError("nested too deeply", kind=SkipKind.TOO_LARGE)


def _pass_over(between: bytes, spans: Spans, *, last: bool) -> None:
    """What stands between two results: a comma, or values that are no containers, which are counted."""
    bare = between.strip(_BLANK)
    if bare == (b"" if last or not spans else b","):
        return
    framed = b"[%b%b%b]" % (b"0" if spans else b"", between, b"" if last else b"0")
    try:
        values = orjson.loads(framed)
    except orjson.JSONDecodeError:
        raise FormatError("not JSON: results that no comma divides") from None
    for _ in range(len(values) - bool(spans) - (not last)):
        spans.extend((-1, -1))


def _key(before: bytes) -> str:
    match = _KEY.search(before[-400:])
    try:
        return str(orjson.loads(match[1])) if match else ""
    except orjson.JSONDecodeError:
        return ""
