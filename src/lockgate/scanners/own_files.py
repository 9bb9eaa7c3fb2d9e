"""Judges manifests by a team's own policies, those of Gatekeeper and Kubernetes that are loaded beside the rulebook.

What such policies say may depend on other objects, so it is not kept by file. Options: as of ``policy``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.dataclass import dataclass
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext, Scanner, Session


@dataclass(slots=True)
class _Session:
    context: ScanContext
    objects: int = 0

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge every object of one file. What could not be read of it, the scanner of the rulebook says."""
        from lockgate.formats import manifests
        from lockgate.policy.catalogue.finding import finding

        content = row.load()
        if b"apiVersion" not in content:
            return
        lines = content.decode("utf-8", "replace").splitlines()
        for judged in manifests.read(row.path, content).objects:
            self.objects += 1
            for hit in self.context.own(judged):
                if hit.failed:
                    line = judged.line_of(hit.pointer)
                    yield Skip(row.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, line)
                else:
                    yield finding(hit, judged, lines)

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Objects."""
        return f"{self.objects:,} objects by policies of your own" if self.objects else ""


def _wants(path: str, size: int) -> bool:  # noqa: ARG001 -- one that is too large is told by the rulebook's scanner
    return path.endswith((".yaml", ".yml", ".json"))


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:  # noqa: ARG001 -- these bring their own
    return _Session(context)


SCANNER = Scanner(Family.POLICY, File, _start, _wants, cacheable=False, starts_alike=True, takes_parameters=True)
