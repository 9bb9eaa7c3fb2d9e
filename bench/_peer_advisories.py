"""Lock files and OSV records for the peers that match components to advisories, and what they and we found.

Two sets: advisories made as in ``bench.advisories`` with 1,000 components in four lock files, and the real PyPI records
of the corpora with a pin of every package they tell of. A peer gets the very archives that our store is compiled from.

Where osv-scanner 1.9.2 and we differ on them, it names fewer: it compares names of PyPI as they are written
(``jw.util`` is not ``jw-util``), and it passes over all ranges of a record when the first of them is over commits.
"""

from __future__ import annotations

import json
import random
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.advisories import ECOSYSTEMS, name, record
from lockgate.advisories.osv import normal_name
from lockgate.store.advisories import AdvisoryStore

Groups = list[tuple[str, str, frozenset[str]]]
"""Package, version and identifiers of every flaw that was found."""
PINNED = 250
_CRATES = "registry+https://github.com/rust-lang/crates.io-index"


@dataclass(frozen=True)
class Case:
    """One set of lock files."""

    title: str
    folder: Path
    """Where the lock files lie, and nothing else."""
    database: Path
    """Where the archives lie: ``osv-scanner/<ecosystem>/all.zip``."""
    store: Path


def made(folder: Path, *, records: int) -> Case:
    """The made set: ``records`` advisories about nine ecosystems, and 250 components in each of four lock files."""
    chance = random.Random(1)
    told = ((ECOSYSTEMS[at % len(ECOSYSTEMS)], record(chance, at, records)) for at in range(records))
    picked = random.Random(2)
    pins = {}
    for ecosystem in ("npm", "PyPI", "crates.io", "Go"):
        names = {name(ecosystem, int(records / 8 * picked.random() ** 4)) for _ in range(PINNED * 4)}
        chosen = picked.sample(sorted(names), PINNED)
        pins[ecosystem] = {
            one: f"{picked.randrange(9)}.{picked.randrange(30)}.{picked.randrange(20)}" for one in chosen
        }
    title = f"{records:,} made advisories, {PINNED * 4:,} components in four lock files"
    return _case(title, folder, told, pins)


def real(folder: Path, pypa: Path) -> Case:
    """The PyPI records of the corpora, and for every package the newest version that its newest record lists."""
    pins: dict[str, str] = {}
    records = []
    for path in sorted(pypa.glob("*.yaml")):
        one = yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)
        records.append(one)
        for affected in one.get("affected", ()):
            if affected.get("versions"):
                pins[normal_name("PyPI", affected["package"]["name"])] = affected["versions"][-1]
    title = f"{len(records):,} PyPI advisories of the corpora, {len(pins):,} pins"
    return _case(title, folder, (("PyPI", one) for one in records), {"PyPI": pins})


def _case(
    title: str, folder: Path, records: Iterable[tuple[str, dict[str, Any]]], pins: Mapping[str, Mapping[str, str]]
) -> Case:
    project, database, store = folder / "project", folder / "database", folder / "advisories.db"
    archives: dict[str, zipfile.ZipFile] = {}
    with ExitStack() as stack:
        for ecosystem, one in records:
            if ecosystem not in archives:
                path = database / "osv-scanner" / ecosystem / "all.zip"
                path.parent.mkdir(parents=True)
                archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
                archives[ecosystem] = stack.enter_context(archive)
            archives[ecosystem].writestr(f"{one['id']}.json", json.dumps(one))
    paths = [Path(str(archive.filename)) for archive in archives.values()]
    started = time.process_time()
    report = AdvisoryStore.build(paths, store)
    size = sum(path.stat().st_size for path in paths) / 1e6
    title += (
        f": archives {size:.1f} MB; our store of {report.kept:,} records, {report.bytes / 1e6:.1f} MB, "
        f"compiled once in {time.process_time() - started:.1f} CPU s"
    )
    project.mkdir()
    for ecosystem, versions in pins.items():
        file, text = _LOCKS[ecosystem](versions)
        (project / file).write_text(text)
    return Case(title, project, database, store)


def _requirements(pins: Mapping[str, str]) -> tuple[str, str]:
    return "requirements.txt", "".join(f"{one}=={version}\n" for one, version in pins.items())


def _package_lock(pins: Mapping[str, str]) -> tuple[str, str]:
    packages = {f"node_modules/{one}": {"version": version} for one, version in pins.items()}
    top = {"": {"name": "shop", "version": "1.0.0", "dependencies": dict(pins)}}
    lock = {"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": top | packages}
    return "package-lock.json", json.dumps(lock, indent=2)


def _cargo_lock(pins: Mapping[str, str]) -> tuple[str, str]:
    packages = (
        f'[[package]]\nname = "{one}"\nversion = "{version}"\nsource = "{_CRATES}"\n' for one, version in pins.items()
    )
    return "Cargo.lock", "version = 3\n\n" + "\n".join(packages)


def _go_mod(pins: Mapping[str, str]) -> tuple[str, str]:
    # A module whose path does not end in its major version says so.
    lines = (
        f"\t{one} v{version}{'' if version[:2] in ('0.', '1.') else '+incompatible'}\n" for one, version in pins.items()
    )
    return "go.mod", "module harbour.example/shop\n\nrequire (\n" + "".join(lines) + ")\n"


_LOCKS = {"PyPI": _requirements, "npm": _package_lock, "crates.io": _cargo_lock, "Go": _go_mod}


def our_flaws(report: Path) -> Groups:
    """From our JSON report."""
    found = []
    for finding in json.loads(report.read_text())["findings"]:
        facts = {fact["name"]: fact["value"] for fact in finding["facts"]}
        found.append((facts["package"], facts["version"], frozenset(finding["aliases"])))
    return found


def osv_scanner_flaws(report: Path) -> Groups:
    """From the JSON report of osv-scanner: its ``groups`` are records that are aliases of each other."""
    return [
        (one["package"]["name"], one["package"]["version"], frozenset((*group["ids"], *(group.get("aliases") or ()))))
        for source in json.loads(report.read_text())["results"] or ()
        for one in source["packages"]
        for group in one.get("groups") or ()
    ]


def compared(ours: Groups, theirs: Groups) -> str:
    """How many flaws each found, and what only one of them names; a flaw is the same when they share an identifier."""
    left, right = _not_in(ours, theirs), _not_in(theirs, ours)
    text = f"flaws: ours {len(ours):,}, theirs {len(theirs):,}, only ours {len(left):,}, only theirs {len(right):,}"
    return text + "".join(
        f"\n  only {whose}: {', '.join(f'{one} {version} {min(ids)}' for one, version, ids in rest[:6])}"
        for whose, rest in (("ours", left), ("theirs", right))
        if rest
    )


def _not_in(some: Iterable[tuple[str, str, frozenset[str]]], others: Groups) -> Groups:
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one, version, ids in others:
        known[one.lower(), _plain(version)] |= ids
    return [(one, version, ids) for one, version, ids in some if not ids & known[one.lower(), _plain(version)]]


def _plain(version: str) -> str:
    return version.removeprefix("v").removesuffix("+incompatible")
