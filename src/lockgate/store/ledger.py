"""What changes in place, in ``<workspace>/ledger.db``: known findings, acknowledgements, jobs, bypasses.

SQLite in write-ahead mode. The rare parts go through SQLAlchemy (``_ledger_sql``), imported when first asked for; the
part every run needs goes through the standard library (``known``). Both speak to the same file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from lockgate.cycles import unsearched
from lockgate.errors import StoreError
from lockgate.store import known as known_table
from lockgate.store.known import KnownFinding

if TYPE_CHECKING:
    from lockgate.store._ledger_sql import Acknowledgement, Bypass, Job, LedgerSql

T = TypeVar("T")

SCHEMA_VERSION = 1
_WAIT_SECONDS = 10


class Ledger:
    """One ledger; a context manager. Every method raises :class:`StoreError` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: dict[str, dict[str, int]] = {}
        """Project -> identity -> hash of the row that the table holds: 64 bits that nobody can aim at, since Python
        keys its hashes anew in every process. The rows themselves would take as much memory as all findings."""
        self._connection = self._guard(self._connect)

    @classmethod
    def open(cls, workspace: Path) -> Ledger:
        """The ledger of a local workspace folder, made when missing."""
        return cls(Path(workspace) / "ledger.db")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        if "_sql" in self.__dict__:
            self._sql.close()

    def known(self, project: str) -> tuple[KnownFinding, ...]:
        """What earlier runs knew of ``project``, fixed findings among it, by identity."""
        return self._guard(lambda: self._known(project))

    def remember(self, project: str, known: Sequence[KnownFinding]) -> int:
        """Write those that differ from what :meth:`known` gave, without lines of code; returns how many. Others'
        additions stay."""
        return self._guard(lambda: self._remember(project, known))

    def _known(self, project: str) -> tuple[KnownFinding, ...]:
        held: dict[str, int] = {}
        found: list[KnownFinding] = []
        with unsearched():
            for identity, row in known_table.read(self._connection, project):
                held[identity] = hash(row)
                found.append(known_table.decoded(identity, row))
        self._held[project] = held
        return tuple(found)

    def _remember(self, project: str, known: Sequence[KnownFinding]) -> int:
        held = self._held.setdefault(project, {})
        fresh: dict[str, int] = {}
        with unsearched():
            rows = _changed(known, held, fresh)
            first = next(rows, None)
            if first is not None:  # else there is nothing to lock the file for
                self._transaction(lambda: known_table.write(self._connection, project, chain((first,), rows)))
        held.update(fresh)
        return len(fresh)

    def retain(self, days: int, *, now: datetime | None = None) -> int:
        """Forget findings that were fixed more than ``days`` ago; returns how many."""
        before = ((now or datetime.now(UTC)) - timedelta(days=days)).isoformat(timespec="seconds")
        return self._guard(lambda: self._transaction(lambda: known_table.forget(self._connection, fixed_before=before)))

    def record_bypass(self, *, run: str, who: str, reason: str, at: str, identities: Iterable[str]) -> None:
        """Write down who let a denied change pass, when, where (``at``: a hook's name) and why."""
        self._guard(lambda: self._sql.add_bypass(run, who, reason, at=at, identities=tuple(identities)))

    def bypasses(self) -> tuple[Bypass, ...]:
        """Every bypass, oldest first."""
        return self._guard(lambda: self._sql.bypasses())

    def acknowledge_waiver(self, waiver: str, who: str, *, note: str = "") -> None:
        """Write down that a person has seen a waiver (by its id) and stands by it."""
        self._guard(lambda: self._sql.add_acknowledgement(waiver, who, note))

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """Every acknowledgement, oldest first."""
        return self._guard(lambda: self._sql.acknowledgements())

    def start_job(self, kind: str, *, detail: str = "") -> int:
        """Write down that long work began; returns its number."""
        return self._guard(lambda: self._sql.add_job(kind, detail))

    def finish_job(self, number: int, outcome: str) -> None:
        """Write down how it ended."""
        self._guard(lambda: self._sql.end_job(number, outcome))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every job, oldest first; one without an end is running or was killed."""
        return self._guard(lambda: self._sql.jobs())

    @cached_property
    def _sql(self) -> LedgerSql:
        from lockgate.store._ledger_sql import LedgerSql

        return LedgerSql(self.path)

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
            connection.execute(known_table.DDL)
            self._check_version(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_version(self, connection: sqlite3.Connection) -> None:
        row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
        if row[0] is None:
            connection.execute(
                "INSERT INTO schema_version SELECT ? WHERE NOT EXISTS (SELECT 1 FROM schema_version)", (SCHEMA_VERSION,)
            )
        elif row[0] > SCHEMA_VERSION:
            raise StoreError(
                f"the ledger has schema {row[0]}, this version of Lockgate knows {SCHEMA_VERSION}",
                where=str(self.path), hint="use the version of Lockgate that wrote it, or a newer one",
            )  # fmt: skip

    def _transaction(self, work: Callable[[], T]) -> T:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            answer = work()
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return answer

    def _guard(self, work: Callable[[], T]) -> T:
        """SQLAlchemy wraps the errors of sqlite3 in its own, told apart by name so that it need not be imported."""
        try:
            return work()
        except StoreError:
            raise
        except (sqlite3.Error, OSError, ValueError) as error:
            raise self._trouble(error) from None
        except Exception as error:
            if not type(error).__module__.startswith("sqlalchemy."):
                raise
            raise self._trouble(getattr(error, "orig", None) or error) from None

    def _trouble(self, error: BaseException) -> StoreError:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            hint = "the file is damaged: put back a copy, or move it away to begin a new ledger (findings become new)"
        else:
            hint = "check that the folder can be written and the disk is not full, or set LOCKGATE_WORKSPACE"
        return StoreError(f"the ledger cannot be used: {error}", where=str(self.path), hint=hint)


def _changed(
    known: Sequence[KnownFinding], held: Mapping[str, int], fresh: dict[str, int]
) -> Iterator[tuple[str, known_table.Row]]:
    """Those whose row is another than the one that is held, by identity; ``fresh`` takes the hash of each."""
    for one in sorted(known, key=attrgetter("identity")):
        row = known_table.encoded(one)
        mark = hash(row)
        if held.get(one.identity) != mark:
            fresh[one.identity] = mark
            yield one.identity, row
