"""Terms as numbers of 64 bits, and Bloom filters of them. Pure.

The number of a term is the same found in a text of megabytes at once, by sums over its bytes, and of the term alone.
That two terms share one, or that someone makes two that do, costs a look at rows that hold nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockgate.kql.terms import LEAST

_MASK = (1 << 64) - 1
_BASE = 0x9E37_79B9_7F4A_7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
BITS = 10
"""Bits of a filter for each term: with so many probes one of about 110 terms that are not there seems to be."""
PROBES = 6
_FEW = 4_000
"""Terms up to which a filter has twice the bits: where a column has few, they are the same in every part, and so is
what seems to be there."""
_PIECE = 1 << 18
"""Bytes that are worked on at once; what is made of them stays in the cache of a processor."""


def term_number(term: str) -> int:
    """The number of a term of ASCII in lower case."""
    total, power = 0, 1
    for byte in term.encode("ascii"):
        total = (total + (byte + 1) * power) & _MASK
        power = power * _BASE & _MASK
    return _mixed(total)


def _mixed(number: int) -> int:
    number ^= number >> 31
    number = number * 0xBF58_476D_1CE4_E5B9 & _MASK
    return number ^ (number >> 29)


class Terms:
    """Gathers the numbers of the terms in texts."""

    def __init__(self) -> None:
        import numpy

        self._numpy = numpy
        is_term = numpy.zeros(256, numpy.bool_)
        for one in b"abcdefghijklmnopqrstuvwxyz0123456789":
            is_term[one] = True
        self._is_term = is_term
        with numpy.errstate(over="ignore"):
            self._powers = numpy.cumprod(numpy.full(_PIECE, _BASE, numpy.uint64)) * numpy.uint64(_INVERSE)
            self._inverses = numpy.cumprod(numpy.full(_PIECE, _INVERSE, numpy.uint64)) * numpy.uint64(_BASE)
        self._found: list[Any] = []

    def add(self, texts: list[str]) -> None:
        """The terms of texts in lower case."""
        data = " ".join(texts).encode("utf-8", "replace")
        at = 0
        while at < len(data):
            end = at + _PIECE
            if end < len(data):
                end = _between(data, at, end)
            self._add(data[at:end])
            at = end

    def _add(self, piece: bytes) -> None:
        numpy = self._numpy
        if len(piece) > _PIECE:  # a term without end is none that anybody asks for
            return
        raw = numpy.frombuffer(piece, numpy.uint8)
        inside = numpy.zeros(len(raw) + 2, numpy.int8)
        inside[1:-1] = self._is_term[raw]
        edges = numpy.diff(inside)
        starts, ends = numpy.flatnonzero(edges == 1), numpy.flatnonzero(edges == -1)
        long = ends - starts >= LEAST
        starts, ends = starts[long], ends[long]
        sums = numpy.zeros(len(raw) + 1, numpy.uint64)
        numpy.cumsum((raw.astype(numpy.uint64) + numpy.uint64(1)) * self._powers[: len(raw)], out=sums[1:])
        numbers = (sums[ends] - sums[starts]) * self._inverses[starts]
        numbers ^= numbers >> numpy.uint64(31)
        numbers *= numpy.uint64(0xBF58_476D_1CE4_E5B9)
        numbers ^= numbers >> numpy.uint64(29)
        self._found.append(_unique(numbers))

    def taken(self) -> Any:
        """The numbers since it was last asked, each once, as an array of NumPy."""
        numpy = self._numpy
        found, self._found = self._found, []
        return _unique(numpy.concatenate(found)) if found else numpy.zeros(0, numpy.uint64)


def _unique(numbers: Any) -> Any:
    """Each once, in order. NumPy's own way, by a table of hashes, takes six times as long."""
    import numpy

    numbers = numpy.sort(numbers)
    first = numpy.ones(len(numbers), numpy.bool_)
    first[1:] = numbers[1:] != numbers[:-1]
    return numbers[first]


def _between(data: bytes, start: int, end: int) -> int:
    """The last place up to ``end`` where no term goes on, or the end of a term that is longer than that."""
    while end > start and data[end - 1 : end].isalnum():
        end -= 1
    if end > start:
        return end
    end = start + _PIECE
    while end < len(data) and data[end : end + 1].isalnum():
        end += 1
    return end


def bloom(numbers: Any) -> bytes:
    """A filter of the numbers; empty for none."""
    import numpy

    bits_each = BITS if len(numbers) > _FEW else 2 * BITS
    size = -(-len(numbers) * bits_each // 64) * 64
    if not size:
        return b""
    bits = numpy.zeros(size, numpy.bool_)
    first, step = numbers >> numpy.uint64(32), numbers & numpy.uint64(0xFFFF_FFFF) | numpy.uint64(1)
    for i in range(PROBES):
        bits[(first + numpy.uint64(i) * step) % numpy.uint64(size)] = True
    packed: bytes = numpy.packbits(bits, bitorder="little").tobytes()
    return packed


def may_hold(byte_at: Callable[[int], int], size: int, number: int) -> bool:
    """Whether the filter of ``size`` bytes may hold the number. ``byte_at`` gives one of its bytes."""
    if not size:
        return False
    first, step, bits = number >> 32, number & 0xFFFF_FFFF | 1, size * 8
    for i in range(PROBES):
        place = (first + i * step) % bits
        if not byte_at(place >> 3) >> (place & 7) & 1:
            return False
    return True
