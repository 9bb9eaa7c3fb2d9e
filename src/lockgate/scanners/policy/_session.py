"""The work of the scanner: objects out of a file, policies put to each, findings with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from lockgate.dataclass import dataclass
from lockgate.errors import NothingCheckedError
from lockgate.formats import manifests
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.policy.catalogue import PoliciesByKind
from lockgate.policy.catalogue.finding import Told
from lockgate.rules import shipped_ids
from lockgate.scanners import ScanContext
from lockgate.store.compiled import compiled_policies


@dataclass(slots=True)
class _Session:
    policies: PoliciesByKind

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge every object of one file."""
        content = row.load()
        reading = manifests.read(row.path, content)
        # A template of a chart is for the scanner that renders charts, which also says when it could not.
        yield from (skip for skip in reading.skips if skip.reason != manifests.CHART_TEMPLATE)
        lines: list[str] | None = None
        policies = self.policies.of(judged.body for judged in reading.objects)
        for judged in reading.objects:
            hits = policies.judge(judged)
            if not hits:
                continue
            if lines is None:
                lines = content.decode("utf-8", "replace").splitlines()
            told = Told(judged, lines)
            for hit in hits:
                if hit.failed:
                    line = judged.line_of(hit.pointer)
                    yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, line)
                else:
                    yield told.finding(hit)

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Empty: the engine counts the files of cacheable scanners itself."""
        return ""


def start(rules: Sequence[Rule], context: ScanContext) -> _Session:
    """Compile the policies that are not ours; ours when they are needed. ``NothingCheckedError`` when there is none."""
    if not rules:
        raise NothingCheckedError("there is no policy", hint="reinstall lockgate: its rules are missing")
    own = [rule for rule in rules if "types" not in rule.logic and "among" not in rule.logic]
    compiled = partial(compiled_policies, context.made_dir)
    return _Session(PoliciesByKind(own, context.options, compiled=compiled, proven=shipped_ids(Family.POLICY)))
