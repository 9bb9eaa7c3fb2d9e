"""``lockgate policy``: write, test, understand and hand on policies."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _verify(below)


def _verify(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = below.add_parser(
        "verify", help="run suites: of Gatekeeper, of admission policies, of Azure Policy",
        description="Run every suite at or below the paths: kind Suite as gator verify runs it, kind AdmissionSuite "
        "and Kyverno's Test for admission policies, and files of Azure Policy cases. Exit code 1 when a case fails, 4 "
        "when one could not be run or none was.",
    )  # fmt: skip
    verify.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="file or folder (default: .)")
    verify.add_argument(
        "--run", "-run", dest="run_filter", default="", metavar="TEST//CASE",
        help="only cases whose names these RE2 expressions find; without // either name may match",
    )  # fmt: skip
    verify.add_argument("--format", choices=("text", "json", "junit"), default="text", help="form (default: text)")
    verify.add_argument("--verbose", "-v", action="store_true", help="show the cases that passed too")
    verify.add_argument("--without-cel", action="store_true", help="judge templates that have both engines by Rego")
    verify.add_argument("--quiet", action="store_true", help="no progress line")


def _run(arguments: argparse.Namespace) -> int:
    import importlib

    return int(importlib.import_module(f"lockgate.cli._policy.{arguments.action}").run(arguments))


COMMAND = Command(
    about="Verify, try, explain, time and export policies.",
    configure=_configure,
    run=_run,
    examples="  lockgate policy verify policies/\n"
    "  lockgate policy verify --run 'images//latest' --format junit policies/\n",
)
