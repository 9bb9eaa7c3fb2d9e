"""What a surface asks the engine for, beside sources, rules and gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lockgate.dataclass import dataclass
from lockgate.findings import Owners, Waivers
from lockgate.model import Family, File, Result, Skip
from lockgate.settings import CHECKED_FAMILIES, GateSettings

if TYPE_CHECKING:
    from lockgate.engine.own import OwnPolicies
    from lockgate.formats.vex import Statement
    from lockgate.store.known import KnownFinding, Packed

Progress = Callable[[str, int, int], None]
"""``progress(step, done, total)``; ``total`` is 0 when it is not known."""


class Memory(Protocol):
    """What earlier runs knew: the ledger; of alerts the record itself (``engine.alert_memory``)."""

    def known(self, project: str) -> Sequence[KnownFinding]:
        """The findings of ``project``, fixed ones among them."""

    def remember(
        self, project: str, known: Sequence[KnownFinding], packed: Mapping[str, Packed] | None = None, *,
        ready: Callable[[], None] | None = None,
    ) -> int:  # fmt: skip
        """Keep them. ``ready`` is called before anything of it is written, and may raise."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the engine. Everything has a quiet default, so that tests ask for little."""

    families: tuple[Family, ...] = CHECKED_FAMILIES
    gate: GateSettings = field(default_factory=GateSettings)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Scanner options by family, already checked by ``settings``."""
    own: OwnPolicies | None = None
    """A team's own policies; None: there are none."""
    skips: tuple[Skip, ...] = ()
    """What could not be read before the run began, to be told with what it cannot read."""
    rules_digest: str = ""
    """Digest of the rulebook, as part of what cached answers depend on."""
    project: str = "."
    """Name under which findings are known again in this workspace."""
    salt: bytes = b"\0" * 16
    """Salt of this workspace for hashes of secrets."""
    advisories: Path | None = None
    cache_dir: Path | None = None
    """Folder of the workspace for what can be made again; None: nothing is kept."""
    made_dir: Path | None = None
    """Folder for what is made of Lockgate itself: parsed rules, compiled patterns and policies; None: ``cache_dir``."""
    waivers: Waivers = field(default_factory=Waivers)
    vex: tuple[Statement, ...] = ()
    """What others say of flaws in the components."""
    owners: Owners | None = None
    blame_root: Path | None = None
    """Repository in which new findings' introduction is looked up; None: not looked up."""
    partial: bool = False
    """True when not everything of the project is read: what does not show is then not taken for fixed."""
    seconds: float = 1800.0
    """After this long what is left becomes a Skip."""
    jobs: int = 1
    """Processes that judge files."""
    run: str = ""
    """Id of the run, for who must find out later whether it was stored; empty: a new one."""
    once: tuple[str, int] | None = None
    """As ``Record.append_alone`` takes it: a run that somebody else was quicker with does not show."""
    revision: str = ""
    branch: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tell: Callable[[Result], None] = lambda result: None
    """Called once with the whole result, after it was stored and before the decision is returned."""
    progress: Progress = lambda step, done, total: None
    noticed: Callable[[File], None] = lambda file: None
    """Called for each file that gave a finding or a skip."""
