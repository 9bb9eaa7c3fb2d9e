"""Advisories about the very packages of an image, at the edges of their versions, in the forms that peers compile.

For each package several flaws are made up: fixed in the installed version, just above and just below it, in none at
all, found to be last in it, only in a release before it, listed by name. What separates them is the order of versions
of each ecosystem, and which name and version of a package is compared. The same statements are written as OSV records
(for Lockgate, and for trivy-db's reader of them), as what trivy-db keeps of Debian, and as the records of vunnel that
grype's own builder takes (its schemas ``os`` and ``github-security-advisory``). No tool is asked what is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Range = tuple[str, str, str]
"""Introduced (``0``: from the beginning), fixed (empty: never), last affected (empty: none)."""
_GITHUB = {"PyPI": "pip", "npm": "npm", "Go": "go", "Maven": "maven"}


@dataclass(frozen=True)
class Flaw:
    """One made up flaw of one package."""

    id: str
    ecosystem: str
    name: str
    ranges: tuple[Range, ...]
    listed: tuple[str, ...] = ()
    why: str = ""
    """Which edge it is, for whoever explains a difference."""


@dataclass(frozen=True)
class Package:
    """As advisories speak of it."""

    ecosystem: str
    name: str
    version: str


def packages(bill: Path) -> list[Package]:
    """Those of a CycloneDX bill of ours; of Debian the source packages."""
    found = {}
    for one in json.loads(bill.read_text())["components"]:
        said = {row["name"]: row["value"] for row in one.get("properties", ())}
        ecosystem = said.get("lockgate:ecosystem", "")
        name = f"{one['group']}:{one['name']}" if ecosystem == "Maven" and "group" in one else one["name"]
        if one.get("group") and ecosystem != "Maven":
            name = f"{one['group']}/{one['name']}"
        version = one.get("version", "")
        if ecosystem.startswith("Debian"):
            source, _, source_version = said.get("lockgate:source", "").partition(" ")
            name, version = source or name, source_version or version
        elif ecosystem not in _GITHUB or "purl" not in one:
            continue
        if version:
            found[ecosystem, name, version] = Package(ecosystem, name, version)
    return [found[key] for key in sorted(found)]


def flaws(some: Iterable[Package]) -> Iterator[Flaw]:
    """The made up flaws, each with an identifier of its own."""
    number = 0
    for one in some:
        edges = _of_debian(one.version) if one.ecosystem.startswith("Debian") else _of_language(one)
        for why, ranges, listed in edges:
            number += 1
            yield Flaw(f"CVE-2099-{number:05}", one.ecosystem, one.name, ranges, listed, why)


_Edge = tuple[str, tuple[Range, ...], tuple[str, ...]]


def _of_debian(version: str) -> Iterator[_Edge]:
    yield "fixed in it", (("0", version, ""),), ()
    yield "fixed in the next upload", (("0", version + "+x1", ""),), ()
    yield "fixed in a backport before it", (("0", version + "~x1", ""),), ()
    yield "never fixed", (("0", "", ""),), ()
    epoch = int(version.partition(":")[0]) + 1 if ":" in version else 1
    yield "fixed in a later epoch", (("0", f"{epoch}:0-1", ""),), ()
    upstream, dash, revision = version.rpartition("-")
    if dash and revision[:1].isdigit():
        yield "fixed in a later revision", (("0", f"{upstream}-{revision}.1", ""),), ()
        yield "fixed in the upstream version", (("0", upstream, ""),), ()


def _of_language(one: Package) -> Iterator[_Edge]:
    version = one.version
    later, before = _neighbours(one.ecosystem, version)
    yield "fixed in it", (("0", version, ""),), ()
    yield "fixed later", (("0", later, ""),), ()
    yield "begun with it", ((version, later, ""),), ()
    yield "begun later", ((later, "", ""),), ()
    yield "last in it", (("0", "", version),), ()
    yield "last before it", (("0", "", before),), ()
    yield "never fixed", (("0", "", ""),), ()
    yield "in two ranges, the second holds it", (("0", before, ""), (version, later, "")), ()
    yield "listed", (), (version,)


def _neighbours(ecosystem: str, version: str) -> tuple[str, str]:
    """A version just above, and one just below."""
    core = version.partition("+")[0]
    if ecosystem == "PyPI":
        plain = core.replace(".", "").isdigit()
        return (f"{core}.post1", f"{core}rc1") if plain else (f"1!{core}", "0.0.1")
    if ecosystem == "Maven":
        return f"{core}.1", f"{core}-alpha-1"
    if "-" in core:  # a release before another, or a commit of Go
        return core.partition("-")[0] + "-zzz", core.partition("-")[0] + "-0"
    major, dot, rest = core.rpartition(".")
    return f"{major}{dot}{int(rest) + 1}" if rest.isdigit() else f"{core}.1", f"{core}-rc.1"


def osv(flaw: Flaw) -> dict[str, Any]:
    """As an OSV record."""
    ranges = []
    for introduced, fixed, last in flaw.ranges:
        events = [{"introduced": introduced}]
        events += [{"fixed": fixed}] if fixed else [{"last_affected": last}] if last else []
        ranges.append({"type": "SEMVER" if flaw.ecosystem in ("npm", "Go") else "ECOSYSTEM", "events": events})
    return {
        "id": flaw.id, "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "summary": flaw.why,
        "affected": [{"package": {"ecosystem": flaw.ecosystem, "name": flaw.name}, "ranges": ranges,
                      "versions": list(flaw.listed)}],
    }  # fmt: skip


def for_trivy(all_flaws: Iterable[Flaw], folder: Path) -> None:
    """What ``peer_databases/trivy`` reads."""
    (folder / "osv").mkdir(parents=True)
    debian = []
    for flaw in all_flaws:
        if flaw.ecosystem.startswith("Debian"):
            release = flaw.ecosystem.partition(":")[2]
            debian.append({"ID": flaw.id, "Package": flaw.name, "Release": release, "Fixed": flaw.ranges[0][1]})
        else:
            (folder / "osv" / f"{flaw.id}.json").write_text(json.dumps(osv(flaw)))
    (folder / "debian.json").write_text(json.dumps(debian))


def for_grype(all_flaws: Iterable[Flaw], folder: Path) -> list[Path]:
    """What ``peer_databases/grype`` reads: the states of two providers."""
    distribution, language = [], []
    for flaw in all_flaws:
        of_debian = flaw.ecosystem.startswith("Debian")
        (distribution if of_debian else language).append(_of_vunnel(flaw) if of_debian else _of_github(flaw))
    return [
        _provider(folder, "debian", "os/schema-1.1.0.json", distribution),
        _provider(folder, "github", "github-security-advisory/schema-1.1.0.json", language),
    ]


def _provider(folder: Path, name: str, schema: str, records: list[dict[str, Any]]) -> Path:
    place = folder / name
    (place / "results").mkdir(parents=True)
    url = f"https://raw.githubusercontent.com/anchore/vunnel/main/schema/vulnerability/{schema}"
    (place / "results" / "all.json").write_text(json.dumps({"schema": url, "identifier": name, "item": records}))
    (place / "results" / "listing.xxh64").write_text("0000000000000000  results/all.json\n")
    state = {
        "provider": name, "version": 1, "distribution_version": 1, "processor": "bench", "store": "flat-file",
        "schema": {"version": schema.partition("schema-")[2].removesuffix(".json"),
                   "url": url},
        "timestamp": "2026-01-01T00:00:00+00:00", "urls": [], "stale": False,
        "listing": {"path": "results/listing.xxh64", "digest": "0000000000000000", "algorithm": "xxh64"},
    }  # fmt: skip
    (place / "metadata.json").write_text(json.dumps(state))
    return place / "metadata.json"


def _of_vunnel(flaw: Flaw) -> dict[str, Any]:
    space = flaw.ecosystem.lower()
    fixed = {
        "Name": flaw.name, "NamespaceName": space, "Version": flaw.ranges[0][1] or "None", "VersionFormat": "dpkg",
        "VendorAdvisory": {"NoAdvisory": False, "AdvisorySummary": []},
    }  # fmt: skip
    return {"Vulnerability": {
        "Name": flaw.id, "NamespaceName": space, "Description": flaw.why, "Severity": "High", "Link": "", "CVSS": [],
        "Metadata": {}, "FixedIn": [fixed],
    }}  # fmt: skip


def _of_github(flaw: Flaw) -> dict[str, Any]:
    ecosystem = _GITHUB[flaw.ecosystem]
    fixed_in = []
    for introduced, fixed, last in flaw.ranges:
        bounds = ((">=", introduced if introduced != "0" else ""), ("<", fixed), ("<=", last))
        said = ", ".join(f"{sign} {bound}" for sign, bound in bounds if bound) or ">= 0"
        fixed_in.append({"range": said, "identifier": fixed})
    fixed_in += [{"range": f"= {one}", "identifier": ""} for one in flaw.listed]
    common = {"name": flaw.name, "ecosystem": {"pip": "python", "maven": "java"}.get(ecosystem, ecosystem),
              "namespace": f"github:{ecosystem}"}  # fmt: skip
    return {"Advisory": {
        "Classification": "GENERAL", "Severity": "High", "CVSS": None, "FixedIn": [common | one for one in fixed_in],
        "Summary": flaw.why, "url": "", "CVE": [], "Metadata": {"CVE": []}, "ghsaId": flaw.id,
        "published": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z", "withdrawn": None,
        "namespace": f"github:{ecosystem}",
    }, "Vulnerability": {}}  # fmt: skip
