"""``lockgate jobs``: long work that was started in this workspace, and how it ended."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = below.add_parser("list", help="every job, oldest first")
    listed.add_argument("--json", action="store_true", help="one JSON list instead of lines for people")
    show = below.add_parser("show", help="one job, as JSON")
    show.add_argument("number", type=int, metavar="NUMBER")


def _run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict
    from pathlib import Path

    import orjson

    from lockgate.cli._project import project_at
    from lockgate.cli._text import safe
    from lockgate.errors import UsageError
    from lockgate.store import Ledger

    folder = project_at(Path.cwd()).workspace.folder
    jobs = []
    if (folder / "ledger.db").is_file():
        with Ledger.open(folder) as ledger:
            jobs = [asdict(job) for job in ledger.jobs]
    if arguments.action == "show":
        chosen = next((job for job in jobs if job["id"] == arguments.number), None)
        if chosen is None:
            raise UsageError(f"there is no job {arguments.number}", where="NUMBER", hint="lockgate jobs list")
        print(orjson.dumps(chosen, option=orjson.OPT_INDENT_2).decode())
    elif arguments.json:
        print(orjson.dumps(jobs, option=orjson.OPT_INDENT_2).decode())
    else:
        for job in jobs:
            end = f"{job['ended']}  {safe(job['outcome'])}" if job["ended"] else "has not ended: it runs, or was killed"
            print(f"{job['id']:>4}  {safe(job['kind'])}  {job['started']}  {end}")
        if not jobs:
            print("no job")
    return 0


COMMAND = Command(
    about="List long work of this workspace and how it ended.",
    configure=_configure,
    run=_run,
    examples="  lockgate jobs list\n  lockgate jobs show 3\n",
)
