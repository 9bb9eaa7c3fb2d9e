"""What can be made again: scan results by file, and the blobs of history that were read and gave nothing.

A cache never fails a run: a corrupt file is rebuilt, a disk that cannot be written leaves it empty. SQLite through
the standard library, write-ahead, so that processes may share it. What does not belong: anything that would be missed.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from lockgate.model import File, Finding, Skip
from lockgate.store import codec
from lockgate.store.codec import Kept
from lockgate.store.waiver import Waiver

T = TypeVar("T")
Wanted = dict[str, tuple[int, tuple[str, ...]]]

_WHOLE = "//whole/"
"""How the place of what is said of a source as a whole begins; no path of a file does."""
_SHORT = 8
"""Bytes of an answer that holds no more than the size of its file."""
_PAGE = 16_384
"""Bytes of a page, of which the answer about a file with findings takes a part."""
KEYS_KEPT = 12
"""So many combinations of rules, scanners and root are kept, the most recently used."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS scans (key INTEGER NOT NULL, path TEXT NOT NULL, stamp TEXT NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (key, path));
CREATE TABLE IF NOT EXISTS wanted (key INTEGER PRIMARY KEY, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS blobs (key INTEGER NOT NULL, width INTEGER NOT NULL, ids BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS blobs_by_key ON blobs (key);
"""


class Answers(Protocol):
    """What judging one file gave; the engine's own type fits."""

    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def skips(self) -> tuple[Skip, ...]: ...
    @property
    def waivers(self) -> tuple[Waiver, ...]: ...
    @property
    def loaded(self) -> int: ...


class Cache:
    """One cache file; a context manager."""

    def __init__(self, path: Path, *, keys: int = KEYS_KEPT) -> None:
        self._path = path
        self._keys = keys
        self._connection: sqlite3.Connection | None = None
        self.trouble = ""
        """Why the cache could not be used or was rebuilt; empty when all is well."""
        try:
            self._connect()
        except (sqlite3.Error, OSError) as error:
            self._rebuild(error)

    @classmethod
    def open(cls, path: Path, *, keys: int = KEYS_KEPT) -> Cache:
        """The cache at ``path``, made when missing; never raises. ``keys``: so many of them are kept."""
        return cls(path, keys=keys)

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def session(self, key: str, root: str) -> CacheSession:
        """The results of the files below ``root`` under ``key`` (rules, scanners and options, digested)."""
        return CacheSession(self, hashlib.sha256(f"{codec.VERSION}\0{key}\0{root}".encode()).hexdigest())

    def get_all(self, key: str) -> dict[str, tuple[str, bytes]]:
        """Path -> (stamp, payload) of everything kept under ``key``."""

        def ask(connection: sqlite3.Connection) -> dict[str, tuple[str, bytes]]:
            rows = connection.execute(
                "SELECT path, stamp, payload FROM scans WHERE key = (SELECT id FROM keys WHERE key = ?)", (key,)
            )
            return {path: (stamp, payload) for path, stamp, payload in rows}

        return self._try(ask, {})

    def put_many(self, key: str, rows: Iterable[tuple[str, str, bytes]], *, gone: Iterable[str] = ()) -> None:
        """Keep (path, stamp, payload) under ``key`` and drop the paths that are ``gone``, in one transaction."""
        ready, lost = list(rows), list(gone)

        def write(connection: sqlite3.Connection) -> None:
            number = _key_number(connection, key)
            connection.executemany("DELETE FROM scans WHERE key = ? AND path = ?", ((number, path) for path in lost))
            connection.executemany(
                "INSERT INTO scans VALUES (?, ?, ?, ?) ON CONFLICT (key, path) DO UPDATE SET "
                "stamp = excluded.stamp, payload = excluded.payload",
                ((number, *row) for row in ready),
            )
            _drop_old_keys(connection, self._keys)

        if ready or lost:
            self._try(lambda connection: _in_transaction(connection, write), None)

    def wanted(self, key: str) -> Wanted:
        """Path -> (size, names of the scanners that wanted the file), as kept under ``key``."""

        def ask(connection: sqlite3.Connection) -> Wanted:
            row = connection.execute(
                "SELECT payload FROM wanted WHERE key = (SELECT id FROM keys WHERE key = ?)", (key,)
            ).fetchone()
            return _unpacked(row[0]) if row else {}

        return self._try(ask, {})

    def put_wanted(self, key: str, wanted: Wanted) -> None:
        """Keep them, in place of what was kept. Paths that are no text are left out."""

        def write(connection: sqlite3.Connection) -> None:
            row = (_key_number(connection, key), _packed(wanted))
            connection.execute(
                "INSERT INTO wanted VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET payload = excluded.payload", row
            )

        self._try(lambda connection: _in_transaction(connection, write), None)

    def seen_blobs(self, key: str) -> set[bytes]:
        """Ids (20 or 32 bytes) of the blobs that were read under ``key`` and gave nothing."""

        def ask(connection: sqlite3.Connection) -> set[bytes]:
            seen: set[bytes] = set()
            rows = connection.execute(
                "SELECT width, ids FROM blobs WHERE key = (SELECT id FROM keys WHERE key = ?)", ("blobs " + key,)
            )
            for width, ids in rows:
                if width not in (20, 32) or len(ids) % width:
                    raise sqlite3.DatabaseError("a chunk of blob ids was cut")
                seen.update(ids[start : start + width] for start in range(0, len(ids), width))
            return seen

        return self._try(ask, set())

    def add_seen_blobs(self, key: str, ids: Iterable[bytes]) -> None:
        """Add ids to those of ``key``; those of other processes stay."""
        fresh = set(ids) - self.seen_blobs(key)
        by_width: dict[int, list[bytes]] = {}
        for one in fresh:
            by_width.setdefault(len(one), []).append(one)
        if any(width not in (20, 32) for width in by_width):
            raise ValueError("a blob id has 20 or 32 bytes")

        def write(connection: sqlite3.Connection) -> None:
            number = _key_number(connection, "blobs " + key)
            for width, chunk in by_width.items():
                connection.execute("INSERT INTO blobs VALUES (?, ?, ?)", (number, width, b"".join(sorted(chunk))))
            _drop_old_keys(connection, self._keys)

        if by_width:
            self._try(lambda connection: _in_transaction(connection, write), None)

    def _connect(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size={_PAGE}")
            connection.execute("PRAGMA synchronous=OFF")  # first: turning to write-ahead would wait for the disk
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection

    def _try(self, ask: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._connection is None:
            return otherwise
        try:
            return ask(self._connection)
        except sqlite3.OperationalError as error:
            self.trouble = str(error)
            return otherwise
        except (sqlite3.DatabaseError, TypeError, ValueError, LookupError) as error:
            self._rebuild(error)
            return otherwise

    def _rebuild(self, error: Exception) -> None:
        self.trouble = str(error)
        self.close()
        if isinstance(error, OSError | sqlite3.OperationalError):
            return
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._connect()
        except (sqlite3.Error, OSError) as again:
            self.trouble = str(again)


class CacheSession:
    """The cached results of one source under one key; ``save`` writes what is new."""

    def __init__(self, cache: Cache, key: str) -> None:
        self._cache = cache
        self._key = key
        self._kept = cache.get_all(key)
        self.proven = bool(self._kept)
        """Whether an earlier run kept answers under this key, so that all its scanners had started.

        A run whose files were all too fresh to be kept keeps nothing, and proves nothing.
        """
        self._fresh: dict[str, tuple[str, bytes]] = {}
        self._nothing: dict[bytes, Kept] = {}
        self.wanted: Wanted = cache.wanted(key)
        """Path -> (size, names of the scanners that want it); what is added is kept by ``save``."""
        self._wanted_before = dict(self.wanted)

    def get(self, file: File) -> Kept | None:
        """What judging that very content gave, or None when it has to be judged. Told once, and then let go of."""
        held = self._kept.pop(file.path, None)
        if held is None or held[0] != file.stamp or not _keepable(file):
            return None
        payload = held[1]
        try:
            if len(payload) > _SHORT:
                return codec.decode(payload)
            nothing = self._nothing.get(payload)  # most files gave nothing, and many have the same size
            if nothing is None:
                nothing = self._nothing[payload] = codec.decode(payload)
            return nothing
        except ValueError:
            return None

    def holds(self, file: File) -> bool:
        """Whether :meth:`get` has an answer about that very content."""
        held = self._kept.get(file.path)
        return held is not None and held[0] == file.stamp and _keepable(file)

    def put(self, file: File, answers: Answers, payload: bytes | None = None) -> None:
        """Keep what judging ``file`` gave, until ``save``. A file that could not be read is judged again.

        ``payload``: ``answers`` as ``codec`` has them, where somebody has written them already.
        """
        if _keepable(file) and not any(skip.kind.value in ("unreadable", "limit") for skip in answers.skips):
            if payload is None:
                payload = codec.encode(Kept(answers.findings, answers.skips, answers.waivers, (), answers.loaded))
            self._fresh[file.path] = (file.stamp, payload)

    def get_whole(self, name: str) -> bytes | None:
        """What was kept of the source as a whole under ``name``."""
        held = self._kept.get(_WHOLE + name)
        return held[1] if held is not None else None

    def put_whole(self, name: str, payload: bytes) -> None:
        """Keep it, until ``save``."""
        self._fresh[_WHOLE + name] = ("whole", payload)

    def save(self) -> None:
        """Write what is new; nothing when nothing is."""
        if self._fresh:
            self._cache.put_many(self._key, ((path, *self._fresh[path]) for path in sorted(self._fresh)))
            self._fresh = {}
        if self.wanted != self._wanted_before:
            self._cache.put_wanted(self._key, self.wanted)
            self._wanted_before = dict(self.wanted)


def _keepable(file: File) -> bool:
    return bool(file.stamp) and file.changed_lines is None and not file.commit


def _packed(wanted: Wanted) -> bytes:
    """JSON: the distinct lists of names, and path -> [size, place of its list]."""
    lists = {names: number for number, names in enumerate(dict.fromkeys(names for _, names in wanted.values()))}
    paths = {path: (size, lists[names]) for path, (size, names) in wanted.items()}
    try:
        return codec.pack([list(lists), paths])
    except TypeError:  # a path that is no text, as file systems allow
        return codec.pack([list(lists), {path: row for path, row in paths.items() if path.isprintable()}])


def _unpacked(payload: bytes) -> Wanted:
    lists, paths = codec.unpack(payload)
    names = [tuple(one) for one in lists]
    return {path: (size, names[number]) for path, (size, number) in paths.items()}


def _in_transaction(connection: sqlite3.Connection, write: Callable[[sqlite3.Connection], None]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        write(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _key_number(connection: sqlite3.Connection, key: str) -> int:
    row = connection.execute(
        "INSERT INTO keys (key, used) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET used = excluded.used RETURNING id",
        (key, time.time()),
    ).fetchone()
    return int(row[0])


def _drop_old_keys(connection: sqlite3.Connection, keys: int) -> None:
    old = [
        row[0] for row in connection.execute("SELECT id FROM keys ORDER BY used DESC LIMIT -1 OFFSET ?", (keys,))
    ]
    for table, column in (("scans", "key"), ("wanted", "key"), ("blobs", "key"), ("keys", "id")):
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ((number,) for number in old))  # noqa: S608 -- names are ours
