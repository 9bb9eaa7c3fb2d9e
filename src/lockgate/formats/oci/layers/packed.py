"""A large file of a layer, held packed in memory and read from any place of it.

A program of hundreds of megabytes says at a few places what it was built from, and where these lie stands at its end. A
layer is read once and nothing is written to disk, so it is held; packed, as little of it as may be.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

if sys.version_info >= (3, 14):
    from compression.zstd import compress, decompress
else:
    from backports.zstd import compress, decompress

_BLOCK = 256 * 1024
_LEVEL = 1
"""Of Zstandard: a program shrinks to about a third, at 400 MB a second; its faster levels gain little time here."""


class PackedFile(io.RawIOBase):
    """The bytes of ``pieces``, seekable; about one block of them is unpacked at a time."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._blocks: list[bytes] = []
        self._size = self._at = 0
        self._open: tuple[int, bytes] = (-1, b"")
        waiting = bytearray()
        for piece in pieces:
            waiting += piece
            while len(waiting) >= _BLOCK:
                self._add(bytes(waiting[:_BLOCK]))
                del waiting[:_BLOCK]
        if waiting:
            self._add(bytes(waiting))

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As ``io`` has it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """As ``io`` has it."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """As ``io`` has it; no further than the end of one block at a time."""
        number, begin = divmod(self._at, _BLOCK)
        if number >= len(self._blocks):
            return 0
        if self._open[0] != number:
            self._open = (number, decompress(self._blocks[number]))
        view = memoryview(buffer).cast("B")
        part = self._open[1][begin : begin + len(view)]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _add(self, block: bytes) -> None:
        self._blocks.append(compress(block, _LEVEL))
        self._size += len(block)
