"""Flaws of one image by Lockgate, grype and trivy from the same advisories: ``python -m bench.image_findings LAYOUT``.

Neither peer can fetch its database here, so both get one that their own code compiles: ``peer_databases/`` holds a
program for each, which is built with Go in the module of the peer that is on PATH (or in ``LOCKGATE_PEERS``) and
needs Go's module proxy or cache. The advisories are ``_image_advisories``: for every package of the image several
flaws at the edges of its version, some eight a package, of which about half hold. Printed are what each tool told,
what only some told and why, CPU seconds, wall clock and peak memory of one run each from nothing. trivy is asked for
no jars, for which it would fetch another database. ``--folder`` keeps databases and reports.
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
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bench._image_advisories import Flaw, flaws, for_grype, for_trivy, osv, packages
from bench.images import measured
from lockgate.advisories.osv import normal_name

Told = set[tuple[str, str]]
"""Flaw and package; of Debian the binary package."""
_HERE = Path(__file__).parent / "peer_databases"
_PATH = os.pathsep.join(filter(None, (os.environ.get("LOCKGATE_PEERS"), os.environ.get("PATH"))))
_LOCKGATE = [sys.executable, "-m", "lockgate"]
_MODULE = re.compile(r"^\s+mod\s+(?P<path>\S+)\s+(?P<version>\S+)", re.MULTILINE)


def program(peer: str, folder: Path) -> Path:
    """What compiles a database of ``peer``, built within the requirements of that very version."""
    made = folder / f"{peer}-database"
    if made.is_file():
        return made
    told = subprocess.run(["go", "version", "-m", str(shutil.which(peer, path=_PATH))], capture_output=True, text=True,
                          check=True).stdout  # fmt: skip
    module = _MODULE.search(told)
    assert module is not None
    cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    own = Path(cache) / f"{module['path']}@{module['version']}"
    place = folder / f"{peer}-source"
    shutil.copytree(_HERE / peer, place)
    text = re.sub(r"^module .*", "module example.com/database", (own / "go.mod").read_text(), flags=re.MULTILINE)
    # Older ones do not compile with Go from 1.25 on.
    text = re.sub(r"golang\.org/x/tools v0\.([0-2]\d|3[0-7])\.\d+", "golang.org/x/tools v0.38.0", text)
    (place / "go.mod").write_text(f"{text}\nrequire {module['path']} {module['version']}\n")
    (place / "go.sum").write_bytes((own / "go.sum").read_bytes())
    subprocess.run(["go", "build", "-p", "1", "-o", str(made), "."], cwd=place, check=True,
                   env={**os.environ, "GOFLAGS": "-mod=mod"})  # fmt: skip
    return made


def databases(made: list[Flaw], folder: Path) -> None:
    """Those of all three, and ours a second time without what Debian says."""
    stores = {"ours": made, "languages": [one for one in made if not one.ecosystem.startswith("Debian")]}
    for name, some in stores.items():
        (folder / f"{name}.json").write_text(json.dumps([osv(one) for one in some]))
        subprocess.run([*_LOCKGATE, "advisories", "update", "--quiet", "--store", f"{name}.db", f"{name}.json"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    if shutil.which("grype", path=_PATH):
        place = folder / "grype" / "6"
        place.mkdir(parents=True)
        states = map(str, for_grype(made, folder / "vunnel"))
        subprocess.run([program("grype", folder), str(place), *states], check=True)
    if shutil.which("trivy", path=_PATH):
        place = folder / "trivy" / "db"
        place.mkdir(parents=True)
        for_trivy(made, folder / "records")
        subprocess.run([program("trivy", folder), str(folder / "records"), str(place)], check=True,
                       stderr=subprocess.DEVNULL)  # fmt: skip


def commands(layout: Path, folder: Path) -> dict[str, list[str]]:
    """How each writes ``NAME.out`` into its folder."""
    scan = [*_LOCKGATE, "image", "scan", str(layout), "--family", "dependencies", "--no-store", "--quiet"]
    known = {
        "lockgate": [*scan, "--advisories", str(folder / "ours.db"), "--format", "json=lockgate.out"],
        "languages": [*scan, "--advisories", str(folder / "languages.db"), "--format", "json=languages.out"],
        "grype": ["grype", f"oci-dir:{layout}", "-o", "json=grype.out", "-q"],
        "trivy": ["trivy", "image", "--input", str(layout), "--cache-dir", str(folder / "trivy"), "--format", "json",
                  "--output", "trivy.out", "--scanners", "vuln", "--offline-scan", "--skip-db-update", "--quiet",
                  "--skip-java-db-update", "--skip-files", "**/*.jar", "--no-progress", "--cache-backend", "memory"],
    }  # fmt: skip
    return {name: words for name, words in known.items() if shutil.which(words[0], path=_PATH)}


def _of_lockgate(report: Path, ecosystems: Mapping[str, str]) -> Told:
    found = set()
    for one in json.loads(report.read_text())["findings"]:
        package = next(fact["value"] for fact in one["facts"] if fact["name"] == "package")
        found |= {(name, package) for name in one["aliases"] if name in ecosystems}
    return found


def _of_grype(report: Path, ecosystems: Mapping[str, str]) -> Told:
    found = set()
    for match in json.loads(report.read_text())["matches"]:
        flaw, artifact = match["vulnerability"]["id"], match["artifact"]
        name, url = artifact["name"], artifact["purl"].partition("@")[0]
        name = url.removeprefix("pkg:maven/").replace("/", ":") if ecosystems[flaw] == "Maven" else name
        found.add((flaw, normal_name(ecosystems[flaw], name)))
    return found


def _of_trivy(report: Path, ecosystems: Mapping[str, str]) -> Told:
    return {
        (one["VulnerabilityID"], normal_name(ecosystems[one["VulnerabilityID"]], one["PkgName"]))
        for result in json.loads(report.read_text())["Results"]
        for one in result.get("Vulnerabilities") or ()
    }


_READERS: dict[str, Callable[[Path, Mapping[str, str]], Told]] = {
    "lockgate": _of_lockgate, "languages": _of_lockgate, "grype": _of_grype, "trivy": _of_trivy,
}  # fmt: skip


def owned(bill: Path) -> set[tuple[str, str]]:
    """Ecosystem and name of what a package of the distribution brought."""
    found = set()
    for one in json.loads(bill.read_text())["components"]:
        said = {row["name"]: row["value"] for row in one.get("properties", ())}
        if "lockgate:owner" in said:
            name = f"{one['group']}/{one['name']}" if one.get("group") else one["name"]
            found.add((said["lockgate:ecosystem"], name))
    return found


def why(flaw: Flaw, package: str, *, by_debian: set[tuple[str, str]], lacks: str, languages: Told) -> str:
    """Why a tool does not tell of a flaw that another tells of; empty where nothing is known that would explain it."""
    if (flaw.ecosystem, package) in by_debian:
        if lacks == "lockgate" and (flaw.id, package) in languages:
            return "a package of Debian brought it, and Debian's advisories speak of that one"
        if lacks == "grype":
            return "a package of Debian brought it whose version begins alike"
        if lacks == "trivy":
            return "it lies where Debian puts it, where trivy does not look"
    if lacks == "trivy" and flaw.ecosystem == "Maven":
        return "jars were not asked for"
    if flaw.ecosystem == "Go" and flaw.why == "never fixed":
        return "'>= 0' leaves out 0.0.0-DATE-COMMIT, which OSV's '0' comes before"
    return ""


def compare(told: dict[str, Told], made: Iterable[Flaw], bill: Path) -> None:
    """What each tool told by ecosystem, and of what another told each flaw that it lacks, by reason."""
    known = {one.id: one for one in made}
    languages, union = told.pop("languages"), set[tuple[str, str]]().union(*told.values())
    kinds = sorted({one.ecosystem for one in known.values()})
    print(f"\n| | {' | '.join(kinds)} |\n|---|{'---|' * len(kinds)}")
    for name, found in {"any tool": union, **told}.items():
        counts = Counter(known[flaw].ecosystem for flaw, _ in found)
        print(f"| {name} | {' | '.join(f'{counts[kind]:,}' for kind in kinds)} |")
    by_debian = owned(bill)
    for name, found in told.items():
        reasons: Counter[tuple[str, str]] = Counter()
        for flaw, package in sorted(union - found):
            one = known[flaw]
            reason = why(one, package, by_debian=by_debian, lacks=name, languages=languages)
            others = ", ".join(other for other in told if (flaw, package) in told[other])
            reasons[one.ecosystem, reason or f"UNEXPLAINED, told by {others}: {package} {one.why} {one.ranges}"] += 1
        for (ecosystem, reason), count in sorted(reasons.items()):
            print(f"{name} lacks {count:,} of {ecosystem}: {reason}")


def main() -> None:
    """Makes advisories and databases where they are missing, runs every tool once, prints."""
    parser = argparse.ArgumentParser(prog="bench.image_findings")
    parser.add_argument("layout", type=Path, nargs="?")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.layout is None:
        print("needs an OCI layout: python -m bench.image_findings LAYOUT")
        return
    with tempfile.TemporaryDirectory() as scratch:
        _measure(asked.layout.resolve(), (asked.folder or Path(scratch)).resolve())


def _measure(layout: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bill = folder / "bill.json"
    if not (folder / "made").exists():
        subprocess.run([*_LOCKGATE, "image", "sbom", str(layout), "--output", str(bill), "--no-store", "--quiet"],
                       check=True)  # fmt: skip
        databases(list(flaws(packages(bill))), folder)
        (folder / "made").touch()
    some = packages(bill)
    made = list(flaws(some))
    os.environ |= {"PATH": _PATH, "GRYPE_DB_CACHE_DIR": str(folder / "grype"), "GRYPE_DB_VALIDATE_AGE": "false"}
    print(f"{len(some):,} packages (of Debian source packages), {len(made):,} flaws\n")
    print("| tool | flaws told | CPU s | s | MB |\n|---|---|---|---|---|")
    ecosystems = {one.id: one.ecosystem for one in made}
    told = {}
    for name, words in commands(layout, folder).items():
        with tempfile.TemporaryDirectory() as scratch:
            cpu, wall, memory, code = measured(words, Path(scratch))
            report = Path(scratch) / f"{name}.out"
            if code not in (0, 1) or not report.is_file():
                print(f"| {name} | none (code {code}) | | | |")
                continue
            told[name] = _READERS[name](report, ecosystems)
        if name != "languages":
            print(f"| {name} | {len(told[name]):,} | {cpu:.1f} | {wall:.1f} | {memory:.0f} |", flush=True)
    compare(told, made, bill)


if __name__ == "__main__":
    main()
