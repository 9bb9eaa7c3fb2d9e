"""Puts one component to the advisories of its package, and joins the records of one flaw.

The work here is done once a flaw or once an advisory of a package, thousands of times in a run: rows stay as they were
stored until one of them holds the version asked for. What does not belong: reading the file (``advisories``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lockgate.advisories.ranges import FixPlan
from lockgate.advisories.record import Kind
from lockgate.advisories.versions import VersionError, sort_key
from lockgate.model import Component, Severity
from lockgate.store._advisory_form import KINDS, Body, affected_of, row_holds

_RANK = (Kind.MALICIOUS, Kind.VULNERABLE, Kind.UNSOUND, Kind.UNMAINTAINED)
_CURABLE = frozenset((KINDS.index(Kind.VULNERABLE), KINDS.index(Kind.UNSOUND)))


class Match(NamedTuple):
    """One flaw in one component: every record of the flaw together."""

    component: Component
    group: str
    """Canonical identifier: CVE before GHSA before others."""
    ids: tuple[str, ...]
    """Every identifier of the flaw, sorted."""
    kind: Kind
    severity: Severity | None
    score: float | None
    vector: str
    epss: float | None
    """Probability of exploitation in the next 30 days, 0 to 1."""
    kev: str
    """Day on which it joined CISA's list of exploited flaws; empty: it has not."""
    summary: str
    reference: str
    fixed_in: str
    """Smallest version that fixes it, of the same major version if there is one; empty: none is known."""
    fixes_all: str
    """Smallest version that no known vulnerability of the package affects; empty: none is known."""


Row = Sequence[Any]
"""One advisory about the package as stored: ``[record, kind, intervals, listed versions]``."""


class Package:
    """The advisories of one package, as stored."""

    __slots__ = ("_plan", "_rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._plan: FixPlan | None = None

    def holding(self, key: str, version: str) -> list[Row]:
        """Those that hold ``version`` (``key`` empty: it has none)."""
        return [row for row in self._rows if row_holds(row, key, version)]

    def fix_of_all(self, key: str, version: str) -> str:
        """The smallest version above that no known vulnerability holds; the plan is made once a package."""
        if self._plan is None:
            self._plan = FixPlan(affected_of(row) for row in self._rows if row[1] in _CURABLE)
        return self._plan.smallest(version, key)


class Hit(NamedTuple):
    """A component that at least one advisory holds."""

    component: Component
    key: str
    """Sort key of its version; empty: it has none."""
    rows: list[Row]
    """Those that hold it."""
    package: Package

    @classmethod
    def of(cls, component: Component, package: Package | None) -> Hit | None:
        """None where no advisory holds it."""
        if package is None or not component.version:
            return None
        try:
            key = sort_key(component.ecosystem, component.version)
        except VersionError:
            key = ""
        rows = package.holding(key, component.version)
        return cls(component, key, rows, package) if rows else None

    def matches(self, bodies: Mapping[int, Body]) -> list[Match]:
        """One for each flaw, in the order of their names."""
        component, key, rows, package = self
        version = component.version
        fixes_all = package.fix_of_all(key, version) if key else ""
        groups: dict[str, Row] = {}
        several: dict[str, list[Row]] = {}
        for row in rows:
            group = bodies[row[0]].group
            if group not in groups:
                groups[group] = row
            else:
                several.setdefault(group, [groups[group]]).append(row)
        found: list[Match] = []
        for group in sorted(groups):
            told = several[group] if group in several else (groups[group],)
            body = bodies[told[0][0]] if len(told) == 1 else _joined([bodies[row[0]] for row in told])
            # By their order rather than by name, which is quicker: this happens once a flaw.
            found.append(Match._make((component, *body[2:], _fixed_in(told, key, version), fixes_all)))
        return found


def _fixed_in(rows: Sequence[Row], key: str, version: str) -> str:
    """The smallest fix of one flaw. Most are one stretch of versions in one record, whose end is the answer."""
    if not key:
        return ""
    if len(rows) == 1:
        _, _, intervals, listed = rows[0]
        if len(intervals) == 1 and not listed:
            stretch = intervals[0]
            return str(stretch[3]) if len(stretch) > 3 and stretch[1] > key else ""
    return FixPlan(map(affected_of, rows)).smallest(version, key)


def _joined(bodies: Sequence[Body]) -> Body:
    """The worst record of a flaw, with what it leaves out from the others."""
    worst = max(bodies, key=lambda body: (body.score or -1.0, -1 if body.severity is None else body.severity))
    return worst._replace(
        ids=bodies[0].ids,
        kind=min((body.kind for body in bodies), key=_RANK.index),
        summary=next((body.summary for body in (worst, *bodies) if body.summary), ""),
        reference=next((body.reference for body in (worst, *bodies) if body.reference), ""),
    )
