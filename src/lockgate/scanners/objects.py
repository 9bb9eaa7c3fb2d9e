"""Judges objects that a source yields as they are, those of a cluster or a subscription, by the rulebook's policies.

Options: as of ``policy``. An object that a controller made and keeps is judged like any other; that its owner shows the
same fault is for the reader of the findings to fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockgate.model import Family, Finding, Object, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner, Session

if TYPE_CHECKING:
    from lockgate.policy.catalogue import Policies


@dataclass(slots=True)
class _Session:
    policies: Policies
    count: int = 0

    def feed(self, row: Object) -> Iterator[Finding | Skip]:
        """Judge one object."""
        from lockgate.policy.catalogue.finding import finding

        self.count += 1
        for hit in self.policies.judge(row):
            if hit.failed:
                yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY)
            else:
                yield finding(hit, row)

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Objects and policies."""
        return f"{self.count:,} objects, {len(self.policies):,} rules" if self.count else ""


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.policy.catalogue import Policies

    return _Session(Policies(rules, context.options))


SCANNER = Scanner(Family.POLICY, Object, _start, starts_alike=True, takes_parameters=True)
