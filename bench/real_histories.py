"""Real repositories with their whole histories, where only a registry of Go modules can be reached.

    python -m bench.real_histories FOLDER

The tests of go-git bring packs of public repositories (spinnaker, rumprun-xen, go-git itself, desk, ...); their module,
``gopkg.in/src-d/go-git-fixtures.v3``, comes with the ordinary client. Each pack becomes a bare repository below FOLDER
with a branch for every commit that has no child. ``bench.identity`` replays their renames, ``bench.history`` reads
their blobs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.identity import git

MODULE = "gopkg.in/src-d/go-git-fixtures.v3@v3.5.0"
_ENTRY = re.compile(r'URL:\s+"https://github\.com/([\w-]+)/([\w-]+)\.git".*?\n}', re.DOTALL)
_PACK = re.compile(r'PackfileHash:\s+plumbing\.NewHash\("([0-9a-f]{40})"\)')


def repositories(folder: Path) -> Iterator[tuple[Path, int]]:
    """Each repository made below ``folder`` (new, or ``FileExistsError``), and how many commits it has."""
    folder.mkdir(parents=True)
    said = subprocess.run(
        ["go", "mod", "download", "-json", MODULE],
        check=True, capture_output=True, text=True, cwd=folder, env={**os.environ, "GO111MODULE": "on"},
    ).stdout  # fmt: skip
    module = Path(json.loads(said)["Dir"])
    for entry in _ENTRY.finditer((module / "fixtures.go").read_text("utf-8")):
        pack = _PACK.search(entry[0])
        source = module / "data" / f"pack-{pack[1]}.pack" if pack else module / "missing"
        target = folder / f"{entry[1]}-{entry[2]}"
        if not source.is_file() or target.exists():
            continue
        subprocess.run(["git", "init", "-q", "--bare", str(target)], check=True)
        git(str(target), "index-pack", "--stdin", given=source.read_bytes())
        yield target, branched(str(target))


def branched(repository: str) -> int:
    """Gives every commit without a child a branch; returns the number of commits."""
    listed = git(repository, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").decode()
    commits = [line.removeprefix("commit ") for line in listed.splitlines() if line.startswith("commit ")]
    walked = git(repository, "rev-list", "--parents", "--stdin", given="\n".join(commits).encode()).decode()
    children = {parent for line in walked.splitlines() for parent in line.split()[1:]}
    tips = [commit for commit in commits if commit not in children]
    updates = "".join(f"create refs/heads/tip-{number} {tip}\n" for number, tip in enumerate(tips))
    git(repository, "update-ref", "--stdin", given=updates.encode())
    git(repository, "symbolic-ref", "HEAD", "refs/heads/tip-0")
    return len(commits)


def main() -> None:
    """Print what was made."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for repository, commits in repositories(Path(sys.argv[1])):
        log = ("log", "--all", "--no-merges", "-M", "--diff-filter=R", "--name-status", "--format=")
        renames = git(str(repository), *log)
        print(f"{repository}: {commits} commits, {len(renames.splitlines())} renames")


if __name__ == "__main__":
    main()
