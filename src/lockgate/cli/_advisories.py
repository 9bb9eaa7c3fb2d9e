"""The work of ``lockgate advisories``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lockgate.cli._progress import progress
from lockgate.cli._project import project_at
from lockgate.cli._text import safe
from lockgate.errors import ExitCode
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.workspace import prepare


def run(arguments: argparse.Namespace) -> int:
    """Update or show."""
    workspace = project_at(Path.cwd()).workspace
    target = Path(arguments.store) if arguments.store else workspace.advisories
    if arguments.action == "show":
        return _show(target)
    if not arguments.store:
        prepare(workspace)
    with progress(quiet=arguments.quiet) as tell:
        report = AdvisoryStore.build(
            arguments.sources,
            target,
            kev=Path(arguments.kev) if arguments.kev else None,
            epss=Path(arguments.epss) if arguments.epss else None,
            progress=lambda step, done: tell(step, done, 0),
        )
    for problem in report.problems[:20]:
        print(f"skipped {safe(problem.path)}: {safe(problem.reason)}", file=sys.stderr)
    for reason, count in report.skipped.items():
        print(f"left out: {count:,} {safe(reason)}", file=sys.stderr)
    print(f"{report.kept:,} of {report.read:,} advisories compiled into {target} ({report.bytes:,} bytes)")
    return int(ExitCode.ALLOWED)


def _show(path: Path) -> int:
    store = AdvisoryStore.open(path)
    for key, value in store.meta().items():
        print(f"{key}: {value}")
    return int(ExitCode.ALLOWED)
