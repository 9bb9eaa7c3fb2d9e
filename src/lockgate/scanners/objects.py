"""Judges objects that a source yields as they are, those of a cluster or a subscription, by the rulebook's policies.

Options: as of ``policy``. An object that a controller made and keeps is judged like any other; that its owner shows the
same fault is for the reader of the findings to fold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.model import Family, Finding, Object, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner, Session

if TYPE_CHECKING:
    from lockgate.policy.catalogue import Policies

_MAKERS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController")


@dataclass(slots=True)
class _Session:
    policies: Policies
    count: int = 0
    held: list[Object] = field(default_factory=list)
    """Objects that policies over several of them look at, until the source is read."""

    def feed(self, row: Object) -> Iterator[Finding | Skip]:
        """Judge one object."""
        from lockgate.policy.catalogue.finding import finding

        self.count += 1
        if row.form == "kubernetes" and self.policies.wants_all(row.body) and not _made_by_workload(row):
            self.held.append(row)
        for hit in self.policies.judge(row):
            if hit.failed:
                yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY)
            else:
                yield finding(hit, row)

    def finish(self) -> Iterator[Finding | Skip]:
        """Put the policies that look at several objects to all of them."""
        from lockgate.policy.catalogue.finding import finding

        held, self.held = self.held, []
        for judged, hit in self.policies.judge_all(held):
            if hit.failed:
                yield Skip(judged.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY)
            else:
                yield finding(hit, judged)

    def coverage(self) -> str:
        """Objects and policies."""
        return f"{self.count:,} objects, {len(self.policies):,} rules" if self.count else ""


def _made_by_workload(row: Object) -> bool:
    """Whether a workload that the cluster shows as well made it: it would only be seen twice."""
    metadata = row.body.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    return isinstance(owners, list) and any(isinstance(one, dict) and one.get("kind") in _MAKERS for one in owners)


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.policy.catalogue import Policies
    from lockgate.store.compiled import compiled_policies

    with compiled_policies(context.made_dir) as compiled:
        return _Session(Policies(rules, context.options, compiled=compiled))


SCANNER = Scanner(Family.POLICY, Object, _start, starts_alike=True, takes_parameters=True)
