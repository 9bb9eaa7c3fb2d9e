"""Appends a few rows to a Delta table in a local folder as ``deltalake`` would, without its start.

Loading ``deltalake`` and its first commit take 0.1 CPU s, a third of a check of one file. What a small append does is
little: a Parquet file, and a commit of the log that names it, put there under a number that nobody has taken
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md). Whatever is not known to be as plain as that is left to
``deltalake``: the caller is told that nothing was done. That it is plain, the last commit says of itself: those which
are made for this record hold a mark in ``commitInfo`` (which the protocol leaves to the writer) that stands for the
columns, the protocol and the settings of the table as of that commit. A commit of any other writer has none.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from typing import Any

from lockgate.store._columns import RawColumns
from lockgate.tables import ColumnType, Table

CHECKPOINT_EVERY = 20
"""Commits from one checkpoint to the next; ``deltalake`` makes the commit after which there is one."""
CONFIGURATION = {
    "delta.checkpointInterval": str(CHECKPOINT_EVERY),
    "delta.logRetentionDuration": "interval 30 days",
}
MARK = "lockgateShape"
MOST_ROWS = 5_000
"""Of so many rows, writing them in Python takes as long as ``deltalake`` does once it is loaded, and 50 MB less; with
loading it, of ten thousand."""
_PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}
_TYPES = {
    ColumnType.STRING: "string", ColumnType.DYNAMIC: "string", ColumnType.LONG: "long", ColumnType.REAL: "double",
    ColumnType.BOOL: "boolean", ColumnType.DATETIME: "timestamp", ColumnType.INT: "integer", ColumnType.GUID: "string",
}  # fmt: skip
_MOST_HEAD = 64 * 1024
"""Bytes of a commit that its first line, what is said of the commit itself, may take."""


def append(folder: str, table: Table, columns: RawColumns) -> bool:
    """Append rows to the table in ``folder``, which is made when it is not there; whether that was done.

    False: the table is as it was, and ``deltalake`` has to do it, or to say why it cannot be done.
    """
    try:
        return len(columns["Batch"]) <= MOST_ROWS and _appended(folder, table, columns)
    except OSError:
        return False


def _appended(folder: str, table: Table, columns: RawColumns) -> bool:
    log = f"{folder}/_delta_log"
    version = _next_of(log, table)
    if version is None:
        return False
    os.makedirs(log, exist_ok=True)
    path = f"part-00000-{_identifier()}-c000.parquet"
    size = _put(f"{folder}/{path}", _file(table, columns))
    added = _added(path, size, columns)
    while version is not None:
        if commit(log, version, _lines(table, version, added, rows=len(columns["Batch"]))):
            return True
        version = _next_of(log, table)  # another commit was made meanwhile, and is looked at
    os.unlink(f"{folder}/{path}")
    return False


def mark_of(handle: Any, table: Table) -> str | None:
    """The mark of what ``deltalake`` is about to append to ``handle``; None where the table is not plain.

    ``handle`` is None where the table is about to be made.
    """
    if handle is None:
        return _mark(table)
    protocol, metadata = handle.protocol(), handle.metadata()
    fields = {field.name: field for field in handle.schema().fields}
    plain = (
        (protocol.min_reader_version, protocol.min_writer_version) == tuple(_PROTOCOL.values())
        and metadata.configuration == CONFIGURATION
        and not metadata.partition_columns
        and all(field.nullable and not field.metadata for field in fields.values())
        and all(
            column.name in fields and getattr(fields[column.name].type, "type", "") == _TYPES[column.type]
            for column in table.columns
        )
    )
    return _mark(table) if plain else None


def _mark(table: Table) -> str:
    import hashlib

    shape = [f"{column.name} {_TYPES[column.type]}" for column in table.columns]
    text = "\n".join((f"{_PROTOCOL} {CONFIGURATION}", *shape))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _next_of(log: str, table: Table) -> int | None:
    """The number of the next commit; None where that is for ``deltalake`` to make."""
    latest = _latest(log)
    if latest is None or (latest + 2) % CHECKPOINT_EVERY == 0:
        return None
    return latest + 1 if latest < 0 or _said_by(_commit_path(log, latest)) == _mark(table) else None


def _latest(log: str) -> int | None:
    """The number of the last commit, -1 where there is none; None where it is not found by counting on.

    Commits are numbered without gaps, and those since the last checkpoint are kept.
    """
    import orjson

    try:
        with open(f"{log}/_last_checkpoint", "rb") as stream:
            version = int(orjson.loads(stream.read(_MOST_HEAD))["version"])
    except FileNotFoundError:
        version = 0
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not os.path.exists(_commit_path(log, version)):
        return -1 if version == 0 and not _any_in(log) else None
    while os.path.exists(_commit_path(log, version + 1)):
        version += 1
    return version


def _any_in(log: str) -> bool:
    """Whether there is anything but commits that were never made."""
    try:
        return any(not name.endswith(".tmp") for name in os.listdir(log))
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _said_by(path: str) -> str | None:
    """The mark of a commit."""
    import orjson

    try:
        with open(path, "rb") as stream:
            mark = orjson.loads(stream.readline(_MOST_HEAD))["commitInfo"][MARK]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return mark if isinstance(mark, str) else None


def commit(log: str, version: int, lines: bytes) -> bool:
    """Put a commit there, whole, unless there is one of that number; whether that was done."""
    fresh = f"{log}/_commit_{_identifier()}.json.tmp"
    _put(fresh, lines)
    try:
        os.link(fresh, _commit_path(log, version))
    except FileExistsError:
        return os.stat(fresh).st_nlink > 1  # over a network a request may arrive twice, and be refused by itself
    finally:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
    return True


def _put(path: str, content: bytes) -> int:
    """Write a new file; its size. Nothing is left of one that could not be written whole."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(handle, "wb", buffering=0) as stream:
            left = memoryview(content)
            while left:
                left = left[stream.write(left) :]
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return len(content)


def _file(table: Table, columns: RawColumns) -> bytes:
    from lockgate import __version__
    from lockgate.store._parquet import parquet

    given = [(column.name, column.type, columns[column.name]) for column in table.columns]
    return parquet(given, by=f"lockgate version {__version__}")


def _lines(table: Table, version: int, added: Mapping[str, Any], *, rows: int) -> bytes:
    """The actions of the commit, one a line."""
    import orjson

    from lockgate import __version__

    told = {
        "timestamp": added["modificationTime"], "operation": "WRITE", "operationParameters": {"mode": "Append"},
        "engineInfo": f"lockgate:{__version__}", "isBlindAppend": True,
        "operationMetrics": {"num_added_files": 1, "num_removed_files": 0, "num_added_rows": rows},
        MARK: _mark(table),
    }  # fmt: skip
    actions: list[dict[str, Any]] = [{"commitInfo": told}]
    if version == 0:
        actions += [{"protocol": _PROTOCOL}, {"metaData": _metadata(table, made=added["modificationTime"])}]
    return b"\n".join(orjson.dumps(action) for action in (*actions, {"add": added}))


def _metadata(table: Table, *, made: int) -> dict[str, Any]:
    import orjson

    fields = [
        {"name": column.name, "type": _TYPES[column.type], "nullable": True, "metadata": {}} for column in table.columns
    ]
    return {
        "id": _identifier(), "name": None, "description": None, "format": {"provider": "parquet", "options": {}},
        "schemaString": orjson.dumps({"type": "struct", "fields": fields}).decode(), "partitionColumns": [],
        "createdTime": made, "configuration": CONFIGURATION,
    }  # fmt: skip


def _added(path: str, size: int, columns: RawColumns) -> dict[str, Any]:
    import orjson

    moments = columns["TimeGenerated"]
    there = [moment for moment in moments if moment is not None]
    stats: dict[str, Any] = {"numRecords": len(moments), "nullCount": {"TimeGenerated": len(moments) - len(there)}}
    if there:  # retention looks for old files by it
        stats["minValues"] = {"TimeGenerated": shown(min(there))}
        stats["maxValues"] = {"TimeGenerated": shown(max(there))}
    return {
        "path": path, "partitionValues": {}, "size": size, "modificationTime": int(time.time() * 1000),
        "dataChange": True, "stats": orjson.dumps(stats).decode(),
    }  # fmt: skip


def shown(microseconds: int) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _identifier() -> str:
    """A random UUID (RFC 9562, version 4)."""
    from uuid import uuid4

    return str(uuid4())


def _commit_path(log: str, version: int) -> str:
    return f"{log}/{version:020}.json"
