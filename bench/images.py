"""One image, side by side with syft, grype and trivy: ``python -m bench.images LAYOUT [--rounds N] [--misses N]``.

LAYOUT is an OCI image layout in a folder that holds one image; for the figures in docs/measurements.md it was made by
debootstrap, pip, npm and copied jars and programs. Every tool that is installed writes a CycloneDX bill of it, each
from nothing (no cache) in a process of its own; its CPU seconds, wall clock and peak memory are those of that process
and its children. What any of them found is the truth that each is held against: packages by type, name and version,
whatever file they were found in. trivy is asked for no jars, for which it would fetch a database first. With
``--misses`` up to N of those that a tool did not find are listed. ``--page`` measures the whole page of ``lockgate
image`` instead.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote

Key = tuple[str, str, str]


def commands(layout: Path, bill: Path) -> dict[str, list[str]]:
    """How each tool writes a bill of the layout; those that are not installed are left out."""
    known = {
        "lockgate": [sys.executable, "-m", "lockgate", "image", "sbom", str(layout), "--output", str(bill),
                     "--no-store", "--quiet"],
        "syft": ["syft", "scan", f"oci-dir:{layout}", "-o", f"cyclonedx-json={bill}", "-q"],
        "grype": ["grype", f"oci-dir:{layout}", "-o", f"cyclonedx-json={bill}", "-q"],
        "trivy": ["trivy", "image", "--input", str(layout), "--format", "cyclonedx", "--output", str(bill), "--quiet",
                  "--offline-scan", "--skip-db-update", "--skip-files", "**/*.jar", "--no-progress"],
    }  # fmt: skip
    return {name: words for name, words in known.items() if shutil.which(words[0])}


def measured(words: list[str], folder: Path) -> tuple[float, float, float, int]:
    """CPU seconds, seconds, peak memory in MB and exit code of a process and its children."""
    quiet = {
        "SYFT_CHECK_FOR_APP_UPDATE": "false", "GRYPE_CHECK_FOR_APP_UPDATE": "false", "GRYPE_DB_AUTO_UPDATE": "false",
        "XDG_CACHE_HOME": str(folder / "cache"), "TRIVY_CACHE_DIR": str(folder / "trivy"),
    }  # fmt: skip
    before = time.monotonic()
    made = os.fork()
    if made == 0:  # a process between, so that what it used is that of this tool alone
        done = subprocess.run(words, env=os.environ | quiet, cwd=folder, stdout=subprocess.DEVNULL, check=False)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures = [used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, done.returncode]
        (folder / "used").write_text(json.dumps(figures))
        os._exit(0)
    os.waitpid(made, 0)
    cpu, memory, code = json.loads((folder / "used").read_text())
    return cpu, time.monotonic() - before, memory, code


def packages(bill: Path) -> set[Key]:
    """(type, name, version) of the components of a CycloneDX bill that have a package URL."""
    found = set()
    for one in json.loads(bill.read_text()).get("components", ()):
        purl = one.get("purl", "")
        if purl.startswith("pkg:"):
            kind, _, rest = purl[4:].partition("?")[0].partition("#")[0].partition("/")
            path, _, version = rest.rpartition("@") if "@" in rest else (rest, "", "")
            name = unquote(path).lower().replace("_", "-")
            epoch = parse_qs(purl.partition("?")[2]).get("epoch", [""])[0]  # where trivy puts it
            version = f"{epoch}:{unquote(version)}" if epoch not in ("", "0") and kind == "deb" else unquote(version)
            version = version.removeprefix("v") if name == "stdlib" else version
            found.add((kind, name.rpartition("/")[2] if kind == "deb" else name, version))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.images")
    parser.add_argument("layout", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--misses", type=int, default=0)
    parser.add_argument("--page", action="store_true", help="measure only the whole page of 'lockgate image'")
    parser.add_argument("--advisories", type=Path, help="the advisory store for it")
    asked = parser.parse_args()
    if asked.layout is None:
        print("needs an OCI layout: python -m bench.images LAYOUT")
        return
    layout, told = asked.layout.resolve(), {}
    if asked.page:
        page(layout, asked.rounds, asked.advisories)
        return
    print("| tool | packages | CPU s | s | MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for name in commands(layout, Path()):
            runs = []
            for number in range(asked.rounds):
                folder = Path(place) / f"{name}{number}"
                folder.mkdir()
                bill = folder / "bill.json"
                runs.append(measured(commands(layout, bill)[name], folder))
                if runs[-1][3] or not bill.is_file():  # grype makes none without its database
                    break
                told[name] = packages(bill)
            cpu, wall, memory, code = min(runs)
            count = len(told[name]) if name in told else f"none (code {code})"
            print(f"| {name} | {count} | {cpu:.1f} | {wall:.1f} | {memory:.0f} |", flush=True)
    compare(told, asked.misses, print)


def page(layout: Path, rounds: int, advisories: Path | None) -> None:
    """What ``lockgate image`` costs in a workspace that knows nothing: the first one of a machine, which compiles
    patterns and rules for all that follow, and medians of these. Goals for 500 MB: 5 CPU s, 200 MB."""
    runs = []
    with tempfile.TemporaryDirectory() as place:
        words = ["env", f"XDG_CACHE_HOME={place}", sys.executable, "-m", "lockgate", "image", str(layout), "--quiet"]
        words += ["--advisories", str(advisories.resolve())] if advisories else []
        for number in range(rounds + 1):
            folder = Path(place) / str(number)
            folder.mkdir()
            runs.append(measured(words, folder))
            assert runs[-1][3] in (0, 1), f"ended with {runs[-1][3]}"
    first, *others = runs
    medians = [statistics.median(column) for column in zip(*others, strict=True)]
    for which, (cpu, wall, memory, _) in (("first of the machine", first), (f"median of {rounds}", medians)):
        print(f"lockgate image, {which}: {cpu:.2f} CPU s, {wall:.2f} s, {memory:.0f} MB")


def compare(told: dict[str, set[Key]], misses: int, say: Callable[[str], None]) -> None:
    """What any tool found, by type, and how much of it each did."""
    union = set().union(*told.values())
    kinds = sorted({kind for kind, _, _ in union})
    say(f"\n| type | any tool | {' | '.join(told)} |\n|---|---|{'---|' * len(told)}")
    for kind in kinds:
        counts = [sum(one[0] == kind for one in found) for found in told.values()]
        say(f"| {kind} | {sum(one[0] == kind for one in union)} | {' | '.join(map(str, counts))} |")
    for name, found in told.items():
        for kind, package, version in sorted(union - found)[:misses]:
            others = ", ".join(other for other in told if (kind, package, version) in told[other])
            say(f"{name} misses {kind} {package} {version} (found by {others})")


if __name__ == "__main__":
    main()
