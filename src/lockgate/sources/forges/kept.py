"""Answers that are kept with their entity tag, so that a forge is asked only whether they still hold.

An answer that still holds (304) costs nothing of the rate limit of GitHub. Bounded in size; what was asked for longest
ago goes first. Answers are those of one identity: one of these goes with one credential.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One answer of success."""

    tag: str
    """As the forge wrote it, with its quotation marks."""
    headers: Mapping[str, str]
    content: bytes


class KeptAnswers:
    """Those of one identity, by address."""

    def __init__(self, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._most, self._size, self._lock = most_bytes, 0, threading.Lock()
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()

    def get(self, address: str) -> KeptAnswer | None:
        """What is kept of an address."""
        with self._lock:
            found = self._kept.get(address)
            if found is not None:
                self._kept.move_to_end(address)
            return found

    def put(self, address: str, answer: KeptAnswer) -> None:
        """Keep it, in place of what was kept."""
        with self._lock:
            self._drop(address)
            if len(answer.content) > self._most // 4:
                return
            self._kept[address] = answer
            self._size += len(answer.content)
            while self._size > self._most:
                self._drop(next(iter(self._kept)))

    def _drop(self, address: str) -> None:
        gone = self._kept.pop(address, None)
        if gone is not None:
            self._size -= len(gone.content)
