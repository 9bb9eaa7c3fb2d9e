"""The record: every run as rows of Delta Lake tables, appended, never edited, readable as it stood at any time.

One Delta table a Table below ``<workspace>/record/``, written and compacted by ``deltalake`` (a few rows of a local one
by ``_append``, which does the same in less), read by DuckDB over the file list of one snapshot. Rows of a run become
visible together: its ``Runs`` row is written last, and readers join with it, so a writer that dies half-way leaves
nothing that shows. What does not belong: what rows mean.
"""

from __future__ import annotations

import os
import time
import uuid
from collections import ChainMap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lockgate.errors import StoreError
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Result
from lockgate.store._append import CONFIGURATION, MARK, append, mark_of
from lockgate.store._columns import RawColumns, raw_columns, raw_of_rows
from lockgate.store._trouble import ConflictError, is_conflict, trouble
from lockgate.store.rows import common_columns, finding_columns, rows_of
from lockgate.store.upkeep import Upkeep
from lockgate.tables import Table, tables

if TYPE_CHECKING:
    from lockgate.kql import Workspace
    from lockgate.kql.row_security import RowSecurity
    from lockgate.kql.syntax import Function
    from lockgate.store.ask import Tables
    from lockgate.store.ask.answer import Reader
    from lockgate.store.ask.tables import Source
    from lockgate.store.mirror import Mirror

T = TypeVar("T")

ATTEMPTS = 12
"""Tries of one commit that others got in the way of; the waits between them add up to some seconds."""
_MARK = "Runs"
_PIECE = 10_000
"""Rows of a run that are appended together: what a row takes in Python is many times what it takes on the disk, and a
commit takes as long as a thousand rows or two."""
_UNADDRESSABLE = lazy_pattern(r"[\[\]^|\\%]")
"""deltalake 1.6 takes a path for an address: some signs make it panic, and ``%41`` would be another folder."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which a file system tells a further change from the last one, whatever it counts in."""
_LEASE, _LEASED = "lockgate-rewriting", 3_600_000
"""The writer in whose name a table is held on an object store, and for how many milliseconds at most."""
At = int | datetime | None
UPKEEP = Upkeep()


class Record:
    """The record of one workspace."""

    def __init__(
        self, place: str, options: Mapping[str, str], upkeep: Upkeep = UPKEEP, external: Reader | None = None,
        mirror: Mirror | None = None,
    ) -> None:  # fmt: skip
        self.place = place
        """Folder or address that holds one Delta table a Table."""
        self.upkeep = upkeep
        """What its compaction does for each table."""
        self.mirror = mirror
        """Where data files of an object store are kept on this machine."""
        self._external = external
        self._options = dict(options) or None

    @classmethod
    def open(
        cls, workspace: Path | str, *, upkeep: Upkeep = UPKEEP, external: Reader | None = None,
        mirror: Path | None = None,
    ) -> Record:  # fmt: skip
        """The record of a workspace folder or object-store address (``s3://``, ``az://``, ``gs://``, ...).

        Nothing is made or read yet. Raises :class:`StoreError` for a folder that cannot be addressed. Credentials of
        an object store come from its usual environment variables. ``upkeep``: what compaction does for each table.
        ``external``: gives queries files elsewhere. ``mirror``: a folder in which files of an object store are kept,
        so that they are fetched once; without it queries read the tables as they lie there.
        """
        if "://" in str(workspace):
            from lockgate.store.mirror import Mirror

            options, kept = _storage_options(os.environ), None if mirror is None else Mirror(mirror)
            return cls(f"{str(workspace).rstrip('/')}/record", options, upkeep, external, kept)
        folder = str(Path(workspace).absolute() / "record")
        if _UNADDRESSABLE.search(folder):
            raise StoreError(
                "the name of the folder holds a sign ([ ] ^ | \\ or %) that the record cannot be addressed with",
                where=folder,
                hint="set LOCKGATE_WORKSPACE to a folder without it",
            )
        return cls(folder, {}, upkeep, external)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder, and no place on an object store."""
        return "://" not in self.place

    def lie(self, handle: Any) -> list[str] | None:
        """Where the data files of an opened table are on this machine; None: they are not."""
        from lockgate.store import _query

        return _query.local(handle) if self.mirror is None else self.mirror.files(handle, self._options)

    @property
    def readable(self) -> str:
        """The folder on this machine in which data files are; empty for none."""
        return self.place if self.is_local else "" if self.mirror is None else self.mirror.folder

    @property
    def keeps_paths(self) -> bool:
        """Whether files may hold paths of JSON as columns."""
        return self.is_local or self.mirror is not None

    def append_result(
        self, result: Result, *, batch: str = "", wanted: Callable[[], bool] = lambda: True,
        once: tuple[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Store a whole run. When this returns the run is there; what it has written before does not show.

        ``batch``: that of pieces which were appended before, to show with it. ``wanted`` is asked before each commit:
        where the run is wanted no longer this returns, and nothing of it shows. ``once``: as of
        :meth:`append_alone`; of several runs that are marked alike one shows, the first. Raises :class:`StoreError`.
        """
        batch = batch or uuid.uuid4().hex
        shape, findings = tables()["Findings"], chain(result.findings, result.fixed)
        while wanted() and (piece := tuple(islice(findings, _PIECE))):
            columns = finding_columns(piece) | common_columns(result, batch, len(piece))
            self._append(shape, raw_columns(shape, columns, len(piece)))
        for name, rows in rows_of(result, batch).items():
            while wanted() and (some := list(islice(rows, _PIECE))):
                marked = once if name == _MARK else None
                self._append(tables()[name], raw_of_rows(tables()[name], some), once=marked)

    def has_run(self, id: str) -> bool:
        """Whether the run is there, whole. Raises :class:`StoreError`."""
        from lockgate.store import _query

        runs, asked = {_MARK: self._snapshot(_MARK, None)}, 'SELECT 1 FROM "Runs" WHERE RunId = ? LIMIT 1'
        return bool(self._guard(_MARK, lambda: _query.answer(runs, asked, [id])))

    def append_piece(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows of a run that is under way. Their ``Batch`` is that of the run: they show with it, or never.

        Raises :class:`StoreError`.
        """
        self._append(tables()[table], raw_of_rows(tables()[table], rows))

    def append_alone(self, table: str, rows: Sequence[Mapping[str, Any]], *,
                     once: tuple[str, int] | None = None) -> None:  # fmt: skip
        """Append rows of a table whose rows belong to no run. When this returns they are there, all of them.

        ``Batch`` is filled in. ``once``: a writer's name and a number that grows: the commit is marked with them, and
        nothing is done when the table holds that number of that writer already (Delta's transaction identifiers).
        Raises :class:`StoreError`, and nothing of them shows then.
        """
        shape = tables()[table]
        if not shape.alone:
            raise ValueError(f"rows of {table} belong to a run")
        batch = uuid.uuid4().hex
        if rows:
            raw = raw_of_rows(shape, [{**row, "Batch": batch} for row in rows])
            self._append(shape, raw, once=once)

    def rows(self, table: str, *, version: At = None, last: int | None = None) -> list[dict[str, Any]]:
        """The rows of ``table``, oldest run first, as it stands or stood at a version or time; at most the ``last``.

        ``datetime`` columns are aware datetimes in UTC; ``dynamic`` ones are JSON text. A table that rows were ingested
        into has the columns that it had then.
        """
        from lockgate.store import _query

        if table not in tables():
            stood = self._open(table, version)
            if stood is None:
                raise StoreError("the table is not there", where=self.uri(table))
            return self._guard(table, lambda: _query.collected_rows(table, stood, last))

        mark = self._snapshot(_MARK, version if isinstance(version, datetime) or table == _MARK else None)
        data = mark if table == _MARK else self._snapshot(table, version)
        found = self._guard(table, lambda: _query.visible_rows(tables()[table], data, mark))
        return found if last is None else found[-last:]

    def sql(
        self, query: str, parameters: Sequence[object] = (), *, only: Collection[str] | None = None
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Answer a DuckDB query over the visible rows of every table, or of those in ``only``, which are opened sooner.
        For our own queries: text is not checked.

        Files other than those of the record cannot be reached from it. Times come back in UTC.
        """
        from lockgate.store import _query

        meant = tables() if only is None else only
        snapshots = {_MARK: self._snapshot(_MARK, None)}
        snapshots |= {name: self._snapshot(name, None) for name in meant if name != _MARK}
        return self._guard(
            "record", lambda: _query.answer(snapshots, query, parameters, place=self.readable, lie=self.lie)
        )

    def asked(
        self, *, since: datetime | None = None, until: datetime | None = None, memory: str = "1GB",
        functions: Mapping[str, Function] | None = None, security: RowSecurity | None = None,
    ) -> Tables:  # fmt: skip
        """Every table as it stands now, for queries in Kusto's language. ``since``, ``until``: only rows generated
        then, and between. ``functions``: stored ones, which go before those that every workspace has. ``security``:
        which rows of them are seen; none for all.

        Beside ours stand those that rows were ingested into, and the tables of Azure Monitor that are adopted: empty,
        so far as nothing fills them.
        Its connection is the caller's to close.
        """
        from lockgate.store import _query
        from lockgate.store.ask import Tables
        from lockgate.store.ask.adopted import Shapes
        from lockgate.store.ingest.asked import Stored

        bounds = tuple(
            (sign, int(moment.timestamp() * 1_000_000))
            for sign, moment in ((">=", since), ("<=", until)) if moment is not None
        )  # fmt: skip
        marks = self._snapshot(_MARK, None)
        connection = self._guard(
            "record", lambda: _query.opened({_MARK: marks}, memory=memory, place=self.readable, lie=self.lie)
        )
        stored = Stored(self, connection, bounds, partial(self._source, connection, bounds, marks))
        return Tables(
            connection=connection, functions=_with_adopted(functions), beside=Shapes(), stored=stored,
            security=security, reader=self._external,
        )  # fmt: skip

    def _source(self, connection: Any, bounds: tuple[tuple[str, int], ...], runs: Any, table: Table) -> Source:
        """Where the rows of a table of ours are as it stands now; ``runs`` is the snapshot of those that show."""
        from lockgate.store import _query
        from lockgate.store.ask.tables import Source
        from lockgate.store.ingest.asked import condition_of

        snapshot = runs if table.name == _MARK else self._snapshot(table.name, None)
        # The filter of time stands inside, so that whatever the query does it sees no other row.
        seen = f" WHERE {within}" if (within := condition_of(bounds)) else ""
        marks = "" if table.name == _MARK or table.alone else _MARK
        parquet = _query.parquet_behind(snapshot, marks, bounds)
        paths = self.upkeep.paths_of(table.name) if self.keeps_paths and table.alone else ()
        shown = _query.shown_with(paths, table, seen)
        files = _query.files_behind(snapshot, shown.source, shown.extended, lie=self.lie)
        if files is not None:
            return Source(shown.source(files.statement()), files, shown.names, parquet)
        found = ""
        if snapshot is not None:
            found = self._guard(table.name, lambda: _query.stored(connection, table.name, snapshot))
        shown = _query.shown_with((), table, seen)
        return Source(shown.source(f"SELECT * FROM {found}" if found else ""), None, (), parquet)  # noqa: S608 -- our own name

    def stamp(self) -> object | None:
        """What differs once anything was written to any table; None where that cannot be told in an instant.

        The folder of a table's log changes with every commit. One that changed just now may change again within what
        the file system tells apart.
        """
        if not self.is_local:
            return None
        logs: list[tuple[str, int]] = []
        try:
            with os.scandir(self.place) as folders:
                for folder in folders:
                    with suppress(FileNotFoundError, NotADirectoryError):
                        logs.append((folder.name, Path(folder.path, "_delta_log").stat().st_mtime_ns))
        except FileNotFoundError:
            return ()
        except OSError:
            return None
        settled = time.time_ns() - _SETTLED
        return tuple(sorted(logs)) if all(when < settled for _, when in logs) else None

    def shapes(self, functions: Mapping[str, Function] | None = None) -> Workspace:
        """What queries are bound against: the shapes of every table, and functions; nothing is read."""
        from lockgate.kql import Workspace
        from lockgate.store.ask.adopted import Shapes
        from lockgate.store.ingest.asked import Stored

        return Workspace(Stored(self, None), _with_adopted(functions), beside=Shapes())

    def history(self, table: str) -> list[dict[str, Any]]:
        """The commits of a table, newest first: ``version``, ``timestamp`` (ms), ``operation``, ..."""
        handle = self._open(table)
        return [] if handle is None else self._guard(table, handle.history)

    def compact(self) -> dict[str, int]:
        """Join small files; table name -> files removed. Readers of older versions still find theirs.

        Large files get filters of their terms, by which a query for one passes over most of them, and those of tables
        whose rows belong to no run the paths of their JSON that are asked for most as columns of their own: of a run
        the rows come back in the order in which its files were written. On an object store that is done for files
        which are kept on this machine, and tables that rows were ingested into are known by those.
        """
        from lockgate.store.ingest.collected import Collected

        removed: dict[str, int] = {}
        collected = Collected(self)
        kept = [] if self.mirror is None else self.mirror.tables(self.place)
        for name in dict.fromkeys((*self._present(), *collected, *(name for name in kept if name in collected))):
            with self._rewriting(name) as mine:
                if not mine:  # who is at it joins them
                    removed[name] = 0
                    continue
                outcome = self._retry(name, lambda handle: handle.optimize.compact())
                own = tables().get(name)
                if self.keeps_paths and (own is None or own.alone):
                    shape = own or collected[name]
                    self._guard(name, lambda name=name, shape=shape: self._shred(name, shape))  # type: ignore[misc]
            removed[name] = int(outcome.get("numFilesRemoved", 0))
            if name not in self.upkeep.unfiltered:
                self._guard(name, lambda name=name: self._filter(name))  # type: ignore[misc]
        return removed

    def _shred(self, name: str, table: Table) -> None:
        """Write the columns of paths that large files of a table lack."""
        from lockgate.store.shredding import shred, shredding_of

        handle, shredding = self._open(name), shredding_of(self.upkeep.paths_of(name), table)
        if self.mirror is None:
            shred(handle, shredding)
        else:
            self.mirror.clear(handle)
            self.mirror.extend(handle, self._options, shredding)

    def _filter(self, name: str) -> None:
        """Write the filters that large files of a table lack."""
        from lockgate.store.terms.making import fill

        fill(self.lie(self._open(name)) or ())

    def retain(
        self, days: int, *, only: Collection[str] = (), but: Collection[str] = (), keep_hours: int = 168,
        now: datetime | None = None,
    ) -> dict[str, int]:  # fmt: skip
        """Delete runs that began, and ingested rows that were generated, more than ``days`` ago, and files that nothing
        has needed for ``keep_hours``.

        ``only``: the tables that are meant, each with what did not fit into it, ``Runs`` for all that belong to runs;
        none for all tables. ``but``: those that are not meant all the same. Table name -> rows deleted. Versions older
        than ``keep_hours`` can no longer be read afterwards. Less than 24 hours is refused: a file of a writer at work
        would look unneeded.
        """
        from lockgate.store.ingest.collected import Collected

        if days < 0 or keep_hours < 24:
            raise ValueError("retention needs days >= 0 and keep_hours >= 24")
        moment = ((now or datetime.now(UTC)) - timedelta(days=days)).astimezone(UTC)
        predicate = f"TimeGenerated < '{moment.strftime('%Y-%m-%dT%H:%M:%S.%f')}Z'"
        deleted: dict[str, int] = {}
        for name in [name for name in self._meant(only, Collected(self)) if name not in but]:
            with self._rewriting(name) as mine:
                if not mine:
                    raise StoreError("another process rewrites the table", where=self.uri(name), hint="try again later")
                outcome = self._retry(name, lambda handle: handle.delete(predicate))
            deleted[name] = int(outcome.get("num_deleted_rows") or 0)
            self._retry(
                name,
                lambda handle: handle.vacuum(
                    retention_hours=keep_hours, dry_run=False, enforce_retention_duration=False, full=True
                ),
            )
            if self.is_local:
                from lockgate.store.terms.making import clear

                clear(self.uri(name))
        return deleted

    def _meant(self, only: Collection[str], ingested: Collection[str]) -> list[str]:
        """Tables that are there, those that say which runs show first."""
        from lockgate.tables._collected import COMPANION

        runs = _MARK in only
        meant = [name for name, one in tables().items() if not only or name in only or (runs and not one.alone)]
        own = [name for name in meant if self._open(name) is not None]
        from_outside = [name for name in ingested if not only or name in only or name.removesuffix(COMPANION) in only]
        return sorted(own, key=lambda name: name != _MARK) + from_outside

    def _append(self, table: Table, columns: RawColumns, *, once: tuple[str, int] | None = None) -> None:
        plain = self.is_local and once is None
        if plain and self._guard(table.name, lambda: append(self.uri(table.name), table, columns)):
            return
        from deltalake import ColumnProperties, CommitProperties, Transaction, WriterProperties, write_deltalake

        from lockgate.store._arrow import batch_of

        batch = batch_of(table, columns)
        # As of small appends: of so few rows the least and greatest value of a column spare no query anything but by
        # time, and to find them out is half of what writing takes. Compaction writes them for what it joins.
        properties = WriterProperties(
            compression="SNAPPY",
            default_column_properties=ColumnProperties(statistics_enabled="NONE"),
            column_properties={"TimeGenerated": ColumnProperties(statistics_enabled="CHUNK")},
        )

        def write(handle: Any) -> None:
            if once is not None and holds(handle, once):
                return
            other = handle is not None and _has_other_columns(handle, table)
            mark = mark_of(handle, table) if self.is_local else None
            write_deltalake(
                handle if handle is not None else self.uri(table.name),
                batch,
                mode="append",
                configuration=None if handle is not None else CONFIGURATION,
                schema_mode="merge" if other else None,
                storage_options=self._options,
                writer_properties=properties,
                commit_properties=CommitProperties(
                    custom_metadata={MARK: mark} if mark is not None else None,
                    app_transactions=[Transaction(*once)] if once is not None else None,
                ),
            )

        self._retry(table.name, write, missing_ok=True)

    @contextmanager
    def _rewriting(self, name: str) -> Iterator[bool]:
        """One at a time: deltalake 1.6 lets two compactions of the same files both succeed, and their rows stand twice.

        Gives whether it is ours to do: in a folder it is waited for, on an object store not.
        """
        if not self.is_local:
            with self._leased(name) as mine:
                yield mine
            return
        import fcntl

        path = Path(self.place) / f".{name}.rewriting"
        try:
            lock = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise trouble(self.uri(name), error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield True
        finally:
            os.close(lock)

    @contextmanager
    def _leased(self, name: str) -> Iterator[bool]:
        """Held by a commit that says since when. Of two that are made at once the store takes one; one that is never
        given back, of a process that died, holds for an hour."""
        from deltalake import CommitProperties, Transaction

        def put(handle: Any, value: int, *, retries: int | None = None) -> None:
            given = CommitProperties(app_transactions=[Transaction(_LEASE, value)], max_commit_retries=retries)
            handle.create_write_transaction([], "append", handle.schema(), commit_properties=given)

        def take(handle: Any) -> int:
            now = int(time.time() * 1000)
            if (handle.transaction_version(_LEASE) or 0) > now - _LEASED:
                return 0
            put(handle, now, retries=0)
            return now

        mine = self._retry(name, take)
        try:
            yield mine > 0
        finally:
            if mine:
                self._retry(name, lambda handle: put(handle, 0) if handle.transaction_version(_LEASE) == mine else None)

    def uri(self, name: str) -> str:
        """The address of a table."""
        return f"{self.place}/{name}"

    @property
    def options(self) -> dict[str, str] | None:
        """What an object store is reached with."""
        return self._options

    def delta(self, name: str) -> Any:
        """The Delta table of that name as it stands, or None when nothing was written to it. Raises StoreError."""
        return self._open(name)

    def holds(self, name: str, once: tuple[str, int]) -> bool:
        """Whether a table has the batch that ``once`` marks, as :meth:`append_alone` takes it. Raises StoreError."""
        return holds(self._open(name), once)

    def guarded(self, name: str, work: Callable[[], T]) -> T:
        """What ``work`` gives; what the engines raise becomes a :class:`StoreError` with a hint."""
        return self._guard(name, work)

    def committing(self, name: str, work: Callable[[Any], T], *, opened: Callable[[str], Any] | None = None) -> T:
        """A commit by ``work``, which gets :meth:`delta`; again where another commit was quicker. Raises StoreError.

        ``opened`` stands for :meth:`delta`.
        """
        return self._retry(name, work, missing_ok=True, opened=opened)

    def _retry(
        self, name: str, work: Callable[[Any], T], *, missing_ok: bool = False,
        opened: Callable[[str], Any] | None = None,
    ) -> T:  # fmt: skip
        """Do a commit; when another commit was quicker, look at the table anew and try again."""
        for attempt in range(ATTEMPTS):
            try:
                current = (opened or self._open)(name)
                if current is None and not missing_ok:
                    raise StoreError("the table is not there", where=self.uri(name))
                return self._guard(name, lambda current=current: work(current))  # type: ignore[misc]
            except ConflictError as conflict:
                if attempt == ATTEMPTS - 1:
                    raise StoreError(
                        f"other writers were quicker {ATTEMPTS} times: {conflict}",
                        where=self.uri(name), hint="run it again when fewer processes write to this workspace",
                    ) from None  # fmt: skip
                import random  # rarely needed, and slow to import

                time.sleep(random.uniform(0.2, 1.0) * min(1.0, 0.01 * 2**attempt))  # noqa: S311 -- only spreads the tries
        raise AssertionError("unreachable")

    def _open(self, name: str, at: At = None) -> Any:
        """The Delta table as it stands (or stood), or None when nothing was written to it."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        def load() -> Any:
            try:
                table = DeltaTable(self.uri(name), storage_options=self._options)
            except TableNotFoundError:
                return None
            if at is not None:
                table.load_as_version(at)
            return table

        return self._guard(name, load)

    def _snapshot(self, name: str, at: At) -> Any:
        if name not in tables():
            raise StoreError(f"there is no table {name!r}", where=self.place, hint=f"tables: {', '.join(tables())}")
        return self._open(name, at)

    def _present(self) -> list[str]:
        return [name for name in tables() if self._open(name) is not None]

    def _guard(self, name: str, work: Callable[[], T]) -> T:
        """Turn what the engines raise into a :class:`StoreError` with a place, or into a conflict to try again."""
        try:
            return work()
        except (StoreError, ConflictError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                if is_conflict(error):
                    raise ConflictError(str(error)) from None
                raise trouble(self.uri(name), error) from None
            raise


def _with_adopted(functions: Mapping[str, Function] | None) -> Mapping[str, Function]:
    from lockgate.store.ask.adopted import Functions

    return ChainMap(functions, Functions()) if functions else Functions()  # type: ignore[arg-type]


def holds(handle: Any, once: tuple[str, int]) -> bool:
    """Whether an opened table, None for none, has the batch of that number of that writer, or a later one of it."""
    return handle is not None and (handle.transaction_version(once[0]) or -1) >= once[1]


def _has_other_columns(handle: Any, table: Table) -> bool:
    """It may lack some of ours, or have some of a later version; rows hold null in what they do not know."""
    return {field.name for field in handle.schema().fields} != {column.name for column in table.columns}


def _storage_options(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables object stores are configured by (https://delta-io.github.io/delta-rs/api/storage/)."""
    return {name: value for name, value in environ.items() if name.startswith(("AWS_", "AZURE_", "GOOGLE_")) and value}
