"""``lockgate advisories``: the compiled store of known vulnerabilities."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    update = below.add_parser("update", help="compile OSV-format sources into the store")
    update.add_argument("sources", nargs="*", metavar="SOURCE", help="folder, zip file or https address (OSV format)")
    update.add_argument("--apt", action="append", default=[], metavar="LINE",
                        help="security index of Debian or Ubuntu, as a line of sources.list: "
                        "'deb [signed-by=FILE] http://HOST/debian-security bookworm-security main'")  # fmt: skip
    update.add_argument("--kev", metavar="FILE", help="CISA's catalogue of known exploited vulnerabilities (JSON)")
    update.add_argument("--epss", metavar="FILE", help="FIRST's exploit prediction scores (CSV or CSV.gz)")
    update.add_argument("--store", metavar="FILE", help="store to write (default: .lockgate/advisories.db)")
    update.add_argument("--quiet", action="store_true", help="no progress line")
    show = below.add_parser("show", help="what the store holds and how fresh it is")
    show.add_argument("--store", metavar="FILE", help="store to read (default: .lockgate/advisories.db)")
    affected = below.add_parser(
        "affected", help="which stored images and running pods an advisory touches",
        description="Compare the stored bills of all images with advisories, and say which images are touched and "
        "which pods run them, by what 'lockgate collect' saw last. Nothing is pulled.",
    )  # fmt: skip
    affected.add_argument("ids", nargs="*", metavar="ID", help="only these flaws, by any name (CVE, GHSA, DSA, ...)")
    affected.add_argument("--new", action="append", default=[], metavar="SOURCE",
                          help="compare with these OSV records alone: folder, zip, file or https address")  # fmt: skip
    affected.add_argument("--format", choices=("table", "json"), default="table", help="form (default: table)")
    rematch = below.add_parser(
        "rematch", help="compare every stored bill with the store, and settle the findings of images that changed",
        description="For every day, after an update: images of which there is something new to say are judged by "
        "their stored bills, as a scan would. Started again after it was stopped, it goes on where it was.",
    )  # fmt: skip
    rematch.add_argument("--dry-run", action="store_true", help="only name the images that would be settled")
    for one in (affected, rematch):
        one.add_argument("--store", metavar="FILE", help="store to read (default: .lockgate/advisories.db)")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.action in ("affected", "rematch"):
        from lockgate.cli import _affected

        return (_affected.run_affected if arguments.action == "affected" else _affected.run_rematch)(arguments)
    from lockgate.cli._advisories import run

    return run(arguments)


COMMAND = Command(
    about="Compile and inspect the store of known vulnerabilities.",
    configure=_configure,
    run=_run,
    examples="  lockgate advisories update osv-pypi.zip osv-npm.zip --kev kev.json --epss epss.csv.gz\n"
    "  lockgate advisories show\n"
    "  lockgate advisories affected CVE-2026-12345\n"
    "  lockgate advisories affected --new GHSA-xxxx-yyyy-zzzz.json --format json\n"
    "  lockgate advisories rematch\n",
)
