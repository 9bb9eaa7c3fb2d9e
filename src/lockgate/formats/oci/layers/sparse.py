"""Sparse files: the parts of a file that an archive stores, and the holes between them.

Source: GNU tar manual, "Storing Sparse Files": the old format, and versions 0.0, 0.1 and 1.0 in pax headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lockgate.dataclass import dataclass
from lockgate.formats.oci.layers.limits import LayerError
from lockgate.model import SkipKind


@dataclass(frozen=True, slots=True)
class Part:
    """Stored bytes, at a place of the file."""

    offset: int
    size: int


def old_parts(pairs: Iterable[tuple[int, int]], size: int) -> tuple[Part, ...]:
    """The parts of a file of ``size`` bytes from pairs of offset and size. Raises :class:`LayerError`."""
    parts = []
    end = 0
    for offset, length in pairs:
        if offset < end or offset + length > size:
            raise LayerError("a sparse file whose parts overlap, or reach beyond its end")
        end = offset + length
        parts.append(Part(offset, length))
    return tuple(parts)


def pax_parts(texts: Sequence[bytes], size: int) -> tuple[Part, ...]:
    """The same from decimal digits, offset and size in turns."""
    if texts in ([b""], []):
        return ()
    if len(texts) % 2 or not all(text.isdigit() and len(text) <= 19 for text in texts):
        raise LayerError("a sparse file whose map is none")
    numbers = [int(text) for text in texts]
    return old_parts(zip(numbers[::2], numbers[1::2], strict=True), size)


def texts_of_parts(block: Callable[[], bytes], most: int) -> tuple[list[bytes], int]:
    """The map of version 1.0, which stands before the content: (its numbers, bytes it took).

    ``block`` gives the next 512 bytes; ``most``: parts it may name. Raises :class:`LayerError`.
    """
    data, used, count = b"", 0, None
    while True:
        data, used = data + block(), used + 512
        lines = data.split(b"\n")
        if count is None and len(lines) > 1:
            if not lines[0].isdigit() or len(lines[0]) > 19:
                raise LayerError("a sparse file whose map is none")
            count = int(lines[0])
            if count > most:
                raise LayerError("a sparse file of too many parts", kind=SkipKind.LIMIT)
        if count is not None and len(lines) > 2 * count + 1:
            return lines[1 : 2 * count + 1], used
        if used > 512 * (most + 2):
            raise LayerError("a sparse file whose map has no end")


def filled(data: bytes, parts: Sequence[Part], size: int) -> bytes:
    """The file itself: ``data`` holds the parts one after another, holes become NULs."""
    out = bytearray(size)
    at = 0
    for part in parts:
        out[part.offset : part.offset + part.size] = data[at : at + part.size]
        at += part.size
    return bytes(out)
