"""How random a string looks."""

from __future__ import annotations

from collections import Counter
from math import log2


def shannon(value: bytes) -> float:
    """Shannon entropy in bits per byte; 0 for an empty value, at most 8."""
    total = len(value)
    if not total:
        return 0.0
    return -sum(count / total * log2(count / total) for count in Counter(value).values())
