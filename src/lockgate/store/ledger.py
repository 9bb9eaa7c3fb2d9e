"""What changes in place, in ``<workspace>/ledger.db``: known findings, acknowledgements, jobs, bypasses.

SQLite in write-ahead mode. The rare parts go through SQLAlchemy (``_ledger_sql``), imported when first asked for; the
part every run needs goes through the standard library (``known``). Both speak to the same file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from lockgate.cycles import unsearched
from lockgate.errors import StoreError
from lockgate.store import known as known_table
from lockgate.store._standing import Standing
from lockgate.store.known import KnownFinding

if TYPE_CHECKING:
    from lockgate.store._ledger_sql import Acknowledgement, Bypass, Job, LedgerSql

T = TypeVar("T")
_Changed = tuple[str, Sequence[KnownFinding], known_table.Row | None]
"""A path, what is told of it, and the row of that."""

SCHEMA_VERSION = 3
_WAIT_SECONDS = 10
_MOST_HELD = 16 * 1024 * 1024
"""Bytes of a file up to which what its findings say is kept in memory, packed, from when they are read."""
_PAGE = 16_384
"""Bytes of a page of a file that is made anew. What is kept of a path that has any findings takes some thousands, and
is written in two thirds of the time that smaller pages take."""


class Ledger:
    """One ledger; a context manager. Every method raises :class:`StoreError` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: dict[str, dict[str, int]] = {}
        """Project -> path -> hash of the row that the table holds: 64 bits that nobody can aim at, since Python keys
        its hashes anew in every process. The rows themselves would take as much memory as all findings."""
        self._read_at: dict[str, int] = {}
        """Project -> which state of the file these were read from."""
        self._standing: list[Standing] = []
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
        """Let go of the file. What known findings of a large ledger say can no longer be asked for."""
        for standing in self._standing:
            standing.connection.close()
        self._connection.close()
        if "_sql" in self.__dict__:
            self._sql.close()

    def known(self, project: str) -> tuple[KnownFinding, ...]:
        """What earlier runs knew of ``project``, fixed findings among it, by identity."""
        return self._guard(lambda: self._known(project))

    def remember(
        self, project: str, known: Sequence[KnownFinding], packed: Mapping[str, known_table.Packed] | None = None, *,
        ready: Callable[[], None] | None = None,
    ) -> int:  # fmt: skip
        """Write down the paths of which other is told than :meth:`known` gave, without lines of code; returns how many
        findings are told of those. Others' additions stay. ``packed``: by path what the cache has of its findings.
        ``ready`` is called when all is known that is to be written, and before any of it is; it may raise."""
        rows = self._guard(lambda: self._rows(project, known, packed or {}, at_once=ready is not None))
        if ready is not None:
            ready()
        return self._guard(lambda: self._put(project, rows, known))

    def _known(self, project: str) -> tuple[KnownFinding, ...]:
        held: dict[str, int] = {}
        found: dict[str, KnownFinding] = {}
        with unsearched():
            self._read_at[project] = known_table.changes(self._connection)
            connection, again = self._connection, None
            if known_table.size(connection) > _MOST_HELD:
                standing = Standing(self.path, project)
                self._standing.append(standing)
                connection, again = standing.connection, standing.bodies
            for path, row in known_table.read(connection, project):
                held[path] = hash(row)
                for one in known_table.decoded(path, row, again):
                    found.setdefault(one.identity, one)  # two runs at once may have put it at two paths
        self._held[project] = held
        return tuple([found[identity] for identity in sorted(found)])

    def _rows(
        self, project: str, known: Sequence[KnownFinding], packed: Mapping[str, known_table.Packed], *, at_once: bool
    ) -> Iterator[_Changed]:
        """What is to be written; each only when it is, unless all is wanted ``at_once``."""
        held = self._held.setdefault(project, {})
        at: dict[str, list[KnownFinding]] = {path: [] for path in held}
        for one in known:
            at.setdefault(one.path, []).append(one)
        with unsearched():
            return iter(list(_changed(at, held, packed))) if at_once else _changed(at, held, packed)

    def _put(self, project: str, rows: Iterator[_Changed], known: Sequence[KnownFinding]) -> int:
        with unsearched():
            first = next(rows, None)
            if first is None:  # there is nothing to lock the file for
                return 0
            return self._transaction(lambda: self._write(project, chain((first,), rows), known))

    def _write(self, project: str, rows: Iterable[_Changed], known: Sequence[KnownFinding]) -> int:
        """Put what is told of each path in place of what the table says of it. What is there of findings that are not
        ``known`` stays: another run put it there."""
        if self._read_at.get(project) != known_table.changes(self._connection):
            rows = self._beside_others(project, rows, {one.identity for one in known})
        held, count = self._held[project], 0

        def put() -> Iterator[tuple[str, known_table.Row | None]]:
            nonlocal count
            for path, here, row in rows:
                held[path] = hash(row)
                count += len(here)
                yield path, row

        known_table.write(self._connection, project, put())
        return count

    def _beside_others(self, project: str, rows: Iterable[_Changed], told: Set[str]) -> Iterator[_Changed]:
        """The same beside what another run has put there meanwhile; nothing of paths that are as they should be."""
        held = self._held[project]
        for path, here, row in rows:
            before = known_table.read_one(self._connection, project, path)
            others = [one for one in known_table.decoded(path, before) if one.identity not in told] if before else []
            put = known_table.encoded([*here, *others]) if others else row
            if put != before:
                yield path, here, put
            else:
                held[path] = hash(put)

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
            connection.execute(f"PRAGMA page_size={_PAGE}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
            connection.execute(known_table.DDL)
            self._check_version(connection)
            self._upgrade(connection)
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

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        if connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] < SCHEMA_VERSION:
            from lockgate.store import _ledger_older

            _transaction(connection, lambda: _ledger_older.upgrade(connection, SCHEMA_VERSION))

    def _transaction(self, work: Callable[[], T]) -> T:
        return _transaction(self._connection, work)

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


def _transaction(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        answer = work()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return answer


def _changed(
    at: Mapping[str, Sequence[KnownFinding]], held: Mapping[str, int], packed: Mapping[str, known_table.Packed]
) -> Iterator[_Changed]:
    """Paths of which other is told than their row says, in order, each with what is told of it and the row of that."""
    for path in sorted(at):
        here = at[path]
        row = known_table.encoded(here, packed.get(path)) if here else None
        if held.get(path) != hash(row):
            yield path, here, row
