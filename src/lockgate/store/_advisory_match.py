"""Puts one component to the flaws of its package.

The work here is done once a flaw of a package, thousands of times in a run: what can be known without the version was
worked out when the store was compiled (``_advisory_flaws``). What does not belong: reading the file (``advisories``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lockgate.advisories.ranges import FixPlan, careful_fix
from lockgate.advisories.record import Kind
from lockgate.advisories.versions import VersionError, sort_key
from lockgate.model import Component, Severity
from lockgate.store._advisory_form import STATE, Body


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
    flaws: tuple[str, ...]
    """CVE identifiers of the flaws that an update of a distribution mends, where it mends several."""
    fixed_in: str
    """Smallest version that fixes it, of the same major version if there is one; empty: none is known."""
    fixes_all: str
    """Smallest version that no known vulnerability of the package affects; empty: none is known."""
    state: str
    """Why no fix will come, where a distribution says so (``advisories.record.STATES``)."""


Found = tuple[int, str | Sequence[str]]
"""One flaw of a version: the number of what is said of it, and its fix (``Columns.fixes``)."""


class Package:
    """The flaws of one package, asked for many versions."""

    __slots__ = ("_bodies", "_ends", "_fixes", "_flawed", "_plan", "_starts", "_ways_out", "_without_key")

    def __init__(self, columns: Sequence[Any]) -> None:
        """``columns``: as in :class:`Columns`, the last one only where it holds something."""
        self._bodies, self._starts, self._ends, self._fixes, self._ways_out, *more = columns
        self._without_key: Mapping[str, list[int]] = more[0] if more else {}
        self._plan: FixPlan | None = None
        self._flawed: dict[str, Flawed | None] = {}

    def flawed(self, ecosystem: str, version: str) -> Flawed | None:
        """What is wrong with ``version``; None where nothing is. Packages of a distribution that were built from one
        source are one version of it, so an answer is kept."""
        if version in self._flawed:
            return self._flawed[version]
        try:
            key = sort_key(ecosystem, version)
        except VersionError:
            key = ""
        found = self._found(key, version)
        flawed = self._flawed[version] = Flawed(self, version, key, found) if found else None
        return flawed

    def _found(self, key: str, version: str) -> list[Found]:
        """The flaws of ``version`` (``key`` empty: it has none), in the order of their names."""
        if not key:
            return [(body, "") for body in self._without_key.get(version, ())]
        stretches = zip(self._bodies, self._fixes, self._starts, self._ends, strict=True)
        return [(body, fix) for body, fix, start, end in stretches if (key < end or not end) and start <= key]

    def fix_of_all(self, key: str, version: str) -> str:
        """The smallest version above that no known vulnerability holds."""
        if self._plan is None:
            ways_out = [self._way_out(way) for way in self._ways_out]
            self._plan = FixPlan([end for end, _ in ways_out], [fix for _, fix in ways_out])
        return self._plan.smallest(version, key)

    def _way_out(self, way: int | tuple[str, str]) -> tuple[str, str]:
        if not isinstance(way, int):
            return way
        fix: str | Sequence[str] = self._fixes[way]
        return self._ends[way], fix if isinstance(fix, str) else fix[0]  # the first is the one at its end


class Flawed:
    """One version of a package that has at least one flaw."""

    __slots__ = ("_key", "_package", "_said", "_version", "found")

    def __init__(self, package: Package, version: str, key: str, found: list[Found]) -> None:
        self._package, self._version, self._key, self.found = package, version, key, found
        self._said: list[tuple[Any, ...]] | None = None

    def fixes_all(self) -> str:
        """The smallest version above that no known vulnerability of the package holds."""
        return self._package.fix_of_all(self._key, self._version) if self._key else ""

    def said(self, bodies: Mapping[int, Body]) -> list[tuple[Any, ...]]:
        """The fields of a match behind the component, one for each flaw, in the order of their names."""
        if self._said is None:
            version, fixes_all = self._version, self.fixes_all()
            self._said = [bodies[body] + _fix_and_all(version, fix, fixes_all) for body, fix in self.found]
        return self._said


def matches_of(component: Component, flawed: Flawed, bodies: Mapping[int, Body]) -> list[Match]:
    """One for each flaw, in the order of their names."""
    one = (component,)
    made = tuple.__new__  # as Match(...) does it, which takes twice as long, and this happens once a flaw
    return [made(Match, one + said) for said in flawed.said(bodies)]


def _fix_and_all(version: str, fix: str | Sequence[str], fixes_all: str) -> tuple[str, str, str]:
    """The last three fields of a match."""
    if not isinstance(fix, str):
        return careful_fix(version, fix), fixes_all, ""
    return ("", fixes_all, fix[1:]) if fix[:1] == STATE else (fix, fixes_all, "")
