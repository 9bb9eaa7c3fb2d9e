"""``lockgate explain``: one rule in words: what, why, how to mend it, and samples."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", metavar="RULE", help="rule id, as findings show it")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.rules import explain, load

    print(explain(load().get(arguments.rule)))
    return 0


COMMAND = Command(
    about="Explain one rule: why it matters and what to do.",
    configure=_configure,
    run=_run,
    examples="  lockgate explain dockerfiles/root-user\n",
)
