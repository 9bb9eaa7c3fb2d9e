"""Keeps what the alerts about clusters fire for: ``python -m lockgate.engine.alerting RECORD``, which ends when done.

Time is cut into spans of equal length since 1970; at the end of each the rules are asked as of that moment. What a
span gave is appended under the span's number, so that several servers, or one that died, keep it once. How far it was
looked stands in a file: what ended while nobody looked is made up for, a day at most.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.engine import cluster_alerts
from lockgate.errors import LockgateError, StoreError
from lockgate.kql.literals import ticks_of
from lockgate.store import Record
from lockgate.store.ingest import Collected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockgate.model import Rule

WRITER = "cluster-alerts"
_MOST_BACK = 86_400.0
"""Seconds that are made up for."""
_SOURCE = "KubeNodeInventory"
"""The table that no cluster is collected without."""


def keep(
    record: Record, rules: Sequence[Rule], state: Path, every: float, *, now: float
) -> Iterator[tuple[datetime, int]]:  # fmt: skip
    """Ask for each span that has ended since; its end, and how many things were wrong then. Nothing where another
    process is at it. ``now``: seconds since 1970. Raises :class:`StoreError` and what asking raises."""
    try:
        state.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(state, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(state)) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        newest = int(now // every)
        for span in _spans(os.pread(handle, 4096, 0), newest, every):
            end = datetime.fromtimestamp(0, UTC) + timedelta(seconds=span * every)
            yield end, _kept(record, rules, end, span)
            told = orjson.dumps({"every": every, "span": span})
            os.pwrite(handle, told.ljust(200), 0)
    finally:
        os.close(handle)


def _spans(written: bytes, newest: int, every: float) -> range:
    """The spans that nobody looked at; the newest alone where that is not known."""
    try:
        told: Any = orjson.loads(written)
        known = int(told["span"]) if told["every"] == every else newest - 1
    except (ValueError, KeyError, TypeError):
        known = newest - 1
    return range(max(known + 1, newest - int(_MOST_BACK // every)), newest + 1)


def _kept(record: Record, rules: Sequence[Rule], end: datetime, span: int) -> int:
    tables = record.asked(until=end)
    with closing(tables.connection):
        found = cluster_alerts.firing(rules, tables, now=ticks_of(end))
    record.append_alone(cluster_alerts.TABLE, cluster_alerts.kept_rows(found, when=end), once=(WRITER, span))
    return len(found)


def main(arguments: list[str]) -> int:
    """Look; 0 when all was done, else the code of the error, which goes to the error output."""
    (place,) = arguments
    if hasattr(os, "nice"):
        os.nice(5)  # whoever answers requests goes first
    try:
        given = orjson.loads(sys.stdin.buffer.read())
        record = Record.open(place)
        if Collected(record).get(_SOURCE) is None:
            return 0
        rules = cluster_alerts.rules_of()
        for end, fired in keep(record, rules, Path(given["state"]), float(given["every"]), now=time.time()):
            sys.stdout.buffer.write(orjson.dumps({"at": end.isoformat(), "fired": fired}) + b"\n")
    except LockgateError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
