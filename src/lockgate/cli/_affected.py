"""The work of ``lockgate advisories affected`` and ``rematch``: stored bills against advisories, without pulling."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import orjson

from lockgate.cli._attested_vex import BelievedVex
from lockgate.cli._check import exit_code, judged, opened
from lockgate.cli._project import Project, project_at
from lockgate.cli._text import safe
from lockgate.engine import Request
from lockgate.engine.affected import Affected, Touched, affected
from lockgate.engine.image_sources import project_of
from lockgate.engine.machine import machine_folder
from lockgate.engine.rematch import compared, settled
from lockgate.errors import ExitCode, NothingCheckedError
from lockgate.model import Family, Result
from lockgate.rules import load
from lockgate.sources.image.stored import StoredSource
from lockgate.store import Ledger, Record
from lockgate.store._running import RunningContainer
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.bills import Bills, StoredImage, bills_of
from lockgate.store.workspace import salt_of

_SHOWN = 20
"""Containers of one image that are listed; the rest is counted. JSON has all."""


def run_affected(arguments: argparse.Namespace) -> int:
    """Show what advisories touch."""
    project = project_at(Path.cwd())
    target = Path(arguments.store) if arguments.store else project.workspace.advisories
    with _advisories(target, arguments.new) as store, bills_of(project.record()) as bills:
        _known(store, arguments.ids)
        found = affected(bills, store, arguments.ids)
    if not found.images:
        raise _no_bills()
    if arguments.format == "json":
        sys.stdout.buffer.write(orjson.dumps(_as_json(found), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        for line in _drawn(found):
            print(line)
    return int(ExitCode.ALLOWED)


@contextmanager
def _advisories(target: Path, sources: Sequence[str]) -> Iterator[AdvisoryStore]:
    """The store at ``target``, or one made of ``sources`` for this answer alone."""
    if not sources:
        with AdvisoryStore.open(target) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="lockgate-advisories-") as folder:
        made = Path(folder) / "advisories.db"
        report = AdvisoryStore.build(sources, made)
        for problem in report.problems[:20]:
            print(f"skipped {safe(problem.path)}: {safe(problem.reason)}", file=sys.stderr)
        with AdvisoryStore.open(made) as store:
            yield store


def _known(store: AdvisoryStore, identifiers: Iterable[str]) -> None:
    for one in identifiers:
        if not store.packages_of([one]):
            raise NothingCheckedError(
                f"the advisory store holds nothing called {safe(one)[:80]}", where="advisories affected",
                hint="compile newer sources with 'lockgate advisories update', or give the record with --new FILE",
            )  # fmt: skip


def _no_bills() -> NothingCheckedError:
    return NothingCheckedError(
        "no bill of an image is stored, so nothing was compared", where="advisories",
        hint="scan images with their packages: lockgate check --image IMAGE --family dependencies",
    )  # fmt: skip


def _by_image(found: Affected) -> Iterator[tuple[list[Touched], list[RunningContainer]]]:
    running: dict[str, list[RunningContainer]] = {}
    for one in found.containers:
        running.setdefault(one.image, []).append(one)
    for digest, touched in groupby(found.touched, key=lambda one: one.image.facts.digest):
        yield list(touched), running.get(digest, [])


def _drawn(found: Affected) -> Iterator[str]:
    images = {one.image.facts.digest for one in found.touched}
    pods = {(one.cluster, one.namespace, one.pod) for one in found.containers}
    namespaces = {(one.cluster, one.namespace) for one in found.containers}
    yield (
        f"{len(images):,} of {found.images:,} images affected, run by {len(pods):,} pods in {len(namespaces):,} "
        f"namespaces ({found.components:,} different components compared)"
    )
    for touched, containers in _by_image(found):
        facts = touched[0].image.facts
        yield ""
        yield safe(f"{facts.name} ({facts.platform}) {facts.digest}")
        for one in touched:
            component, match = one.match.component, one.match
            mended = f"fixed in {match.fixed_in}" if match.fixed_in else match.state or "no fix known"
            yield safe(f"  {match.group} {component.name} {component.version}: {mended} ({one.path})")
        for container in containers[:_SHOWN]:
            owner = f" of {container.owner_kind} {container.owner_name}" if container.owner_name else ""
            unsure = ", by its name alone" if container.by_name else ""
            yield safe(
                f"  runs in {container.cluster}/{container.namespace}/{container.pod} ({container.container}{owner}; "
                f"{container.status or 'unknown'} at {container.seen}{unsure})"
            )
        if len(containers) > _SHOWN:
            yield f"  and in {len(containers) - _SHOWN:,} containers more"
        if not containers:
            yield "  runs nowhere that was collected"


def _as_json(found: Affected) -> dict[str, object]:
    return {
        "images": found.images,
        "components": found.components,
        "affected": [
            {
                "name": (facts := touched[0].image.facts).name, "digest": facts.digest,
                "indexDigest": facts.index_digest, "registry": facts.registry, "repository": facts.repository,
                "tag": facts.tag, "platform": facts.platform,
                "flaws": [
                    {
                        "id": one.match.group, "aliases": one.match.ids, "package": one.match.component.name,
                        "version": one.match.component.version, "ecosystem": one.match.component.ecosystem,
                        "purl": one.match.component.purl, "fixedIn": one.match.fixed_in, "state": one.match.state,
                        "severity": None if one.match.severity is None else str(one.match.severity),
                        "epss": one.match.epss, "kev": one.match.kev, "path": one.path, "layer": one.layer,
                    }
                    for one in touched
                ],
                "containers": [
                    {
                        "cluster": one.cluster, "namespace": one.namespace, "pod": one.pod, "container": one.container,
                        "ownerKind": one.owner_kind, "ownerName": one.owner_name, "status": one.status,
                        "seen": one.seen, "byName": one.by_name,
                    }
                    for one in containers
                ],
            }
            for touched, containers in _by_image(found)
        ],
    }  # fmt: skip


def run_rematch(arguments: argparse.Namespace) -> int:
    """Compare all stored bills, and settle the images of which there is something new to say."""
    project = project_at(Path.cwd())
    target = Path(arguments.store) if arguments.store else project.workspace.advisories
    rules = load((Family.DEPENDENCIES,), samples=False).of(Family.DEPENDENCIES)
    with (
        opened(project.workspace, project, store=True) as (record, ledger, _),
        bills_of(project.record()) as bills,
        AdvisoryStore.open(target) as store,
    ):
        found = compared(bills, store, tuple(rules))
        if not found.images:
            raise _no_bills()
        print(
            f"{found.images:,} images, {found.components:,} different components, {found.flaws:,} flaws in them; "
            f"something new of {len(found.differing):,} images"
        )
        if arguments.dry_run:
            for image in found.differing:
                print(safe(f"  {image.facts.name} {image.facts.digest}"))
            return int(ExitCode.ALLOWED)
        return _settle_all(bills, project, target, found.differing, record, ledger)


def _settle_all(
    bills: Bills, project: Project, target: Path, images: tuple[StoredImage, ...], record: Record | None,
    ledger: Ledger | None,
) -> int:  # fmt: skip
    worst = int(ExitCode.ALLOWED)

    def settle(source: StoredSource) -> Result:
        results: list[Result] = []
        request = _request(project, target, source, results)
        judged([source], request, record=record, ledger=ledger, cache=None)
        return results[0]

    for result in settled(bills, images, settle):
        new = [one for one in result.findings if one.state == "new" and not one.waived]
        names = ", ".join(dict.fromkeys(one.finding.subject.name for one in new[:3]))
        print(safe(f"  {result.run.root}: {len(new)} new, {len(result.fixed)} fixed{f' ({names})' if names else ''}"))
        worst = max(worst, exit_code(result.decision))
    return worst


def _request(project: Project, target: Path, source: StoredSource, results: list[Result]) -> Request:
    """As ``image scan`` asks, for dependencies alone: the same project, so that findings are known again."""
    return Request(
        families=(Family.DEPENDENCIES,),
        advisories=target,
        gate=project.settings.gate,
        options=project.scanner_options(),
        project=project_of(source.facts.name, source.facts.platform),
        salt=salt_of(project.workspace),
        cache_dir=project.workspace.cache_dir,
        made_dir=machine_folder([project.top]),
        waivers=project.waivers(),
        vex=(*project.vex(), *BelievedVex(project, keeps=False).of_digest(source.facts.digest)),
        seconds=project.settings.limits.seconds,
        revision=source.facts.digest,
        tell=results.append,
    )
