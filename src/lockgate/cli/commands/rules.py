"""``lockgate rules``: the catalogue."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--family", help="only rules of this family")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="form (default: text)")


def _run(arguments: argparse.Namespace) -> int:
    import json

    from lockgate.errors import UsageError
    from lockgate.model import Family
    from lockgate.rules import catalogue_markdown, load

    try:
        families = {Family(arguments.family)} if arguments.family else None
    except ValueError:
        raise UsageError(
            f"there is no family {arguments.family!r}", hint=f"one of {', '.join(family.value for family in Family)}"
        ) from None
    book = load(families)
    if arguments.format == "markdown":
        print(catalogue_markdown(book))
    elif arguments.format == "json":
        rows = [
            {"id": r.id, "family": r.family, "severity": str(r.severity), "confidence": str(r.confidence),
             "title": r.title, "tags": list(r.tags)}
            for r in book.rules
        ]  # fmt: skip
        print(json.dumps(rows, indent=2))
    else:
        width = max((len(rule.id) for rule in book.rules), default=0)
        for rule in book.rules:
            print(f"{rule.id:<{width}}  {rule.severity!s:<8}  {rule.title}")
        print(f"{len(book.rules)} rules")
    return 0


COMMAND = Command(
    about="List the rules that judge.",
    configure=_configure,
    run=_run,
    examples="  lockgate rules --family dockerfiles\n  lockgate rules --format json\n",
)
