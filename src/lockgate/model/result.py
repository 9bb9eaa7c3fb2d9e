"""Everything one run has to tell a reader; reports draw it, ``engine.scan`` makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.component import Component
from lockgate.model.decision import Decision
from lockgate.model.finding import Finding, Location
from lockgate.model.image import ImageFacts
from lockgate.model.plan import PlanStep
from lockgate.model.quick import quick
from lockgate.model.rule import Family, Rule, RuleId
from lockgate.model.skip import Skip


class State(StrEnum):
    """What settle says of a finding against what the record knew."""

    NEW = "new"
    KNOWN = "known"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """The waiver that covers a finding."""

    id: str
    by: str
    reason: str
    expires: str
    """ISO date; empty where it holds until somebody says otherwise (VEX)."""
    expired: bool = False
    """True: it no longer counts; the finding says so."""
    where: str = ""
    """``file:line`` of the waiver."""
    status: str = ""
    """Of VEX, ``not_affected`` or ``fixed``, where whoever waives says that the flaw is not there; empty: the risk is
    accepted."""
    justification: str = ""
    """Label of VEX: why the product is not affected."""

    @property
    def until(self) -> str:
        """For people."""
        return self.expires or "further notice"


@quick
@dataclass(frozen=True, slots=True)
class SettledFinding:
    """A finding that is known again: its identity, state, waiver, owners and introduction."""

    finding: Finding
    identity: str
    """``lg1-`` + 32 hex digits; the same over renames, moves, reformatting and unrelated edits."""
    state: State
    locations: tuple[Location, ...]
    """Every place where it shows, in path and line order; the first is ``finding.location``."""
    waiver: WaiverUse | None = None
    owners: tuple[str, ...] = ()
    """From CODEOWNERS, in file order."""
    introduced_by: str = ""
    """Author of the line, from git blame, where known."""
    introduced_at: str = ""
    """ISO time of that commit."""
    introduced_in: str = ""
    """That commit."""
    first_seen: str = ""
    """ISO time of the run that saw it first."""

    @property
    def waived(self) -> bool:
        """Whether a waiver that has not expired covers it."""
        return self.waiver is not None and not self.waiver.expired


@dataclass(frozen=True, slots=True)
class Run:
    """One call of ``engine.scan``."""

    id: str
    started: datetime
    """UTC, aware."""
    ended: datetime
    root: str
    """What was read, as the caller named it."""
    mode: str
    """``tree``, ``staged``, ``since``, ``history``, ``import``."""
    version: str
    """Version of Lockgate."""
    rules_digest: str
    """Digest over the rulebook that judged."""
    revision: str = ""
    """Commit of the working tree where known."""
    branch: str = ""
    families: tuple[Family, ...] = ()
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """One run, whole. Findings that are waived or fixed and things that were skipped are kept and counted."""

    run: Run
    decision: Decision
    findings: tuple[SettledFinding, ...]
    """Open findings, waived ones among them; most severe first, then path, line, rule."""
    fixed: Sequence[SettledFinding]
    skips: tuple[Skip, ...]
    components: tuple[Component, ...]
    rules: Mapping[RuleId, Rule] = field(default_factory=dict)
    """The rules that the findings name."""
    coverage: Mapping[str, str] = field(default_factory=dict)
    """Family -> one line on what was checked with what: ``1 204 files, 212 rules``."""
    notices: tuple[str, ...] = ()
    """About waivers: expired, unused, wrong."""
    images: tuple[ImageFacts, ...] = ()
    """Those that were read."""
    plan: tuple[PlanStep, ...] = ()
    """What mends findings of the packages of an image, where somebody asked for that; what mends most comes first."""
