"""A layer unpacked piece by piece, with both of its digests checked on the way.

Which packing it is, its first bytes say, as they do to the runtimes that start the image; its media type is not asked.
gzip of many members (pigz, eStargz) and Zstandard of many frames (zstd:chunked) are read to their end. No piece is
larger than ``PIECE``, whatever a kilobyte unpacks to.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from lockgate.formats.oci import digests
from lockgate.formats.oci.layers.limits import LayerError, LayerLimits
from lockgate.formats.oci.media_types import Packing
from lockgate.model import SkipKind

PIECE = 256 * 1024
"""Bytes of an unpacked piece at most: what is hashed right after it was written is still in a processor's cache."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPABLE = tuple(bytes((0x50 + number, 0x2A, 0x4D, 0x18)) for number in range(16))
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x04\x22\x4d\x18": "lz4"}
_LONGEST_MAGIC = 6


def _inflation() -> Any:
    """zlib-ng, which takes 0.6 of the time of zlib; that, with the same interface, where it is not installed."""
    try:
        return import_module("zlib_ng.zlib_ng")
    except ImportError:
        return zlib


_ZLIB = _inflation()


class Unpacked:
    """The bytes of a layer, to be iterated once. After the last piece ``packed_bytes`` and ``bytes`` are known."""

    def __init__(self, packed: Iterable[bytes], *, digest: str, diff_id: str = "", limits: LayerLimits) -> None:
        """``digest``: of the packed bytes; ``diff_id``: of the unpacked ones; what is empty is not checked."""
        self._packed = packed
        self._digest, self._diff_id, self._limits = digest, diff_id, limits
        self.packed_bytes = 0
        self.bytes = 0
        self.packing = Packing.NONE

    def __iter__(self) -> Iterator[bytes]:
        """The pieces. Raises :class:`LayerError`; only who has seen the end without one has seen the layer."""
        limits, most = self._limits, self._limits.unpacked_bytes
        same = self._digest == self._diff_id  # of a layer that is not packed
        made = digests.hasher(self._diff_id) if self._diff_id and not same else None
        size = 0
        for piece in self._unpacked():
            size += len(piece)
            if size > most:
                raise LayerError(f"the layer unpacks to more than {most:,} bytes", kind=SkipKind.LIMIT)
            if size > limits.ratio_from and size > self.packed_bytes * limits.ratio:
                reason = f"the layer unpacks to more than {limits.ratio} times its size: a bomb"
                raise LayerError(reason, kind=SkipKind.LIMIT)
            if made is not None:
                made.update(piece)
            yield piece
        self.bytes = size
        if made is not None and made.hexdigest() != self._diff_id.partition(":")[2]:
            raise LayerError(f"the unpacked layer does not have its digest {self._diff_id}")

    def _hashed(self) -> Iterator[bytes]:
        made = digests.hasher(self._digest) if self._digest else None
        for piece in self._packed:
            self.packed_bytes += len(piece)
            if made is not None:
                made.update(piece)
            yield piece
        if made is not None and made.hexdigest() != self._digest.partition(":")[2]:
            raise LayerError(f"the layer does not have its digest {self._digest}")

    def _unpacked(self) -> Iterator[bytes]:
        pieces = self._hashed()
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= _LONGEST_MAGIC:
                break
        rest = _chained(start, pieces)
        if start.startswith(_GZIP):
            self.packing = Packing.GZIP
            yield from _frames(rest, _Inflater, _ZLIB.error, "gzip", most=self._limits.entries)
        elif start.startswith((_ZSTD, *_SKIPPABLE)):
            self.packing = Packing.ZSTD
            if sys.version_info >= (3, 14):
                from compression.zstd import ZstdDecompressor, ZstdError
            else:
                from backports.zstd import ZstdDecompressor, ZstdError
            yield from _frames(rest, ZstdDecompressor, ZstdError, "Zstandard", most=self._limits.entries)
        else:
            for magic, name in _OTHERS.items():
                if start.startswith(magic):
                    raise LayerError(f"the layer is packed by {name}, which is not read", kind=SkipKind.UNSUPPORTED)
            for piece in rest:
                yield from _cut(piece)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _cut(piece: bytes) -> Iterator[bytes]:
    if len(piece) <= PIECE:
        yield piece
        return
    for start in range(0, len(piece), PIECE):
        yield piece[start : start + PIECE]


class _Inflater:
    """zlib with the interface of the decompressors of Zstandard."""

    __slots__ = ("_inner",)

    def __init__(self) -> None:
        self._inner = _ZLIB.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece: bytes = self._inner.decompress(data or self._inner.unconsumed_tail, max_length)
        return piece


def _frames(
    pieces: Iterator[bytes], begin: Callable[[], Any], errors: type[Exception], name: str, *, most: int
) -> Iterator[bytes]:
    """What members of gzip, or frames of Zstandard, hold; ``most`` of them. NULs may follow the last, as on tapes."""
    frame = begin()
    fresh, count = True, 0
    try:
        for piece in pieces:
            data = piece
            while data or not (fresh or frame.needs_input):
                if fresh and data[:1] == b"\0" and not data.strip(b"\0"):
                    break
                out = frame.decompress(data, PIECE)
                data, fresh = b"", False
                if out:
                    yield out
                if frame.eof:
                    data, frame, fresh, count = frame.unused_data, begin(), True, count + 1
                    if count > most:
                        raise LayerError(f"the layer has more than {most:,} members", kind=SkipKind.LIMIT)
    except errors:
        raise LayerError(f"the layer is no {name}, or damaged") from None
    if not fresh:
        raise LayerError(f"the layer is cut short: its {name} has no end")
