"""Reads a SARIF log in pieces: everything but the results first, then some results at a time.

One pass over the brackets of the text finds where each run's results lie; what is left is parsed as an ordinary log.
Memory is bounded by that rest and by one piece, not by the file. Within the results an automaton passes over as many of
them as one piece holds; what it does not, because it is larger or nested deeper, is walked through bracket by bracket.
What does not belong: what a result means.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from functools import cache
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
_BLANK = b" \t\r\n"
_PIECE = 1 << 16
"""Bytes of results that are parsed together. A larger result is walked through."""
_NESTED = 24
"""So many brackets may lie within one another in a result that is not walked through."""
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

    def results(self) -> int:
        """Passes over results and the commas between them, from the bracket of one, which was the last step, as many as
        one piece holds; the offset at which the last ends. Less than 0, and nothing passed, where the first is too
        large or nested too deep. Brackets are only counted: whether it is JSON, parsing says.
        """
        start = self._at - 1
        match = _results_within().match(self._buffer, start, start + min(_PIECE, MAX_RESULT))
        if match is None:
            return -1
        self._at = match.end()
        return self._begin + self._at


@cache
def _results_within() -> Any:
    """An automaton for one result or more, each an object."""
    import re2

    options = re2.Options()
    options.encoding, options.dot_nl = re2.Options.Encoding.LATIN1, True
    plain = rb'[^"\[\]{}]|"(?:[^"\\]|\\.)*"'
    inner = b"(?:%b)*" % plain
    for _ in range(_NESTED):
        inner = rb"(?:%b|[\[{]%b[\]}])*" % (plain, inner)
    one = rb"\{%b\}" % inner
    return re2.compile(rb"%b(?:[ \t\r\n]*,[ \t\r\n]*%b)*" % (one, one), options)  # type: ignore[no-untyped-call]


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


def read_results(stream: IO[bytes], spans: Spans) -> Callable[[], Iterator[list[Any]]]:
    """Gives the results, those of a piece at a time; None for one that is no container."""

    def each() -> Iterator[list[Any]]:
        for place in range(0, len(spans), 2):
            start, end = spans[place], spans[place + 1]
            if start < 0:
                yield [None]
                continue
            stream.seek(start)
            try:
                piece = orjson.loads(b"[%b]" % stream.read(end - start))
            except orjson.JSONDecodeError as error:
                raise FormatError(f"not JSON: {error.msg.split(':')[0]} in the results at byte {start}") from None
            yield piece

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
            end = text.results() if bracket == b"{" else -1
            if end >= 0:
                spans.extend((offset, end))
                continue
            start = offset
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
