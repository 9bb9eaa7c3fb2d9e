"""Why a signature does not count, in words for whoever has to know."""

from __future__ import annotations


class RefusedError(Exception):
    """A signature that does not hold, or is not by whom it should be; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
