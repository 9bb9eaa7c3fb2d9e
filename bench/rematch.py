"""Stored bills against advisories: ``python -m bench.rematch [--images N] [--advisories N] [--folder PLACE]``.

Real Delta tables of a record: N images (default 10,000) with 300 components each, written through the record and
compacted as ``lockgate record compact`` does; two scans of a cluster that runs 5,000 containers of them. 200 bases of
180 packages of a distribution and 120 packages of languages an image, popular ones more often, each in one of five
versions, all drawn with a fixed seed from the names of ``bench.advisories``, of which 200,000 records are compiled. How
many components differ is printed: it is what a re-match costs. Measured in a process of their own, wall clock, CPU time
and peak memory: all bills against the whole store where nothing was told of any image yet (every image differs); the
same where millions of findings were told before and a hundredth of the images differ, as on every day after; and one
advisory down to its pods. Goals: 10 s and 1 s. With ``--folder`` the record is made once and kept.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.advisories import name, record
from lockgate.engine.affected import affected
from lockgate.engine.rematch import compared
from lockgate.model import Family
from lockgate.rules import load
from lockgate.store import Record
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.bills import bills_of

BASES, OF_BASE, OF_IMAGE = 200, 180, 120
LANGUAGES = ("npm", "PyPI", "Maven", "Go", "NuGet")
TOGETHER = 200
"""Images that are appended at once."""
CONTAINERS = 5_000
RUNS = 5
NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


def bill(chance: random.Random, count: int, ecosystems: tuple[str, ...], size: int) -> list[dict[str, Any]]:
    """Rows of ``Components`` as a scan of an image leaves them."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    while len(rows) < size:
        ecosystem = chance.choice(ecosystems)
        called = name(ecosystem, int(count / 8 * chance.random() ** 3))
        version = f"{zlib.crc32(called.encode()) % 6}.{chance.randrange(5)}.0"
        distribution = ecosystem.startswith("Debian")
        rows[ecosystem, called] = {
            "Ecosystem": ecosystem, "Name": called, "PackageVersion": version, "Line": 0, "Direct": None,
            "Path": "var/lib/dpkg/status" if distribution else f"app/{called}", "Parents": "[]", "Via": "[]",
            "Scope": "runtime", "Licence": "", "Hashes": "[]", "Purl": f"pkg:{ecosystem}/{called}@{version}",
            "Requirement": "", "ComponentKind": "library", "SourcePackage": called if distribution else "",
            "SourceVersion": "", "Architecture": "amd64" if distribution else "", "Layer": "sha256:base", "Owner": "",
        }  # fmt: skip
    return list(rows.values())


def made(folder: Path, images: int, count: int) -> None:
    """The record, the cluster and the store."""
    chance, kept = random.Random(3), Record.open(folder)
    bases = [bill(chance, count, ("Debian:12",), OF_BASE) for _ in range(BASES)]
    for start in range(0, images, TOGETHER):
        rows: dict[str, list[dict[str, Any]]] = {"Components": [], "Images": [], "Runs": []}
        for number in range(start, min(start + TOGETHER, images)):
            common = {"TimeGenerated": NOW, "RunId": f"run-{number}", "Batch": f"batch-{start}"}
            rows["Images"].append({
                **common, "ImageDigest": f"sha256:{number:064x}", "IndexDigest": "", "ConfigDigest": "",
                "Name": f"r.example.com/team/app-{number}:1", "Registry": "r.example.com", "Tag": "1",
                "Repository": f"team/app-{number}", "Platform": "linux/amd64", "BaseName": "", "BaseDigest": "",
                "Inventoried": True,
            })  # fmt: skip
            rows["Runs"].append({**common, "Ended": NOW, "Mode": "image", "Families": '["dependencies"]'})
            own = bill(chance, count, LANGUAGES, OF_IMAGE)
            rows["Components"].extend(common | one for one in (*chance.choice(bases), *own))
        for table in ("Components", "Images", "Runs"):
            kept.append_piece(table, rows[table])
    kept.compact()
    for table in ("KubePodInventory", "ContainerInventory"):
        lines = folder / f"{table}.ndjson"
        with lines.open("w") as out:
            for scan in range(2):
                for number in range(CONTAINERS):
                    own = {
                        "TimeGenerated": (NOW + timedelta(minutes=scan)).isoformat(), "ContainerID": f"{number:064x}",
                        "ClusterId": "harbour", "ClusterName": "harbour", "Namespace": f"n{number % 40}",
                        "Name": f"pod-{number}", "ContainerName": f"uid-{number}/app", "ControllerKind": "ReplicaSet",
                        "ControllerName": f"app-{number % 999}", "ContainerStatus": "running",
                        "ImageID": f"sha256:{number * 7 % images:064x}",
                    }  # fmt: skip
                    out.write(json.dumps(own) + "\n")
        subprocess.run(
            [sys.executable, "-m", "lockgate", "ingest", str(lines), "--table", table], check=True, cwd=folder,
            capture_output=True, env={"LOCKGATE_WORKSPACE": str(folder), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    if (folder / "advisories.db").exists():
        return
    archive = folder / "all.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        source = random.Random(1)
        for at in range(count):
            one = record(source, at, count)
            packed.writestr(f"{one['id']}.json", json.dumps(one))
    AdvisoryStore.build([archive], folder / "advisories.db")


def tell(folder: Path, told: Path) -> None:
    """The same record under ``told``, with a finding for every flaw of every image, of each hundredth image all but
    some: as if each had been scanned the day before."""
    from deltalake import write_deltalake

    shutil.copytree(folder / "record", told / "record", copy_function=os.link)
    (told / "advisories.db").symlink_to(folder / "advisories.db")
    record = Record.open(told)
    record.append_piece("Findings", [{"TimeGenerated": NOW, "RunId": "", "Batch": "", "State": "fixed"}])
    columns = {
        "TimeGenerated": "make_timestamptz(2031, 5, 4, 12, 0, 0)", "RunId": "RunId", "Batch": "r.Batch",
        "State": "'known'", "Rule": "n.Rule", "Family": "'dependencies'", "SubjectKind": "'component'",
        "SubjectKey": "n.SubjectKey", "SubjectName": "n.SubjectKey", "Identity": "'lg1-' || md5(w.pair::VARCHAR)",
    }  # fmt: skip
    made = ", ".join(f"{statement} AS {column}" for column, statement in columns.items())
    with AdvisoryStore.open(folder / "advisories.db") as store, bills_of(Record.open(folder)) as bills:
        rules = load((Family.DEPENDENCIES,), samples=False).of(Family.DEPENDENCIES)
        compared(bills, store, tuple(rules))
        rows = bills.connection.sql(
            f"SELECT {made} FROM wanted w JOIN image i ON w.pair // 4294967296 = i.place JOIN Runs r USING (RunId) "
            "JOIN named n ON w.pair % 4294967296 = n.key WHERE NOT (i.place % 100 = 0 AND n.key % 20 = 0)"
        )
        write_deltalake(record.uri("Findings"), rows, mode="append", schema_mode="merge")
    record.compact()


def measure(folder: Path, what: str) -> None:
    """One of the two questions, in a process that does nothing else."""
    begun = time.perf_counter()
    with AdvisoryStore.open(folder / "advisories.db") as store, bills_of(Record.open(folder)) as bills:
        if what == "all":
            rules = load((Family.DEPENDENCIES,), samples=False).of(Family.DEPENDENCIES)
            found = compared(bills, store, tuple(rules))
            said = (f"{found.images:,} images, {found.components:,} different components, {found.flaws:,} flaws of "
                    f"these; {len(found.differing):,} images differ")  # fmt: skip
        else:
            one = affected(bills, store, [what])
            images = {touched.image.facts.digest for touched in one.touched}
            said = f"{len(images):,} images, {len(one.containers):,} containers"
    took = time.perf_counter() - begun
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    times = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"took": took, "cpu": times.ru_utime + times.ru_stime, "peak": peak, "said": said}))


def asked(folder: Path, what: str) -> dict[str, Any]:
    """The same, in a process of its own."""
    arguments = [sys.executable, "-m", "bench.rematch", "--measure", what, "--folder", str(folder)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    """Makes what is missing, measures, prints; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--advisories", type=int, default=200_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", default="")
    given = parser.parse_args()
    if given.measure:
        measure(given.folder, given.measure)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "made").exists():
            made(folder, given.images, given.advisories)
            (folder / "made").touch()
        told = folder / "told"
        if not (told / "made").exists():
            tell(folder, told)
            (told / "made").touch()
        some = [
            next(one["aliases"][0] for at, one in enumerate(_records(given.advisories)) if at == wanted)
            for wanted in (2, 101, 5_004)
        ]
        worst = 0.0
        for place, what, goal in ((folder, "all", 10.0), (told, "all", 10.0), *((folder, one, 1.0) for one in some)):
            runs = sorted((asked(place, what) for _ in range(RUNS)), key=lambda one: float(one["took"]))
            took, cpu = float(runs[RUNS // 2]["took"]), statistics.median(one["cpu"] for one in runs)
            worst = max(worst, took / goal)
            called = what if place == folder else "all, told before"
            print(f"{called:<16} {took:7.2f} s median of {RUNS} (goal {goal:g}), {cpu:.2f} CPU s, "
                  f"peak {runs[-1]['peak']:.0f} MB: {runs[0]['said']}", flush=True)  # fmt: skip
    sys.exit(0 if worst <= 1 else 1)


def _records(count: int) -> Any:
    source = random.Random(1)
    return (record(source, at, count) for at in range(count))


if __name__ == "__main__":
    main()
