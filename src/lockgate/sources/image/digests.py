"""Digests of the programs and libraries of an image, gathered while its layers are read.

What was found in a layer is kept by its digest, so that a layer which other images share is hashed once. A file counts
where a container sees it, under each path that leads to it without a symbolic link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import field

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats.installed import Content, stream_of
from lockgate.formats.oci.layers.entries import Entry, Kind, shown_path
from lockgate.sources.image.layers import LayerSource, Listings, Standing

_PIECE = 1024 * 1024
_VERSION = 1
"""Of what is kept of a layer."""
_EXECUTABLE = 0o111
_MOST_LINKS = 16
"""Hard links to hard links that are followed."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One file as a container sees it."""

    path: str
    sha256: str
    size: int
    mode: int
    uid: int
    gid: int
    layer: str
    """Digest of the layer that brought it."""


@dataclass(slots=True)
class Digests:
    """The files of one image; a study of its layers (``layers.Studies``), whose ``met`` is to be called too."""

    listings: Listings | None = None
    """Where what layers hold is kept; None: nowhere."""
    everything: bool = False
    """Whether every file counts, not programs and libraries alone."""
    most: int = 200_000
    """Files of one image."""
    max_bytes: int = 512 * 1024 * 1024
    """Of one file."""
    left_out: int = 0
    """Files beyond ``most``."""
    found: dict[str, FileDigest] = field(default_factory=dict)
    """By path."""
    _kept: dict[str, str] | None = None
    _hashes: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, Entry] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=dict)

    def begin(self, source: LayerSource) -> bool:
        """A layer comes; whether its digests are known."""
        held = self.listings.get_all(self._key(source)).get("digests") if self.listings is not None else None
        self._kept = None if held is None else orjson.loads(held[1])
        self._hashes, self._shown, self._links = {}, {}, {}
        return self._kept is not None

    def wants(self, entry: Entry) -> bool:
        """Whether the file may be run, or loaded by what is."""
        return self.everything or bool(entry.mode & _EXECUTABLE) or _is_library(entry.path)

    def take(self, entry: Entry, content: Content, *, shows: bool) -> None:
        """A wanted file; of a layer that is known, its content does not matter."""
        path = shown_path(entry.path)
        if self._kept is None:
            stream, hashed = stream_of(content), hashlib.sha256()
            while piece := stream.read(_PIECE):
                hashed.update(piece)
            self._hashes[path] = hashed.hexdigest()
        if shows:
            self._shown[path] = entry

    def met(self, entry: Entry, standing: Standing) -> None:
        """Any entry; hard links are other paths of files of the same layer, and have no content of their own."""
        if entry.kind is Kind.HARD_LINK and standing.hidden is None:
            self._links[shown_path(entry.path)] = shown_path(entry.target)

    def end(self, source: LayerSource) -> None:
        """All of the layer was given."""
        hashes = self._hashes if self._kept is None else self._kept
        if self._kept is None and self.listings is not None:
            self.listings.put_many(self._key(source), [("digests", "layer", orjson.dumps(hashes))])
        digest = source.layer.descriptor.digest
        shown = dict(self._shown)
        for path, target in self._links.items():
            at = target
            for _ in range(_MOST_LINKS):
                at = self._links.get(at, at)
            if at in self._shown:
                shown[path] = self._shown[at]
        for path, entry in shown.items():
            sha256 = hashes.get(shown_path(entry.path))
            if sha256 is None:
                continue
            if len(self.found) >= self.most:
                self.left_out += 1
                continue
            one = FileDigest(path, sha256, entry.size, entry.mode, entry.uid, entry.gid, digest)
            self.found.setdefault(path, one)

    def files(self) -> Iterable[FileDigest]:
        """All of them by path."""
        return (self.found[path] for path in sorted(self.found))

    def _key(self, source: LayerSource) -> str:
        return f"digests {_VERSION}{' all' * self.everything} {source.cache_root}"


def _is_library(path: str) -> bool:
    name = path[path.rfind("/") + 1 :]
    return name.endswith((".so", ".ko", ".jar", ".node")) or ".so." in name
