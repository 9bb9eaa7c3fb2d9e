"""Who brought a line, from ``git blame``, within a budget of time. Calls a process, and is alone in that here."""

from __future__ import annotations

import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lockgate.dataclass import dataclass

SECONDS = 5.0
"""All blames of a run together; what is not known by then stays unknown."""
MAX_LINES = 500
"""Lines asked of one file."""
_ZERO = "0" * 40


@dataclass(frozen=True, slots=True)
class Introduction:
    """The commit that brought a line."""

    by: str = ""
    """Author, with address."""
    at: str = ""
    """ISO time, UTC."""
    commit: str = ""


Place = tuple[str, int]
"""Path and line."""
Introductions = Callable[[Sequence[Place]], Mapping[Place, Introduction]]
Runner = Callable[[Sequence[str], float], bytes | None]
"""Runs an argument list within so many seconds; its output, or None when it failed."""


def introductions(root: Path, *, seconds: float = SECONDS, run: Runner | None = None) -> Introductions:
    """A function that tells who brought each line of the working tree at ``root``.

    Lines that are not committed, files git does not know, and what the budget does not reach are left out.
    """
    runner = run or _git_runner(root)

    def ask(places: Sequence[Place]) -> dict[Place, Introduction]:
        by_path: dict[str, list[int]] = defaultdict(list)
        for path, line in places:
            if line > 0 and "\0" not in path:
                by_path[path].append(line)
        found: dict[Place, Introduction] = {}
        end = time.monotonic() + seconds
        for path, lines in by_path.items():
            left = end - time.monotonic()
            if left <= 0:
                break
            wanted = sorted(set(lines))[:MAX_LINES]
            output = runner(_arguments(path, wanted), left)
            if output is not None:
                told = parse_porcelain(output)
                found.update({(path, line): told[line] for line in wanted if line in told})
        return found

    return ask


def parse_porcelain(output: bytes) -> dict[int, Introduction]:
    """Line -> introduction, from ``git blame --porcelain`` (https://git-scm.com/docs/git-blame#_the_porcelain_format)."""
    facts: dict[str, dict[str, str]] = defaultdict(dict)
    commits: dict[int, str] = {}
    commit = ""
    for raw in output.split(b"\n"):
        if raw.startswith(b"\t"):
            commit = ""
            continue
        name, _, value = raw.decode("utf-8", "replace").partition(" ")
        if not commit:
            numbers = value.split(" ")
            if len(name) in (40, 64) and len(numbers) >= 2 and numbers[1].isdigit():
                commit = name
                commits[int(numbers[1])] = commit
        else:
            facts[commit].setdefault(name, value)
    return {line: _introduction(one, facts[one]) for line, one in commits.items() if not one.startswith(_ZERO)}


def _introduction(commit: str, facts: Mapping[str, str]) -> Introduction:
    by = " ".join(filter(None, (facts.get("author", ""), facts.get("author-mail", ""))))
    seconds = facts.get("author-time", "")
    try:
        at = datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        at = ""
    return Introduction(by, at, commit)


def _arguments(path: str, lines: Sequence[int]) -> list[str]:
    ranges = [word for line in lines for word in ("-L", f"{line},{line}")]
    return ["blame", "--porcelain", *ranges, "--", path]


def _git_runner(root: Path) -> Runner:
    """git without the repository's own say on which programs to run (hooks, file system monitor, text conversion)."""
    fixed = [
        "git",
        "--literal-pathspecs",
        "--no-optional-locks",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "blame.ignoreRevsFile=",
    ]

    def run(arguments: Sequence[str], seconds: float) -> bytes | None:
        verb, *rest = arguments
        try:
            done = subprocess.run(
                [*fixed, "-C", str(root), verb, "--no-textconv", *rest],
                capture_output=True,
                timeout=seconds,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            )
        except (OSError, subprocess.SubprocessError, ValueError):
            return None
        return done.stdout if done.returncode == 0 else None

    return run
