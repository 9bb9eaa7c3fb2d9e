"""``lockgate tokens``: who may ask the server."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = below.add_parser("add", help="let somebody ask, and print their token")
    add.add_argument("name", metavar="NAME", help="the person or program")
    add.add_argument("--may", metavar="RIGHTS",
                     help="query, functions, ingest, cancel, registry, with commas (default: query)")  # fmt: skip
    add.add_argument("--limit", action="append", default=[], metavar="KEY=VALUE",
                     help="concurrent, seconds, rows, bytes or memory of each query")  # fmt: skip
    remove = below.add_parser("remove", help="take somebody's token away")
    remove.add_argument("name", metavar="NAME", help="the person or program")
    key = below.add_parser("key", help="the shared key of somebody, for agents that sign what they send")
    key.add_argument("name", metavar="NAME", help="the person or program; also what an agent calls the workspace's id")
    for one in (add, remove, key, below.add_parser("list", help="who may ask, and how much")):
        one.add_argument("--file", metavar="FILE", help="the file (default: tokens in the workspace)")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._tokens import run

    return run(arguments)


COMMAND = Command(
    about="Say who may ask the server of lockgate serve, and how much.",
    configure=_configure,
    run=_run,
    notes="A token is shown once; the file holds its hash. A running server takes changes up at once.",
    examples=(
        "  lockgate tokens add ana --may query,functions --limit seconds=60 --limit concurrent=2\n"
        "  lockgate tokens remove ana\n"
    ),
)
