"""Identity over what a public project really renamed and moved: ``python -m bench.identity_releases REPOSITORY ...``.

``REPOSITORY`` is a history of releases as ``bench.release_history`` makes it. Of each release against the one before,
both whole trees are checked: by the scanners for secrets, Dockerfiles and workflows, by some rules of ruff read as
SARIF (where there is Python), and as lines (one in five, as a stand-in for a tool with very many results).
Only findings in files that git sees renamed count, and only those whose line a line diff of the two files pairs up and
where the same rule still finds something. Kept: the new finding at that line has the identity of the old one. As git
says which files belong together, the column with the rename map leans on the truth's own source; the others do not.
"""

from __future__ import annotations

import argparse
import difflib
import io
import itertools
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.identity import METHODS, NOW, anchors, git, normal
from lockgate.findings import KnownFinding, settle
from lockgate.model import File, Finding
from lockgate.rules import load
from lockgate.scanners import ScanContext, Scanner, dockerfiles, secrets, workflows
from lockgate.sources.sarif import SarifSource

SALT = b"0" * 16
MAX_FILE = 300_000
MAX_LINES = 4_000
"""Longer files are data; a line diff of them takes minutes."""
SCANNERS: dict[str, Scanner] = {
    "secrets": secrets.SCANNER, "Dockerfiles": dockerfiles.SCANNER, "workflows": workflows.SCANNER,
}  # fmt: skip
RUFF_RULES = "S,B,BLE,PLW"
Place = tuple[str, int, str, int]
"""Path, line, rule, and which of the rule's findings on that line."""
Contents = dict[str, bytes]
Names = dict[Place, str]


def trees(repository: str) -> Iterator[tuple[str, str]]:
    """Pairs of a commit and the next, oldest first."""
    commits = git(repository, "rev-list", "--reverse", "--first-parent", "HEAD").decode().split()
    yield from itertools.pairwise(commits)


def read(repository: str, commit: str, folder: Path) -> Contents:
    """The text files of one commit; also written below ``folder``, for tools that read a tree."""
    found: Contents = {}
    with tarfile.open(fileobj=io.BytesIO(git(repository, "archive", "--format=tar", commit))) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isreg() and member.size <= MAX_FILE else None
            content = stream.read() if stream else b"\0"
            if b"\0" not in content[:8000]:
                found[member.name] = content
    for path, content in found.items():
        place = folder / path
        if path.endswith(".py"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return found


def renamed(repository: str, before: str, after: str) -> dict[str, tuple[str, bool]]:
    """Old path -> (new path, whether the content is the very same), by git's own rename detection."""
    out = git(repository, "diff-tree", "-r", "-z", "-M", "-l0", "--diff-filter=R", "--name-status", before, after)
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    return {fields[at + 1]: (fields[at + 2], fields[at] == "R100") for at in range(0, len(fields) - 2, 3)}


def observed(contents: Contents, folder: Path, cache: Path) -> dict[str, list[Finding]]:
    """Findings of one tree by what found them."""
    found: dict[str, list[Finding]] = {}
    for name, scanner in SCANNERS.items():
        rules = load([scanner.family]).of(scanner.family)
        session = scanner.start(rules, ScanContext(salt=SALT, cache_dir=cache))
        rows = [
            row
            for path, content in contents.items()
            if scanner.wants(path, len(content))
            for row in session.feed(File(path, len(content), lambda content=content: content))
        ]
        found[name] = [one for one in (*rows, *session.finish()) if isinstance(one, Finding)]
    if any(path.endswith(".py") for path in contents):
        found["ruff, by SARIF"] = ruff(folder)
    lines = {path: content.decode("utf-8", "replace").splitlines() for path, content in contents.items()}
    found["lines"] = anchors({path: text for path, text in lines.items() if len(text) <= MAX_LINES})
    return found


def ruff(folder: Path) -> list[Finding]:
    """What ruff's security and likely-bug rules say, as any SARIF log is read."""
    program = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if program is None:
        sys.exit("ruff is not installed: there is nothing to import")
    options = [
        "--isolated",
        "--no-cache",
        "--no-respect-gitignore",
        "--exit-zero",
        "--quiet",
        "--select",
        "S,B,BLE,PLW",
    ]
    done = subprocess.run(
        [program, "check", *options, "--output-format", "sarif", "."], cwd=folder, capture_output=True, check=True
    )
    log = folder / "ruff.sarif"
    log.write_bytes(done.stdout)
    source = SarifSource(log, salt=SALT, tree=folder)
    return [one for one in source.collect(lambda path, size: True) if isinstance(one, Finding)]


def placed(findings: Sequence[Finding]) -> list[tuple[Place, Finding]]:
    """Each finding by where it is, whatever else is on its line."""
    count: Counter[tuple[str, int, str]] = Counter()
    out = []
    for one in sorted(findings, key=lambda one: (one.location.path, one.location.line, one.location.column)):
        where = (one.location.path, one.location.line, str(one.rule))
        count[where] += 1
        out.append(((*where, count[where]), one))
    return out


def by_settle(
    findings: Sequence[Finding], known: tuple[KnownFinding, ...], renames: Mapping[str, str]
) -> tuple[dict[tuple[str, str, int, int], str], tuple[KnownFinding, ...]]:
    """Identity by rule, path, line and column; a finding with several places has one at each."""
    settled = settle(findings, known=known, today=NOW.date(), now=NOW, renames=renames)
    names = {
        (str(one.finding.rule), place.path, place.line, place.column): one.identity
        for one in settled.findings
        for place in one.locations
    }
    return names, settled.known


def by_text(places: Sequence[tuple[Place, Finding]], contents: Contents) -> Names:
    """Rule, path and text of the line, with its ordinal: what code scanning by uploaded SARIF rests on."""
    split: dict[str, list[str]] = {}
    count: Counter[str] = Counter()
    out: Names = {}
    for place, _ in places:
        path, line, rule, _ = place
        lines = split.setdefault(path, contents.get(path, b"").decode("utf-8", "replace").splitlines())
        mark = "\0".join((rule, path, normal(lines[line - 1]) if 0 < line <= len(lines) else ""))
        count[mark] += 1
        out[place] = f"{mark}\0{count[mark]}"
    return out


def lines_paired(old: bytes, new: bytes) -> dict[int, int]:
    """Line before -> line after, by a line diff that does not see blanks."""
    left, right = ([normal(one) for one in side.decode("utf-8", "replace").splitlines()] for side in (old, new))
    if left == right:
        return {at: at for at in range(1, len(left) + 1)}
    if max(len(left), len(right)) > MAX_LINES:
        return {}
    blocks = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return {block.a + at + 1: block.b + at + 1 for block in blocks for at in range(block.size)}


class Tally:
    """What was kept, by kind of finding and whether the moved file was edited too."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.with_findings: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.total: Counter[tuple[str, str]] = Counter()
        self.kept: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.lost: list[str] = []

    def count(
        self, kind: str, pair: str, moves: Mapping[str, tuple[str, bool]], paired: Mapping[str, Mapping[int, int]],
        *, before: Sequence[tuple[Place, Finding]], methods: Mapping[str, tuple[Names, Names]],
    ) -> None:  # fmt: skip
        """Count the findings of one kind in the files that moved between two trees."""
        after = methods[METHODS[4]][1]
        for place, _ in before:
            path, line, rule, number = place
            if path not in moves or line not in paired[path]:
                continue
            new = (moves[path][0], paired[path][line], rule, number)
            if new not in after:
                continue
            row = (kind, "moved as it is" if moves[path][1] else "moved and edited")
            self.total[row] += 1
            self.with_findings[row].add(f"{pair}:{path}")
            for method, (left, right) in methods.items():
                same = left[place] == right[new]
                self.kept[row][method] += same
                if not same and method in METHODS[:2] and len(self.lost) < 4000:
                    self.lost.append(f"{method}: {kind} {path}:{line} -> {new[0]}:{new[1]} {rule}")


def compare(repository: str, tally: Tally) -> None:
    """Count over every pair of releases."""
    for first, second in trees(repository):
        moves = renamed(repository, first, second)
        if not moves:
            continue
        tally.events.update("moved as it is" if same else "moved and edited" for _, same in moves.values())
        with tempfile.TemporaryDirectory() as folder:
            here, there, cache = Path(folder, "a"), Path(folder, "b"), Path(folder, "cache")
            for one in (here, there, cache):
                one.mkdir()
            old, new = read(repository, first, here), read(repository, second, there)
            seen, seen_after = observed(old, here, cache), observed(new, there, cache)
        moves = {path: (to, same) for path, (to, same) in moves.items() if path in old and to in new}
        paired = {path: lines_paired(old[path], new[to]) for path, (to, _) in moves.items()}
        renames = {path: to for path, (to, _) in moves.items()}
        for kind, findings in seen.items():
            rows, rows_after = placed(findings), placed(seen_after.get(kind, []))
            if not any(place[0] in moves for place, _ in rows):
                continue
            methods = compared(rows, rows_after, renames)
            methods[METHODS[3]] = (by_text(rows, old), by_text(rows_after, new))
            tally.count(kind, first, moves, paired, before=rows, methods=methods)


def compared(
    rows: Sequence[tuple[Place, Finding]], rows_after: Sequence[tuple[Place, Finding]], renames: Mapping[str, str]
) -> dict[str, tuple[Names, Names]]:
    """The names that each method gives before and after, without the one that reads texts."""
    findings, later = [one for _, one in rows], [one for _, one in rows_after]
    before, known = by_settle(findings, (), {})
    runs = {METHODS[0]: (known, renames), METHODS[1]: (known, {}), METHODS[2]: ((), {})}
    methods: dict[str, tuple[Names, Names]] = {}
    for method, (remembered, moved) in runs.items():
        after, _ = by_settle(later, remembered, moved)
        methods[method] = (_named(rows, before), _named(rows_after, after))
    methods[METHODS[4]] = tuple(  # type: ignore[assignment]
        {place: f"{place[0]}:{place[1]}:{place[2]}:{place[3]}" for place, _ in side} for side in (rows, rows_after)
    )
    return methods


def _named(rows: Sequence[tuple[Place, Finding]], names: Mapping[tuple[str, str, int, int], str]) -> Names:
    return {
        place: names[str(one.rule), one.location.path, one.location.line, one.location.column] for place, one in rows
    }


def show(tally: Tally, title: str) -> None:
    """One table."""
    events = tally.events
    print(f"\n{title}: {events.total()} renames ({events['moved as it is']} as they are, the others edited)")
    print(f"{'':34}{'files':>7}{'findings':>9}" + "".join(f"{method:>24}" for method in METHODS))
    for row in sorted(tally.total):
        count = tally.total[row]
        shares = "".join(f"{tally.kept[row][method] / count:>23.2%} " for method in METHODS)
        print(f"{', '.join(row):34}{len(tally.with_findings[row]):>7}{count:>9}{shares}")


def main() -> None:
    """One table for each history, and the first lost ones where asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--lost", type=int, default=0, metavar="N", help="show N findings that lost their identity")
    asked = parser.parse_args()
    for repository in asked.repositories:
        tally, begun = Tally(), time.perf_counter()
        compare(repository, tally)
        show(tally, Path(repository).name)
        print(f"{time.perf_counter() - begun:.0f} s")
        for line in tally.lost[:: max(1, len(tally.lost) // max(asked.lost, 1))][: asked.lost]:
            print(line)


if __name__ == "__main__":
    main()
