"""OCI image layouts, in a folder or in an archive. Source: OCI image-spec 1.1, image-layout.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import artifacts, digests, manifests
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.formats.oci.manifests import Descriptor, Index
from lockgate.formats.printable import clipped, printable
from lockgate.sources.image import layout_writing
from lockgate.sources.image.files import Files, Folder, content_of
from lockgate.sources.image.place import Body, Document, Held, LayerReader, checked, packed_layer

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name", "org.opencontainers.image.base.name")
_MAX_DOCUMENT = 4 * 1024 * 1024
_MOST_SHOWN = 10
_MOST_READ = 1_000
"""Entries of ``index.json`` that are read to find out what speaks of what."""


def text_json(content: bytes, where: str) -> Any:
    """A JSON text; raises ``SourceError``."""
    try:
        return json_safe.load(content, max_bytes=_MAX_DOCUMENT, max_depth=64)
    except FormatError as error:
        raise SourceError(error.reason, where=where) from None


@dataclass(frozen=True, slots=True)
class Layout:
    """Blobs by digest, and an index that names some of them."""

    files: Files

    @property
    def name(self) -> str:
        """Folder or archive."""
        return self.files.name

    def manifest(self, key: str) -> Document:
        """By tag, whole name or digest; with an empty key the only one, or else the one that is called latest."""
        if ":" in key and key.partition(":")[0] in ("sha256", "sha512"):
            found = Descriptor("", _digest(key, self.name), 0)
        else:
            found = self._named(key)
        content = self._content(found.digest, _MAX_DOCUMENT)
        return Document(content, found.media_type, found.digest)

    def blob(self, descriptor: Descriptor, *, most: int) -> bytes:
        """From ``blobs/``."""
        if descriptor.size > most:
            raise SourceError(f"larger than {most:,} bytes", where=f"{self.name}: {descriptor.digest}")
        return self._content(descriptor.digest, most)

    def layer(self, layer: Layer, limits: LayerLimits) -> LayerReader:
        """From ``blobs/``."""
        return packed_layer(self.files.pieces(_path(layer.descriptor.digest)), layer, limits)

    def pieces(self, digest: str) -> Iterator[bytes]:
        """A blob as it lies here, unchecked."""
        return self.files.pieces(_path(digest))

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """Those that ``index.json`` names, and those of the index under the tag that stands in for a list."""
        found: dict[str, Descriptor] = {}
        index = self._index()
        if len(index.manifests) > _MOST_READ:
            raise SourceError(f"more than {_MOST_READ:,} images and artifacts", where=self.name)
        for entry in index.manifests:
            if not self.files.has(_path(entry.digest)):
                continue  # an image of another platform that nobody pulled
            content = self._content(entry.digest, _MAX_DOCUMENT)
            one = layout_writing.referrer_of(content, entry.media_type, digest)
            if one is not None:
                found[one.digest] = one
            elif entry.annotations.get(layout_writing.REF_NAME) == artifacts.tag_of(digest):
                found |= {one.digest: one for one in _listed(content, self.name)}
        return tuple(found.values())

    def put_blob(self, digest: str, body: Body, *, mounted_from: str = "") -> None:
        """Into ``blobs/``."""
        del mounted_from
        layout_writing.put_blob(self._folder(), digest, body)

    def put_manifest(self, content: bytes, media_type: str, *, tag: str = "") -> str:
        """Into ``blobs/``, then into ``index.json``."""
        entry = layout_writing.entry_of(content, media_type)
        self.put_blob(entry.digest, Held(content))
        layout_writing.listed(self._folder(), entry, tag=tag)
        return entry.digest

    def _folder(self) -> Path:
        if not isinstance(self.files, Folder):
            hint = "unpack it into a folder, or push it to a registry"
            raise UsageError("nothing can be written into an archive", where=self.name, hint=hint)
        return self.files.folder

    def _content(self, digest: str, most: int) -> bytes:
        return checked(content_of(self.files, _path(digest), most), digest, self.name)

    def _speaks_of_another(self, entry: Descriptor) -> bool:
        path = _path(entry.digest)
        return self.files.has(path) and layout_writing.is_referrer(self._content(entry.digest, _MAX_DOCUMENT))

    def _index(self) -> Index:
        try:
            index = manifests.read(content_of(self.files, "index.json", _MAX_DOCUMENT))
        except FormatError as error:
            raise SourceError(error.reason, where=f"{self.name}/index.json") from None
        if not isinstance(index, Index) or not index.manifests:
            raise SourceError("the layout holds no image", where=f"{self.name}/index.json")
        return index

    def _named(self, key: str) -> Descriptor:
        entries = self._index().manifests
        for entry in entries:
            names = {entry.annotations.get(name, "") for name in _NAMES}
            if (key or "latest") in names | {name.rpartition(":")[2] for name in names}:
                return entry
        if not key:
            only = {entry.digest: entry for entry in entries}
            if len(only) > 1 and len(only) <= _MOST_READ:
                only = {name: one for name, one in only.items() if not self._speaks_of_another(one)}
            if len(only) == 1:
                return next(iter(only.values()))
        called = [[entry.annotations.get(name) for name in _NAMES] for entry in entries]
        known = [next(filter(None, names), entry.digest) for names, entry in zip(called, entries, strict=True)]
        raise UsageError(
            f"no image {key!r} in it" if key else "there is more than one image in it",
            where=self.name, hint="name one by --name: " + shown_names(known),
        )  # fmt: skip


def shown_names(names: list[str]) -> str:
    """Some names of unknown origin, for a hint."""
    shown = ", ".join(clipped(printable(name), 120) for name in names[:_MOST_SHOWN])
    return shown + (f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else "")


def _listed(content: bytes, where: str) -> tuple[Descriptor, ...]:
    try:
        read = manifests.read(content)
    except FormatError as error:
        raise SourceError(f"a list of referrers: {error.reason}", where=where) from None
    return read.manifests if isinstance(read, Index) else ()


def _path(digest: str) -> str:
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def _digest(text: str, where: str) -> str:
    try:
        return digests.checked(text)
    except FormatError as error:
        raise UsageError(error.reason, where=where) from None
