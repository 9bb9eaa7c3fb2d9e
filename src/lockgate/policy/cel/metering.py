"""The budget of the evaluation that runs on this thread, for functions whose work grows with their arguments.

Loops spend one step an element through the budget they are handed. A function over a long text or list asks here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.policy.budget import Budget
from lockgate.policy.cel.values import CelError

MAX_SIZE = 4_000_000
"""Longest text or list that an operation may make."""
_FREE = 512
_PER_STEP = 64  # characters that take about as long as one turn of a loop
_FREE_ELEMENTS = 32


class _State(threading.local):
    """What runs on this thread."""

    budget: Budget | None = None


STATE = _State()


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """What runs on this thread meanwhile spends ``budget``."""
    outer = STATE.budget
    STATE.budget = budget
    try:
        yield
    finally:
        STATE.budget = outer


def charge(size: int) -> None:
    """Spend steps for work over ``size`` characters or elements; short work is free.

    Raises :class:`BudgetExceededError` when no steps are left.
    """
    if size > _FREE and STATE.budget is not None:
        STATE.budget.spend(size // _PER_STEP)


def charge_each(count: int) -> None:
    """As :func:`charge`, for work that Python does element by element."""
    if count > _FREE_ELEMENTS and STATE.budget is not None:
        STATE.budget.spend(count // 2)


def charge_new(size: int) -> None:
    """As :func:`charge`, before a value of ``size`` is made. Raises :class:`CelError` past :data:`MAX_SIZE`."""
    if size > MAX_SIZE:
        raise CelError(f"a value would be longer than {MAX_SIZE}")
    charge(size)
