"""``lockgate saved``: queries and functions that are kept by a name."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    below.add_parser("list", help="what is kept, and where")
    page = below.add_parser("page", help="ask saved queries, and write one page that works offline")
    page.add_argument("names", nargs="*", metavar="NAME", help="which, in this order (default: all)")
    page.add_argument("--out", required=True, metavar="FILE", help="the page, in HTML")
    page.add_argument("--title", default="Saved queries", metavar="TEXT", help="its title (default: Saved queries)")
    page.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE",
                      help="value of a parameter that the queries declare")  # fmt: skip
    show = below.add_parser("show", help="print the text of one")
    write = below.add_parser("set", help="keep one in the workspace")
    drop = below.add_parser("drop", help="keep one no longer in the workspace")
    for one in (show, write, drop):
        one.add_argument("name", metavar="NAME", help="its name")
        one.add_argument("--function", action="store_true", help="the function of that name, not the query")
    write.add_argument("file", metavar="FILE", help="the file with its text; - reads it")
    write.add_argument("--about", default="", metavar="TEXT", help="one line on what it is for")
    write.add_argument("--folder", default="", metavar="NAME", help="a word to group functions by")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._saved import run

    return run(arguments)


COMMAND = Command(
    about="Keep queries and functions by a name, for lockgate ask and the query APIs.",
    configure=_configure,
    run=_run,
    notes="page ends with 2 where a query could not be answered; the page says which and why.\n"
    "Files of the folder that the setting queries names are kept too, and go before: NAME.kql is a query,\n"
    "functions/NAME.kql a function: (parameters) { body }, or a query.",
    examples=(
        "  lockgate saved set failing failing.kql --about 'Runs that were denied'\n"
        "  lockgate ask --saved failing\n"
        "  lockgate saved page --out board.html\n"
    ),
)
