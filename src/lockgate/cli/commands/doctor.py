"""``lockgate doctor``: what is installed, what is fresh, what will be skipped."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form (default: text)")


def _run(arguments: argparse.Namespace) -> int:
    import json

    from lockgate.cli._doctor import examine

    checks = examine()
    if arguments.format == "json":
        print(json.dumps([{"name": c.name, "ok": c.ok, "says": c.says, "hint": c.hint} for c in checks], indent=2))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'MISS'} {check.name}: {check.says}")
            if check.hint and not check.ok:
                print(f"     {check.hint}")
    return 0 if all(check.ok for check in checks) else 4


COMMAND = Command(
    about="Say what is installed, which stores are fresh, and what would be skipped.",
    configure=_configure,
    run=_run,
    notes="Exit code 4 when something that a full check needs is missing.",
    examples="  lockgate doctor\n  lockgate doctor --format json\n",
)
