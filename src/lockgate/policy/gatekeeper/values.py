"""Plain JSON values: equal or not, and copied. Depth is bounded by whoever admits a value.

Python says ``True == 1`` and ``1 == 1.0``; a policy must tell a boolean from a number, so equality is its own here.
"""

from __future__ import annotations

from typing import Any


def same(left: object, right: object) -> bool:
    """Whether two JSON values are equal. Booleans are no numbers; ``1`` and ``1.0`` are the same number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(same(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list):
        return (
            isinstance(right, list)
            and len(left) == len(right)
            and all(same(mine, theirs) for mine, theirs in zip(left, right, strict=True))
        )
    return left == right


def copied(value: Any) -> Any:
    """A copy that shares no mapping and no list with ``value``."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value
