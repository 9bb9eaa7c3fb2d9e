"""``lockgate verify-trail``: look whether the audit trail's chain holds."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--project", metavar="PATH", default=".", help="folder with the settings and workspace")
    add("--head", metavar="HASH", default="", help="hash of an entry that was noted before: it must still be there")
    add("--json", action="store_true", help="print JSON")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._verify_trail import run

    return run(arguments)


COMMAND = Command(
    about="Look whether the chain of the audit trail holds: nothing changed, taken out, put between.",
    configure=_configure,
    run=_run,
    notes="Entries cut off at the end, and a trail that was written anew, show by the copy that the record has\n"
    "(AuditTrail), and by --head: note the head that is printed elsewhere.",
    examples="  lockgate verify-trail\n  lockgate verify-trail --head 5f1c...   (of an earlier look)\n",
)
