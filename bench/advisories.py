"""Measures the advisory store: 1,000 components against 200,000 advisories, and the size of the compiled file.

Then 1,000 packages of a Debian 12 as a large image holds them: built from 420 source packages, the most of one (as
``linux``) told of by 4,500 records, 57,000 in all, of which most were fixed before the installed version.

Run as ``python bench/advisories.py [count]``. The set is synthetic (names, ranges, texts and vectors drawn from fixed
lists with a fixed seed, over nine ecosystems, a third of them with a second record of the same flaw) plus the corpora
where they are present. Goals: match <= 50 ms, file <= 40 MB. Nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lockgate.model import Component
from lockgate.store.advisories import AdvisoryStore

ECOSYSTEMS = ("npm", "PyPI", "Maven", "Go", "NuGet", "RubyGems", "Packagist", "crates.io", "Debian:12")
FLAWS = ("Cross-site scripting", "Denial of service", "Path traversal", "SQL injection", "Improper access control",
         "Prototype pollution", "Uncontrolled resource consumption", "Deserialization of untrusted data")  # fmt: skip
PLACES = ("parser", "template engine", "session store", "upload handler", "login form", "image decoder", "router")
CORPORA = (
    Path(os.environ.get("LOCKGATE_CORPORA", Path(__file__).parents[1] / ".." / "shared" / "corpora")) / "advisories"
)
COMPONENTS = 1_000
RUNS = 15


def record(chance: random.Random, at: int, count: int) -> dict[str, object]:
    """One advisory about one of ``count / 8`` packages; popular packages have many."""
    ecosystem = ECOSYSTEMS[at % len(ECOSYSTEMS)]
    package = int(count / 8 * chance.random() ** 2)
    major, minor, patch = chance.randrange(6), chance.randrange(30), chance.randrange(20)
    events = [{"introduced": chance.choice(["0", f"{major}.0.0"])}, {"fixed": f"{major}.{minor}.{patch + 1}"}]
    if at % 4 == 0:
        events += [{"introduced": f"{major + 1}.0.0"}, {"fixed": f"{major + 1}.{minor}.0"}]
    letters = "23456789cfghjmpqrvwx"
    ghsa = "-".join("".join(chance.choice(letters) for _ in range(4)) for _ in range(3))
    flaw = f"CVE-{2015 + at % 12}-{100_000 + at // 3 * 3 + (at % 3) % 2}"
    impact = chance.choice("HLN"), chance.choice("HLN"), chance.choice("HL")
    return {
        "id": f"GHSA-{ghsa}",
        "modified": f"20{15 + at % 12}-0{1 + at % 9}-1{at % 9}T00:00:00Z",
        "aliases": [flaw],
        "summary": f"{chance.choice(FLAWS)} in the {chance.choice(PLACES)} of {name(ecosystem, package)}",
        "details": "A longer text that the store does not keep. " * 8,
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{}/I:{}/A:{}".format(*impact)}],
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": name(ecosystem, package)},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        "references": [{"type": "ADVISORY", "url": f"https://github.com/advisories/GHSA-{ghsa}"}],
    }


def name(ecosystem: str, package: int) -> str:
    """A package name of the usual length and form."""
    word = f"{PLACES[package % 7].split()[0]}-{FLAWS[package % 8].split()[0].lower()}-{package}"
    return f"org.example.{word}:{word}" if ecosystem == "Maven" else word


def components(chance: random.Random, count: int) -> list[Component]:
    """Components drawn from the same names, popular ones more often; what matched is printed beside the time."""
    made = []
    for at in range(COMPONENTS):
        ecosystem = ECOSYSTEMS[at % len(ECOSYSTEMS)]
        version = f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(20)}"
        made.append(Component(ecosystem, name(ecosystem, int(count / 8 * chance.random() ** 4)), version, "lock"))
    return made


DEBIAN_SOURCES, DEBIAN_INSTALLED = 1_600, 420


def debian_records(chance: random.Random) -> Iterator[dict[str, object]]:
    """Records as Debian's tracker is published in OSV form: one a flaw, a seventh of them without a fix."""
    for source in range(DEBIAN_SOURCES):
        for at in range(int(4_500 / (source + 1) ** 0.9) + 1):
            flaw = f"CVE-{2012 + at % 15}-{10_000 + source * 5 + at * 11}"
            fixed = [] if chance.random() < 0.15 else [{"fixed": f"5.{chance.randrange(40)}.{at % 30}-{1 + at % 3}"}]
            yield {
                "id": f"DEBIAN-{flaw}-{source}", "modified": "2026-01-01T00:00:00Z", "upstream": [flaw],
                "summary": f"{FLAWS[at % len(FLAWS)]} in the {PLACES[at % len(PLACES)]} of source-{source}",
                "affected": [{"package": {"ecosystem": "Debian:12", "name": f"source-{source}"}, "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *fixed]}]}],
            }  # fmt: skip


def debian_components(chance: random.Random) -> list[Component]:
    """Packages in the order of a dpkg database; a source package is installed at one version, and has up to twelve."""
    versions = {one: f"5.{34 + chance.randrange(6)}.{chance.randrange(30)}-1" for one in range(DEBIAN_SOURCES)}
    installed = [*range(40), *chance.sample(range(40, DEBIAN_SOURCES), DEBIAN_INSTALLED - 40)]
    built = [*installed, *(chance.choice(installed) for _ in range(COMPONENTS - DEBIAN_INSTALLED))]
    made = [
        Component("Debian:12", f"lib{one}-{at}", versions[one], "var/lib/dpkg/status", source=f"source-{one}")
        for at, one in enumerate(built)
    ]
    return sorted(made, key=lambda one: one.name)


def main() -> None:
    """Builds, measures, prints a table; exit 1 when a goal is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        archive, target = Path(folder) / "all.zip", Path(folder) / "advisories.db"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for at in range(count):
                one = record(chance, at, count)
                made.writestr(f"{one['id']}.json", json.dumps(one))
        inputs = [archive, *(path for path in (CORPORA / "pypa", CORPORA / "rustsec") if path.is_dir())]
        start = time.process_time()
        report = AdvisoryStore.build(inputs, target)
        building = time.process_time() - start
        asked = components(random.Random(2), count)
        first, best, matches = measure(target, asked)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for one in debian_records(random.Random(3)):
                made.writestr(f"{one['id']}.json", json.dumps(one))
        of_debian = AdvisoryStore.build([archive], Path(folder) / "debian.db").kept
        debian = measure(Path(folder) / "debian.db", debian_components(random.Random(4)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"advisories kept          {report.kept:>10,} of {report.read:,}, {report.packages:,} packages")
    print(f"build                    {building:>10.1f} CPU s, peak {peak:.0f} MB")
    print(f"compiled file            {report.bytes / 1e6:>10.1f} MB   (goal 40)")
    print(f"1,000 components, first  {first:>10.1f} ms CPU, with open, nothing cached")
    print(f"1,000 components, median {best:>10.1f} ms CPU   (goal 50), {matches:,} matches")
    first, of_debian_best, matches = debian
    print(f"1,000 of Debian, first   {first:>10.1f} ms CPU, against {of_debian:,} records")
    print(f"1,000 of Debian, median  {of_debian_best:>10.1f} ms CPU   (goal 50), {matches:,} matches")
    sys.exit(0 if max(best, of_debian_best) <= 50 and report.bytes <= 40e6 else 1)


def measure(target: Path, asked: list[Component]) -> tuple[float, float, int]:
    """CPU milliseconds of the first and of the median match, and how many flaws were found."""
    times: list[float] = []
    for _ in range(RUNS):
        start = time.process_time()
        with AdvisoryStore.open(target) as store:
            found = len(store.match(asked))
        times.append((time.process_time() - start) * 1000)
    return times[0], sorted(times)[len(times) // 2], found


if __name__ == "__main__":
    main()
