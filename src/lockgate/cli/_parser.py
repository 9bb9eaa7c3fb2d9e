"""Builds the argument parser from the commands.

Only the called command's module is imported when one is named; for the overview, no command's options are built.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from lockgate import __version__
from lockgate.cli import commands
from lockgate.cli.commands import Command
from lockgate.discover import member_names
from lockgate.errors import UsageError

TYPE_CHECKING = False  # as in ``typing``, which ``lockgate --help`` has no need to import
if TYPE_CHECKING:
    from typing import NoReturn

_EXAMPLES = """\
examples:
  lockgate check                     judge the repository you stand in
  lockgate check --since origin/main only what your branch introduces
  lockgate check --history           every blob that was ever committed, for secrets
  lockgate hook install              judge before each commit and push
  lockgate explain secrets/aws-access-key-id
"""


class Parser(argparse.ArgumentParser):
    """argparse that raises our error instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """A wrong command line."""
        raise UsageError(message, hint=f"{self.prog} --help")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal. What argparse asks for the width imports every way to pack a file."""

    def __init__(self, prog: str, indent_increment: int = 2, max_help_position: int = 24) -> None:
        super().__init__(prog, indent_increment, max_help_position, _columns() - 2)


def _columns() -> int:
    """``COLUMNS``, or the width of the terminal, or 80; as ``shutil.get_terminal_size`` has it."""
    named = os.environ.get("COLUMNS", "")
    if named.isdigit() and int(named):
        return int(named)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80 if sys.__stdout__ else 80
    except (ValueError, OSError):
        return 80


def command_names() -> list[str]:
    """Every command, as typed."""
    return [name.replace("_", "-") for name in member_names(commands)]


def load(name: str) -> Command:
    """The command of that name."""
    command: Command = importlib.import_module(f"{commands.__name__}.{name.replace('-', '_')}").COMMAND
    return command


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The namespace of a call; ``run`` in it is the command's function."""
    names = command_names()
    called = next((one for one in arguments if not one.startswith("-")), "")
    if called in names:
        arguments = _with_action(list(arguments), called)
    parser = build([called] if called in names else names, whole=called in names)
    if called and called not in names:
        raise UsageError(f"there is no command {called!r}{_nearest(called, names)}", hint="lockgate --help")
    if not called and not {"-h", "--help", "--version"} & set(arguments):
        parser.print_help()
        raise SystemExit(2)
    return parser.parse_args(list(arguments))


def _with_action(arguments: list[str], called: str) -> list[str]:
    """With the action that is meant where none is named: ``lockgate image ADDRESS``."""
    command, at = load(called), arguments.index(called) + 1
    if not command.otherwise or len(arguments) == at or arguments[at] in (*command.actions, "-h", "--help"):
        return arguments
    return [*arguments[:at], command.otherwise, *arguments[at:]]


def build(names: Sequence[str], *, whole: bool = True) -> Parser:
    """A parser that knows the commands ``names``; when not ``whole``, it only names them and says what they do."""
    parser = Parser(
        prog="lockgate",
        description="One record, one rulebook and replay for a Kubernetes delivery line.",
        epilog=_EXAMPLES,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"lockgate {__version__}")
    below = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name in names:
        command = load(name)
        if not whole:
            below.add_parser(name, help=command.about, add_help=False)
            continue
        one = below.add_parser(
            name,
            help=command.about,
            description="\n\n".join(filter(None, (command.about, command.notes))),
            epilog=f"examples:\n{command.examples}" if command.examples else None,
            formatter_class=_Help,
        )
        command.configure(one)
        one.set_defaults(run=command.run)
    return parser


def _nearest(word: str, names: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
