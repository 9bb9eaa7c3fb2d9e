"""Looks at everything a full check leans on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lockgate.errors import LockgateError

_STALE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    says: str
    hint: str = ""


def examine() -> list[Check]:
    """Every check, in the order a person would ask."""
    return [check for look in (_python, _programs, _engines, _project, _advisories, _rules) for check in _guarded(look)]


def _guarded(look: Callable[[], Iterator[Check]]) -> list[Check]:
    try:
        return list(look())
    except LockgateError as error:
        return [Check(look.__name__.strip("_"), False, str(error))]


def _python() -> Iterator[Check]:
    yield Check("python", sys.version_info >= (3, 11), sys.version.split()[0], "Lockgate needs Python 3.11 or newer")


def _programs() -> Iterator[Check]:
    beside = str(Path(sys.executable).parent)
    for name, need in (("git", "staged, since, history and blame"), ("zizmor", "GitHub workflows")):
        found = shutil.which(name, path=beside) or shutil.which(name)
        says = _version(found) if found else "not found"
        yield Check(name, found is not None, says, f"without it these are skipped: {need}")


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "does not answer"
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "says no version"


def _engines() -> Iterator[Check]:
    import importlib.util
    from importlib.metadata import version

    for module, package in (
        ("hyperscan", "hyperscan"), ("re2", "google-re2"), ("deltalake", "deltalake"), ("duckdb", "duckdb"),
    ):  # fmt: skip
        there = importlib.util.find_spec(module) is not None
        yield Check(package, there, version(package) if there else "not installed", f"pip install {package}")


def _project() -> Iterator[Check]:
    from lockgate.cli._project import project_at

    project = project_at(Path.cwd())
    yield Check("project", True, f"{project.top} ({'git' if project.git else 'a plain folder'})")
    yield Check("settings", True, "lockgate.yaml" if (project.top / "lockgate.yaml").exists() else "defaults")
    yield Check("workspace", True, project.workspace.record)
    shallow = project.git is not None and project.git.try_text("rev-parse", "--is-shallow-repository") == "true"
    yield Check("history", not shallow, "shallow clone" if shallow else "complete", "git fetch --unshallow")


def _advisories() -> Iterator[Check]:
    from lockgate.cli._project import project_at
    from lockgate.store.advisories import AdvisoryStore

    path = project_at(Path.cwd()).workspace.advisories
    hint = "lockgate advisories update SOURCE ... (https://osv.dev has exports)"
    if not path.exists():
        yield Check("advisories", False, f"no store at {path}: dependencies would not be checked", hint)
        return
    age = (datetime.now(UTC) - datetime.fromtimestamp(path.stat().st_mtime, UTC)).days
    meta = AdvisoryStore.open(path).meta()
    count = meta.get("advisories", "?")
    yield Check("advisories", age <= _STALE_DAYS, f"{count} advisories, compiled {age} day(s) ago", hint)


def _rules() -> Iterator[Check]:
    from lockgate.rules import load

    book = load()
    yield Check("rules", bool(book.rules), f"{len(book.rules)} rules, digest {book.digest[:12]}")
