"""Quantities of Kubernetes as the numbers of counters."""

from __future__ import annotations

from typing import Any

from lockgate.policy.cel.library.quantities import parse_quantity
from lockgate.policy.cel.values import CelError

_NANO = 10**9
_MOST = 1 << 90
"""Beyond this a quantity is a slip of the pen, and its float would say nothing."""


def nano_cores(quantity: Any) -> float | None:
    """Billionths of a core of ``500m`` or ``2``; None for what is no quantity."""
    found = _nanos(quantity)
    return None if found is None else float(found)


def bytes_of(quantity: Any) -> float | None:
    """Bytes of ``128Mi``; None for what is no quantity."""
    found = _nanos(quantity)
    return None if found is None else found / _NANO


def _nanos(quantity: Any) -> int | None:
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return None
    try:
        found = parse_quantity(str(quantity)).nanos()
    except CelError:
        return None
    return found if abs(found) < _MOST else None
