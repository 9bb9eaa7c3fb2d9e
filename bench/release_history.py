"""Commits successive releases of a public project as a git history.

    python -m bench.release_history PACKAGE TARGET [--most N]

``PACKAGE`` is a Python package (its wheels are taken, no code of theirs runs) or ``go:MODULE`` (a module of Go: its
whole tree, tests and workflows too). Each release becomes one commit in the new repository ``TARGET``; what the project
renamed and moved between releases is then a rename to git. Without ``--versions`` the last release of each minor series
is taken, ``--most`` of them spread evenly. Downloads go through pip and go, into ``--cache`` (default: temporary).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

MAX_BYTES = 600_000_000
"""Of one release, unpacked; more is refused."""
MAX_MEMBERS = 60_000
_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_CLOSED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_WHEN = "2000-01-01T00:00:00+0000"


def released(package: str) -> list[str]:
    """The plain releases (no candidates) that the registry's own client lists, oldest first."""
    if package.startswith("go:"):
        said = _said(["go", "list", "-m", "-versions", package.removeprefix("go:")])
    else:
        said = _said([sys.executable, "-m", "pip", "index", "versions", package]).partition("Available versions:")[2]
        said = said.partition("\n")[0].replace(",", " ")
    return sorted((word for word in said.split() if _RELEASE.fullmatch(word)), key=_order)


def chosen(versions: Sequence[str], most: int) -> list[str]:
    """The last release of each minor series, at most ``most`` of them, spread evenly, first and last among them."""
    last: dict[tuple[int, ...], str] = {_order(version)[:2]: version for version in versions}
    series = list(last.values())
    if len(series) <= most:
        return series
    return [series[round(at * (len(series) - 1) / max(most - 1, 1))] for at in range(most)]


def fetched(package: str, version: str, cache: Path) -> Path:
    """The archive of one release."""
    if package.startswith("go:"):
        surroundings = {**os.environ, "GOMODCACHE": str(cache / "go"), "GOFLAGS": "-modcacherw"}
        answer = _said(["go", "mod", "download", "-json", f"{package.removeprefix('go:')}@{version}"], surroundings)
        return Path(json.loads(answer)["Zip"])
    folder = cache / "wheels" / package / version
    if not list(folder.glob("*.whl")):
        # Pure wheels of any age: the one asked for is read, never installed.
        asked = ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "-d", str(folder)]
        _said([sys.executable, "-m", "pip", "download", "-q", *asked, f"{package}=={version}"])
    return next(folder.glob("*.whl"))


def unpack(archive: Path, target: Path) -> int:
    """Write the regular files of ``archive`` below ``target``; returns how many. Raises ``ValueError`` on an archive
    that would leave ``target``, touch a ``.git``, or is beyond the limits. What a packager adds is left out."""
    with zipfile.ZipFile(archive) as opened:
        members = [one for one in opened.infolist() if not one.is_dir()]
        if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > MAX_BYTES:
            raise ValueError(f"{archive.name} is too large")
        written = 0
        for member in members:
            path = inside(member.filename)
            if path is None:
                continue
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, place.open("xb") as sink:
                shutil.copyfileobj(source, sink)
            written += 1
    return written


def inside(name: str) -> PurePosixPath | None:
    """The path of a member below the tree, without ``module@version/``; None for what a packager adds."""
    prefix = re.match(r"[^@]+@v[^/]+/", name)
    path = PurePosixPath(name[prefix.end() :] if prefix else name)
    if path.is_absolute() or "\\" in name or any(part == ".." or part.lower() == ".git" for part in path.parts):
        raise ValueError(f"{name!r} does not stay below the tree")
    return None if path.parts[0].endswith((".dist-info", ".data")) else path


def commit(repository: Path, archive: Path, version: str) -> int:
    """Replace the tree by that of ``archive`` and commit it; returns its number of files."""
    for entry in repository.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    count = unpack(archive, repository)
    _git(repository, "add", "-A", "-f")
    _git(repository, "commit", "-q", "--no-verify", "--allow-empty", "-m", version)
    return count


def renames_at(repository: Path, revision: str) -> int:
    """How many renames git sees between a commit and the one before."""
    return len(
        _git(repository, "diff-tree", "-r", "-M", "-l0", "--diff-filter=R", "--name-only", f"{revision}^", revision)
        .splitlines()
    )  # fmt: skip


def _git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@harbour.example", "-c", "core.autocrlf=false")
    dates = {"GIT_AUTHOR_DATE": _WHEN, "GIT_COMMITTER_DATE": _WHEN}
    command = ["git", "-C", str(repository), *identity, "-c", "commit.gpgsign=false", *arguments]
    return _said(command, {**os.environ, **_CLOSED, **dates})


def _said(command: Sequence[str], surroundings: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=surroundings, cwd=tempfile.gettempdir()
    )
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} failed: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def _order(version: str) -> tuple[int, ...]:
    numbers = _RELEASE.fullmatch(version)
    return tuple(map(int, numbers.groups())) if numbers else ()


def main() -> None:
    """Build the history and say what git sees in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package")
    parser.add_argument("target", type=Path)
    parser.add_argument("--most", type=int, default=8)
    parser.add_argument("--versions", default="", help="comma-separated, oldest first")
    parser.add_argument("--cache", type=Path)
    asked = parser.parse_args()
    if asked.target.exists() and any(asked.target.iterdir()):
        sys.exit(f"{asked.target} is not empty")
    target = asked.target.resolve()
    target.mkdir(parents=True, exist_ok=True)
    _git(target, "init", "-q")
    versions = [one for one in asked.versions.split(",") if one] or chosen(released(asked.package), asked.most)
    with tempfile.TemporaryDirectory() as temporary:
        cache = (asked.cache or Path(temporary)).resolve()
        total = 0
        for number, version in enumerate(versions):
            count = commit(target, fetched(asked.package, version, cache), version)
            renames = renames_at(target, "HEAD") if number else 0
            total += renames
            print(f"{version:>12}  {count:>6} files  {renames:>5} renames", flush=True)
    print(f"{asked.package}: {len(versions)} releases, {total} renames")


if __name__ == "__main__":
    main()
