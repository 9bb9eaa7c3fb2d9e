"""The work of the scanner: objects held until the source is read, then judged beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats import manifests
from lockgate.model import Family, File, Finding, Object, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext

if TYPE_CHECKING:
    from lockgate.policy.catalogue import Policies

MOST_OBJECTS = 50_000
"""Objects that are held of one source."""


@dataclass(slots=True)
class RelationsSession:
    rules: Sequence[Rule]
    context: ScanContext
    policies: Policies | None = None
    """Compiled when the first object is met: a tree without manifests costs nothing."""
    held: list[Object] = field(default_factory=list)
    dropped: str = ""
    """The file whose objects were too many to hold."""
    partial: bool = False
    """Only what a change touches is judged, so the other objects are not there."""
    count: int = 0

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Hold the objects of one file. What could not be read of it, the scanner of single objects says."""
        self.partial = self.partial or row.changed_lines is not None or bool(row.commit)
        if self.partial or self.context.partial or not self.rules or self.dropped:
            return
        content = row.load()
        if b"apiVersion" not in content:
            return
        for judged in manifests.read(row.path, content).objects:
            if not self._compiled().wants_all(judged.body):
                continue
            if len(self.held) >= MOST_OBJECTS:
                self.dropped = row.path
                reason = f"more than {MOST_OBJECTS:,} objects: they are not compared with each other"
                yield Skip(row.path, SkipKind.LIMIT, reason, Family.POLICY)
                return
            self.held.append(judged)

    def finish(self) -> Iterator[Finding | Skip]:
        """Put the policies to everything that was held."""
        from lockgate.policy.catalogue.finding import finding

        held, self.held = self.held, []
        silent = self.partial or self.context.partial or self.dropped
        self.partial, self.dropped = False, ""
        if silent or not held:
            return
        self.count += len(held)
        for judged, hit in self._compiled().judge_all(held):
            if hit.failed:
                yield Skip(judged.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, judged.line_of(hit.pointer))
            else:
                yield finding(hit, judged)

    def _compiled(self) -> Policies:
        if self.policies is None:
            from lockgate.policy.catalogue import Policies
            from lockgate.store.compiled import compiled_policies

            with compiled_policies(self.context.made_dir) as compiled:
                self.policies = Policies(self.rules, self.context.options, compiled=compiled)
        return self.policies

    def coverage(self) -> str:
        """Objects and policies."""
        return f"{self.count:,} objects beside each other, {len(self.rules):,} rules" if self.count else ""


def start(rules: Sequence[Rule], context: ScanContext) -> RelationsSession:
    """A session of the policies that look at other objects."""
    return RelationsSession([rule for rule in rules if "among" in rule.logic], context)
