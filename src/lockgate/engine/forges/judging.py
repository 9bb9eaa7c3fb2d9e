"""A change of a repository at a forge through the engine: what ``lockgate check --since`` does, from a mirror.

Settings, waivers, owners and policies are those of the side that the change goes into: nobody lets their own change
through by changing them in it. A repository without a ``lockgate.yaml`` is judged by that of the server.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from lockgate.dataclass import dataclass
from lockgate.engine.dependency_review import DependencyReview, review
from lockgate.engine.machine import machine_folder
from lockgate.engine.project import OWNERS, Project
from lockgate.engine.request import Request
from lockgate.engine.scan import scan
from lockgate.errors import LockgateError, SourceError
from lockgate.model import Family, File, Result
from lockgate.settings import FILE_NAME, Settings, loads
from lockgate.settings.globs import matcher as excluder
from lockgate.sources import Source
from lockgate.sources.repository.changes import EMPTY_TREE, ChangesSource, CommitSource
from lockgate.sources.repository.git import Git
from lockgate.store import Ledger, Record
from lockgate.store.cache import Cache
from lockgate.store.waiver import Waiver
from lockgate.store.workspace import Workspace, salt_of

_MOST_FILES = 2_000
"""Files of settings, waivers and policies that are laid out for one run."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is judged."""

    name: str
    """Of the repository, with its host: ``github.com/harbour/shop``."""
    git: Git
    base: str
    """The commit that it is compared with; empty: everything is new."""
    head: str
    branch: str = ""
    run: str = ""
    """Id of the run; the same when the work is begun again."""
    is_again: bool = False
    """Whether it may have been judged before, so that its run is in the record already."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it."""

    result: Result
    dependencies: DependencyReview | None = None


class Judging:
    """How repositories of forges are judged."""

    def __init__(
        self, workspace: Workspace, record: Callable[[], Record], settings: Callable[[], Settings],
        granted: Callable[[], Iterable[Waiver]] = tuple,
    ) -> None:  # fmt: skip
        """``record``, ``settings`` and waivers that were ``granted``: of the server, as they hold now."""
        self._workspace, self._record, self._settings, self._granted = workspace, record, settings, granted

    @property
    def mirrors(self) -> Path:
        """The folder of the mirrors."""
        return self._workspace.folder / "forges"

    def change(self, change: Change) -> Judged:
        """Exactly what ``head`` has and ``base`` had not. The run is in the record when this returns; what it finds is
        not yet known of the repository. Raises ``LockgateError``."""
        with self._project(change.git, change.base or change.head) as project:
            excluded, limit = excluder(project.settings.exclude), project.settings.limits.file_bytes
            source: Source = (
                ChangesSource(change.git, change.base, excluded, limit, head=change.head, name=change.name)
                if change.base
                else CommitSource(change.git, change.head, None, excluded, limit, "since", change.name)
            )
            result = self._judged(project, source, change, partial=True)
            dependencies = None
            if Family.DEPENDENCIES in project.settings.families:
                dependencies = self._review(change, excluded)
            return Judged(result, dependencies)

    def whole(self, change: Change) -> Judged:
        """All of ``head``, remembered as what the repository is. Raises ``LockgateError``."""
        with self._project(change.git, change.head) as project:
            excluded, limit = excluder(project.settings.exclude), project.settings.limits.file_bytes
            source = CommitSource(change.git, change.head, None, excluded, limit, name=change.name)
            return Judged(self._judged(project, source, change, partial=False))

    def _judged(self, project: Project, source: Source, change: Change, *, partial: bool) -> Result:
        from lockgate.gates.check import GATE
        from lockgate.rules import load

        place, families, results = self._workspace, project.settings.families, list[Result]()
        made = machine_folder([change.git.folder])
        exempted = project.exemptions() if Family.POLICY in families else None
        rules = load(families, cache_dir=made or place.cache_dir, samples=False)
        request = Request(
            families=families, gate=project.settings.gate, options=project.scanner_options(),
            own=project.own_policies() if Family.POLICY in families else None, rules_digest=rules.digest,
            project=change.name, salt=salt_of(place), advisories=place.advisories, cache_dir=place.cache_dir,
            made_dir=made, vex=project.vex() if Family.DEPENDENCIES in families else (),
            waivers=project.waivers().extended(exempted.waivers if exempted else ()),
            skips=exempted.skips if exempted is not None else (), owners=project.owners(), partial=partial,
            seconds=project.settings.limits.seconds, run=change.run, revision=change.head, branch=change.branch,
            tell=results.append,
        )  # fmt: skip
        with self._remembered(partial) as ledger, Cache.open(_beside(change.git.folder, "scans.db")) as cache:
            record = self._record()
            stored = change.is_again and record.has_run(change.run)
            scan([source], rules, GATE, store=None if stored else record, ledger=ledger, request=request, cache=cache)
        return results[0]

    @contextmanager
    def _remembered(self, partial: bool) -> Iterator[Ledger | None]:
        """The ledger where what is found is the repository's own; what a change would bring is not, until it is in."""
        if partial:
            yield None
            return
        with Ledger.open(self._workspace.folder) as ledger:
            yield ledger

    def _review(self, change: Change, excluded: Callable[[str], bool]) -> DependencyReview | None:
        from lockgate.store.advisories import AdvisoryStore

        known = self._workspace.advisories
        store = AdvisoryStore.open(known) if known.exists() else None
        base, head = (
            CommitSource(change.git, tree, None, excluded) for tree in (change.base or EMPTY_TREE, change.head)
        )
        return review(base, head, store)

    @contextmanager
    def _project(self, git: Git, commit: str) -> Iterator[Project]:
        """What the settings of a commit name, laid out in a folder of its own."""
        from lockgate.scanners import declared_options

        with tempfile.TemporaryDirectory(prefix="lockgate-forge-") as folder:
            top = Path(folder)
            written = _lay_out(git, commit, (FILE_NAME,), top)
            settings = self._settings()
            if written:
                try:
                    settings = loads((top / FILE_NAME).read_bytes(), where=FILE_NAME, options=declared_options)
                except LockgateError as error:
                    hint = f"{FILE_NAME} of the branch that the change goes into is wrong"
                    raise SourceError(error.message, where=error.where or FILE_NAME, hint=error.hint or hint) from None
            else:
                settings = replace(settings, waivers="lockgate-waivers.yaml", vex=(), exemptions=())
            yaras = settings.scanners.get("malware", {}).get("rules") or ()
            named = [
                settings.waivers, *settings.vex, *settings.exemptions, *settings.admission.policies, *OWNERS,
                *(str(settings.scanners.get("secrets", {}).get("gitleaks") or ""),), *map(str, yaras),
            ]  # fmt: skip
            _lay_out(git, commit, [one for one in named if one], top)
            yield Project(top, None, settings, self._workspace, granted=self._granted)


def _lay_out(git: Git, commit: str, names: Sequence[str], top: Path) -> int:
    """Write files and folders of a commit below ``top``; how many there were. Links and submodules are left out."""
    chosen = {str(PurePosixPath(one)) for one in names if not one.startswith(("/", "-", ":"))}
    if not chosen:
        return 0

    def covered(path: str) -> bool:
        inside = ".." not in path.split("/") and not path.startswith("/")  # a hostile tree may hold such names
        return inside and (path in chosen or any(str(above) in chosen for above in PurePosixPath(path).parents))

    written = 0
    for row in CommitSource(git, commit).collect(lambda path, size: covered(path)):
        if not isinstance(row, File):
            continue
        written += 1
        if written > _MOST_FILES:
            raise SourceError(f"more than {_MOST_FILES:,} files of settings and policies", where=FILE_NAME)
        target = top / row.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(row.load())
    return written


def _beside(mirror: Path, name: str) -> Path:
    return mirror.with_name(f"{mirror.name}.{name}")
