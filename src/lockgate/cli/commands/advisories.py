"""``lockgate advisories``: the compiled store of known vulnerabilities."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    update = below.add_parser("update", help="compile OSV-format sources into the store")
    update.add_argument("sources", nargs="+", metavar="SOURCE", help="folder, zip file or https address (OSV format)")
    update.add_argument("--kev", metavar="FILE", help="CISA's catalogue of known exploited vulnerabilities (JSON)")
    update.add_argument("--epss", metavar="FILE", help="FIRST's exploit prediction scores (CSV or CSV.gz)")
    update.add_argument("--store", metavar="FILE", help="store to write (default: .lockgate/advisories.db)")
    update.add_argument("--quiet", action="store_true", help="no progress line")
    show = below.add_parser("show", help="what the store holds and how fresh it is")
    show.add_argument("--store", metavar="FILE", help="store to read (default: .lockgate/advisories.db)")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._advisories import run

    return run(arguments)


COMMAND = Command(
    about="Compile and inspect the store of known vulnerabilities.",
    configure=_configure,
    run=_run,
    examples="  lockgate advisories update osv-pypi.zip osv-npm.zip --kev kev.json --epss epss.csv.gz\n"
    "  lockgate advisories show\n",
)
