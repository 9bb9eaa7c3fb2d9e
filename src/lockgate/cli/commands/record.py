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
    retain.add_argument(
        "days", type=int, metavar="DAYS", nargs="?",
        help="age that is forgotten (default: each table's retention_days in lockgate.yaml)",
    )  # fmt: skip
    meant = "a table that is meant, Runs for all of runs; may be given again (default: all)"
    retain.add_argument("--table", dest="only", action="append", default=[], metavar="TABLE", help=meant)
    history = below.add_parser("history", help="versions of one table")
    history.add_argument("table", metavar="TABLE")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._record import run

    return run(arguments)


COMMAND = Command(
    about="Look into the record, compact it, forget what is old.",
    configure=_configure,
    run=_run,
    examples="  lockgate record show Findings --limit 5\n  lockgate record compact\n  lockgate record retain 365\n"
    "  lockgate record retain 30 --table ContainerLogV2\n"
    "  lockgate record retain       (as tables.*.retention_days of lockgate.yaml say)\n",
)
