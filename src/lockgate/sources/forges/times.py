"""A value that lasts for a time, such as a token. Its repr does not hold it."""

from __future__ import annotations

_MARGIN = 120.0
"""Seconds before its end in which it is taken for over: clocks differ, and what it is for takes time."""


class ShortLived:
    """A secret and its end, in seconds since 1970."""

    __slots__ = ("until", "value")

    def __init__(self, value: str, until: float) -> None:
        self.value, self.until = value, until

    def over(self, now: float) -> bool:
        """Whether another is needed."""
        return not self.value or now > self.until - _MARGIN
