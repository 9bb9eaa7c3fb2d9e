"""Start-up, first check, unchanged second check, as whole processes: ``python -m bench.check [TREE]``.

``TREE`` is any source tree to take 5,000 files from (default: the Go toolchain's own, where it is installed). Each
figure is the median of several runs of a fresh process: CPU seconds (user and system, children included), wall
seconds and peak memory. What runs is a wheel made of this tree, as people install it: it brings rules and policies that
a source tree reads and compiles first. ``new machine`` has nothing in the cache folder of its user, ``new workspace``
has what an earlier check of something else left there.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

FILES = 5_000
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: cart}
spec: {containers: [{name: cart, image: "nginx:1.27", securityContext: {privileged: true}}]}
"""
_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@harbour.example", "-c", "commit.gpgsign=false")


def measured(command: list[str], *, cwd: Path, runs: int = 3) -> tuple[float, float, float]:
    """Median (CPU s, wall s, peak MB) of ``command``."""
    # An installed package brings its byte code; a shell that forbids writing it would time the compiler of Python.
    surroundings = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    surroundings["PYTHONPYCACHEPREFIX"] = str(cwd.parent / "byte-code")
    surroundings["XDG_CACHE_HOME"] = str(cwd.parent / "user-cache")
    surroundings["PYTHONPATH"] = str(cwd.parent / "wheel")
    figures = []
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) not in (0, 1, 4):  # 4: there is no advisory store
            sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}: nothing was measured")
        wall = time.perf_counter() - started
        figures.append((usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024))
        process.returncode = 0
    return tuple(statistics.median(column) for column in zip(*figures, strict=True))  # type: ignore[return-value]


def first(command: list[str], cwd: Path, *, runs: int, machine: bool) -> tuple[float, float, float]:
    """As ``measured``, each run in a workspace that is new, and with ``machine`` for a user who never ran Lockgate."""
    figures = []
    for _ in range(runs):
        shutil.rmtree(cwd / ".lockgate", ignore_errors=True)
        if machine:
            shutil.rmtree(cwd.parent / "user-cache", ignore_errors=True)
        figures.append(measured(command, cwd=cwd, runs=1))
    return tuple(statistics.median(column) for column in zip(*figures, strict=True))  # type: ignore[return-value]


def shown(name: str, figures: tuple[float, float, float]) -> None:
    """One row of the table."""
    print(f"{name:<50} {figures[0]:>8.2f} {figures[1]:>8.2f} {figures[2]:>8.0f}")


def source_tree(given: str | None) -> Path:
    """Where the files come from."""
    if given:
        return Path(given)
    go = shutil.which("go")
    if go is None:
        sys.exit("give a source tree, or install Go: its own sources serve")
    root = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(root) / "src"


def unpacked_wheel(folder: Path) -> None:
    """A wheel of this tree, unpacked into ``folder``."""
    top = Path(__file__).resolve().parents[1]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=top, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    for path in folder.glob("*.whl"):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)


def repository(tree: Path, folder: Path) -> Path:
    """A committed repository of the first 5,000 files of ``tree``."""
    paths = [path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()][:FILES]
    for path in paths:
        target = folder / path.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        os.utime(target, (1_700_000_000, 1_700_000_000))
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        subprocess.run([*_GIT, *arguments], cwd=folder, check=True)
    return folder


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", nargs="?")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    lockgate = [sys.executable, "-m", "lockgate"]
    check = [*lockgate, "check", "--quiet", "--family", "secrets", "--family", "workflows", "--family", "dockerfiles"]
    print(f"{'':<50} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        unpacked_wheel(Path(folder) / "wheel")
        here = repository(source_tree(arguments.tree), Path(folder) / "tree")
        measured(check, cwd=here, runs=1)  # compiles the byte code
        shown("lockgate --help", measured([*lockgate, "--help"], cwd=here, runs=arguments.runs * 3))
        shown(f"first check, {FILES:,} files, new machine", first(check, here, runs=arguments.runs, machine=True))
        shown("second check, unchanged", measured(check, cwd=here, runs=arguments.runs))
        shown(f"first check, {FILES:,} files, new workspace", first(check, here, runs=arguments.runs, machine=False))
        alone = here.parent / "alone"
        alone.mkdir()
        (alone / "one.yaml").write_text(POD)
        for what, more in (("check one.yaml", []), ("check --family policy one.yaml", ["--family", "policy"])):
            command = [*lockgate, "check", "--quiet", *more, "one.yaml"]
            measured(command, cwd=alone, runs=1)
            shown(f"{what}, new machine", first(command, alone, runs=arguments.runs, machine=True))
            shown(f"{what}, new workspace", first(command, alone, runs=arguments.runs, machine=False))
            shown(f"{what}, again", measured(command, cwd=alone, runs=arguments.runs))


if __name__ == "__main__":
    main()
