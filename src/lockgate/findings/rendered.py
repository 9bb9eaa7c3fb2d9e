"""One fault at one place, told once: what overlays, charts and callers of modules make of the same lines.

An overlay for each environment shows the fault of its base again, under another namespace; a loop in a chart shows that
of its template for each turn; a module is judged alone and through its caller. Each time there is one line to mend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from lockgate.model import Finding, Related

MADE = "generated-by"
_SHOWN = 5
_Key = tuple[str, str, int, str, str]


def told_once(findings: Sequence[Finding], waived: Callable[[Finding], bool]) -> list[Finding]:
    """``findings`` in their order, without those that say again what another says of the same line.

    Only a finding on something generated goes, and only in favour of one that is not waived when it is not itself: a
    waiver of one environment hides no other. The one that stays says what else shows the fault.
    """
    told = distinct_facts(findings)
    if not any(fact.name == MADE for facts in told.values() for fact in facts):  # as in most trees
        return list(findings)
    places: dict[_Key, list[int]] = defaultdict(list)
    for number, one in enumerate(findings):
        if one.subject.kind == "object" and one.location.line:
            places[_place(one)].append(number)
    gone: set[int] = set()
    kept: dict[int, Finding] = {}
    for numbers in places.values():
        made = [number for number in numbers if findings[number].fact(MADE)]
        if not made or len(numbers) == 1:
            continue
        order = sorted(numbers, key=lambda number: _rank(findings[number], waived))
        others = [number for number in made if number != order[0]]
        gone.update(others)
        kept[order[0]] = _with_makers(findings[order[0]], [findings[number].fact(MADE) for number in sorted(made)])
    return [kept.get(number, one) for number, one in enumerate(findings) if number not in gone]


def distinct_facts(findings: Sequence[Finding]) -> dict[int, tuple[Related, ...]]:
    """The facts of ``findings``, those that several share once, by where they lie in memory: no place is used twice as
    long as the caller holds the findings."""
    return {id(one.facts): one.facts for one in findings}


def _place(one: Finding) -> _Key:
    item = one.subject.key.rpartition("|")[2]
    return one.rule, one.location.path, one.location.line, one.location.commit, item


def _rank(one: Finding, waived: Callable[[Finding], bool]) -> tuple[bool, bool, str, str]:
    made = one.fact(MADE)
    return waived(one), bool(made), made, one.subject.key


def _with_makers(one: Finding, makers: list[str]) -> Finding:
    distinct = list(dict.fromkeys(makers))
    more = [f"{len(distinct) - _SHOWN} more"] if len(distinct) > _SHOWN else []
    told = Related(MADE, "; ".join((*distinct[:_SHOWN], *more)))
    rest = [fact for fact in one.facts if fact.name != MADE]
    return replace(one, facts=tuple(sorted((*rest, told), key=lambda fact: fact.name)))
