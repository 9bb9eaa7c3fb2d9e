"""Layers as sources: what scanners see of an image.

A source a layer, from the top down, so that what one said of a layer is kept under the layer's digest and serves every
image that has it; a source of the configuration before them. What later layers delete or replace is seen too: whoever
pulls the image can read it. Each finding says which layer brought it, by which instruction, and whether it still shows.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.installed import Content
from lockgate.formats.oci.configs import ImageConfig
from lockgate.formats.oci.history import Layer, instruction
from lockgate.formats.oci.layers.entries import Entry, Kind, shown_path
from lockgate.formats.oci.layers.limits import LayerError, LayerLimits
from lockgate.formats.oci.layers.union import Hidden, Union
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.printable import clipped, printable
from lockgate.model import File, Finding, ImageFacts, Related, Skip, SkipKind
from lockgate.sources import Wants
from lockgate.sources.image.facts import facts_of
from lockgate.sources.image.image import Image
from lockgate.sources.image.place import LayerReader
from lockgate.sources.image.root import FolderLayer

_MAX_FILE = 16 * 1024 * 1024
_VERSION = 2
"""Of what is kept of a layer."""
_STAMP = "layer"
"""Of its files: what is kept of them is kept under the digest of the layer, which changes with any of them."""
_MOST_LINKS = 16
"""Hard links to hard links that are followed."""
Holds = Callable[[File], bool]
_LARGE = 32 * 1024 * 1024
"""Bytes from which on a file is not held as it is."""


class Contents(Protocol):
    """The file at hand, as :class:`LayerReader` has it."""

    def content(self, most: int) -> bytes:
        """All of it."""

    def stream(self, most: int) -> BinaryIO:
        """To read from any place of it."""


class Listings(Protocol):
    """Where the lists of entries of layers are kept, by digest."""

    def get_all(self, key: str) -> dict[str, tuple[str, bytes]]:
        """Name -> (stamp, payload)."""

    def put_many(self, key: str, rows: Sequence[tuple[str, str, bytes]]) -> None:
        """Keep them."""


class Studies(Protocol):
    """Who looks at files of layers beside the scanners, while these are read (``installed.Study``)."""

    @property
    def max_bytes(self) -> int:
        """Of one file."""

    def begin(self, source: LayerSource) -> bool:
        """A layer comes; whether it need not be read for this."""

    def wants(self, entry: Entry) -> bool:
        """Whether the file is wanted."""

    def take(self, entry: Entry, content: Content, *, shows: bool) -> None:
        """A wanted file; ``shows``: in the file system that a container sees. No content where it need not be read.
        What can be read from any place is large, and closed afterwards."""

    def end(self, source: LayerSource) -> None:
        """All of the layer was given."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a file of an image stands."""

    layer: Layer
    mode: int
    hidden: Hidden | None
    """What later layer deletes or replaces it; None: it is in the file system that a container sees."""


@dataclass(slots=True)
class LayerSource:
    """One layer of an image. Collected after the layers above it, by the same run."""

    image: str
    """For people."""
    layer: Layer
    read: Callable[[LayerLimits], LayerReader]
    union: Union
    """What the layers above hide; shared by all layers of the image."""
    limits: LayerLimits = field(default_factory=LayerLimits)
    max_bytes: int = _MAX_FILE
    excluded: Callable[[str], bool] = lambda path: False
    listings: Listings | None = None
    met: Callable[[Entry, Standing], None] = lambda entry, standing: None
    """Called with every entry, for who draws the layers."""
    study: Studies | None = None
    standing: dict[str, Standing] = field(default_factory=dict)
    """By path, of the files that were given."""
    reread: bool = True
    """Whether the layer had to be read: False where everything said of it was known."""
    mode: str = field(default="image", init=False)

    @property
    def root(self) -> str:
        """The image, for people."""
        return self.image

    @property
    def cache_root(self) -> str:
        """What answers about its files are kept under: the same for every image that has the layer."""
        return f"layer {self.layer.diff_id or self.layer.descriptor.digest or self.image}"

    @property
    def expected_bytes(self) -> int:
        """Half of what the layer takes as it lies: programs are not looked through, and the rest unpacks to more."""
        return self.layer.descriptor.size // 2

    def sibling(self, path: str) -> bytes | None:
        """Nothing: a layer is read once, from front to back."""
        del path
        return None

    def collect(self, wants: Wants, holds: Holds = lambda file: False) -> Iterator[File | Skip]:
        """The wanted files of the layer. ``holds``: whether what scanners say of a file is known.

        Where it is of every file, the layer is not read. Raises ``SourceError`` for a layer that is damaged, not what
        its digest says, or beyond the limits.
        """
        kept = self._kept()
        known = self.study is None or self.study.begin(self)
        if kept is not None and known:
            rows = [row for entry in kept for row in self._row(entry, wants, _UNREAD)]
            rows += self._linked(kept, wants, _UNREAD)
            if all(holds(row) for row in rows if isinstance(row, File)):
                self.reread = False
                yield from rows
                self._end(kept)
                return
            self.standing.clear()
            if self.study is not None:
                self.study.begin(self)
        entries: list[Entry] = []
        try:
            reader = self.read(self.limits)
            for entry in reader:
                entries.append(entry)
                yield from self._row(entry, wants, reader)
            yield from self._again(entries, wants)
        except LayerError as error:
            raise SourceError(error.reason, where=self._where()) from None
        if kept is None:
            self._keep(entries)
        self._end(entries)

    def told(self, finding: Finding) -> Finding:
        """A finding on one of its files, with where that stands in the image."""
        standing = self.standing.get(finding.location.path)
        if standing is None or not self.layer.descriptor.digest:  # the root of a file system has no layers
            return finding
        words, facts = _words(standing)
        facts = sorted((*finding.facts, *facts), key=_name)
        return replace(finding, message=f"{finding.message} {words}", facts=tuple(facts))

    def _row(self, entry: Entry, wants: Wants, at_hand: Contents) -> Iterator[File | Skip]:
        path = shown_path(entry.path)
        if entry.kind is Kind.REFUSED:
            yield Skip(path, SkipKind.SPECIAL, f"{entry.target} (layer {self.layer.index})")
        if entry.kind is not Kind.FILE:
            self.met(entry, self._standing(entry))
            return
        standing = self._standing(entry)
        self.met(entry, standing)
        studied = self.study if self.study is not None and self.study.wants(entry) else None
        given = not self.excluded(path) and wants(path, entry.size)
        if given and entry.size > self.max_bytes:
            reason = f"{entry.size} bytes, over the limit of {self.max_bytes} (layer {self.layer.index})"
            yield Skip(path, SkipKind.TOO_LARGE, reason)
            given = False
        if not given and studied is None:
            return
        try:
            if studied is not None and not given and entry.size >= _LARGE:
                with at_hand.stream(studied.max_bytes) as stream:
                    studied.take(entry, stream, shows=standing.hidden is None)
                return
            content = at_hand.content(self.max_bytes if studied is None else studied.max_bytes)
        except LayerError as error:
            if error.kind is SkipKind.MALFORMED:  # of the layer, not of the file
                raise
            yield Skip(path, error.kind, error.reason)
            return
        if studied is not None:
            studied.take(entry, content, shows=standing.hidden is None)
        if not given:
            return
        self.standing[path] = standing
        stamp = _STAMP if self.listings is not None else ""  # where no digest holds the layer, nothing is kept of it
        yield File(path, entry.size, partial(bytes, content), stamp)

    def _standing(self, entry: Entry) -> Standing:
        hidden = self.union.hides(entry.path, folder=entry.kind is Kind.FOLDER)
        return Standing(self.layer, entry.mode, hidden)

    def _links(self, entries: Sequence[Entry], wants: Wants) -> dict[str, list[Entry]]:
        """Wanted hard links by the file they lead to, where that is not wanted under its own path: it was not seen."""
        links = {one.path: one for one in entries if one.kind is Kind.HARD_LINK}
        if not links:
            return {}
        files = {one.path: one for one in entries if one.kind is Kind.FILE}
        found: dict[str, list[Entry]] = {}
        for path, link in links.items():
            target = link.target
            for _ in range(_MOST_LINKS):
                target = links[target].target if target in links else target
            file = files.get(target)
            shown = shown_path(path)
            if file is None or shown_path(target) in self.standing or self.excluded(shown):
                continue
            linked = replace(file, path=path)
            studied = self.study is not None and self.study.wants(linked) and not self.study.wants(file)
            if studied or (file.size <= self.max_bytes and wants(shown, file.size)):
                found.setdefault(target, []).append(linked)
        return found

    def _linked(self, entries: Sequence[Entry], wants: Wants, at_hand: Contents) -> list[File | Skip]:
        links = self._links(entries, wants)
        return [row for several in links.values() for one in several for row in self._row(one, wants, at_hand)]

    def _again(self, entries: Sequence[Entry], wants: Wants) -> Iterator[File | Skip]:
        """Files that only a hard link makes wanted. The link stands behind them, so the layer is read a second time."""
        links = self._links(entries, wants)
        if not links:
            return
        reader = self.read(self.limits)
        most = max(self.max_bytes, self.study.max_bytes if self.study is not None else 0)
        for entry in reader:
            several = links.get(entry.path, ()) if entry.kind is Kind.FILE and entry.size <= most else ()
            held = _Held(reader.content(most) if several else b"")
            for one in several:
                yield from self._row(one, wants, held)

    def _end(self, entries: Sequence[Entry]) -> None:
        if self.study is not None:
            self.study.end(self)
        self.union.add(self.layer.index, entries)

    def _where(self) -> str:
        return f"{self.image}: layer {self.layer.index} ({self.layer.descriptor.digest})"

    def _kept(self) -> list[Entry] | None:
        if self.listings is None:
            return None
        held = self.listings.get_all(self._listing()).get("entries")
        if held is None:
            return None
        try:
            rows = orjson.loads(zlib.decompress(held[1]))
            return [Entry(Kind(kind), *rest) for kind, *rest in rows]
        except (zlib.error, ValueError, TypeError):
            return None

    def _keep(self, entries: Sequence[Entry]) -> None:
        """Unless a path comes twice: then which of the two an answer is about would not be known."""
        if self.listings is None or len({one.path for one in entries if one.kind is Kind.FILE}) != sum(
            one.kind is Kind.FILE for one in entries
        ):
            return
        rows = [
            (one.kind, one.path, one.size, one.mode, one.target, one.uid, one.gid, one.capabilities) for one in entries
        ]
        try:
            payload = zlib.compress(orjson.dumps(rows), 1)
        except TypeError:  # paths that are no text
            return
        self.listings.put_many(self._listing(), [("entries", _STAMP, payload)])

    def _listing(self) -> str:
        return f"listing {_VERSION} {self.cache_root}"


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """What the configuration of an image says in words: the steps of its build, and the environment it runs in."""

    image: str
    config: ImageConfig
    steps: Sequence[str]
    facts: ImageFacts
    mode: str = field(default="image", init=False)

    @property
    def root(self) -> str:
        """The image, for people."""
        return self.image

    def sibling(self, path: str) -> bytes | None:
        """There are no others."""
        del path
        return None

    @property
    def cache_root(self) -> str:
        """Nothing is kept under it, since its files have no stamps: they are short."""
        return f"configuration of {self.image}"

    def collect(self, wants: Wants, holds: Holds = lambda file: False) -> Iterator[File | Skip]:
        """``image-history/Dockerfile``, a line a step, and ``image-config/.env``."""
        del holds
        texts = {"image-history/Dockerfile": self.steps, "image-config/.env": self.config.env}
        for path, lines in texts.items():
            content = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
            if content and wants(path, len(content)):
                yield File(path, len(content), partial(bytes, content))

    def told(self, finding: Finding) -> Finding:
        """A finding in it, with what that means."""
        words = "It stands in the configuration, for whoever pulls the image."
        return replace(finding, message=f"{finding.message} {words}")


def sources_of(
    image: Image, *, max_bytes: int = _MAX_FILE, excluded: Callable[[str], bool] = lambda path: False,
    listings: Listings | None = None, limits: LayerLimits | None = None,
    met: Callable[[Entry, Standing], None] = lambda entry, standing: None, study: Studies | None = None,
    inventoried: bool | None = None,
) -> list[ConfigSource | LayerSource]:  # fmt: skip
    """The sources of an image in the order in which they are to be read; the rest as fields of ``LayerSource``.

    ``inventoried``: whether the components of the run are the whole bill; None: where there is a ``study``.
    """
    union = Union()
    steps = [instruction(entry.created_by) for entry in image.config.history]
    facts = facts_of(image, inventoried=study is not None if inventoried is None else inventoried)
    found: list[ConfigSource | LayerSource] = [ConfigSource(image.name, image.config, steps, facts)]
    for layer in reversed(image.layers):
        read = partial(image.place.layer, layer)
        found.append(
            LayerSource(
                image.name, layer, read, union, limits or LayerLimits(), max_bytes, excluded, listings, met, study
            )
        )
    return found


def root_source(folder: Path, *, max_bytes: int = _MAX_FILE, excluded: Callable[[str], bool] = lambda path: False,
                met: Callable[[Entry, Standing], None] = lambda entry, standing: None) -> LayerSource:  # fmt: skip
    """The root of a file system in a folder, as one layer; nothing is kept of it, since its files may change."""
    layer = Layer(0, Descriptor("", "", 0), "")
    return LayerSource(
        str(folder), layer, lambda limits: FolderLayer(folder, limits, whole=True), Union(), max_bytes=max_bytes,
        excluded=excluded, met=met,
    )  # fmt: skip


def step_of(layer: Layer) -> str:
    """What brought a layer, in a few words."""
    words = clipped(printable(layer.instruction), 100)
    place = f"Dockerfile line {layer.line}" if layer.line else ""
    return ", ".join(filter(None, (words, place)))


def _words(standing: Standing) -> tuple[str, list[Related]]:
    layer, hidden = standing.layer, standing.hidden
    facts = [Related("layer", str(layer.index)), Related("layer-digest", layer.descriptor.digest)]
    step = step_of(layer)
    if step:
        facts.append(Related("instruction", step))
    text = f"Layer {layer.index} brought it" + (f" ({step})" if step else "")
    if hidden is None:
        return f"{text}.", facts
    facts.append(Related(f"{hidden.how}-by-layer", str(hidden.by)))
    return f"{text}; layer {hidden.by} {hidden.how} it, but whoever pulls the image can still read it.", facts


def _name(fact: Related) -> str:
    return fact.name


@dataclass(frozen=True, slots=True)
class _Held:
    """A file that was read."""

    held: bytes

    def content(self, most: int) -> bytes:
        del most
        return self.held

    def stream(self, most: int) -> BinaryIO:
        del most
        return io.BytesIO(self.held)


_UNREAD = _Held(b"")
