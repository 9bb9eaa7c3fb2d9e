"""The work of ``lockgate advisories``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lockgate.cli._progress import progress
from lockgate.cli._project import project_at
from lockgate.cli._text import safe
from lockgate.errors import ExitCode, UsageError
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
    if not arguments.sources and not arguments.apt:
        raise UsageError("nothing to compile", where="advisories update", hint="name SOURCE, or --apt LINE")
    with (
        progress(quiet=arguments.quiet) as tell,
        tempfile.TemporaryDirectory(prefix="lockgate-advisories-") as folder,
    ):
        report = AdvisoryStore.build(
            [*arguments.sources, *_of_apt(arguments.apt, workspace.cache_dir / "apt", Path(folder))],
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


def _of_apt(lines: Sequence[str], cache: Path, folder: Path) -> Iterator[Path]:
    """What security indexes of distributions come to, as a file of records."""
    if not lines:
        return
    import orjson

    from lockgate.sources.apt import all_records

    made = folder / "apt.json"
    made.write_bytes(orjson.dumps(all_records(lines, cache=cache)))
    yield made


def _show(path: Path) -> int:
    store = AdvisoryStore.open(path)
    for key, value in store.meta().items():
        print(f"{key}: {value}")
    return int(ExitCode.ALLOWED)
