"""Helm charts: which files belong to one, and what ``helm template`` printed of it as objects.

Helm says before each document which template it came from (``# Source: shop/templates/web.yaml``), so an object has
the path of its template. Its lines are those of the template where the rendered line, or at least its key, stands
there exactly once; otherwise those of the nearest ancestor for which that holds. What does not belong: running helm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace

from lockgate.dataclass import dataclass
from lockgate.formats import manifests
from lockgate.formats.objects import Reading, Skips
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Object, SkipKind

_SOURCE = lazy_pattern(rb"(?m)^# Source: ([^\r\n]{1,500})")
_SPLIT = lazy_pattern(rb"(?m)^---[ \t]*\r?$")
_KEY = lazy_pattern(r"(?:- )*([\w./-]{1,200}|\"[^\"]{1,200}\"):(?:\s|$)")
_ENVIRONMENT = lazy_pattern(r"values[-_.]([A-Za-z0-9_-]{1,40})\.ya?ml")
_TEMPLATES = ("templates/", "crds/", "charts/")


def chart_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """Folders (no slash at the end; ``.`` for the root) of charts that are no part of another chart, sorted."""
    folders = sorted({_folder(path) for path in paths if path.rpartition("/")[2] == "Chart.yaml"}, key=len)
    kept: list[str] = []
    for folder in folders:
        inside = any(folder.startswith("charts/" if top == "." else f"{top}/charts/") for top in kept)
        if not inside:
            kept.append(folder)
    return tuple(sorted(kept))


def is_rendered(path: str, folders: Iterable[str]) -> bool:
    """Whether a file is a template, a CRD or a subchart of one of these charts, so that helm reads it."""
    for folder in folders:
        inner = path if folder == "." else path.removeprefix(f"{folder}/")
        if (folder == "." or inner != path) and inner.startswith(_TEMPLATES):
            return True
    return False


def environments(folder: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Files of values for one environment that stand in the chart itself: ``values-prod.yaml``, sorted."""
    prefix = "" if folder == "." else f"{folder}/"
    names = (path.removeprefix(prefix) for path in paths if path.startswith(prefix))
    return tuple(sorted(name for name in names if _ENVIRONMENT.fullmatch(name)))


def read_rendered(folder: str, output: bytes, files: Mapping[str, bytes], *, values: str = "") -> Reading:
    """The objects of what helm printed of the chart in ``folder``; ``files`` are the chart's by path in the tree."""
    chart = "." if folder == "." else f"./{folder}"
    made = f"helm chart {chart}" + (f" with {values}" if values else "")
    prefix = "" if folder == "." else f"{folder}/"
    skips = Skips(f"{prefix}Chart.yaml")
    objects: list[Object] = []
    for document in _SPLIT.split(output):
        source = _SOURCE.search(document)
        if source is None:
            continue
        inner = source.group(1).decode("utf-8", "replace").strip().partition("/")[2]
        path = f"{prefix}{inner}"
        reading = manifests.read(path, b"---\n" + document, rendered=True)
        template = files.get(path)
        for found in reading.objects:
            lines = _Lines(document, template or b"", found.line_of)
            stands = path if template is not None else f"{prefix}Chart.yaml"
            objects.append(replace(found, path=stands, generated_by=made, line_of=lines))
        for skip in reading.skips:
            skips.add(skip.kind, f"what {made} gives: {skip.reason}", path=path if template is not None else "")
    if not objects and not skips.found:
        skips.add(SkipKind.UNRESOLVED, f"{made} gives no object with its own values")
    return Reading(tuple(objects), skips.settled())


@dataclass(slots=True)
class _Lines:
    """``line_of`` of a rendered object in terms of its template; worked out when the first line is asked for."""

    document: bytes
    template: bytes
    rendered_line: Callable[[str], int]
    _rendered: list[str] = field(default_factory=list)
    _wholes: dict[str, int] = field(default_factory=dict)
    _keys: dict[str, int] = field(default_factory=dict)

    def __call__(self, pointer: str) -> int:
        """The line of the template, from 1; 0 when the template is not there."""
        if not self.template:
            return 0
        if not self._rendered:
            self._index()
        while True:
            found = self._found(self.rendered_line(pointer) - 2)
            if found or not pointer:
                return found or 1
            pointer = pointer[: pointer.rfind("/")]

    def _found(self, number: int) -> int:
        """The template's line for a line of the output (from 0), or 0 when it is not there just once."""
        if not 0 <= number < len(self._rendered):
            return 0
        text = self._rendered[number].strip()
        key = _KEY.match(text)
        return max(self._wholes.get(text, 0), 0) or max(self._keys.get(key.group(1), 0) if key else 0, 0)

    def _index(self) -> None:
        self._rendered = self.document.decode("utf-8", "replace").split("\n")
        for number, line in enumerate(self.template.decode("utf-8", "replace").split("\n"), 1):
            text = line.strip()
            key = _KEY.match(text)
            self._wholes[text] = -1 if text in self._wholes else number
            if key:
                self._keys[key.group(1)] = -1 if key.group(1) in self._keys else number


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."
