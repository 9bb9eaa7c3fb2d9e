"""Lockgate beside its peers, each on the same files in the same run: ``python -m bench.peers [TREE]``.

Peers are found on PATH (or in ``LOCKGATE_PEERS``, a folder put before it) and passed over with a word where they are
missing: gitleaks, trufflehog, detect-secrets, trivy for secrets; hadolint, checkov, trivy for Dockerfiles; osv-scanner
and pip-audit for dependencies. A row gives median CPU seconds, wall seconds and peak memory of a fresh process, and the
ratio of CPU to ours: above 1, the peer costs more. What each of them finds differs; these rows say what a run costs,
not what it is worth. Only osv-scanner is given the very advisories that we have, so there the flaws are compared too.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from bench._peer_advisories import Case, compared, made, osv_scanner_flaws, our_flaws, real
from bench.check import repository, source_tree

_PATH = os.pathsep.join(filter(None, (os.environ.get("LOCKGATE_PEERS"), os.environ.get("PATH"))))
_OWN = (sys.executable, "-m", "lockgate", "check", "--quiet", "--no-store", "--no-blame")


@dataclass(frozen=True)
class Peer:
    """One tool and the command that judges ``{here}``."""

    name: str
    command: tuple[str, ...]
    codes: tuple[int, ...] = (0, 1)
    hard_to_get: str = ""
    """Why it is not on many machines; empty: it is there when somebody installs it."""

    def path(self) -> str | None:
        """Where the program is; None when it is not here."""
        return shutil.which(self.command[0], path=_PATH)

    def absent(self) -> str:
        """The row that stands for it when it is not here."""
        reason = f"; {self.hard_to_get}" if self.hard_to_get else ""
        return f"{self.name:<18} not run: it is not on PATH{reason}"

    def words(self, **places: str | list[str]) -> list[str]:
        """The command with its ``{places}`` filled in; a list takes the place of a word."""
        words: list[str] = []
        for word in self.command:
            given = places.get(word[1:-1]) if word[:1] == "{" else None
            words += given if isinstance(given, list) else [word.format(**places)]
        return [self.path() or words[0], *words[1:]]


SECRETS = (
    Peer("gitleaks", ("gitleaks", "dir", "--no-banner", "--exit-code", "0", "{here}")),
    Peer(
        "trufflehog",
        ("trufflehog", "filesystem", "--no-update", "--no-verification", "{here}"),
        hard_to_get="the Go module proxy at hand did not serve its module",
    ),
    Peer("detect-secrets", ("detect-secrets", "scan", "--all-files", "--no-verify", "{here}")),
    Peer("trivy", ("trivy", "fs", "--scanners", "secret", "--offline-scan", "--skip-db-update", "--quiet", "{here}")),
)
DOCKERFILES = (
    Peer("hadolint", ("hadolint", "--no-fail", "{files}")),
    Peer("checkov", ("checkov", "--framework", "dockerfile", "--compact", "--quiet", "-d", "{here}")),
    Peer(
        "trivy", ("trivy", "config", "--skip-check-update", "--misconfig-scanners", "dockerfile", "--quiet", "{here}")
    ),
)
OSV_SCANNER = Peer(
    "osv-scanner",
    ("osv-scanner", "scan", "--experimental-offline", "--format", "json", "--output", "{report}", "{locks}"),
)
PIP_AUDIT = Peer(
    "pip-audit",
    (
        "pip-audit",
        "--no-deps",
        "--disable-pip",
        "--vulnerability-service",
        "osv",
        "-f",
        "json",
        "-o",
        "{report}",
        "-r",
        "{here}/requirements.txt",
    ),
    hard_to_get="where it is, it needs the network, for it asks a service about every package",
)


def once(command: list[str], *, cwd: Path, codes: tuple[int, ...], **more: str) -> tuple[float, float, float]:
    """(CPU s, wall s, peak MB) of one run, its children included; ``more`` goes into its environment."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": _PATH, **more},
    )
    _, status, usage = os.wait4(process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code not in codes:
        raise RuntimeError(f"ended with {code}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024


def median(
    command: list[str], *, cwd: Path, codes: tuple[int, ...], runs: int, **more: str
) -> tuple[float, float, float]:
    """Median of several runs."""
    rows = [once(command, cwd=cwd, codes=codes, **more) for _ in range(runs)]
    cpu, wall, memory = (statistics.median(column) for column in zip(*rows, strict=True))
    return cpu, wall, memory


def table(title: str, family: str, peers: tuple[Peer, ...], here: Path, *, runs: int) -> None:
    """Ours first, then each peer."""
    files = [str(path) for path in sorted(here.rglob("*")) if path.is_file() and ".git/" not in str(path)]
    print(f"\n{title}: {len(files):,} files, {sum(Path(f).stat().st_size for f in files) / 1e6:.1f} MB")
    own = [*_OWN, "--family", family, "."]
    ours = first_row(own, here, runs=runs)
    for peer in peers:
        row(peer, peer.words(here=str(here), files=files), ours, here)


def first_row(command: list[str], here: Path, *, runs: int) -> float:
    """Prints the head of a table and our own row; answers our CPU seconds."""
    print(f"{'':<18} {'CPU s':>8} {'wall s':>8} {'peak MB':>8} {'CPU ratio':>10}")
    cpu, wall, memory = median(command, cwd=here, codes=(0, 1), runs=runs)
    print(f"{'lockgate':<18} {cpu:>8.2f} {wall:>8.2f} {memory:>8.0f} {1:>10.1f}")
    return cpu


def row(peer: Peer, command: list[str], ours: float, here: Path, report: Path | None = None, **more: str) -> bool:
    """Prints the row of one peer; answers whether it ran. One that wrote no ``report`` judged nothing."""
    if peer.path() is None:
        print(peer.absent())
        return False
    try:
        cpu, wall, memory = median(command, cwd=here, codes=peer.codes, runs=1, **more)
        if report is not None and not (report.is_file() and report.stat().st_size):
            raise RuntimeError("wrote no report")
    except RuntimeError as error:
        print(f"{peer.name:<18} not measured: it {error}")
        return False
    print(f"{peer.name:<18} {cpu:>8.2f} {wall:>8.2f} {memory:>8.0f} {cpu / ours:>10.1f}")
    return True


def dependencies(case: Case, *, runs: int) -> None:
    """One set of lock files: what a run costs, and where the flaws found differ."""
    print(f"\n{case.title}")
    own, theirs, audited = (case.store.parent / f"{whose}.json" for whose in ("own", "theirs", "audited"))
    command = [*_OWN, "--family", "dependencies", "--advisories", str(case.store), "--format", f"json={own}", "."]
    ours = first_row(command, case.folder, runs=runs)
    locks = [path.name for path in sorted(case.folder.iterdir()) if path.is_file()]
    command = OSV_SCANNER.words(report=str(theirs), locks=[word for name in locks for word in ("-L", name)])
    database = {"OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY": str(case.database)}
    if row(OSV_SCANNER, command, ours, case.folder, theirs, **database):
        print(compared(our_flaws(own), osv_scanner_flaws(theirs)))
    if locks == ["requirements.txt"]:
        row(PIP_AUDIT, PIP_AUDIT.words(here=str(case.folder), report=str(audited)), ours, case.folder, audited)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", nargs="?")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--records", type=int, default=200_000, help="made advisories for the table of dependencies")
    parser.add_argument("--only", choices=("secrets", "dockerfiles", "dependencies"), help="print only this table")
    arguments = parser.parse_args()
    corpora = Path(os.environ.get("LOCKGATE_CORPORA", "../shared/corpora")).resolve()
    wanted = {arguments.only} if arguments.only else {"secrets", "dockerfiles", "dependencies"}
    with tempfile.TemporaryDirectory() as folder:
        if "secrets" in wanted:
            tree = repository(source_tree(arguments.tree), Path(folder) / "tree")
            table("secrets", "secrets", SECRETS, tree, runs=arguments.runs)
        dockerfiles = corpora / "checkov-fixtures" / "dockerfile"
        if "dockerfiles" in wanted and dockerfiles.is_dir():
            copied = Path(folder) / "dockerfiles"
            shutil.copytree(dockerfiles, copied, ignore=lambda _, names: [n for n in names if n == "expected.yaml"])
            table("Dockerfiles", "dockerfiles", DOCKERFILES, copied, runs=arguments.runs)
        if "dependencies" in wanted:
            pypa = corpora / "advisories" / "pypa"
            # Made in a process of its own: a peer started from a large one would be charged with that one's peak.
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
                cases = [apart.submit(made, Path(folder) / "made", records=arguments.records).result()]
                if pypa.is_dir():
                    cases.append(apart.submit(real, Path(folder) / "real", pypa).result())
            for case in cases:
                dependencies(case, runs=arguments.runs)


if __name__ == "__main__":
    main()
