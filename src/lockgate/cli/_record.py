"""The work of ``lockgate record``: rows and versions shown, small files joined, old rows forgotten."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import orjson

from lockgate.cli._project import project_at
from lockgate.errors import UsageError
from lockgate.settings import TableSettings
from lockgate.store import Record
from lockgate.store.ingest import Collected
from lockgate.store.tending import forget, tending_of
from lockgate.tables import tables


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked; the exit code."""
    table = getattr(arguments, "table", None)
    if getattr(arguments, "limit", 1) < 1:
        raise UsageError("must be 1 or more", where="--limit")
    project = project_at(Path.cwd())
    record = project.record()
    if table is not None and table not in tables() and not (table.isidentifier() and table in Collected(record)):
        known = sorted((*tables(), *Collected(record)))
        raise UsageError(f"there is no table {table!r}", where="TABLE", hint=f"one of {', '.join(known)}")
    if arguments.action == "compact":
        record.compact()
        print("compacted")
    elif arguments.action == "retain":
        known = [name for name, one in tables().items() if one.alone or name == "Runs"] + list(Collected(record))
        wrong = next((name for name in arguments.only if name not in known), None)
        if wrong is not None:
            raise UsageError(f"there is no table {wrong!r} to forget rows of", where="--table", hint=", ".join(known))
        _retain(record, arguments.days, arguments.only, project.settings.tables)
    else:
        rows = (
            record.history(arguments.table)
            if arguments.action == "history"
            else record.rows(arguments.table, version=arguments.version, last=arguments.limit)
        )
        for row in rows:
            print(orjson.dumps(row, default=str).decode())
    return 0


def _retain(record: Record, days: int | None, only: list[str], settings: Mapping[str, TableSettings]) -> None:
    """Forget what is older than ``days``; without it, of each table what is older than its own settings say."""
    if days is not None:
        if days < 1:
            raise UsageError("must be 1 or more", where="DAYS")
        deleted = record.retain(days, only=only)
        what = "rows of " + ", ".join(only) if only else "runs and ingested rows"
        print(f"{what} older than {days} days are forgotten: {sum(deleted.values())} rows")
        return
    kept = {name: age for name, age in tending_of(settings).days.items() if not only or name in only}
    if not kept:
        raise UsageError(
            "nothing says for how long rows are kept", where="DAYS",
            hint="give DAYS, or tables.<table>.retention_days in lockgate.yaml",
        )  # fmt: skip
    for name, age, rows in forget(record, kept):
        print(f"rows of {name} older than {age} days are forgotten: {rows} rows")
