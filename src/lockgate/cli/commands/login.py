"""``lockgate login``: sign the command line in at a server, and out again."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--server", required=True, metavar="URL", help="where people reach it: https://HOST")
    add("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
    add("--out", action="store_true", help="sign out: the token holds no longer, and is forgotten here")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._login import run

    return run(arguments)


COMMAND = Command(
    about="Sign the command line in at a Lockgate server, by a code that is typed into a browser.",
    configure=_configure,
    run=_run,
    notes="The token lasts a week, may no more than its person, and stands in lockgate/servers.json of the user's\n"
    "configuration folder, which only they may read. LOCKGATE_TOKEN goes before it.",
    examples=(
        "  lockgate login --server https://lockgate.example\n"
        "  lockgate login --server https://lockgate.example --out\n"
    ),
)
