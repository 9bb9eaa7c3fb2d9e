"""What share of findings keeps its identity over renames, moves, reformatting and unrelated edits.

    python bench/identity.py [REPOSITORY ...] [--commits N]

With repositories: replays their last N commits that rename a file, the tree before against the tree after, over the
files each commit touches. Without one: a synthetic history made here, with a fixed seed. Synthetic figures say how the
method behaves on such edits, not how often they occur. Anchors are lines, as a SARIF tool reports them: one line in
five, its text without blanks as the subject. Truth: for a real commit the lines that git's rename and a line diff pair
up; for the synthetic one, known by construction. Baselines: a hash of path and line number, and a hash of path and line
text with its ordinal, which is in essence what code scanning by uploaded SARIF does.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lockgate.findings import KnownFinding, settle
from lockgate.model import Confidence, Family, Finding, Location, RuleId, Severity, Subject

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
MAX_LINES = 2_500
MAX_FILES = 150
Tree = dict[str, list[str]]
Place = tuple[str, int]
METHODS = (
    "settle with rename map",
    "settle without",
    "no earlier run known",
    "hash of path and text",
    "hash of path and line",
)


@dataclass(slots=True)
class Step:
    """One commit: both trees, the renames version control knows, and which line became which."""

    before: Tree
    after: Tree
    renames: dict[str, str]
    truth: dict[Place, Place]
    kind: dict[str, str] = field(default_factory=dict)
    """Old path -> what happened to the file."""


def anchors(tree: Tree) -> list[Finding]:
    """The lines that a tool would report."""
    return [
        Finding(
            RuleId("imported/line"), Family.IMPORTED, Severity.LOW, Confidence.LOW,
            Subject("code", "line", normal(line)), Location(path, number), "m",
        )
        for path, lines in tree.items()
        for number, line in enumerate(lines, 1)
        if is_anchor(line)
    ]  # fmt: skip


def is_anchor(line: str) -> bool:
    text = normal(line)
    return len(text) >= 6 and hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] < 51


def normal(line: str) -> str:
    return "".join(line.split())


def names(
    tree: Tree, known: tuple[KnownFinding, ...], renames: dict[str, str]
) -> tuple[dict[Place, str], tuple[KnownFinding, ...]]:
    settled = settle(anchors(tree), known=known, today=NOW.date(), now=NOW, renames=renames)
    return {
        (one.finding.location.path, one.finding.location.line): one.identity for one in settled.findings
    }, settled.known


def by_text(tree: Tree) -> dict[Place, str]:
    count: Counter[str] = Counter()
    out: dict[Place, str] = {}
    for one in anchors(tree):
        mark = f"{one.location.path}\0{one.subject.key}"
        count[mark] += 1
        out[one.location.path, one.location.line] = f"{mark}\0{count[mark]}"
    return out


def by_line(tree: Tree) -> dict[Place, str]:
    return {(one.location.path, one.location.line): f"{one.location.path}:{one.location.line}" for one in anchors(tree)}


def measure(steps: Iterator[Step]) -> tuple[dict[str, Counter[str]], Counter[str], int]:
    kept: dict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    commits = 0
    for step in steps:
        commits += 1
        before, known = names(step.before, (), {})
        pairs = {
            METHODS[0]: (before, names(step.after, known, step.renames)[0]),
            METHODS[1]: (before, names(step.after, known, {})[0]),
            METHODS[2]: (before, names(step.after, (), {})[0]),
            METHODS[3]: (by_text(step.before), by_text(step.after)),
            METHODS[4]: (by_line(step.before), by_line(step.after)),
        }
        for old, new in step.truth.items():
            if old not in before:
                continue
            what = step.kind.get(old[0], "edited")
            total[what] += 1
            for method, (left, right) in pairs.items():
                kept[what][method] += left[old] == right.get(new)
    return kept, total, commits


def git(repository: str, *arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["git", "-C", repository, *arguments], input=given, capture_output=True, check=True).stdout


def replay(repository: str, limit: int) -> Iterator[Step]:
    """The last commits of a repository that rename a text file."""
    wanted = ("--all", "--no-merges", "--min-parents=1", "-M", "--diff-filter=R", f"-{limit}", "--format=%H")
    log = git(repository, "log", *wanted)
    for commit in log.decode().split():
        changes = git(repository, "diff-tree", "-r", "-z", "-M", "--no-commit-id", "--name-status", commit).decode(
            "utf-8", "surrogateescape"
        )
        step = Step({}, {}, {}, {})
        for status, old, new in list(_changes(changes.split("\0")))[:MAX_FILES]:
            left = _lines(repository, f"{commit}^:{old}") if old else None
            right = _lines(repository, f"{commit}:{new}") if new else None
            if left is not None:
                step.before[old] = left
            if right is not None:
                step.after[new] = right
            if left is None or right is None:
                continue
            step.kind[old] = "renamed" if status == "R" else "edited"
            if status == "R":
                step.renames[old] = new
            for block in difflib.SequenceMatcher(
                None, [normal(one) for one in left], [normal(one) for one in right], autojunk=False
            ).get_matching_blocks():
                for offset in range(block.size):
                    step.truth[old, block.a + offset + 1] = (new, block.b + offset + 1)
        if step.renames:
            yield step


def _changes(fields: list[str]) -> Iterator[tuple[str, str, str]]:
    rest = iter(fields)
    for status in rest:
        if status[:1] == "R":
            yield "R", next(rest), next(rest)
        elif status[:1] in ("M", "T"):
            path = next(rest)
            yield "M", path, path
        elif status[:1] == "A":
            yield "A", "", next(rest)
        elif status[:1] == "D":
            yield "D", next(rest), ""


def _lines(repository: str, name: str) -> list[str] | None:
    try:
        content = git(repository, "cat-file", "blob", name)
    except subprocess.CalledProcessError:
        return None
    lines = content.decode("utf-8", "replace").splitlines()
    return None if b"\0" in content[:8000] or len(lines) > MAX_LINES else lines


WORDS = "read write open close user token cache store file path line rule scan name value key index item".split()  # noqa: SIM905 -- a list of words reads best so


def synthetic(limit: int, seed: int = 7) -> Iterator[Step]:
    """Commits over a tree of 60 files whose lines repeat across files as boilerplate does."""
    chance = random.Random(seed)
    tree: dict[str, list[tuple[int, str]]] = {}
    serial = 0

    def line() -> tuple[int, str]:
        nonlocal serial
        serial += 1
        common = chance.random() < 0.3
        text = (
            f"import {chance.choice(WORDS)}"
            if common
            else f"{chance.choice(WORDS)}_{serial} = {chance.choice(WORDS)}()"
        )
        return serial, "    " * chance.randrange(3) + text

    for number in range(60):
        name = chance.choice(["main", "util", "model", "views", f"m{number}"])
        tree[f"pkg{number % 7}/{name}{number if chance.random() < 0.5 else ''}_{number // 7}.py"] = [
            line() for _ in range(chance.randrange(30, 200))
        ]
    for _ in range(limit):
        after = {path: list(lines) for path, lines in tree.items()}
        moved: dict[str, str] = {}
        kind: dict[str, str] = {}
        deed = chance.choice(["rename", "move folder", "reformat", "edit", "rename and edit", "copy"])
        chosen = chance.choice(sorted(after))
        if deed in ("rename", "rename and edit"):
            moved[chosen] = chosen.rpartition("/")[0] + f"/new{chance.randrange(10**6)}.py"
        elif deed == "move folder":
            folder, target = chosen.split("/")[0], f"deep{chance.randrange(10**6)}/{chosen.split('/')[0]}"
            moved = {path: target + path.removeprefix(folder) for path in after if path.startswith(folder + "/")}
            if max(path.count("/") for path in moved.values()) > 6:
                moved = {path: f"top{chance.randrange(10**6)}/" + path.rpartition("/")[2] for path in moved}
                if len(set(moved.values())) < len(moved):
                    continue
        elif deed == "reformat":
            after[chosen] = [(mark, "\t" + " ".join(text.split())) for mark, text in after[chosen]]
        elif deed == "copy":
            after[f"copies/c{chance.randrange(10**6)}.py"] = [(-mark, text) for mark, text in after[chosen]]
        if deed in ("edit", "rename and edit"):
            lines = after[chosen]
            for _ in range(chance.randrange(1, 12)):
                lines.insert(chance.randrange(len(lines) + 1), line())
                if len(lines) > 5 and chance.random() < 0.5:
                    lines.pop(chance.randrange(len(lines)))
        for old, new in moved.items():
            after[new] = after.pop(old)
        kind = dict.fromkeys(moved or [chosen], deed)
        where = {mark: (path, at) for path, lines in after.items() for at, (mark, _) in enumerate(lines, 1)}
        truth = {
            (path, at): where[mark] for path in kind for at, (mark, _) in enumerate(tree[path], 1) if mark in where
        }
        yield Step(_plain(tree), _plain(after), moved, truth, kind)
        if deed == "copy":
            continue
        tree = after


def _plain(tree: dict[str, list[tuple[int, str]]]) -> Tree:
    return {path: [text for _, text in lines] for path, lines in tree.items()}


def show(title: str, kept: dict[str, Counter[str]], total: Counter[str], commits: int) -> None:
    print(f"\n{title}: {commits} commits, {sum(total.values())} findings on touched files that still stand after")
    if not total:
        print("nothing to measure")
        return
    print(f"{'':22}{'findings':>9}" + "".join(f"{method:>25}" for method in METHODS))
    for what in [*sorted(total), "all"]:
        count = sum(total.values()) if what == "all" else total[what]
        shares = [
            sum(one[method] for one in kept.values()) if what == "all" else kept[what][method] for method in METHODS
        ]
        print(f"{what:22}{count:9}" + "".join(f"{share / count:24.2%} " for share in shares))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*")
    parser.add_argument("--commits", type=int, default=300)
    asked = parser.parse_args()
    for repository in asked.repositories:
        show(f"{repository.rstrip('/').rpartition('/')[2]}, replayed", *measure(replay(repository, asked.commits)))
    if not asked.repositories:
        show("SYNTHETIC history", *measure(synthetic(asked.commits)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
