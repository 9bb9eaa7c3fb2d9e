"""Checking manifests by the rulebook's policies, beside its peers on the same files: ``python -m bench.policy_check``.

The first table is a whole `lockgate check --family policy` over varied manifests in as many files (``policy_tree``):
that is the goal of 5,000 in 5 seconds. The second puts fewer of them to the peers too, in the same run; each writes
JSON, of which the last column counts what it found. Those counts say how much each looks for, not who is right: a
policy of ours, a check of checkov's and a template are different questions.

Peers are found on PATH (or in ``LOCKGATE_PEERS``) and passed over with a word where they are missing: checkov with its
own checks; gator and kyverno with our policies as ``lockgate policy export`` writes them; OPA with one policy that asks
what the first of Gatekeeper's library does, all manifests being one input.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.check import _GIT
from bench.policy_tree import write

_PATH = os.pathsep.join(filter(None, (os.environ.get("LOCKGATE_PEERS"), os.environ.get("PATH"))))
_REGO = """package bench

import rego.v1

denied contains sprintf("%v/%v", [object.metadata.name, container.name]) if {
    some object in input.objects
    some container in object.spec.template.spec.containers
    container.securityContext.privileged == true
}
"""


@dataclass(frozen=True)
class Peer:
    """One tool, the command that judges ``{here}``, and how its JSON is counted."""

    name: str
    command: tuple[str, ...]
    count: Callable[[Any], int]
    codes: tuple[int, ...] = (0, 1)


def timed(command: list[str], *, cwd: Path, out: Path, codes: tuple[int, ...]) -> tuple[float, float, float]:
    """(CPU s, wall s, peak MB) of one run, its children included; its output in ``out``."""
    started = time.perf_counter()
    with out.open("wb") as file:
        surroundings = {**os.environ, "PATH": _PATH, "XDG_CACHE_HOME": str(out.parent / "cache")}
        surroundings["PYTHONPYCACHEPREFIX"] = str(out.parent / "byte-code")
        surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
        process = subprocess.Popen(command, cwd=cwd, stdout=file, stderr=subprocess.DEVNULL, env=surroundings)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise RuntimeError(f"ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024


def ours(*more: str) -> list[str]:
    """A check of the policies alone; authors are looked up by git, whose time is not ours to measure."""
    return [sys.executable, "-m", "lockgate", "check", "--quiet", "--no-blame", "--family", "policy", *more, "."]


def anew(command: list[str], *, cwd: Path, out: Path, runs: int) -> tuple[float, float, float]:
    """The run with the least CPU time (others on the machine only ever add to it); each has to judge every file."""
    figures = []
    for _ in range(runs):
        shutil.rmtree(cwd / ".lockgate", ignore_errors=True)
        figures.append(timed(command, cwd=cwd, out=out, codes=(0, 1)))
    return min(figures)


def tree(folder: Path, count: int) -> Path:
    """A committed repository of that many manifests."""
    size = write(folder, count)
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        subprocess.run([*_GIT, *arguments], cwd=folder, check=True)
    print(f"\n{count:,} manifests, {size / 1e6:.1f} MB")
    return folder


def row(name: str, figures: tuple[float, float, float], *, of: int, ratio: float, found: int | None) -> None:
    """One line of a table."""
    cpu, wall, memory = figures
    counted = "" if found is None else f"{found:>9,}"
    print(f"{name:<30} {cpu:>8.2f} {wall:>8.2f} {1000 * cpu / of:>10.2f} {memory:>8.0f} {ratio:>10.1f} {counted}")


def head() -> None:
    """The head of a table."""
    print(f"{'':<30} {'CPU s':>8} {'wall s':>8} {'CPU ms/one':>10} {'peak MB':>8} {'CPU ratio':>10} {'found':>9}")


def peers(folder: Path, here: Path) -> list[Peer]:
    """All of them, with our policies exported for those that take some."""
    exported = {}
    for form in ("gatekeeper", "vap"):
        exported[form] = folder / form
        command = [sys.executable, "-m", "lockgate", "policy", "export", "--format", form, "--out", str(exported[form])]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "bench.rego").write_text(_REGO)
    (folder / "input.json").write_text(json.dumps({"objects": list(_objects(here))}))
    return [
        Peer(
            "checkov, its checks",
            ("checkov", "--framework", "kubernetes", "--compact", "--quiet", "-o", "json", "-d", str(here)),
            lambda said: (said[0] if isinstance(said, list) else said)["summary"]["failed"],
        ),
        Peer(
            "gator test, our policies",
            ("gator", "test", "-o", "json", "-f", str(exported["gatekeeper"]), "-f", str(here)),
            len,
        ),
        Peer(
            "opa eval, one policy",
            ("opa", "eval", "-d", str(folder / "bench.rego"), "-i", str(folder / "input.json"), "data.bench.denied"),
            lambda said: len(said["result"][0]["expressions"][0]["value"]),
        ),
        Peer(
            "kyverno apply, our policies",
            ("kyverno", "apply", str(exported["vap"]), "-r", str(here), "--policy-report", "--output-format", "json"),
            lambda said: said["summary"]["fail"],
        ),
    ]  # fmt: skip


def _objects(here: Path) -> Any:
    from lockgate.formats import manifests

    for path in sorted(here.rglob("*.yaml")):
        yield from (one.body for one in manifests.read(path.name, path.read_bytes()).objects)


def compared(folder: Path, count: int, runs: int) -> None:
    """Ours and each peer on the same manifests."""
    here = tree(folder / "few", count)
    out = folder / "out.json"
    head()
    command = ours("--format", f"json={folder / 'found.json'}")
    base = anew(command, cwd=here, out=out, runs=runs)
    row("lockgate check", base, of=count, ratio=1, found=_found(folder / "found.json"))
    shutil.rmtree(here / ".lockgate")  # peers take its files for manifests
    for peer in peers(folder, here):
        program = shutil.which(peer.command[0], path=_PATH)
        if program is None:
            print(f"{peer.name:<30} {peer.command[0]} is not installed")
            continue
        try:
            figures = timed([program, *peer.command[1:]], cwd=folder, out=out, codes=peer.codes)
            found = peer.count(json.loads(out.read_text()))
        except (RuntimeError, ValueError, KeyError, TypeError, IndexError) as error:
            print(f"{peer.name:<30} gave no answer that can be counted: {error!r}")
            continue
        row(peer.name, figures, of=count, ratio=figures[0] / base[0], found=found)


def _found(report: Path) -> int:
    return len(json.loads(report.read_text())["findings"])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--manifests", type=int, default=5_000)
    parser.add_argument("--compared", type=int, default=250, help="manifests that the peers are put to")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cache").mkdir(mode=0o700)
        here = tree(folder / "many", arguments.manifests)
        head()
        out, count = folder / "out", arguments.manifests
        first = timed(ours(), cwd=here, out=out, codes=(0, 1))
        row("first check of a machine", first, of=count, ratio=1, found=None)
        for name, command in (("every file anew", ours()), ("and with --jobs 2", ours("--jobs", "2"))):
            figures = anew(command, cwd=here, out=out, runs=arguments.runs)
            row(name, figures, of=count, ratio=figures[0] / first[0], found=None)
        figures = min(timed(ours(), cwd=here, out=out, codes=(0, 1)) for _ in range(arguments.runs))
        row("again, nothing changed", figures, of=count, ratio=figures[0] / first[0], found=None)
        compared(folder, arguments.compared, arguments.runs)


if __name__ == "__main__":
    main()
