"""``lockgate record``: look after the record."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = below.add_parser("show", help="rows of one table, newest run last")
    show.add_argument("table", metavar="TABLE", help="Runs, Findings, Components, Skips or Decisions")
    show.add_argument("--limit", type=int, default=20, metavar="N", help="rows at most (default: 20)")
    show.add_argument("--version", type=int, metavar="V", help="as the table stood at version V")
    below.add_parser("compact", help="rewrite small files as large ones")
    retain = below.add_parser("retain", help="forget runs and ingested rows older than a number of days")
    retain.add_argument("days", type=int, metavar="DAYS")
    meant = "an ingested table that is meant; may be given again (default: all, and the runs)"
    retain.add_argument("--table", dest="only", action="append", default=[], metavar="TABLE", help=meant)
    history = below.add_parser("history", help="versions of one table")
    history.add_argument("table", metavar="TABLE")


def _run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    import orjson

    from lockgate.cli._project import project_at
    from lockgate.errors import UsageError
    from lockgate.store import Record
    from lockgate.store.ingest import Collected
    from lockgate.tables import tables

    table = getattr(arguments, "table", None)
    if table is not None and table not in tables():
        raise UsageError(f"there is no table {table!r}", where="TABLE", hint=f"one of {', '.join(sorted(tables()))}")
    if getattr(arguments, "limit", 1) < 1:
        raise UsageError("must be 1 or more", where="--limit")
    record = Record.open(project_at(Path.cwd()).workspace.record)
    if arguments.action == "compact":
        record.compact()
        print("compacted")
    elif arguments.action == "retain":
        if arguments.days < 1:
            raise UsageError("must be 1 or more", where="DAYS")
        wrong = next((name for name in arguments.only if name not in Collected(record)), None)
        if wrong is not None:
            known = ", ".join(Collected(record)) or "nothing was ingested yet"
            raise UsageError(f"there is no ingested table {wrong!r}", where="--table", hint=known)
        deleted = record.retain(arguments.days, only=arguments.only)
        what = "rows of " + ", ".join(arguments.only) if arguments.only else "runs and ingested rows"
        print(f"{what} older than {arguments.days} days are forgotten: {sum(deleted.values())} rows")
    else:
        rows = (
            record.history(arguments.table)
            if arguments.action == "history"
            else record.rows(arguments.table, version=arguments.version)[-arguments.limit :]
        )
        for row in rows:
            print(orjson.dumps(row, default=str).decode())
    return 0


COMMAND = Command(
    about="Look into the record, compact it, forget what is old.",
    configure=_configure,
    run=_run,
    examples="  lockgate record show Findings --limit 5\n  lockgate record compact\n  lockgate record retain 365\n"
    "  lockgate record retain 30 --table ContainerLogV2\n",
)
