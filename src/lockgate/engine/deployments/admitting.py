"""The digests that were allowed for environments, asked while an API server waits: kept for a moment.

Whoever was just allowed may start at once, so a digest that is not known is looked for anew; one that is known is
believed for some seconds, and, while the database is away, for minutes: what ran a minute ago may be started again.
What is not known then cannot be judged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockgate.errors import LockgateError
from lockgate.formats.oci import references
from lockgate.gates.deployment.approved import AllowedDeployment, approved

if TYPE_CHECKING:
    from lockgate.gates.deployment import Environment
    from lockgate.store.team.database import TeamDatabase

FRESH, STALE, BARELY = 10.0, 300.0, 1.0
"""Seconds for which what was read is believed, believed while nothing can be read, and not looked for anew."""
Read = Callable[[], Mapping[str, frozenset[str]]]
"""Digests by the line of an environment. Raises :class:`LockgateError`."""


class ApprovedDigests:
    """Asked from several threads."""

    def __init__(self, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._held: Mapping[str, frozenset[str]] = {}
        self._at: float | None = None


    def knows(self, line: str, digest: str) -> bool:
        """Whether the digest is known to be allowed, without asking anybody."""
        return self._age() <= FRESH and digest in self._held.get(line, ())

    def allows(self, line: str, digest: str) -> bool:
        """Whether it is allowed. Raises :class:`LockgateError` where that cannot be told."""
        if self.knows(line, digest):
            return True
        with self._lock:  # many Pods start at once: one of them asks
            if self._age() > BARELY:
                try:
                    self._held, self._at = self._read(), self._clock()
                except LockgateError:
                    if self._age() <= STALE and digest in self._held.get(line, ()):
                        return True
                    raise
        return digest in self._held.get(line, ())

    def _age(self) -> float:
        return float("inf") if self._at is None else self._clock() - self._at


def reading(
    database: Callable[[], TeamDatabase], environments: Callable[[], tuple[Environment, ...]],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Read:  # fmt: skip
    """Reads the team's database, opened when it is first asked."""

    def read() -> Mapping[str, frozenset[str]]:
        from lockgate.store.team import gates

        with database().read() as connection:
            allowed = [
                AllowedDeployment(
                    one.request.environment, one.request.repository,
                    frozenset(references.parse(image).digest for image in one.request.images),
                    one.settled_at or one.request.requested_at,
                )
                for one in gates.allowed_of(connection)
            ]  # fmt: skip
        return approved(allowed, environments(), now())

    return read
