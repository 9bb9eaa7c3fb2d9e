"""Who sent a request: by a token of our own, or by one of Entra where the settings name its tenant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lockgate.server.access import People, Person, shown

if TYPE_CHECKING:
    from lockgate.server.entra.tokens import Entra


class Doorkeeper:
    """Knows both."""

    def __init__(self, people: People, entra: Callable[[], Entra | None]) -> None:
        """``entra`` gives what the settings say now."""
        self._people, self._entra = people, entra

    def of(self, authorization: str) -> Person | Awaitable[Person | None] | None:
        """As ``mounts.Authenticate`` has it. Raises :class:`StrangerError` for a token of Entra that does not count."""
        person = self._people.of(authorization)
        if person is not None:
            return person
        name, token = shown(authorization)
        if name or "." not in token or (entra := self._entra()) is None:
            return None
        from lockgate.server.entra.tokens import looks_like_one

        return entra.of(token) if looks_like_one(token) else None
