"""How fast Dockerfiles and workflows are judged, beside hadolint and checkov where they are on PATH.

Run: ``python bench/dockerfiles.py [FOLDER ...]``. Without a folder it takes the Dockerfiles and workflows of the
corpora (``LOCKGATE_CORPORA``), each many times over. Prints one table; times are CPU seconds, children included.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lockgate.formats.dockerfile import commands, parse
from lockgate.model import Family, File, Finding
from lockgate.rules import load
from lockgate.scanners import ScanContext, Scanner
from lockgate.scanners.dockerfiles import SCANNER as DOCKERFILES
from lockgate.scanners.workflows import SCANNER as WORKFLOWS

DEFAULT = Path(os.environ.get("LOCKGATE_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "corpora"))


def cpu() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = cpu()
    answer = work()
    return cpu() - start, answer


def files(roots: list[Path], scanner: Scanner) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and scanner.wants(name, path.stat().st_size):
                found[name] = path.read_bytes()
    return found


def judge(scanner: Scanner, family: Family, contents: dict[str, bytes], cache: Path | None = None) -> int:
    session = scanner.start(load([family]).rules, ScanContext(salt=b"0" * 16, cache_dir=cache))
    rows = [
        row
        for name, content in contents.items()
        for row in session.feed(File(name, len(content), lambda content=content: content))
    ]
    rows += session.finish()
    return sum(isinstance(row, Finding) for row in rows)


def peer(program: str, arguments: list[str], folder: Path) -> float | None:
    if shutil.which(program) is None:
        return None
    command = [program, *arguments]
    if program == "hadolint":
        command += [str(path) for path in sorted(folder.iterdir())]
    return timed(lambda: subprocess.run(command, capture_output=True, cwd=folder, check=False))[0]


def main() -> None:
    roots = [Path(argument) for argument in sys.argv[1:]] or [DEFAULT / "checkov-fixtures"]
    docker, flows = files(roots, DOCKERFILES), files(roots, WORKFLOWS)
    if not docker and not flows:
        raise SystemExit(f"no Dockerfile and no workflow below {', '.join(map(str, roots))}")
    lines = sum(content.count(b"\n") + 1 for content in docker.values())
    rows: list[tuple[str, float | None, str]] = []
    load([Family.DOCKERFILES, Family.WORKFLOWS])
    spent, _ = timed(lambda: [commands(s) for c in docker.values() for t in parse(c).stages for s in t.instructions])
    rows.append(("parse Dockerfiles and their commands", spent, f"{len(docker)} files, {lines} lines"))
    ours, count = timed(lambda: judge(DOCKERFILES, Family.DOCKERFILES, docker))
    rows.append(("judge Dockerfiles (catalogue loaded cold)", ours, f"{count} findings"))
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        spent, count = timed(lambda: judge(WORKFLOWS, Family.WORKFLOWS, flows, cache))
        rows.append(("judge workflows, first run", spent, f"{len(flows)} files, {count} findings"))
        spent, count = timed(lambda: judge(WORKFLOWS, Family.WORKFLOWS, flows, cache))
        rows.append(("judge workflows, unchanged", spent, f"{count} findings"))
    with tempfile.TemporaryDirectory() as name:
        for number, content in enumerate(docker.values()):
            (Path(name) / f"Dockerfile.{number}").write_bytes(content)
        for program, arguments in (("hadolint", []), ("checkov", ["--framework", "dockerfile", "-d", ".", "--quiet"])):
            spent_by = peer(program, arguments, Path(name))
            note = "not on PATH" if spent_by is None else f"{spent_by / ours:.1f} x our judging"
            rows.append((f"{program} over the same Dockerfiles", spent_by, note))
    for title, seconds, note in rows:
        print(f"{title:45} {'-' if seconds is None else f'{seconds:8.3f}'} s  {note}")


if __name__ == "__main__":
    main()
