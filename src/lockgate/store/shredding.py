"""Paths of JSON columns as columns of their own in the data files of a table, under names that no query can say.

A file that has them says so by its name, which ends in a digest of the paths: whoever looks at a table knows without
opening files which of them have the columns that are wanted; from the others the same values are taken out of the
JSON, by the same expressions. Delta Lake's schema does not have the columns, and readers pass over what that does not
name. Deletion, and compaction by others, leave them out of what they write anew; the next compaction puts them back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson

from lockgate.dataclass import dataclass
from lockgate.kql.emit.shredded import JSON, LONG, TEXT, name_of
from lockgate.store import _append, _spill
from lockgate.store._query import files_of, listed
from lockgate.store.journal import sync_folder
from lockgate.tables import ColumnType, Table
from lockgate.tables._hot_paths import HotPath

LEAST_ROWS = 10_000
"""Rows of a file below which looking into its JSON costs next to nothing."""
_LEAST_BYTES = 128 << 10
_FORM = 1
"""Counted up when what the columns hold changes."""


@dataclass(frozen=True, slots=True)
class Shredding:
    """The paths of a table that are kept, of those columns that it has."""

    paths: tuple[HotPath, ...]
    texts: frozenset[str]
    """Columns that are texts which may hold JSON."""

    @property
    def mark(self) -> str:
        """What the names of files that have them end in; empty for none."""
        if not self.paths:
            return ""
        said = [_FORM, *sorted((one.column, one.path, one.column in self.texts) for one in self.paths)]
        return f"-paths-{sha256(orjson.dumps(said)).hexdigest()[:16]}.parquet"

    def names(self) -> list[str]:
        """The names of the columns, three a path."""
        return [name_of(one.column, one.path, part) for one in self.paths for part in (TEXT, LONG, JSON)]

    def extended(self, read: str) -> str:
        """A statement that gives what ``read`` gives and the columns, taken out of the JSON."""
        columns = [text for one in self.paths for text in self._columns(one)]
        return f"SELECT *, {', '.join(columns)} FROM ({self._looked(read)})" if columns else read  # noqa: S608 -- names and paths were checked

    def written(self, read: str) -> str:
        """The same for a file: nothing but columns that stay."""
        helpers = [f'EXCLUDE ({", ".join(self._lists())})'] if self.paths else []
        return f"SELECT * {' '.join(helpers)} FROM ({self.extended(read)})"  # noqa: S608 -- as above

    def _lists(self) -> list[str]:
        found = list(dict.fromkeys(one.column for one in self.paths))
        return [f'"/{kind}/{column}"' for column in found for kind in (TEXT, JSON)]

    def _looked(self, read: str) -> str:
        """Every column is read as JSON once, whatever the number of its paths."""
        made = []
        for column in dict.fromkeys(one.column for one in self.paths):
            own = "[" + ", ".join(_quoted(one.path) for one in self.paths if one.column == column) + "]"
            value = f'CASE WHEN json_valid("{column}") THEN "{column}" END' if column in self.texts else f'"{column}"'
            made.append(f'json_extract_string({value}, {own}) AS "/{TEXT}/{column}"')
            made.append(f'json_extract({value}, {own})::VARCHAR[] AS "/{JSON}/{column}"')
        return f"SELECT *, {', '.join(made)} FROM ({read})"  # noqa: S608 -- as above

    def _columns(self, path: HotPath) -> list[str]:
        place = [one.path for one in self.paths if one.column == path.column].index(path.path) + 1
        inner, whole = f'"/{TEXT}/{path.column}"[{place}]', f"nullif(\"/{JSON}/{path.column}\"[{place}], 'null')"
        number = f"try_cast({whole} AS BIGINT)"
        plain = f"({number}::VARCHAR = {whole})"
        rest = f"{whole} IS NOT NULL AND {plain} IS NOT TRUE AND to_json({inner})::VARCHAR IS DISTINCT FROM {whole}"
        parts = {
            TEXT: inner, LONG: f"CASE WHEN {plain} THEN {number} END", JSON: f"CASE WHEN {rest} THEN {whole} END"
        }  # fmt: skip
        return [f"{text} AS {quoted(name_of(path.column, path.path, part))}" for part, text in parts.items()]


def shredding_of(paths: Sequence[HotPath], table: Table) -> Shredding:
    """Those paths that lie in columns of the table which may hold JSON."""
    kinds = {column.name: column.type for column in table.columns}
    own = [one for one in paths if kinds.get(one.column) in (ColumnType.DYNAMIC, ColumnType.STRING)]
    return Shredding(tuple(own), frozenset(one.column for one in own if kinds[one.column] is ColumnType.STRING))


def shred(handle: Any, shredding: Shredding, *, least_rows: int = LEAST_ROWS) -> int:
    """Write the large files of an opened table in a local folder anew that lack the columns; how many that were.

    Readers see the one or the other file, never both. Raises what DuckDB and the file system raise; then the files that
    were not done yet are as they were.
    """
    protocol = handle.protocol()
    if not shredding.paths or protocol.min_reader_version > 1 or protocol.min_writer_version > 2:
        return 0
    lacking = [one for one in files_of(handle) if not one.endswith(shredding.mark)]
    done = 0
    for path in lacking:
        if Path(path).stat().st_size < _LEAST_BYTES:
            continue
        fresh = f"{Path(path).parent}/part-00000-{uuid4()}-c000{shredding.mark}"
        replaced = False
        try:
            stats = _written(path, fresh, shredding, least_rows)
            replaced = stats is not None and _replace(handle, path, fresh, stats)
        finally:
            if not replaced:
                Path(fresh).unlink(missing_ok=True)
        done += replaced
    if done:
        handle.create_checkpoint()
    return done


def shredded(path: str, fresh: str, shredding: Shredding) -> bool:
    """Write a file anew with the columns, to ``fresh``; False, and no file, where it stays as it is: a small one, or as
    :func:`_written` has it."""
    return Path(path).stat().st_size >= _LEAST_BYTES and _written(path, fresh, shredding, LEAST_ROWS) is not None


def _written(path: str, fresh: str, shredding: Shredding, least_rows: int) -> dict[str, Any] | None:
    """The statistics of the new file, on the disk; None where the old one stays.

    It has few rows, or JSON that is none, or rows too long for the memory that one thread may take.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config=_spill.settings("1GB", threads=1))
    try:
        read = f"SELECT * FROM read_parquet({listed([path])})"  # noqa: S608 -- a quoted path of ours
        connection.execute(f"CREATE VIEW old AS {read}")
        count, absent, first, last = connection.execute(
            "SELECT count(*), count(*) - count(TimeGenerated), epoch_us(min(TimeGenerated)), "
            "epoch_us(max(TimeGenerated)) FROM old"
        ).fetchall()[0]
        if count < least_rows:
            return None
        has = [row[0] for row in connection.execute("DESCRIBE old").fetchall()]
        missing = [one.column for one in shredding.paths if one.column not in has]
        own = [quoted(name) for name in has if "/" not in name]  # others are paths that were kept before
        old = ", ".join([*own, *(f'NULL::VARCHAR AS "{name}"' for name in dict.fromkeys(missing))])
        source = shredding.written(f"SELECT {old} FROM old")  # noqa: S608 -- names of columns
        connection.execute(f"COPY ({source}) TO {_quoted(fresh)} (FORMAT parquet, COMPRESSION zstd)")
    except (duckdb.InvalidInputException, duckdb.OutOfMemoryException):  # as a query says that asks for it
        return None
    finally:
        connection.close()
    _sync(fresh)
    found: dict[str, Any] = {"numRecords": count, "nullCount": {"TimeGenerated": absent}}
    if first is not None:
        found["minValues"], found["maxValues"] = ({"TimeGenerated": _append.shown(one)} for one in (first, last))
    return found


def _replace(handle: Any, old: str, fresh: str, stats: dict[str, Any]) -> bool:
    """Put the new file in the place of the old one by a commit; False where that is not part of the table any more."""
    folder, now = str(Path(fresh).parent), int(time.time() * 1000)
    added = {
        "path": Path(fresh).name, "partitionValues": {}, "size": Path(fresh).stat().st_size, "modificationTime": now,
        "dataChange": False, "stats": orjson.dumps(stats).decode(),
    }  # fmt: skip
    removed = {
        "path": quote(Path(old).name), "deletionTimestamp": now, "dataChange": False, "extendedFileMetadata": True,
        "partitionValues": {}, "size": Path(old).stat().st_size,
    }  # fmt: skip
    told = {
        "timestamp": now, "operation": "OPTIMIZE", "operationParameters": {"paths": "kept as columns"},
        "isBlindAppend": False,
        "operationMetrics": {"numFilesAdded": 1, "numFilesRemoved": 1},
    }  # fmt: skip
    lines = b"\n".join(map(orjson.dumps, ({"commitInfo": told}, {"remove": removed}, {"add": added})))
    sync_folder(Path(folder))
    log = f"{folder}/_delta_log"
    while old in files_of(handle):
        version = handle.version() + 1
        if _append.commit(log, version, lines):
            _sync(f"{log}/{version:020}.json")
            sync_folder(Path(log))
            handle.update_incremental()
            return True
        handle.update_incremental()
    return False


def _sync(path: str) -> None:
    with Path(path).open("rb") as stream:
        os.fsync(stream.fileno())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name of a column, whatever signs are in it."""
    return '"' + name.replace('"', '""') + '"'
