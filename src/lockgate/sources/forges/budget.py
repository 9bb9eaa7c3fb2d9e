"""What asking a forge may cost: calls, repeated calls and waiting, shared by everything that one piece of work asks.

One budget goes with a whole organisation's scan, or with one delivery; threads may share it. How much the forge itself
still allows (its rate limits) is kept here too, because every client of one identity draws on the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from lockgate.dataclass import dataclass
from lockgate.sources.forges.rates import Allowance
from lockgate.transport import UnansweredError


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be spent."""

    calls: int = 5_000
    """Requests, repeated ones among them. What is answered from what was kept costs none (see ``free``)."""
    retries: int = 20
    wait_seconds: float = 120.0
    """Waiting before requests, all together."""
    longest_wait: float = 60.0
    reserve: int = 0
    """Requests of the forge's own allowance that are left for others: webhooks must be answered while a scan runs."""


class SpentError(UnansweredError):
    """The budget is used up, or what the forge allows is; ``after`` says when it allows more."""


class LimitedError(SpentError):
    """The forge allows no more for longer than is waited: all of it may be asked later."""


class CallsSpentError(SpentError):
    """All calls that may be made were made: whatever is asked next is refused the same."""


class CallBudget:
    """What is left of it, and what was spent."""

    def __init__(
        self, bounds: Bounds | None = None, *, sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """``clock``: seconds since 1970, as forges tell when they allow more."""
        self.bounds = bounds or Bounds()
        self._sleep, self._clock, self._lock = sleep, clock, threading.Lock()
        self.calls = 0
        """Requests that were made and counted."""
        self.free = 0
        """Requests whose answer was one that is kept: forges do not count these."""
        self.retries = 0
        self.waited = 0.0
        self._allowances: dict[str, Allowance] = {}

    @property
    def allowances(self) -> Mapping[str, Allowance]:
        """What the forge last said that it allows, by the name of its limit."""
        with self._lock:
            return dict(self._allowances)

    def spend(self, where: str, resource: str = "") -> None:
        """Account for one request before it is made. Raises :class:`SpentError`.

        ``resource``: the limit that it falls under, as the forge names it; empty for what is not known yet."""
        with self._lock:
            if self.calls >= self.bounds.calls:
                hint = "what is left is asked another time"
                raise CallsSpentError(f"the budget of {self.bounds.calls:,} calls is used up", where=where, hint=hint)
            wait = self._until_allowed(resource)
            if wait <= 0:
                self.calls += 1
                return
        self.wait(wait, "the forge allows no more calls for now", where, limited=True)
        with self._lock:
            self._allowances.pop(resource, None)
            self.calls += 1

    def _until_allowed(self, resource: str) -> float:
        known = self._allowances.get(resource)
        if known is None or known.remaining > self.bounds.reserve or known.limit <= self.bounds.reserve:
            return 0.0
        return max(known.reset - self._clock(), 0.0)

    def told(self, allowance: Allowance | None, *, free: bool) -> None:
        """What an answer said of what is left; ``free`` where the request did not count."""
        with self._lock:
            if free:
                self.free += 1
                self.calls -= 1
            if allowance is not None:
                self._allowances[allowance.resource] = allowance

    def wait(self, seconds: float, reason: str, where: str, *, limited: bool = False) -> None:
        """Wait before a request. ``limited``: since the forge allows no more for now. Raises :class:`SpentError` where
        that is longer than is left, then :class:`LimitedError`."""
        with self._lock:
            left = min(self.bounds.wait_seconds - self.waited, self.bounds.longest_wait)
            if seconds > left:
                hint = f"it may be asked again in {seconds:,.0f} s"
                kind = LimitedError if limited else SpentError
                raise kind(reason, where=where, hint=hint, after=seconds)
            self.waited += seconds
        self._sleep(seconds)

    def again(self, seconds: float, reason: str, where: str, *, limited: bool = False) -> None:
        """Wait before a request is repeated. ``limited``: as of :meth:`wait`. Raises :class:`SpentError`."""
        with self._lock:
            if self.retries >= self.bounds.retries:
                raise SpentError(reason, where=where, hint="try again later", after=seconds)
            self.retries += 1
        self.wait(seconds, reason, where, limited=limited)
