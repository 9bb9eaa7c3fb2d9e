"""``lockgate completion``: shell completion, generated from the parser."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="shell to write for")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._completion import script

    print(script(arguments.shell))
    return 0


COMMAND = Command(
    about="Print a completion script for bash, zsh or fish.",
    configure=_configure,
    run=_run,
    examples='  eval "$(lockgate completion bash)"\n'
    "  lockgate completion fish > ~/.config/fish/completions/lockgate.fish\n",
)
