"""``lockgate hook``: judge before each commit and push, and at the server's door."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = below.add_parser("install", help="write pre-commit and pre-push hooks into this repository")
    install.add_argument("--force", action="store_true", help="keep a present hook beside ours and call it first")
    below.add_parser("uninstall", help="remove our hooks, put back what was there")
    below.add_parser("pre-commit", help="what the pre-commit hook calls")
    push = below.add_parser("pre-push", help="what the pre-push hook calls (reads references from standard input)")
    push.add_argument("remote", nargs="*", help="as git gives them")
    below.add_parser("pre-receive", help="for a server's hook: refuses a push that brings a secret")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._hooks import run

    return run(arguments)


COMMAND = Command(
    about="Push protection: judge before each commit and push.",
    configure=_configure,
    run=_run,
    notes="A bypass needs a reason, which is recorded: LOCKGATE_BYPASS='why' git push\n"
    "(at a server: git push -o lockgate.bypass='why', where the server allows push options).",
    examples="  lockgate hook install\n  LOCKGATE_BYPASS='rotated key, see SEC-12' git push\n",
)
