"""What is judged: the project, its settings, its workspace, its waivers and owners."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.engine.granted import granted_here
from lockgate.errors import ConfigurationError, SourceError
from lockgate.findings import Owners, Waivers
from lockgate.model import Family, Skip
from lockgate.scanners import declared_options
from lockgate.settings import FILE_NAME, Settings
from lockgate.settings import find as find_settings
from lockgate.settings import load as load_settings
from lockgate.sources.repository import Git, repository_and_head
from lockgate.store.waiver import Waiver
from lockgate.store.workspace import Workspace, workspace_of

if TYPE_CHECKING:
    from lockgate.engine.own import OwnPolicies
    from lockgate.findings.exempted import Exempted
    from lockgate.formats.vex import Statement
    from lockgate.gates.admission import Placed
    from lockgate.sources.cluster.policies import PolicyObjects
    from lockgate.store import Record
    from lockgate.store.saved import Library

OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""GitHub looks in ``.github``, the root, ``docs``; GitLab in the root, ``docs``, ``.gitlab``; the first counts."""
_MAX_TEXT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Project:
    """One project, as it was found."""

    top: Path
    """The top of the repository, or the folder itself."""
    git: Git | None
    settings: Settings
    workspace: Workspace
    _head: tuple[str, str] | None = None
    """Commit and branch, where they were said on the way."""
    granted: Callable[[], Iterable[Waiver]] | None = None
    """Waivers that people granted at the server, where it is the server that asks; else its workspace tells."""

    def waivers(self) -> Waivers:
        """The reviewed waiver file, and what people granted at the server that works on this workspace."""
        path = self.top / self.settings.waivers
        written = Waivers.load(_text(path), where=self.settings.waivers) if path.is_file() else Waivers()
        if self.granted is not None:
            return written.extended(tuple(self.granted()))
        return written.extended(granted_here(self.workspace.folder, self.settings.server.database or "", top=self.top))

    def vex(self, more: Sequence[str] = ()) -> tuple[Statement, ...]:
        """What the VEX documents of the settings say, and ``more``, seen from where the command runs.

        Raises ``SourceError`` for one that is not there or not understood: in silence its flaws would count.
        """
        paths = [*(self.top / name for name in self.settings.vex), *map(Path, more)]
        if not paths:
            return ()
        from lockgate.sources.vex import read

        return read(paths)

    def exemptions(self, more: Sequence[str] = ()) -> Exempted:
        """Exemptions of Azure Policy as waivers: those of the settings, and ``more``, seen from where the command runs.

        Raises ``SourceError`` for a path that is not there.
        """
        from lockgate.findings.exempted import Exempted, exempted

        paths = [*(self.top / name for name in self.settings.exemptions), *map(Path, more)]
        if not paths:
            return Exempted()
        from lockgate.rules import load
        from lockgate.sources.azure_policy import read

        skips: list[Skip] = []
        documents = []
        for one in read(paths):
            if isinstance(one, Skip):
                skips.append(replace(one, path=self._shown(one.path)))
            else:
                documents.append(replace(one, where=self._shown(one.where)))
        cluster = self.settings.admission.azure_cluster or ""
        made = exempted(documents, load((Family.POLICY,), samples=False).rules, cluster=cluster)
        return Exempted(made.waivers, (*skips, *made.skips))

    def _shown(self, path: str) -> str:
        """A path as it is called from the top of the project, where it lies below."""
        with suppress(ValueError):
            return Path(path).resolve().relative_to(self.top).as_posix()
        return path

    def record(self) -> Record:
        """The record of the workspace, its tables as the settings have them."""
        from lockgate.store import Record
        from lockgate.store.upkeep import upkeep_of

        external = None
        if self.settings.ask.external:
            from lockgate.store.ask.external import reader_of

            external = reader_of(self.settings.ask.external)
        upkeep = upkeep_of(self.settings.tables, where=FILE_NAME)
        return Record.open(self.workspace.record, upkeep=upkeep, external=external, mirror=self.workspace.mirror)

    def library(self) -> Library:
        """The saved queries and functions: files of the project, and what was written in the workspace."""
        from lockgate.store.saved import Library

        return Library.open(self.top / self.settings.queries, self.workspace.folder)

    def owners(self) -> Owners | None:
        """The first CODEOWNERS file."""
        for name in OWNERS:
            path = self.top / name
            if path.is_file():
                return Owners.parse(_text(path))
        return None

    def scanner_options(self, yara: Sequence[str] = ()) -> Mapping[str, Mapping[str, Any]]:
        """Options by family. ``scanners.secrets.gitleaks`` names a rule file of that format, handed on as its text; so
        are ``scanners.malware.rules`` and ``yara``, files and folders seen from where the command runs.

        Raises ``ConfigurationError`` for one that is not there, or leads out of the project.
        """
        options = {family: dict(own) for family, own in self.settings.scanners.items()}
        named = options.get("secrets", {}).get("gitleaks")
        if named:
            path = self.top / str(named)
            if not path.resolve().is_relative_to(self.top.resolve()) or not path.is_file():
                raise ConfigurationError("there is no such rule file in the project", where=str(named))
            options["secrets"]["gitleaks"] = _text(path)
        own = options.get("malware", {}).get("rules") or ()
        if own or yara:
            from lockgate.engine.yara_texts import rule_texts

            paths = [self.top / str(one) for one in own]
            for one in paths:
                if not one.resolve().is_relative_to(self.top.resolve()):
                    raise ConfigurationError("YARA rules outside of the project", where=str(one))
            options.setdefault("malware", {})["rules"] = rule_texts([*paths, *map(Path, yara)], top=self.top)
        return options

    def own_policies(self, more: Sequence[str] = ()) -> OwnPolicies | None:
        """Policies of files: those of ``admission.policies``, and ``more``, seen from where the command runs.

        None when none are named. Raises ``SourceError`` for a path that is not there, or a file that cannot be read.
        """
        found = self._policy_files(more)
        if found is None:
            return None
        from lockgate.engine.own import OwnPolicies

        return OwnPolicies(found, self.settings.admission)

    def policies_of(
        self, cluster: PolicyObjects | None, more: Sequence[str] = (), bundle: Sequence[Placed] = (), *,
        cache_dir: Path | None = None,
    ) -> OwnPolicies | None:  # fmt: skip
        """Policies of files, as :meth:`own_policies` has them, of a signed bundle, and those of a cluster, as its audit
        is to ask them.

        None when there are none. ``cache_dir`` keeps what was compiled for the next audit.
        """
        from lockgate.engine.own import OwnPolicies
        from lockgate.policy.gatekeeper.constraint import AUDIT
        from lockgate.store.compiled import compiled_policies

        manifests = [*(self._policy_files(more) or ()), *((one.where, one.body) for one in bundle)]
        manifests += cluster.manifests() if cluster is not None else ()
        if not manifests:
            return None
        inventory = cluster.inventory() if cluster is not None else ()
        plurals = cluster.plurals if cluster is not None else None
        with compiled_policies(cache_dir) as compiled:
            return OwnPolicies(
                manifests, self.settings.admission, inventory=inventory, point=AUDIT, plurals=plurals,
                compiled=compiled,
            )  # fmt: skip

    def _policy_files(self, more: Sequence[str]) -> Sequence[tuple[str, Mapping[str, Any]]] | None:
        paths = [*(self.top / name for name in self.settings.admission.policies), *map(Path, more)]
        if not paths:
            return None
        from lockgate.sources import policy_files

        found = policy_files.read(paths)
        if found.problems:
            raise found.problems[0]
        return found.manifests

    def tracks(self, folder: Path) -> bool:
        """Whether git tracks any file of ``folder``."""
        if self.git is None or not folder.resolve().is_relative_to(self.top.resolve()):
            return False
        if self.git.bare:
            return False  # no working tree, so nothing that was pushed stands beside the workspace
        return bool(self.git.output("ls-files", "-z", "--", str(folder)))

    def head(self) -> tuple[str, str]:
        """Commit and branch of HEAD, or empty strings."""
        if self.git is None:
            return "", ""
        return self._head or self.git.head()


def project_at(path: Path, *, config: Path | None = None) -> Project:
    """The project that holds ``path`` (a file or a folder)."""
    if not path.exists():
        raise SourceError("there is no such file or folder", where=str(path), hint="give a path of this machine")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    top, head = repository_and_head(folder)
    if top is not None and top.resolve() != folder and Git(top).try_text("check-ignore", "--", str(folder)):
        top = None  # named on purpose though git ignores it: a folder of its own, none of whose files git would list
    base = (top or folder).resolve()
    if config is not None and not config.is_file():
        raise ConfigurationError("there is no such settings file", where=str(config), hint="lockgate init writes one")
    chosen = config or find_settings(base)
    git = Git(base) if top else None
    return Project(base, git, load_settings(chosen, options=declared_options), workspace_of(base), head)


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_TEXT:
        raise ConfigurationError(f"larger than {_MAX_TEXT} bytes", where=str(path))
    return path.read_text("utf-8", "replace")
