"""Judges objects of a cluster by a team's own policies. Options: as of ``policy``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.dataclass import dataclass
from lockgate.model import Family, Finding, Object, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner, Session


@dataclass(slots=True)
class _Session:
    context: ScanContext
    objects: int = 0

    def feed(self, row: Object) -> Iterator[Finding | Skip]:
        """Judge one object."""
        from lockgate.policy.catalogue.finding import finding

        self.objects += 1
        for hit in self.context.own(row):
            if hit.failed:
                yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY)
            else:
                yield finding(hit, row)

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Objects."""
        return f"{self.objects:,} objects by policies of your own" if self.objects else ""


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:  # noqa: ARG001 -- these bring their own
    return _Session(context)


SCANNER = Scanner(Family.POLICY, Object, _start, starts_alike=True, takes_parameters=True)
