"""The work of the scanner: overlays and charts made, policies put to every object of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats import charts, kustomize, manifests
from lockgate.formats.objects import Reading
from lockgate.model import Family, File, Finding, Rule, Skip, SkipKind
from lockgate.rules import shipped_ids
from lockgate.scanners import ScanContext
from lockgate.scanners.rendered._wanted import CHART, PARTS, is_values

if TYPE_CHECKING:
    from lockgate.policy.catalogue import PoliciesByKind

MAX_OVERLAYS = 2_000
MAX_CHARTS = 100
MAX_FILES = 2_000
"""Of one chart; one more is handed on, so that who renders it can say so."""


@dataclass(slots=True)
class RenderedSession:
    rules: Sequence[Rule]
    context: ScanContext
    policies: PoliciesByKind | None = None
    """Compiled when the first object is met: most trees hold none, and then cost nothing."""
    charts: dict[str, None] = field(default_factory=dict)
    """Folders of charts, or that one was changed in."""
    templates: dict[str, None] = field(default_factory=dict)
    """Files that only helm can fill in, those of no chart among them."""
    overlays: int = 0
    rendered: int = 0
    objects: int = 0
    _texts: dict[str, list[str]] = field(default_factory=dict)

    def feed(self, row: File) -> Iterator[Finding | Skip]:
        """Judge an overlay; charts wait until all of their files are known."""
        name = row.path.rpartition("/")[2]
        if kustomize.is_kustomization(row.path):
            yield from self._overlay(row)
        elif name == CHART or is_values(name):
            self.charts.setdefault(_folder(row.path))
        else:
            inner = row.path.split("/")
            cut = min(inner.index(part) for part in PARTS if part in inner)
            self.charts.setdefault("/".join(inner[:cut]) or ".")
            if manifests.wants(row.path) and manifests.read(row.path, row.load()).template:
                self.templates.setdefault(row.path)

    def finish(self) -> Iterator[Finding | Skip]:
        """Judge the charts, and say which templates nobody filled in."""
        found = charts.chart_folders(
            path for one in self.charts if (path := _inside(one, CHART)) and self.context.sibling(path) is not None
        )
        left = dict(self.templates)
        for number, folder in enumerate(found):
            if number == MAX_CHARTS:
                reason = f"more than {MAX_CHARTS} charts: this one and those after it are not rendered"
                yield Skip(_inside(folder, CHART), SkipKind.LIMIT, reason, Family.POLICY)
                break
            reading = self._render(folder)
            yield from self._judged(reading)
            if not reading.skips:
                left = {path: None for path in left if not charts.is_rendered(path, (folder,))}
        for path in left:
            yield Skip(path, SkipKind.UNRESOLVED, manifests.CHART_TEMPLATE, Family.POLICY)

    def coverage(self) -> str:
        """Overlays, charts and what they make."""
        if not self.overlays and not self.rendered:
            return ""
        return f"{self.objects:,} objects of {self.overlays:,} overlays and {self.rendered:,} charts"

    def _overlay(self, row: File) -> Iterator[Finding | Skip]:
        self.overlays += 1
        if self.overlays > MAX_OVERLAYS:
            yield Skip(row.path, SkipKind.LIMIT, f"more than {MAX_OVERLAYS} overlays", Family.POLICY)
            return
        yield from self._judged(kustomize.read(row.path, row.load(), self.context.sibling))

    def _render(self, folder: str) -> Reading:
        self.rendered += 1
        paths = self.context.below(folder)[: MAX_FILES + 1]
        files = {path: content for path in paths if (content := self.context.sibling(path)) is not None}
        return self.context.render(folder, files)

    def _judged(self, reading: Reading) -> Iterator[Finding | Skip]:
        from lockgate.policy.catalogue.finding import finding

        yield from reading.skips
        self.objects += len(reading.objects)
        if not reading.objects:
            return
        policies = self._compiled().of(judged.body for judged in reading.objects)
        for judged in reading.objects:
            for hit in (*policies.judge(judged), *self.context.own(judged)):
                if hit.failed:
                    yield Skip(
                        judged.path, SkipKind.UNRESOLVED, hit.message, Family.POLICY, judged.line_of(hit.pointer)
                    )
                else:
                    yield finding(hit, judged, self._lines(judged.path))

    def _lines(self, path: str) -> list[str]:
        if path not in self._texts:
            if len(self._texts) >= 16:
                self._texts.clear()
            self._texts[path] = (self.context.sibling(path) or b"").decode("utf-8", "replace").splitlines()
        return self._texts[path]

    def _compiled(self) -> PoliciesByKind:
        if self.policies is None:
            from lockgate.policy.catalogue import PoliciesByKind
            from lockgate.store.compiled import compiled_policies

            self.policies = PoliciesByKind(
                [rule for rule in self.rules if "among" not in rule.logic],
                self.context.options,
                compiled=partial(compiled_policies, self.context.made_dir),
                proven=shipped_ids(Family.POLICY),
            )
        return self.policies


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _inside(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def start(rules: Sequence[Rule], context: ScanContext) -> RenderedSession:
    """A session of the policies about Kubernetes objects."""
    return RenderedSession([rule for rule in rules if "types" not in rule.logic], context)
