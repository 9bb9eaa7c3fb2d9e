"""The one file behind the queue: SQLite, written through to the disk, shared by processes of one machine.

A worker holds a lock of its own for as long as it lives, so that what it had at hand when it died is known to be
free at once, without a lease that would have to run out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from lockgate.errors import StoreError
from lockgate.store.journal import held

_PATIENCE = 15.0
"""Seconds that another process may take to write."""
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, registry TEXT NOT NULL, repository TEXT NOT NULL,
  digest TEXT NOT NULL, tag TEXT NOT NULL, top TEXT NOT NULL, cause TEXT NOT NULL, run TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL, owner TEXT NOT NULL, reason TEXT NOT NULL,
  accepted REAL NOT NULL, ended REAL NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (state, due, id);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_once ON jobs (registry, repository, digest, tag)
  WHERE state IN ('waiting', 'running');
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS verdicts (registry TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL,
  run TEXT NOT NULL, verdict TEXT NOT NULL, at REAL NOT NULL, base_name TEXT NOT NULL, base_digest TEXT NOT NULL,
  PRIMARY KEY (registry, repository, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tags (registry TEXT NOT NULL, repository TEXT NOT NULL, tag TEXT NOT NULL,
  digest TEXT NOT NULL, looked REAL NOT NULL, PRIMARY KEY (registry, repository, tag)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tags_looked ON tags (registry, looked);
CREATE TABLE IF NOT EXISTS members (registry TEXT NOT NULL, repository TEXT NOT NULL, top TEXT NOT NULL,
  digest TEXT NOT NULL, PRIMARY KEY (registry, repository, top, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chains (registry TEXT NOT NULL, chain TEXT NOT NULL, repository TEXT NOT NULL,
  digest TEXT NOT NULL, PRIMARY KEY (registry, chain, repository, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rebuilds (name TEXT NOT NULL, registry TEXT NOT NULL, repository TEXT NOT NULL,
  tag TEXT NOT NULL, digest TEXT NOT NULL, base_name TEXT NOT NULL, base_before TEXT NOT NULL,
  base_now TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL, owner TEXT NOT NULL,
  reason TEXT NOT NULL, PRIMARY KEY (name, registry, repository, tag, base_name, base_now)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""


class RegistryDatabase:
    """The file, and the lock of this worker. For any thread. Raises :class:`StoreError` where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        """``folder``: the workspace's own."""
        self.path = folder / "registry.db"
        self._workers = folder / "registry-workers"
        self._lock = threading.RLock()
        self.worker = uuid.uuid4().hex
        """The name of this worker: nobody has had it before."""
        try:
            self._workers.mkdir(parents=True, exist_ok=True)
            self._clear()
            self._alive = os.open(self._workers / self.worker, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._connection = self._connected()
        except (OSError, sqlite3.Error) as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """Let go of everything: what this worker had at hand is free."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.close()
            (self._workers / self.worker).unlink(missing_ok=True)
            os.close(self._alive)

    @contextlib.contextmanager
    def changed(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: on the disk when the block ends, gone where it raises."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._trouble(error) from None

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Questions alone."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise self._trouble(error) from None

    def lives(self, worker: str) -> bool:
        """Whether a worker, by its name, still runs."""
        if worker == self.worker:
            return True
        path = self._workers / worker
        if not path.is_file():
            return False
        with held(path) as free:
            return not free

    def _clear(self) -> None:
        """Locks of workers that are gone say nothing more."""
        for path in self._workers.iterdir():
            with held(path) as free:
                if free:
                    path.unlink(missing_ok=True)

    def _connected(self) -> sqlite3.Connection:
        made = sqlite3.connect(self.path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)
        try:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = FULL")  # what was accepted survives the machine too
            version = made.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise StoreError(f"it has version {version}, this version of Lockgate knows {_VERSION}",
                                 where=str(self.path), hint="use the version of Lockgate that wrote it")  # fmt: skip
            made.executescript(_SCHEMA)
            made.execute(f"PRAGMA user_version = {_VERSION}")
        except BaseException:
            made.close()
            raise
        return made

    def _trouble(self, error: BaseException) -> StoreError:
        hint = "the workspace needs room and must be writable"
        return StoreError(f"the queue of the registry cannot be used: {error}", where=str(self.path), hint=hint)
