"""Data files of a record on an object store, kept in a folder of this machine while they are part of their table.

A data file never changes under its name, so one that was fetched whole is right for good. What compaction writes
beside the files of a local record (paths of JSON as columns, filters of terms) is written beside these instead of into
the store: each machine that asks has its own, and nothing of the shared tables changes for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.store.shredding import Shredding, shredded

MOST = 20 << 30
"""Bytes of one table that are kept; a larger one is read as it lies, and asked of with Spark rather."""
_AT_ONCE = 8
"""Files that are fetched at a time: an object store answers each late, and many at once."""
_PIECE = 8 << 20
_AT_WORK = 3600
"""Seconds after which nobody is at a file any more that no table has."""
_PLAIN = re.compile(r"[A-Za-z0-9._-]+\.parquet\Z")
"""Names of data files of tables without partitions, as writers of Delta tables give them."""
_MARKED, _PART, _GONE = "-paths-", ".part", ".gone"
_TOLD = "table"
"""The file that says whose files lie beside it."""


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int


class Mirror:
    """The files of the tables of one record. Several processes may use one folder."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        """``folder``: of our own; ``most``: bytes of a table."""
        self._folder, self._most = folder, most

    @property
    def folder(self) -> str:
        """What holds everything."""
        return str(self._folder)

    def tables(self, place: str) -> list[str]:
        """Names of the tables of the record at an address of which files are here."""
        found = []
        for told in sorted(self._folder.glob(f"*/{_TOLD}")):
            with contextlib.suppress(OSError):
                base, _, name = told.read_text("utf-8").rstrip("/").rpartition("/")
                found += [name] if base == place else []
        return list(dict.fromkeys(found))

    def files(self, handle: Any, options: Mapping[str, str] | None) -> list[str] | None:
        """Paths of the data files of an opened table, in its order, fetched where they are not here.

        None: it is too large to be kept here, or not of plain files. Raises what ``deltalake`` raises, and ``OSError``.
        """
        own = self._own(handle)
        if own is None:
            return None
        place = self._place(handle)
        shown = _shown(place)
        missing = [one for one in own if one.name not in shown and not _here(place, one)]
        if missing:
            self._fetch(handle, options, place, missing)
        return [str(place / shown.get(one.name, one.name)) for one in own]

    def extend(self, handle: Any, options: Mapping[str, str] | None, shredding: Shredding) -> int:
        """Give large files the columns of ``shredding``; how many that were. Raises as :meth:`files` does."""
        done = 0
        for path in self.files(handle, options) or () if shredding.paths else ():
            if not path.endswith(shredding.mark):
                fresh = Path(path).with_name(f"{_stem(Path(path).name)}{shredding.mark}")
                part = fresh.with_name(f"{fresh.name}.{os.getpid()}{_PART}")
                try:
                    if shredded(path, str(part), shredding):
                        part.replace(fresh)
                        done += 1
                finally:
                    part.unlink(missing_ok=True)
        return done

    def clear(self, handle: Any) -> None:
        """Remove what is no part of the table any more, or stands twice; not before nobody can be at it still."""
        from lockgate.store.terms.making import clear

        own, place = self._own(handle) or [], self._place(handle)
        shown = set(_shown(place).values())
        needed = shown & {f"{_stem(one.name)}{_mark(name)}" for one in own for name in shown}
        needed |= {one.name for one in own if _stem(one.name) not in set(map(_stem, needed))}
        with contextlib.suppress(FileNotFoundError):
            for one in list(place.iterdir()):
                if one.is_file() and one.name != _TOLD and not one.name.endswith(_GONE):
                    _forget(one, needed=one.name in needed)
        clear(str(place))

    def _own(self, handle: Any) -> list[_File] | None:
        if handle.protocol().min_reader_version > 1 or handle.metadata().partition_columns:
            return None
        added = handle.get_add_actions(flatten=True)
        names, sizes = (added.column(name).to_pylist() for name in ("path", "size_bytes"))
        files = [_File(name, size) for name, size in zip(names, sizes, strict=True)]
        plain = all(_PLAIN.match(one.name) for one in files)
        return files if plain and sum(one.size for one in files) <= self._most else None

    def _place(self, handle: Any) -> Path:
        """Another table of the same name has another id."""
        told = f"{handle.table_uri}\n{handle.metadata().id}"
        return self._folder / hashlib.sha256(told.encode()).hexdigest()[:32]

    def _fetch(
        self, handle: Any, options: Mapping[str, str] | None, place: Path, files: Sequence[_File]
    ) -> None:  # fmt: skip
        from deltalake._internal import DeltaFileSystemHandler

        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / _TOLD).write_text(handle.table_uri, "utf-8")
        sizes = {one.name: one.size for one in files}
        store = DeltaFileSystemHandler(handle.table_uri, dict(options or {}), sizes)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda one: _fetched(store, place, one), files))


def _fetched(store: Any, place: Path, file: _File) -> None:
    part = place / f"{file.name}.{os.getpid()}{_PART}"
    try:
        with _opened(store, file.name) as source, part.open("xb") as stream:
            while piece := source.read(_PIECE):
                stream.write(piece)
            if stream.tell() != file.size:
                raise OSError(f"{file.name} has {stream.tell()} bytes on the store, and {file.size} in the table")
        part.replace(place / file.name)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(store: Any, name: str) -> Iterator[Any]:
    """A file of the store, closed afterwards."""
    source = store.open_input_file(name)
    try:
        yield source
    finally:
        source.close()


def _here(place: Path, file: _File) -> bool:
    try:
        return (place / file.name).stat().st_size == file.size
    except FileNotFoundError:
        return False


def _shown(place: Path) -> dict[str, str]:
    """Of files whose paths are kept as columns the one that has them; of several the last that was made."""
    try:
        found = [one for one in place.iterdir() if _MARKED in one.name and one.name.endswith(".parquet")]
        found.sort(key=lambda one: one.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}
    return {f"{_stem(one.name)}.parquet": one.name for one in found}


def _stem(name: str) -> str:
    """What a file and those that were made of it have in common."""
    return name.partition(_MARKED)[0].removesuffix(".parquet")


def _mark(name: str) -> str:
    return name[len(_stem(name)) :]


def _forget(one: Path, *, needed: bool) -> None:
    """Remove a file some time after it was first seen that nobody needs it: a query may still read it."""
    gone = one.with_name(f"{one.name}{_GONE}")
    if needed:
        gone.unlink(missing_ok=True)
    elif not gone.exists():
        gone.touch()
    elif time.time() - gone.stat().st_mtime > _AT_WORK:
        one.unlink(missing_ok=True)
        gone.unlink(missing_ok=True)
