"""What alerts about clusters fire for, as a source: each row that a rule's query gave is a finding already.

A finding is known again by its rule, its cluster and its object, never by when it fired or how high the value was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import quote

from lockgate.dataclass import dataclass
from lockgate.formats.printable import clipped, printable
from lockgate.model import Family, Finding, Fix, Location, Named, Related, Rule, Subject
from lockgate.model.named import OBJECT
from lockgate.sources import Wants

MODE = "alerts"
_LONGEST = 1_000
"""Characters of a name that came in with rows of others."""


@dataclass(slots=True)
class FiredSource:
    """The rows of one look, with the rules that gave them."""

    asked: Sequence[Rule]
    fired: Sequence[Mapping[str, Any]]
    """By ``Rule``, ``ClusterName``, ``Object``, ``Value``, ``Kind``, ``Namespace`` and ``Name``."""
    mode: str = field(default=MODE, init=False)
    root: str = field(default="clusters", init=False)

    def sibling(self, path: str) -> bytes | None:
        """Nothing: there are no files."""
        del path
        return None

    def collect(self, wants: Wants) -> Iterator[Finding]:
        """A finding a rule and object, in the order of the rows; what a rule says of one object twice is one."""
        del wants
        by_id, seen = {str(rule.id): rule for rule in self.asked}, set()
        for row in self.fired:
            finding = finding_of(row, by_id[row["Rule"]])
            mark = finding.rule, finding.subject.key
            if mark not in seen:
                seen.add(mark)
                yield finding

    def judged(self) -> Mapping[Family, str]:
        """The alerts: all rules were asked, or asking had raised."""
        return {Family.ALERTS: f"{len(self.asked):,} rules asked of what was collected"}


def finding_of(row: Mapping[str, Any], rule: Rule) -> Finding:
    """One row of what ``rule`` fires for."""
    cluster, thing = _told(row["ClusterName"]), _told(row["Object"])
    key = f"{quote(cluster, safe='')}/{thing}"
    named = Named(_told(row["Kind"]), _told(row["Name"]), _told(row["Namespace"]), cluster=cluster)
    value = row["Value"]
    measured = "" if value is None else f"{value:g}"
    facts = [*named.facts(), Related("value", measured)] if measured else [*named.facts()]
    return Finding(
        rule=rule.id,
        family=Family.ALERTS,
        severity=rule.severity,
        confidence=rule.confidence,
        subject=Subject(OBJECT, f"{thing} of {cluster}", key),
        location=Location(key),
        message=f"{rule.title}: {thing} of cluster {cluster}" + (f" ({measured})" if measured else ""),
        fix=Fix(rule.fix),
        facts=tuple(sorted(facts, key=lambda fact: fact.name)),
    )


def _told(text: Any) -> str:
    return clipped(printable(str(text or "")), _LONGEST)
