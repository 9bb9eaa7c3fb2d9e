"""What VEX does to findings: a flaw that somebody says a product does not have is covered, as by a waiver.

It stays in the list, counted as waived, with who said so and why; nothing drops out. Of several statements about the
same flaw and product the newest counts, of equally old ones the most careful, and where they differ a notice says so.
``affected`` and ``under_investigation`` cover nothing; they are a fact of the finding, and take older cover away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lockgate.formats.vex import Statement, Status
from lockgate.formats.vex.matching import Met, means
from lockgate.model import Component, Finding, ImageFacts, Location, Related, WaiverUse

_CAREFUL = list(Status)
_COVER = (Status.NOT_AFFECTED, Status.FIXED)
FACT = "vex"
"""The fact of a finding that holds what is said of it."""


class Vex:
    """The statements of a run at work."""

    def __init__(
        self, statements: Iterable[Statement], components: Iterable[Component], images: Sequence[ImageFacts] = ()
    ) -> None:
        self._images = tuple(images)
        self._by_flaw: dict[str, list[Statement]] = defaultdict(list)
        self._notices: dict[str, None] = {}
        faults: dict[tuple[str, str], int] = defaultdict(int)
        for one in statements:
            if one.fault:
                faults[one.where, one.fault] += 1
                continue
            for flaw in one.flaws:
                self._by_flaw[flaw.upper()].append(one)
        for (where, fault), count in faults.items():
            self._notices[f"{where}: {count:,} statements do not count: {fault}"] = None
        self._components: dict[tuple[str, str], list[Component]] = defaultdict(list)
        if self._by_flaw:
            for component in components:
                self._components[component.ecosystem, component.name].append(component)

    def of(self, finding: Finding, places: Sequence[Location]) -> Statement | None:
        """The statement that counts for a finding at every one of its places; None where nobody says anything."""
        if not self._by_flaw or not finding.aliases:
            return None
        said = dict.fromkeys(one for name in finding.aliases for one in self._by_flaw.get(name.upper(), ()))
        if not said:
            return None
        at = {(place.path, place.line) for place in places}
        same_name = self._components.get((finding.fact("ecosystem"), finding.fact("package")), [])
        components = [one for one in same_name if (one.path, one.line) in at]
        meant = [
            one for one in said
            if components and all(any(means(product, Met(each, self._images)) for product in one.products)
                                  for each in components)
        ]  # fmt: skip
        if not meant:
            return None
        meant.sort(key=lambda one: (one.moment, -_CAREFUL.index(one.status)), reverse=True)
        first = meant[0]
        for other in meant[1:]:
            if other.status is not first.status:
                self._notices[
                    f"VEX differs on {finding.aliases[0]} in {finding.subject.name}: {first.where} says "
                    f"{first.status.value} ({first.moment:%Y-%m-%d}), which counts; {other.where} says "
                    f"{other.status.value} ({other.moment:%Y-%m-%d})"
                ] = None
        return first

    def told(self, finding: Finding, places: Sequence[Location]) -> tuple[Finding, WaiverUse | None]:
        """The finding with what is said of it, and the cover that it is under."""
        one = self.of(finding, places)
        if one is None:
            return finding, None
        facts = sorted((*finding.facts, Related(FACT, one.reason)), key=lambda fact: fact.name)
        cover = None
        if one.status in _COVER:
            cover = WaiverUse(
                id=f"vex {one.flaws[0]}", by=one.author, reason=one.reason, expires="", where=one.where,
                status=one.status.value, justification=one.justification,
            )  # fmt: skip
        return replace(finding, facts=tuple(facts)), cover

    @property
    def notices(self) -> tuple[str, ...]:
        """What people should know: statements that do not count, and those that differ."""
        return tuple(self._notices)
