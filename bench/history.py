"""Secrets in a long history: ``python -m bench.history [--commits N] [--repository PATH]``.

Without a repository, a synthetic one is written by ``git fast-import``: N commits (default 16,000), each changing two
files of a source tree as people do, by a line here and there. Its blobs are alike, as those of real histories are.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.check import measured, shown, source_tree


def synthetic(folder: Path, *, commits: int) -> int:
    """A repository of that many commits; returns the bytes of all blobs."""
    random.seed(7)
    tree = source_tree(None)
    sources = [path for path in sorted(tree.rglob("*.go")) if 40_000 < path.stat().st_size < 200_000]
    texts = {path.relative_to(tree).as_posix(): path.read_text("utf-8", "replace").splitlines() for path in sources}
    names = sorted(texts)
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    total = 0
    process = subprocess.Popen(
        ["git", "-C", str(folder), "-c", "core.compression=1", "fast-import", "--quiet"], stdin=subprocess.PIPE
    )
    out = process.stdin
    assert out is not None
    for number in range(1, commits + 1):
        changed = names if number == 1 else random.sample(names, 2)
        out.write(b"commit refs/heads/main\ncommitter b <b@x.example> %d +0000\ndata 1\nx\n" % (1_500_000_000 + number))
        for name in changed:
            lines = texts[name]
            lines.insert(random.randrange(len(lines) + 1), f"// change {number}: {random.random()}")
            content = "\n".join(lines).encode()
            total += len(content)
            out.write(b"M 100644 inline %s\ndata %d\n" % (name.encode(), len(content)))
            out.write(content + b"\n")
    out.close()
    if process.wait():
        sys.exit("git fast-import failed")
    return total


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=16_000)
    parser.add_argument("--repository", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = arguments.repository or Path(folder) / "history"
        if arguments.repository is None:
            size = synthetic(here, commits=arguments.commits)
            print(f"{arguments.commits:,} synthetic commits, {size / 1e9:.2f} GB of blobs")
        shutil.rmtree(here / ".lockgate", ignore_errors=True)
        command = [sys.executable, "-m", "lockgate", "check", "--quiet", "--history"]
        print(f"{'':<42} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
        shown("first", measured(command, cwd=here, runs=1))
        shown("again", measured(command, cwd=here, runs=1))


if __name__ == "__main__":
    main()
