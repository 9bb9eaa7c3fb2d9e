"""Makes sets of policies from where they come from, and makes them anew when that changes.

A set that cannot be made whole is refused: at the start that is an error, later the last good one goes on and is told.
Compiled code is kept in the workspace's cache, so that a restart compiles nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lockgate import __version__
from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, LockgateError
from lockgate.findings import Waivers
from lockgate.gates.admission import Authorities, Exceptions, Placed, PolicySet, load_policies
from lockgate.model import Family
from lockgate.rules import load as load_rules
from lockgate.settings import AdmissionSettings
from lockgate.sources import policy_files
from lockgate.sources.cluster.policies import PLACE as CLUSTER
from lockgate.store.compiled import compiled_policies
from lockgate.store.upkeep import Upkeep

if TYPE_CHECKING:
    from lockgate.gates.deployment import Environment
    from lockgate.gates.images import ImageTrust

_log = logging.getLogger("lockgate.admission")
_TOLD = 20
"""Problems that an error spells out."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a project says of admission."""

    settings: AdmissionSettings = field(default_factory=AdmissionSettings)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the rulebook's policies."""
    waivers: Waivers = field(default_factory=Waivers)
    waived_by: str = ""
    """Who may waive, in words."""
    folders: tuple[Path, ...] = ()
    """Files and folders of policies."""
    watched: tuple[Path, ...] = ()
    """Further files whose change means new inputs: settings, waivers."""
    images: ImageTrust | None = None
    """The policy of images; None where images are not verified."""
    environments: tuple[Environment, ...] = ()
    """Those that say of namespaces that they take only what was allowed."""
    upkeep: Upkeep = Upkeep()
    """How the tables of the record are compacted."""


class Feed(Protocol):
    """A further place of policies that changes by itself: a cluster, a signed bundle."""

    @property
    def revision(self) -> str:
        """Changes whenever what :meth:`manifests` gives does."""

    def manifests(self) -> Sequence[Placed]:
        """Policies, bindings and parameters. Raises ``LockgateError`` when there are none to be trusted."""

    def inventory(self) -> Sequence[Mapping[str, Any]]:
        """Objects of the cluster that policies may look at, Namespaces among them."""


class PolicyLoader:
    """One webhook's policies. Used from one thread at a time."""

    def __init__(self, inputs: Callable[[], Inputs], *, cache_dir: Path | None = None,
                 feeds: Sequence[Feed] = (), authorities: Authorities | None = None) -> None:  # fmt: skip
        """``inputs`` reads the project anew. ``cache_dir`` must be a folder that only the user can write.
        ``authorities``: as :class:`PolicySet` takes them."""
        self._authorities = authorities
        self._inputs, self._cache_dir, self._feeds = inputs, cache_dir, tuple(feeds)
        self._seen: object = None
        self._problem = ""
        self.current: Inputs | None = None

    def load(self) -> PolicySet:
        """The set as it is now. Raises ``LockgateError`` when any of it cannot be used."""
        inputs = self._inputs()
        seen = self._stamp(inputs)
        made = self._made(inputs)
        self.current, self._seen = inputs, seen
        return made

    def load_if_changed(self) -> PolicySet | None:
        """A new set when something changed and all of it can be used; raises once for each change that cannot."""
        # The files first: reading the project asks git and parses settings, every two seconds for nothing.
        if self.current is not None and self._stamp(self.current) == self._seen:
            return None
        try:
            inputs = self._inputs()
            seen = self._stamp(inputs)
            if seen == self._seen:
                return None
            self._seen = seen  # also when it turns out wrong: told once, and tried again at the next change
            made = self._made(inputs)
        except LockgateError as error:
            if str(error) == self._problem:
                return None
            self._problem = str(error)
            raise
        self.current, self._problem = inputs, ""
        return made

    def _stamp(self, inputs: Inputs) -> object:
        files = policy_files.stamp((*inputs.folders, *(one for one in inputs.watched if one.is_file())))
        return files, tuple(one.revision for one in self._feeds)

    def _made(self, inputs: Inputs) -> PolicySet:
        read = policy_files.read(inputs.folders)
        _refuse(read.problems)
        near = cache(_near)  # one file may hold a thousand
        manifests = [Placed(near(where), body) for where, body in read.manifests]
        inventory: list[Mapping[str, Any]] = []
        for feed in self._feeds:
            manifests += feed.manifests()
            inventory += feed.inventory()
        with compiled_policies(self._cache_dir) as compiled:
            policies = load_policies(manifests, inventory=inventory, compiled=compiled,
                                     azure_cluster=inputs.settings.azure_cluster or "")  # fmt: skip
            # What a cluster holds its API server has accepted; what we cannot use is told and holds nothing up.
            _tell([one for one in policies.problems if one.where.startswith(CLUSTER)])
            _refuse([one for one in policies.problems if not one.where.startswith(CLUSTER)])
            rules = load_rules((Family.POLICY,), cache_dir=self._cache_dir, samples=False)
            version = _version(policies.digest, rules.digest, inputs)
            return PolicySet(
                policies, inputs.settings, rules=rules.of(Family.POLICY), options=inputs.options,
                exceptions=Exceptions(inputs.waivers.extended(policies.waivers), waived_by=inputs.waived_by),
                compiled=compiled, version=version, authorities=self._authorities,
            )  # fmt: skip


def follow(loader: PolicyLoader, swap: Callable[[PolicySet], None], failed: Callable[[], None], *, seconds: float,
           stop: threading.Event) -> None:  # fmt: skip
    """Look for changes every ``seconds`` until ``stop``; blocks. A change that cannot be used is logged and counted."""
    while not stop.wait(seconds):
        try:
            made = loader.load_if_changed()
        except LockgateError as error:
            failed()
            _log.error("changed policies cannot be used, the last good ones go on: %s", error)
        except Exception as error:  # a defect here must not end the looking
            failed()
            _log.error("policies could not be loaded anew: %s: %s", type(error).__name__, error)
        else:
            if made is not None:
                swap(made)
                _log.info("policies %s judge from now on", made.version)


def _refuse(problems: Sequence[LockgateError]) -> None:
    if not problems:
        return
    told = "\n".join(f"  {one}" for one in problems[:_TOLD])
    more = f"\n  and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
    raise ConfigurationError(f"the policies cannot be used:\n{told}{more}",
                             hint="mend or remove them: what is left out would judge nothing")  # fmt: skip


def _tell(problems: Sequence[LockgateError]) -> None:
    for one in problems[:_TOLD]:
        _log.warning("a policy cannot be used: %s", one)


def _version(policies: str, rules: str, inputs: Inputs) -> str:
    """Everything that can change a verdict, but for the cluster's own objects."""
    parts = (policies, rules, repr(inputs.settings), repr(sorted(inputs.options.items())), repr(inputs.waivers),
             inputs.images.version if inputs.images is not None else "", __version__)  # fmt: skip
    return f"sha256:{hashlib.sha256(repr(parts).encode()).hexdigest()}"


def _near(where: str) -> str:
    """A path as people see it from where they stand."""
    with contextlib.suppress(ValueError, OSError):
        return str(Path(where).relative_to(Path.cwd()))
    return where
