"""The work of the scanner: objects out of a file, policies put to each, findings with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.dataclass import dataclass
from lockgate.errors import NothingCheckedError
from lockgate.formats import manifests
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue.finding import finding
from lockgate.scanners import ScanContext
from lockgate.store.compiled import compiled_policies


@dataclass(slots=True)
class _Session:
    policies: Policies

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge every object of one file."""
        content = row.load()
        reading = manifests.read(row.path, content)
        # A template of a chart is for the scanner that renders charts, which also says when it could not.
        yield from (skip for skip in reading.skips if skip.reason != manifests.CHART_TEMPLATE)
        lines: list[str] | None = None
        for judged in reading.objects:
            hits = self.policies.judge(judged)
            if hits and lines is None:
                lines = content.decode("utf-8", "replace").splitlines()
            for hit in hits:
                if hit.failed:
                    line = judged.line_of(hit.pointer)
                    yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, line)
                else:
                    yield finding(hit, judged, lines or ())

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Empty: the engine counts the files of cacheable scanners itself."""
        return ""


def start(rules: Sequence[Rule], context: ScanContext) -> _Session:
    """Compile the policies, or take them from the cache. Raises ``NothingCheckedError`` when there is none."""
    if not rules:
        raise NothingCheckedError("there is no policy", hint="reinstall lockgate: its rules are missing")
    own = [rule for rule in rules if "types" not in rule.logic and "among" not in rule.logic]
    with compiled_policies(context.made_dir) as compiled:
        return _Session(Policies(own, context.options, compiled=compiled))
