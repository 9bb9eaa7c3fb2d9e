"""Judges the settings of forges, their organisations, repositories, pipelines and connections, by the rulebook.

A rule that needs a setting which could not be read says nothing of the object: the source has told what is missing and
which permission it takes, as a Skip, and the line of coverage counts what was left open so. Options: parameters of the
rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.model import Family, Finding, Object, Related, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner, Session

if TYPE_CHECKING:
    from lockgate.policy.catalogue import ForgePolicies, Hit

CALL = "fix-call"
"""The fact that names the call which mends a finding."""


@dataclass(slots=True)
class _Session:
    policies: ForgePolicies
    objects: Counter[str] = field(default_factory=Counter)
    open: int = 0
    """Questions of a rule to an object that what could not be read has left open."""

    def feed(self, row: Object) -> Iterator[Finding | Skip]:
        """Judge one object of a forge."""
        from lockgate.policy.catalogue.finding import finding

        if row.form != "forge":
            return
        self.objects[str(row.body.get("kind", ""))] += 1
        judged = self.policies.judge(row)
        self.open += len(judged.open)
        yield from (Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POSTURE) for hit in judged.failed)
        for hit in judged.hits:
            found, call = finding(hit, row), self._call(hit, row)
            yield _with_call(found, call) if call else found

    def _call(self, hit: Hit, row: Object) -> str:
        """Method and path of the call that mends it; empty where there is none, or the object's names allow none."""
        from lockgate.policy.errors import PolicyError

        try:
            call = self.policies.remedy(hit, row).call
        except PolicyError:
            return ""
        return "" if call is None else f"{call.method} {call.path}"

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Objects by kind, rules, and what was left open."""
        if not self.objects:
            return ""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.objects.items()))
        left = f"; {self.open:,} answers left open by settings that could not be read" if self.open else ""
        return f"{kinds}; {len(self.policies):,} rules{left}"


def _with_call(found: Finding, call: str) -> Finding:
    facts = sorted((*found.facts, Related(CALL, call)), key=lambda fact: fact.name)
    return replace(found, facts=tuple(facts))


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.policy.catalogue import ForgePolicies
    from lockgate.store.compiled import compiled_policies

    with compiled_policies(context.made_dir) as compiled:
        return _Session(ForgePolicies(rules, context.options, compiled=compiled))


SCANNER = Scanner(Family.POSTURE, Object, _start, starts_alike=True, takes_parameters=True)
