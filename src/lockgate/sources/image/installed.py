"""What is installed in an image: the packages and artefacts in the file system that a container sees.

``Study`` looks at the files of layers while these are read for the scanners, from the top down, and what the files of a
layer state is kept by its digest. ``InstalledSource`` comes after the layers and puts together what shows. A package of
a distribution is told with the layer that brought it first at this version: every layer that installs anything writes
the whole database anew, and the layers below say what was in it before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace

from lockgate.dataclass import dataclass
from lockgate.formats import installed
from lockgate.formats.installed import Content, Installed
from lockgate.formats.installed._kept import FORM, pack, unpack
from lockgate.formats.inventory import Statement, inventory
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.entries import Entry, shown_path
from lockgate.model import Component, Finding, Related, Skip
from lockgate.sources import Wants
from lockgate.sources.image.layers import Holds, LayerSource, Listings, step_of

_EXECUTABLE = 0o111
_LOG = "-wal"


@dataclass(frozen=True, slots=True)
class _Told:
    """What one file of one layer states."""

    layer: Layer
    said: Installed
    shows: bool
    """Whether the file is in the file system that a container sees."""


@dataclass(slots=True)
class Study:
    """What the files of an image's layers state, gathered while the layers are read."""

    listings: Listings | None = None
    """Where what layers state is kept; None: nowhere."""
    max_bytes: int = 512 * 1024 * 1024
    """Of one file."""
    files: int = 0
    layers: dict[str, Layer] = field(default_factory=dict)
    """By digest."""
    told: dict[str, list[_Told]] = field(default_factory=dict)
    """By path, from the top down."""
    _kept: dict[str, Installed] | None = None
    _stated: dict[str, Installed] = field(default_factory=dict)
    _later: dict[str, bytes] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)

    def begin(self, source: LayerSource) -> bool:
        """A layer comes; whether what it states is known, so that it need not be read for that."""
        held = self.listings.get_all(_key(source)).get("statements") if self.listings is not None else None
        self._kept = None if held is None else unpack(held[1])
        self._stated, self._later, self._shown = {}, {}, set()
        return self._kept is not None

    def wants(self, entry: Entry) -> bool:
        """Whether the file may state anything."""
        return entry.size > 0 and installed.wants(entry.path, executable=bool(entry.mode & _EXECUTABLE))

    def take(self, entry: Entry, content: Content, *, shows: bool) -> None:
        """A wanted file; of a layer that is known, its content does not matter."""
        path = shown_path(entry.path)
        self.files += 1
        if shows:
            self._shown.add(path)
        if self._kept is not None:
            return
        if path.endswith((".sqlite", _LOG)):  # read when both are there
            self._later[path] = installed.whole(content, self.max_bytes)
        elif installed.wants(path) or installed.is_program(installed.head_of(content)):
            said = installed.read(path, content, executable=bool(entry.mode & _EXECUTABLE))
            if said != Installed():
                self._stated[path] = said

    def end(self, source: LayerSource) -> None:
        """All of the layer was given."""
        for path, content in self._later.items():
            if not path.endswith(_LOG):
                self._stated[path] = installed.read(path, content, self._later.get)
        if self._kept is None and self.listings is not None:
            self.listings.put_many(_key(source), [("statements", "layer", pack(self._stated))])
        self.layers[source.layer.descriptor.digest] = source.layer
        for path, said in (self._stated if self._kept is None else self._kept).items():
            self.told.setdefault(path, []).append(_Told(source.layer, said, path in self._shown))
        self._stated, self._later = {}, {}


@dataclass(slots=True)
class InstalledSource:
    """The packages of one image, of whose layers a ``Study`` was made before."""

    image: str
    """For people."""
    study: Study
    mode: str = field(default="image", init=False)
    files_read: int = field(default=0, init=False)

    @property
    def root(self) -> str:
        """The image, for people."""
        return self.image

    @property
    def cache_root(self) -> str:
        """Nothing is kept under it, since it gives no files."""
        return f"installed in {self.image}"

    def sibling(self, path: str) -> bytes | None:
        """Nothing: layers are read once, from front to back."""
        del path
        return None

    def collect(self, wants: Wants, holds: Holds = lambda file: False) -> Iterator[Component | Skip]:
        """The distribution, its packages and artefacts of languages; before them what could not be read."""
        del wants, holds
        self.files_read = self.study.files
        found = inventory(_statements(self.study.told))
        yield from found.skips
        yield from found.components

    def told(self, finding: Finding) -> Finding:
        """A finding about a package, with the layer that brought it and the instruction that made that layer."""
        return told_of_layer(finding, self.study.layers.get(finding.fact("layer")))


def told_of_layer(finding: Finding, layer: Layer | None) -> Finding:
    """A finding about a package, with the layer that brought it; as it is where that is not known."""
    if layer is None or not layer.descriptor.digest:
        return finding
    step = step_of(layer)
    words = f"Layer {layer.index} brought it" + (f" ({step})." if step else ".")
    facts = [*finding.facts, *([Related("instruction", step)] if step else [])]
    return replace(finding, message=f"{finding.message} {words}", facts=tuple(sorted(facts, key=_name)))


def _key(source: LayerSource) -> str:
    return f"installed {FORM} {source.cache_root}"


def _name(fact: Related) -> str:
    return fact.name


def _statements(told: dict[str, list[_Told]]) -> Iterator[Statement]:
    """What shows, each part with the layer that brought it."""
    for path, (first, *below) in told.items():
        if not first.shows:
            continue
        parts: dict[int, list[Component]] = {0: []}
        before = [{_same(one) for one in under.said.components} for under in below]
        for component in first.said.components:
            parts.setdefault(_origin(component, before), []).append(component)
        for at, components in parts.items():
            whole = replace(first.said, components=tuple(components))
            said = whole if at == 0 else Installed(whole.components, modules=whole.modules)
            layer = first.layer if at == 0 else below[at - 1].layer
            yield Statement(path, said, layer.descriptor.digest)


def _same(one: Component) -> tuple[str, str, str, str]:
    return one.ecosystem, one.name, one.version, one.architecture


def _origin(component: Component, before: list[set[tuple[str, str, str, str]]]) -> int:
    """How many statements below the uppermost one the component was there first, without a gap."""
    key = _same(component)
    return next((at for at, held in enumerate(before) if key not in held), len(before))
