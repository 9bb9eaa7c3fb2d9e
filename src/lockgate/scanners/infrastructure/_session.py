"""The work of the scanner: Azure resources out of a file and those beside it, policies put to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats import azure
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.scanners import ScanContext
from lockgate.settings.globs import matcher

if TYPE_CHECKING:
    from lockgate.policy.catalogue import Policies


@dataclass(slots=True)
class InfrastructureSession:
    rules: Sequence[Rule]
    context: ScanContext
    policies: Policies | None = None
    """Compiled when the first resource is met: most trees hold none, and then cost nothing."""
    reader: azure.Reader | None = None
    files: int = 0
    resources: int = 0

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge every resource of one file."""
        from lockgate.policy.catalogue.finding import finding

        content = row.load()
        if self.reader is None:
            self.reader = azure.Reader(self.context.sibling, self.context.below)
        reading = self.reader.read(row.path, content)
        yield from reading.skips
        if not reading.objects:
            return
        policies = self._compiled()
        self.files += 1
        self.resources += len(reading.objects)
        lines = content.decode("utf-8", "replace").splitlines()
        around = (*reading.objects, *reading.beside)
        hidden: Counter[tuple[str, str, int]] = Counter()
        scope = self._scope(row.path)
        for judged in reading.objects:
            judged = replace(judged, scope=scope) if scope else judged
            own = lines if judged.path == row.path else ()
            for hit in policies.judge(judged, around):
                if hit.failed:
                    hidden[judged.path, hit.failed, judged.line_of(hit.pointer)] += 1
                else:
                    yield finding(hit, judged, own)
        for (path, why, line), count in hidden.items():
            reason = f"{count} policies could not be evaluated: {why}"
            yield Skip(path, SkipKind.UNRESOLVED, reason, Family.POLICY, line)

    def _scope(self, path: str) -> str:
        """What the file is deployed to, by the first of the option's lines that takes it."""
        for line in self.context.options.get("azure_scopes", ()):
            glob, marked, scope = str(line).rpartition("=")
            if not marked or matcher((glob.strip(),))(path):
                return scope.strip()
        return ""

    def _compiled(self) -> Policies:
        if self.policies is None:
            from lockgate.policy.catalogue import Policies

            self.policies = Policies(self.rules, self.context.options)
        return self.policies

    def finish(self) -> Iterator[Finding | Skip]:
        """Nothing is held back."""
        return iter(())

    def coverage(self) -> str:
        """Files, resources and policies."""
        if not self.files:
            return ""
        return f"{self.resources:,} Azure resources in {self.files:,} files, {len(self.rules):,} rules"


def start(rules: Sequence[Rule], context: ScanContext) -> InfrastructureSession:
    """A session of the policies about Azure resources."""
    return InfrastructureSession([rule for rule in rules if "types" in rule.logic], context)
