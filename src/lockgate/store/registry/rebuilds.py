"""What a moved base set off: each image of each new base once for each name of a rebuild, until it was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.store.registry.database import RegistryDatabase
from lockgate.store.registry.queue import State

_KEY = "name = ? AND registry = ? AND repository = ? AND tag = ? AND base_name = ? AND base_now = ?"
_COLUMNS = "name, registry, repository, tag, digest, base_name, base_before, base_now, attempts"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One image that somebody is to build anew."""

    name: str
    """Of the rebuild in the settings; empty: nobody builds it, and that it stands on an old base is told alone."""
    registry: str
    repository: str
    tag: str
    digest: str
    """Of the image as it is."""
    base_name: str
    base_before: str
    base_now: str
    attempts: int = 0

    @property
    def image(self) -> str:
        """As it is written in a reference."""
        return f"{self.registry}/{self.repository}:{self.tag}"


class Rebuilds:
    """Those of a workspace."""

    def __init__(self, database: RegistryDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def unknown(self, one: Rebuild) -> bool:
        """Whether it was never kept."""
        with self._database.read() as connection:
            row = connection.execute(f"SELECT 1 FROM rebuilds WHERE {_KEY}", _key(one)).fetchone()  # noqa: S608 -- names of ours
        return row is None

    def add(self, some: Iterable[Rebuild]) -> int:
        """Keep those that are new; how many."""
        now, count = self._clock(), 0
        with self._database.changed() as connection:
            for one in some:
                count += connection.execute(
                    "INSERT OR IGNORE INTO rebuilds (name, registry, repository, tag, digest, base_name, base_before, "
                    "base_now, state, attempts, due, owner, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '', '')",
                    (one.name, one.registry, one.repository, one.tag, one.digest, one.base_name, one.base_before,
                     one.base_now, State.WAITING if one.name else State.PASSED, now),
                ).rowcount  # fmt: skip
        return count

    def take(self, registry: str) -> Rebuild | None:
        """The next that is due, this worker's until it is ended or put back."""
        with self._database.changed() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM rebuilds WHERE registry = ? AND state = 'waiting' AND due <= ? ORDER BY due "  # noqa: S608 -- names of ours
                "LIMIT 1", (registry, self._clock()),
            ).fetchone()  # fmt: skip
            if row is None:
                return None
            one = Rebuild(*row)
            connection.execute(
                f"UPDATE rebuilds SET state = 'running', owner = ?, attempts = attempts + 1 WHERE {_KEY}",  # noqa: S608 -- names of ours
                (self._database.worker, *_key(one)),
            )
        return replace(one, attempts=one.attempts + 1)

    def free(self) -> int:
        """Put back what workers had at hand that are gone; whether it was asked for, nobody knows: it is once more."""
        with self._database.changed() as connection:
            owners = connection.execute("SELECT DISTINCT owner FROM rebuilds WHERE state = 'running'").fetchall()
            gone = [row[0] for row in owners if not self._database.lives(row[0])]
            done = [connection.execute("UPDATE rebuilds SET state = 'waiting', owner = '' WHERE state = 'running' AND "
                                       "owner = ?", (one,)).rowcount for one in gone]  # fmt: skip
        return sum(done)

    def end(self, one: Rebuild, state: State, reason: str = "") -> None:
        """It needs nothing more."""
        self._set(one, state, reason, 0.0)

    def put_back(self, one: Rebuild, reason: str, *, after: float) -> None:
        """It is to be tried again in so many seconds."""
        self._set(one, State.WAITING, reason, self._clock() + after)

    def counts(self, registry: str) -> dict[str, int]:
        """How many stand where."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT state, count(*) FROM rebuilds WHERE registry = ? AND name <> '' GROUP BY state", (registry,)
            )
            return dict(rows.fetchall())

    def _set(self, one: Rebuild, state: State, reason: str, due: float) -> None:
        with self._database.changed() as connection:
            connection.execute(
                f"UPDATE rebuilds SET state = ?, owner = '', reason = ?, due = ? WHERE {_KEY}",  # noqa: S608 -- names of ours
                (state, reason[:500], due, *_key(one)),
            )


def _key(one: Rebuild) -> tuple[str, ...]:
    return one.name, one.registry, one.repository, one.tag, one.base_name, one.base_now
