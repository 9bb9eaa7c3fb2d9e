"""What pages and API stand on, given to them once when the server starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lockgate.dataclass import dataclass
from lockgate.kql import Workspace
from lockgate.server.console.metrics import Metrics

if TYPE_CHECKING:
    from fastapi import Request

    from lockgate.model.actor import Actor
    from lockgate.settings import Settings
    from lockgate.store.ask import Answer
    from lockgate.store.team.database import TeamDatabase
    from lockgate.store.team.sealing import Seal
    from lockgate.store.uploads import Upload

Identify = Callable[["Request"], Awaitable["Actor | None"]]
"""Who sent a request; nobody where it shows nothing that this way of signing in knows."""


class Ask(Protocol):
    """Asks the record for somebody: their row filters and limits hold."""

    async def __call__(
        self, actor: Actor, query: str, parameters: Mapping[str, str] | None = None, *, rows: int = 10_000
    ) -> Answer:
        """Raises :class:`LockgateError`."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """All of it."""

    database: TeamDatabase
    settings: Callable[[], Settings]
    """As they hold now."""
    workspace: Path
    """The folder of the workspace."""
    project: Path
    """The folder of the project, whose ``lockgate.yaml`` it is."""
    origin: str
    """Where people reach the server: ``https://lockgate.example``; links in notices begin so."""
    ask: Ask
    stamp: Callable[[], object]
    """Of the record as it stands: what is the same as before need not be asked again. None: it cannot be told."""
    seal: Seal
    """Seals what may stand in no database as it is."""
    keep_run: Callable[[Upload], bool] = lambda upload: False
    """Puts a run that was sent into the record; whether it was there already."""
    shapes: Callable[[], Workspace] = lambda: Workspace({})
    """Of the tables that can be asked, as the record stands."""
    sees_everything: Callable[[Actor], bool] = lambda actor: False
    """Whether no row of the record is kept from somebody: what they ask is answered as for all such."""
    identify: Sequence[Identify] = ()
    """Ways of signing in, in the order they are tried."""
    names: frozenset[str] = frozenset()
    """Hosts that requests may name beside that of ``origin``."""
    metrics: Metrics = field(default_factory=Metrics)
    wake: Callable[[], None] = lambda: None
    """There is a new job: workers look at once."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    more: dict[type, Any] = field(default_factory=dict)
    """What parts keep for themselves, by its type."""

    @property
    def is_secure(self) -> bool:
        """Whether people reach it over TLS: cookies are then never sent without."""
        return self.origin.startswith("https://")
