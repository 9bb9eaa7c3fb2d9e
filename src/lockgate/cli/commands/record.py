"""``lockgate record``: look after the record."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lockgate.cli.commands import Command
from lockgate.errors import UsageError

if TYPE_CHECKING:
    from lockgate.settings import TableSettings
    from lockgate.store import Record


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = below.add_parser("show", help="rows of one table, newest run last")
    show.add_argument("table", metavar="TABLE", help="Runs, Findings, Components, Skips or Decisions")
    show.add_argument("--limit", type=int, default=20, metavar="N", help="rows at most (default: 20)")
    show.add_argument("--version", type=int, metavar="V", help="as the table stood at version V")
    below.add_parser("compact", help="rewrite small files as large ones")
    retain = below.add_parser("retain", help="forget runs and ingested rows older than a number of days")
    retain.add_argument(
        "days", type=int, metavar="DAYS", nargs="?",
        help="age that is forgotten (default: each table's retention_days in lockgate.yaml)",
    )  # fmt: skip
    meant = "a table that is meant, Runs for all of runs; may be given again (default: all)"
    retain.add_argument("--table", dest="only", action="append", default=[], metavar="TABLE", help=meant)
    history = below.add_parser("history", help="versions of one table")
    history.add_argument("table", metavar="TABLE")


def _run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    import orjson

    from lockgate.cli._project import project_at
    from lockgate.settings import Plan
    from lockgate.store import Record
    from lockgate.store.ingest import Collected
    from lockgate.tables import tables

    table = getattr(arguments, "table", None)
    if table is not None and table not in tables():
        raise UsageError(f"there is no table {table!r}", where="TABLE", hint=f"one of {', '.join(sorted(tables()))}")
    if getattr(arguments, "limit", 1) < 1:
        raise UsageError("must be 1 or more", where="--limit")
    project = project_at(Path.cwd())
    record, settings = Record.open(project.workspace.record), project.settings.tables
    if arguments.action == "compact":
        record.compact(unfiltered=[name for name, one in settings.items() if one.plan is not Plan.ANALYTICS])
        print("compacted")
    elif arguments.action == "retain":
        known = [name for name, one in tables().items() if one.alone or name == "Runs"] + list(Collected(record))
        wrong = next((name for name in arguments.only if name not in known), None)
        if wrong is not None:
            raise UsageError(f"there is no table {wrong!r} to forget rows of", where="--table", hint=", ".join(known))
        _retain(record, arguments.days, arguments.only, settings)
    else:
        rows = (
            record.history(arguments.table)
            if arguments.action == "history"
            else record.rows(arguments.table, version=arguments.version)[-arguments.limit :]
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
    kept = {name: one.retention_days for name, one in settings.items() if one.retention_days is not None}
    kept = {name: age for name, age in kept.items() if not only or name in only}
    if not kept:
        raise UsageError(
            "nothing says for how long rows are kept", where="DAYS",
            hint="give DAYS, or tables.<table>.retention_days in lockgate.yaml",
        )  # fmt: skip
    for name, age in kept.items():
        deleted = record.retain(age, only=[name])
        print(f"rows of {name} older than {age} days are forgotten: {sum(deleted.values())} rows")


COMMAND = Command(
    about="Look into the record, compact it, forget what is old.",
    configure=_configure,
    run=_run,
    examples="  lockgate record show Findings --limit 5\n  lockgate record compact\n  lockgate record retain 365\n"
    "  lockgate record retain 30 --table ContainerLogV2\n"
    "  lockgate record retain       (as tables.*.retention_days of lockgate.yaml say)\n",
)
