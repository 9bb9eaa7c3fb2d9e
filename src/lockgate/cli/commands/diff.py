"""``lockgate diff``: the dependency review of a change."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", metavar="BASE", help="revision before the change")
    parser.add_argument("head", metavar="HEAD", nargs="?", default="", help="revision after it (default: working tree)")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="form (default: text)")
    parser.add_argument("--advisories", metavar="FILE", help="advisory store (default: .lockgate/advisories.db)")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._diff import run

    return run(arguments)


COMMAND = Command(
    about="Dependency review: components added, removed, changed, their new vulnerabilities and licences.",
    configure=_configure,
    run=_run,
    notes="Exit code: 1 when the change brings a vulnerability, 4 when there is no advisory store.",
    examples="  lockgate diff origin/main\n  lockgate diff v1.2.0 v1.3.0 --format markdown\n",
)
