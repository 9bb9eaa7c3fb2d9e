"""Values that are kept from one review to the next, bounded in bytes; the longest unused go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by key. Several threads may ask at once."""

    def __init__(self, *, max_bytes: int) -> None:
        """``max_bytes`` of all that is kept, as those count it who put it there."""
        self.size = 0
        """Bytes, roughly."""
        self._max_bytes = max_bytes
        self._held: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Hashable) -> T | None:
        """What is kept under ``key``."""
        found = self._held.get(key)
        if found is None:
            return None
        with suppress(KeyError):  # another thread may have let go of it meanwhile
            self._held.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keep a value of ``size`` bytes; one that takes more than a quarter of all there is room for is not kept."""
        if 4 * size > self._max_bytes:
            return
        with self._lock:
            before = self._held.pop(key, None)
            self._held[key] = (value, size)
            self.size += size - (0 if before is None else before[1])
            while self.size > self._max_bytes:
                _, (_, least) = self._held.popitem(last=False)
                self.size -= least

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._held.clear()
            self.size = 0
