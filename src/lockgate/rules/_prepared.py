"""Rules as modules of Python that a wheel brings: written when it is built, read in place of the YAML.

A module a family, ``rules_<family>``, without samples, which only people and tests read; and ``rules_digests`` with the
digest of every choice of families, samples included.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

from lockgate.model import Confidence, Family, Rule, RuleId, Severity
from lockgate.prepared import prepared

_DIGESTS = "rules_digests"


def rules_of(families: Collection[Family]) -> tuple[tuple[Rule, ...], str] | None:
    """The rules of ``families``, sorted by id, and their digest; None in a source tree."""
    digests = prepared(_DIGESTS)
    if digests is None:
        return None
    chosen = sorted(set(families) & set(Family))
    found: list[Rule] = []
    for family in chosen:
        module = prepared(_module(family))
        if module is not None:
            found.extend(_rule(family, *row) for row in module.RULES)
    digest = digests.DIGESTS.get(_choice(chosen))
    return None if digest is None else (tuple(found), digest)


def modules_of(rules: Sequence[Rule], digest: Callable[[Sequence[Rule]], str]) -> dict[str, str]:
    """The text of each module by its name, for all rules, which are sorted by id."""
    made: dict[str, str] = {}
    by_family: dict[Family, list[Rule]] = {}
    for rule in rules:
        by_family.setdefault(rule.family, []).append(rule)
    for family, own in by_family.items():
        rows = "".join(f"    {_row(rule)!r},\n" for rule in own)
        made[_module(family)] = f'"""Rules of the family {family.value}."""\n\nRULES = [\n{rows}]\n'
    digests = {}
    for count in range(1, len(by_family) + 1):
        for chosen in combinations(sorted(by_family), count):
            digests[_choice(chosen)] = digest([rule for rule in rules if rule.family in chosen])
    made[_DIGESTS] = f'"""Digests of rulebooks by their families."""\n\nDIGESTS = {digests!r}\n'
    return made


def _module(family: Family) -> str:
    return f"rules_{family.value}"


def _choice(families: Sequence[Family]) -> str:
    return " ".join(family.value for family in families)


def _row(rule: Rule) -> tuple[Any, ...]:
    return (str(rule.id), rule.title, rule.why, int(rule.severity), int(rule.confidence), rule.fix, dict(rule.logic),
            rule.tags, rule.references)  # fmt: skip


def _rule(
    family: Family, name: str, title: str, why: str, severity: int, confidence: int, fix: str,
    logic: Mapping[str, Any], tags: tuple[str, ...], references: tuple[str, ...],
) -> Rule:  # fmt: skip
    return Rule(
        RuleId(name), family, title, why, Severity(severity), Confidence(confidence), fix, logic, tags, references
    )
