"""``lockgate waivers``: what is accepted here, by whom, until when, and what it covers."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = below.add_parser("list", help="every waiver, with what it covered in the last whole check")
    listed.add_argument("--json", action="store_true", help="one JSON list instead of lines for people")
    listed.add_argument(
        "--days", type=int, default=30, metavar="N", help="'expiring' means within N days (default: 30)"
    )
    stand = below.add_parser("acknowledge", help="write down that a person has looked at a waiver and stands by it")
    stand.add_argument("waiver", metavar="ID", help="as 'lockgate waivers list' shows it")
    stand.add_argument("--by", required=True, metavar="PERSON", help="who looked at it")
    stand.add_argument("--note", default="", metavar="TEXT", help="what they found")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._waivers import acknowledge, show

    return show(arguments) if arguments.action == "list" else acknowledge(arguments)


COMMAND = Command(
    about="List waivers with what each covers, and write down that a person stands by one.",
    configure=_configure,
    run=_run,
    notes="States: active, expiring, expired, unused (covered nothing in the last whole check), unknown (there was no\n"
    "whole check yet).",
    examples="""\
  lockgate waivers list
  lockgate waivers list --json --days 14
  lockgate waivers acknowledge 'secrets/jwt tests/**' --by ada --note 'test keys only, checked again'
""",
)
