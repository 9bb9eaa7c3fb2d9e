"""What the overlays and charts of a source make, a set of objects for each. What cannot be made is told elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.formats import charts, kustomize
from lockgate.model import File, Object
from lockgate.scanners import ScanContext

CHART = "Chart.yaml"
MAX_OVERLAYS = 2_000
MAX_CHARTS = 100
MAX_FILES = 2_000
"""Of one chart; the bounds are those of the scanner that judges each object by itself, which says what is beyond."""


def wants(path: str) -> bool:
    """Whether something is made from the file: an overlay, or the chart that it is the head of."""
    return path.rpartition("/")[2] == CHART or kustomize.is_kustomization(path)


@dataclass(slots=True)
class Renderings:
    """Overlays and charts, noted while the source is read and made when it has been."""

    overlays: list[File] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)

    def note(self, row: File) -> None:
        """Keep what is made from the file, if anything is."""
        if kustomize.is_kustomization(row.path):
            self.overlays.append(row)
        elif row.path.rpartition("/")[2] == CHART:
            self.charts.append(row.path)

    def made(self, context: ScanContext) -> Iterator[tuple[Object, ...]]:
        """The objects of each, in the order of the source, overlays first."""
        for row in self.overlays[:MAX_OVERLAYS]:
            yield kustomize.read(row.path, row.load(), context.sibling).objects
        for folder in charts.chart_folders(self.charts)[:MAX_CHARTS]:
            paths = context.below(folder)[: MAX_FILES + 1]
            files = {path: content for path in paths if (content := context.sibling(path)) is not None}
            yield context.render(folder, files).objects
