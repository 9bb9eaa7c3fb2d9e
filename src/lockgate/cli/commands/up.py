"""``lockgate up``: the web console and its API, beside the query APIs."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command
from lockgate.cli.commands import serve as _serve


def _configure(parser: argparse.ArgumentParser) -> None:
    _serve.COMMAND.configure(parser)


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._up import run

    return run(arguments)


COMMAND = Command(
    about="Serve the web console and its API, where a team signs in, beside what `lockgate serve` answers.",
    configure=_configure,
    run=_run,
    notes="Needs lockgate[server]. Where people reach it, who signs in: lockgate.yaml, under server and people.",
    examples=(
        "  lockgate up                                   (http://localhost:8642, on this machine)\n"
        "  lockgate up --host 0.0.0.0 --tls /certificates\n"
    ),
)
