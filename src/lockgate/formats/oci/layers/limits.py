"""How much one layer may make its reader do, and the one error that says it did more, or is no layer."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.model import SkipKind


@dataclass(frozen=True, slots=True)
class LayerLimits:
    """Bounds of one layer. None of them bounds what an honest image holds."""

    unpacked_bytes: int = 32 * 1024 * 1024 * 1024
    """Bytes of the archive."""
    ratio: int = 500
    """Times that a layer may be larger unpacked, once it is past ``ratio_from`` bytes."""
    ratio_from: int = 256 * 1024 * 1024
    entries: int = 500_000
    path_bytes: int = 4_096
    """PATH_MAX of Linux; an entry with a longer one is passed over, as nothing could open it."""
    record_bytes: int = 1024 * 1024
    """Of an extended header or a long name."""
    sparse_parts: int = 10_000
    """Pieces of one sparse file."""


class LayerError(Exception):
    """The layer cannot be read. ``reason`` holds nothing of its content but paths, so it may be printed."""

    def __init__(self, reason: str, *, kind: SkipKind = SkipKind.MALFORMED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        """``MALFORMED`` (cut short, wrong digest, no archive), ``LIMIT`` (a bomb) or ``UNSUPPORTED`` (its packing)."""
