"""Faults of what a controller made, told at the controller.

A cluster holds a Deployment, its ReplicaSets and their Pods, and one mistake shows in all of them. There is one place
to mend it, so the others are counted there. A Pod whose controller does not show the same fault keeps its own finding:
a controller that was mended while old Pods run, or one whose kind no policy knows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from lockgate.dataclass import dataclass
from lockgate.findings.rendered import distinct_facts
from lockgate.model import Finding, Named, Related
from lockgate.model.named import OBJECT

SHOWN = "shown-by"
"""The fact that says what else shows the fault: ``3 Pod, 1 ReplicaSet``."""
CONTROLLERS = "controllers"
"""The fact that says who made an object, without which nothing is folded."""
_Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Folded:
    """Findings without those that are told at a controller."""

    findings: list[Finding]
    gone: int
    """How many there were."""


def folded(findings: Sequence[Finding], waived: Callable[[Finding], bool]) -> Folded:
    """Fold each finding into that of the controller furthest above it which shows the same rule and item.

    Order is kept. A finding that no waiver covers is never folded into one that a waiver covers.
    """
    told = distinct_facts(findings)
    controlled = {key for key, facts in told.items() if any(fact.name == CONTROLLERS for fact in facts)}
    if not controlled:
        return Folded(list(findings), 0)
    names = _Names()
    made = {
        number: named
        for number, one in enumerate(findings)
        if id(one.facts) in controlled and (named := _made(one, names)) is not None
    }
    if not made:
        return Folded(list(findings), 0)
    homes: dict[_Key, int] = {}
    wanted = {key for number, named in made.items() for key in _above(findings[number], named)}
    for number, one in enumerate(findings):
        named = names.of(one)
        if named is not None and (key := _key(one, named, named.kind, named.name)) in wanted:
            homes.setdefault(key, number)
    covered: dict[int, bool] = {}
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    gone: set[int] = set()
    for number, named in made.items():
        home = next((homes[key] for key in _above(findings[number], named) if key in homes), number)
        if home == number:
            continue
        if home not in covered:
            covered[home] = waived(findings[home])
        if covered[home] and not waived(findings[number]):
            continue
        gone.add(number)
        counts[home][named.kind.rpartition("/")[2]] += 1
    kept = [_counted(one, counts.get(number)) for number, one in enumerate(findings) if number not in gone]
    return Folded(kept, len(gone))


class _Names:
    """Names of the objects that findings are about. Findings of one object may share their facts, and then its names.

    Facts are told apart by where they lie in memory: whoever asks holds the findings all the while.
    """

    def __init__(self) -> None:
        self._known: dict[int, Named | None] = {}

    def of(self, one: Finding) -> Named | None:
        """None when it is about no object."""
        if one.subject.kind != OBJECT:
            return None
        key = id(one.facts)
        if key not in self._known:
            self._known[key] = Named.of_finding(one)
        return self._known[key]


def _made(one: Finding, names: _Names) -> Named | None:
    """The names of an object that runs in a cluster and that a controller made."""
    named = names.of(one)
    return named if named is not None and named.cluster and named.controllers else None


def _above(one: Finding, named: Named) -> list[_Key]:
    """Furthest first."""
    return [_key(one, named, kind, name) for kind, name in reversed(named.controllers)]


def _key(one: Finding, named: Named, kind: str, name: str) -> _Key:
    return one.rule, named.cluster, named.namespace, kind, name, one.subject.key.rpartition("|")[2]


def _counted(one: Finding, shown: Counter[str] | None) -> Finding:
    if not shown:
        return one
    told = Related(SHOWN, ", ".join(f"{count:,} {kind}" for kind, count in sorted(shown.items())))
    return replace(one, facts=tuple(sorted((*one.facts, told), key=lambda fact: fact.name)))
