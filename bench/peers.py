"""Lockgate beside its peers, each on the same files in the same run: ``python -m bench.peers [TREE]``.

Peers are found on PATH (or in ``LOCKGATE_PEERS``, a folder put before it) and passed over with a word where they are
missing: gitleaks, trufflehog, detect-secrets for secrets; hadolint, checkov for Dockerfiles. A row gives median CPU
seconds, wall seconds and peak memory of a fresh process, and the ratio of CPU to ours: above 1, the peer costs more.
What each of them finds differs; these rows say what a run costs, not what it is worth.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.check import repository, source_tree

_PATH = os.pathsep.join(filter(None, (os.environ.get("LOCKGATE_PEERS"), os.environ.get("PATH"))))


@dataclass(frozen=True)
class Peer:
    """One tool and the command that judges ``{here}``."""

    name: str
    command: tuple[str, ...]
    codes: tuple[int, ...] = (0, 1)


SECRETS = (
    Peer("gitleaks", ("gitleaks", "dir", "--no-banner", "--exit-code", "0", "{here}")),
    Peer("trufflehog", ("trufflehog", "filesystem", "--no-update", "--no-verification", "{here}")),
    Peer("detect-secrets", ("detect-secrets", "scan", "--all-files", "--no-verify", "{here}")),
)
DOCKERFILES = (
    Peer("hadolint", ("hadolint", "--no-fail", "{files}")),
    Peer("checkov", ("checkov", "--framework", "dockerfile", "--compact", "--quiet", "-d", "{here}")),
)


def once(command: list[str], *, cwd: Path, codes: tuple[int, ...]) -> tuple[float, float, float]:
    """(CPU s, wall s, peak MB) of one run, its children included."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PATH": _PATH}
    )
    _, status, usage = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code not in codes:
        raise RuntimeError(f"ended with {code}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024


def median(command: list[str], *, cwd: Path, codes: tuple[int, ...], runs: int) -> tuple[float, float, float]:
    """Median of several runs."""
    rows = [once(command, cwd=cwd, codes=codes) for _ in range(runs)]
    cpu, wall, memory = (statistics.median(column) for column in zip(*rows, strict=True))
    return cpu, wall, memory


def table(title: str, family: str, peers: tuple[Peer, ...], here: Path, *, runs: int) -> None:
    """Ours first, then each peer."""
    files = [str(path) for path in sorted(here.rglob("*")) if path.is_file() and ".git/" not in str(path)]
    print(f"\n{title}: {len(files):,} files, {sum(Path(f).stat().st_size for f in files) / 1e6:.1f} MB")
    print(f"{'':<18} {'CPU s':>8} {'wall s':>8} {'peak MB':>8} {'CPU ratio':>10}")
    own = [sys.executable, "-m", "lockgate", "check", "--quiet", "--no-store", "--no-blame", "--family", family, "."]
    ours = median(own, cwd=here, codes=(0, 1), runs=runs)
    print(f"{'lockgate':<18} {ours[0]:>8.2f} {ours[1]:>8.2f} {ours[2]:>8.0f} {1:>10.1f}")
    for peer in peers:
        if shutil.which(peer.command[0], path=_PATH) is None:
            print(f"{peer.name:<18} not installed")
            continue
        command: list[str] = []
        for word in peer.command:
            command += files if word == "{files}" else [word.format(here=here)]
        command[0] = shutil.which(command[0], path=_PATH) or command[0]
        try:
            cpu, wall, memory = median(command, cwd=here, codes=peer.codes, runs=1)
        except RuntimeError as error:
            print(f"{peer.name:<18} {error}")
            continue
        print(f"{peer.name:<18} {cpu:>8.2f} {wall:>8.2f} {memory:>8.0f} {cpu / ours[0]:>10.1f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", nargs="?")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    corpora = Path(os.environ.get("LOCKGATE_CORPORA", "../shared/corpora")).resolve()
    with tempfile.TemporaryDirectory() as folder:
        tree = repository(source_tree(arguments.tree), Path(folder) / "tree")
        table("secrets", "secrets", SECRETS, tree, runs=arguments.runs)
        dockerfiles = corpora / "checkov-fixtures" / "dockerfile"
        if dockerfiles.is_dir():
            copied = Path(folder) / "dockerfiles"
            shutil.copytree(dockerfiles, copied, ignore=lambda _, names: [n for n in names if n == "expected.yaml"])
            table("Dockerfiles", "dockerfiles", DOCKERFILES, copied, runs=arguments.runs)


if __name__ == "__main__":
    main()
