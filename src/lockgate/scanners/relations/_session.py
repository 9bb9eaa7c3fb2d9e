"""The work of the scanner: objects held until the source is read, then judged beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats import manifests
from lockgate.model import Family, File, Finding, Object, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext
from lockgate.scanners.relations._renderings import Renderings

if TYPE_CHECKING:
    from lockgate.policy.catalogue import Hit, Policies

_Key = tuple[int, str, str, str]
MOST_OBJECTS = 50_000
"""Objects that are held of one source."""


@dataclass(slots=True)
class RelationsSession:
    rules: Sequence[Rule]
    context: ScanContext
    policies: Policies | None = None
    """Compiled when the first object is met: a tree without manifests costs nothing."""
    held: list[Object] = field(default_factory=list)
    renderings: Renderings = field(default_factory=Renderings)
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
        self.renderings.note(row)
        content = row.load()
        if b"apiVersion" not in content:
            return
        for judged in manifests.read(row.path, content).objects:
            if not self._compiled().wants_all(judged.body):
                continue
            if len(self.held) >= MOST_OBJECTS:
                yield self._too_many(row.path)
                return
            self.held.append(judged)

    def finish(self) -> Iterator[Finding | Skip]:
        """Put the policies to everything that was held, and to what each overlay and chart makes."""
        held, self.held = self.held, []
        renderings, self.renderings = self.renderings, Renderings()
        silent = self.partial or self.context.partial or self.dropped
        self.partial, self.dropped = False, ""
        if silent:
            return
        made: list[list[Object]] = []
        for objects in renderings.made(self.context):
            wanted = [one for one in objects if self._compiled().wants_all(one.body)]
            if len(held) + sum(map(len, made)) + len(wanted) > MOST_OBJECTS:
                yield self._too_many(objects[0].path)
                return
            made.append(wanted)
        self.count += len(held) + sum(map(len, made))
        if held:
            yield from self._judged(held, [one for wanted in made for one in wanted])
        for wanted in made:
            if wanted:
                yield from self._judged(wanted, held)

    def _judged(self, judged: Sequence[Object], others: Sequence[Object]) -> Iterator[Finding | Skip]:
        """What holds among ``judged``, and still does with ``others`` beside them."""
        from lockgate.policy.catalogue.finding import finding

        hits = list(self._compiled().judge_all(judged))
        still = self._still(hits, judged, others) if others and hits else None
        for one, hit in hits:
            if hit.failed:
                yield Skip(one.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, one.line_of(hit.pointer))
            elif still is None or _key(one, hit) in still:
                yield finding(hit, one)

    def _still(
        self, hits: Sequence[tuple[Object, Hit]], judged: Sequence[Object], others: Sequence[Object]
    ) -> set[_Key]:
        """Those of ``hits`` that hold with ``others`` as well, or of which that cannot be told."""
        asked = {id(one): one for one, hit in hits if not hit.failed}
        beside = [*(one for one in judged if id(one) not in asked), *others]
        found = list(self._compiled().judge_all(list(asked.values()), beside=beside))
        unsure = {(id(one), hit.rule.id) for one, hit in found if hit.failed}
        return {_key(one, hit) for one, hit in found} | {
            _key(one, hit) for one, hit in hits if (id(one), hit.rule.id) in unsure
        }

    def _too_many(self, path: str) -> Skip:
        self.dropped = path
        reason = f"more than {MOST_OBJECTS:,} objects: they are not compared with each other"
        return Skip(path, SkipKind.LIMIT, reason, Family.POLICY)

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


def _key(one: Object, hit: Hit) -> _Key:
    return id(one), hit.rule.id, hit.pointer, hit.item
