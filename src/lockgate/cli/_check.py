"""The work of ``lockgate check``: sources from the arguments, one run of the engine, reports, fixes, exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockgate.cli._outputs import outputs, write
from lockgate.cli._progress import progress
from lockgate.cli._project import Project, project_at
from lockgate.cycles import left_to_the_end
from lockgate.engine import Request, scan
from lockgate.engine.machine import machine_folder
from lockgate.errors import ExitCode, NothingCheckedError, UsageError
from lockgate.model import Decision, Family, Result, Verdict
from lockgate.settings.globs import matcher as excluder
from lockgate.sources import Source
from lockgate.sources.repository import TreeSource
from lockgate.sources.repository.clone import cloned, is_address, shown
from lockgate.store import Ledger, Record
from lockgate.store.cache import Cache
from lockgate.store.workspace import Workspace, prepare, salt_of, workspace_of

if TYPE_CHECKING:
    from lockgate.cli._beyond import Beyond

_MOST_JOBS = 4
"""Workers that are started unasked: each takes memory."""
_Stores = tuple[Record | None, Ledger | None, Cache | None]


def run(arguments: argparse.Namespace) -> int:
    """Check what the arguments name; returns the exit code."""
    if arguments.image:
        from lockgate.cli._image import check

        return check(arguments)
    if arguments.rootfs or arguments.sbom:
        _alone(arguments)
    paths: list[str] = arguments.paths or ["."]
    addresses = [path for path in paths if is_address(path)]
    if not addresses:
        return _check(arguments, [Path(path) for path in paths], workspace=None)
    if len(paths) > 1:
        raise UsageError("an address is checked alone", where=shown(addresses[0]))
    insecure = os.environ.get("LOCKGATE_ALLOW_INSECURE_CLONE") == "1"
    with cloned(addresses[0], full=arguments.history or bool(arguments.since), allow_insecure=insecure) as folder:
        return _check(arguments, [folder], workspace=workspace_of(Path.cwd()), name=shown(addresses[0]))


def _check(arguments: argparse.Namespace, paths: list[Path], *, workspace: Workspace | None, name: str = "") -> int:
    wanted = outputs(arguments.format)
    if arguments.jobs is not None and arguments.jobs < 1:
        raise UsageError("must be 1 or more", where="--jobs")
    config = Path(arguments.config) if arguments.config else None
    projects = _grouped(paths, config)
    first = projects[0][0]
    place = workspace or first.workspace
    elsewhere = [*arguments.rootfs, *arguments.sbom]
    name = name or " ".join(str(Path(one).resolve()) for one in elsewhere)
    results: list[Result] = []
    noticed: set[str] = set()
    with ExitStack() as stack:
        record, ledger, cache = stack.enter_context(opened(place, first, store=not arguments.no_store))
        options = first.scanner_options(arguments.yara)
        families = _families(arguments, first)
        if _by_yara(arguments, options) and Family.MALWARE not in families:
            families = (*families, Family.MALWARE)
        tell_progress = stack.enter_context(progress(quiet=arguments.quiet))
        salt = salt_of(None if arguments.no_store else place)
        sources = _sources(arguments, projects, cache, families, salt)
        revision, branch = ("", "") if elsewhere else first.head()
        exempted = first.exemptions(arguments.exemptions) if Family.POLICY in families else None
        beyond = _server(arguments.server)
        request = Request(
            families=families,
            gate=first.settings.gate,
            options=options,
            own=first.own_policies(arguments.policies) if Family.POLICY in families else None,
            project=name or _project_name(first, projects, workspace),
            salt=salt,
            advisories=Path(arguments.advisories) if arguments.advisories else place.advisories,
            cache_dir=None if arguments.no_store else place.cache_dir,
            made_dir=None if arguments.no_store else machine_folder(project.top for project, _ in projects),
            vex=first.vex(arguments.vex) if Family.DEPENDENCIES in families else (),
            waivers=first.waivers().extended(
                (*(exempted.waivers if exempted is not None else ()), *(beyond.waivers() if beyond else ()))
            ),
            skips=exempted.skips if exempted is not None else (),
            owners=None if elsewhere else first.owners(),
            blame_root=None if elsewhere else _blame_root(arguments, first),
            partial=not elsewhere and _partial(arguments, projects),
            seconds=first.settings.limits.seconds,
            jobs=arguments.jobs or _processors(),
            revision=revision,
            branch=branch,
            tell=results.append,
            progress=tell_progress,
            noticed=lambda file: noticed.add(file.stamp),
        )
        decision = judged(sources, request, record=record, ledger=ledger, cache=cache)
        _remember_blobs(sources, cache, families, noticed)
    write(results[0], wanted)
    if beyond:
        beyond.send(results[0], arguments.called or beyond.called(first))
    if arguments.fix:
        from lockgate.cli._fix import apply_fixes

        apply_fixes(results[0], first.top, ask=not arguments.yes)
    left_to_the_end(results)
    return exit_code(decision)


def judged(
    sources: Sequence[Source], request: Request, *, record: Record | None, ledger: Ledger | None, cache: Cache | None
) -> Decision:
    """One run of the engine by the rules of the wanted families and the gate of ``check``."""
    from lockgate.gates.check import GATE
    from lockgate.rules import load

    rules = load(request.families, cache_dir=request.made_dir or request.cache_dir, samples=False)
    asked = replace(request, rules_digest=rules.digest)
    return scan(sources, rules, GATE, store=record, ledger=ledger, request=asked, cache=cache)


def _server(address: str | None) -> Beyond | None:
    if not address:
        return None
    from lockgate.cli._beyond import Beyond

    return Beyond(address)


def _alone(arguments: argparse.Namespace) -> None:
    """What is installed elsewhere is judged by itself: it is no part of the repository that holds the settings."""
    special = arguments.staged or arguments.since or arguments.history or arguments.imports or arguments.fix
    if arguments.paths or special:
        hint = "leave out paths, --staged, --since, --history, --import and --fix"
        raise UsageError("a root file system or a bill is checked alone", where="--rootfs, --sbom", hint=hint)
    if arguments.family and set(arguments.family) != {Family.DEPENDENCIES.value}:
        raise UsageError("only dependencies are judged there", where="--family", hint="leave --family out")


def _processors() -> int:
    """Those that this process may use, where workers can begin with what it has made ready; else 1."""
    return min(len(os.sched_getaffinity(0)), _MOST_JOBS) if sys.platform.startswith("linux") else 1


def exit_code(decision: Decision) -> int:
    """Nothing checked outweighs denied: a clean answer about half the question is no answer."""
    if decision.nothing_checked:
        return int(ExitCode.NOTHING_CHECKED)
    return int(ExitCode.DENIED if decision.verdict in (Verdict.DENY, Verdict.ASK) else ExitCode.ALLOWED)


def _grouped(paths: list[Path], config: Path | None) -> list[tuple[Project, list[Path]]]:
    groups: dict[Path, tuple[Project, list[Path]]] = {}
    for path in paths:
        project = project_at(path, config=config)
        groups.setdefault(project.top, (project, []))[1].append(path.resolve())
    return list(groups.values())


def _families(arguments: argparse.Namespace, project: Project) -> tuple[Family, ...]:
    chosen = tuple(Family(name) for name in arguments.family or ()) or project.settings.families
    if arguments.rootfs or arguments.sbom:
        return (Family.DEPENDENCIES,)
    if Family.IMAGES in (arguments.family or ()):
        hint = "lockgate check --image IMAGE, or lockgate image scan IMAGE"
        raise UsageError("there is no image to judge", where="--family images", hint=hint)
    if not arguments.history:
        return chosen
    if arguments.family and chosen != (Family.SECRETS,):
        raise UsageError("history is judged for secrets", where="--family", hint="leave --family out")
    return (Family.SECRETS,)


def _sources(
    arguments: argparse.Namespace,
    projects: Sequence[tuple[Project, list[Path]]],
    cache: Cache | None,
    families: tuple[Family, ...],
    salt: bytes,
) -> list[Source]:
    project, _ = projects[0]
    found: list[Source] = []
    if arguments.rootfs or arguments.sbom:
        return _elsewhere(arguments)
    excluded = excluder(project.settings.exclude)
    limits = project.settings.limits
    special = arguments.staged or arguments.since or arguments.history
    if special:
        if len(projects) > 1:
            raise UsageError("several repositories are checked one by one", hint="leave --staged, --since, --history")
        if project.git is None:
            raise NothingCheckedError("not a git repository", where=str(project.top), hint="check the folder itself")
    if project.git is not None and arguments.staged:
        from lockgate.sources.repository.changes import StagedSource

        git = replace(project.git, in_hook=True)
        found.append(StagedSource(git, excluded, limits.file_bytes))
    elif project.git is not None and arguments.since:
        from lockgate.sources.repository.changes import ChangesSource

        head = "HEAD" if project.git.bare else ""
        found.append(ChangesSource(project.git, arguments.since, excluded, limits.file_bytes, head=head))
    elif project.git is not None and arguments.history:
        from lockgate.sources.repository.history import HistorySource

        seen = cache.seen_blobs(_blob_key(families)) if cache is not None and not arguments.all_blobs else frozenset()
        found.append(HistorySource(project.git, seen, excluded=excluded, max_bytes=limits.blob_bytes))
    else:
        many = len(projects) > 1
        for one, below in projects:
            if one.git is not None and one.git.bare:
                raise NothingCheckedError("a bare repository has no files", where=str(one.top), hint="use --history")
            found.append(
                TreeSource(
                    one.top,
                    excluder(one.settings.exclude),
                    one.settings.limits.file_bytes,
                    only=_only(one.top, below),
                    prefix=f"{one.top.name}/" if many else "",
                    ignored_too=arguments.ignored,
                    top=one.top if one.git is not None else None,
                )
            )
    if arguments.imports:
        from lockgate.sources.sarif import SarifSource

        found.extend(SarifSource(Path(path), salt=salt, tree=project.top) for path in arguments.imports)
    return found


def _by_yara(arguments: argparse.Namespace, options: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether files are put to YARA rules: where they are named here, or in the settings and no family is chosen."""
    files = not (arguments.rootfs or arguments.sbom or arguments.history)
    return files and bool(arguments.yara or (options.get("malware", {}).get("rules") and not arguments.family))


def _blame_root(arguments: argparse.Namespace, project: Project) -> Path | None:
    return project.top if project.git and not arguments.no_blame and not arguments.history else None


def _elsewhere(arguments: argparse.Namespace) -> list[Source]:
    from lockgate.sources.root_filesystem import RootFilesystemSource
    from lockgate.sources.sbom import SbomSource

    folders: list[Source] = [RootFilesystemSource(Path(folder)) for folder in arguments.rootfs]
    return [*folders, *(SbomSource(Path(file)) for file in arguments.sbom)]


def _only(top: Path, paths: list[Path]) -> tuple[str, ...]:
    inside = tuple(path.relative_to(top).as_posix() for path in paths)
    return () if "." in inside else inside


def _partial(arguments: argparse.Namespace, projects: Sequence[tuple[Project, list[Path]]]) -> bool:
    narrowed = any(_only(project.top, below) for project, below in projects)
    return bool(arguments.staged or arguments.since or arguments.history or arguments.family or narrowed)


def _project_name(first: Project, projects: Sequence[object], workspace: Workspace | None) -> str:
    """Findings of a project are known again in its own workspace whatever its folder is called."""
    if workspace is not None or len(projects) > 1 or "LOCKGATE_WORKSPACE" in os.environ:
        return str(first.top)
    return "."


@contextmanager
def opened(place: Workspace, project: Project, *, store: bool) -> Iterator[_Stores]:
    """Record, ledger and cache of a workspace; three times None when nothing is to be remembered."""
    if not store:
        yield None, None, None
        return
    prepare(place, tracked=project.tracks)
    record = Record.open(place.record)
    with Ledger.open(place.folder) as ledger, Cache.open(place.cache_dir / "scans.db") as cache:
        yield record, ledger, cache


def _blob_key(families: tuple[Family, ...]) -> str:
    from lockgate.rules import load

    return load(families, samples=False).digest


def _remember_blobs(
    sources: Sequence[Source], cache: Cache | None, families: tuple[Family, ...], noticed: set[str]
) -> None:
    """Only now: the run is stored. A blob that gave anything is read again next time, so that it is told again."""
    if cache is None:
        return
    for source in sources:
        if source.mode != "history":
            continue
        from lockgate.sources.repository.history import HistorySource

        if isinstance(source, HistorySource):
            clean = [one for one in source.read_ids if f"blob-{one.hex()}" not in noticed]
            cache.add_seen_blobs(_blob_key(families), clean)
