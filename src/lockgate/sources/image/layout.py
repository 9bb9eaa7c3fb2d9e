"""OCI image layouts, in a folder or in an archive. Source: OCI image-spec 1.1, image-layout.md."""

from __future__ import annotations

from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests, manifests
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.formats.oci.manifests import Descriptor, Index
from lockgate.formats.printable import clipped, printable
from lockgate.sources.image.files import Files, content_of
from lockgate.sources.image.place import Document, LayerReader, checked, packed_layer

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name", "org.opencontainers.image.base.name")
_MAX_DOCUMENT = 4 * 1024 * 1024
_MOST_SHOWN = 10


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

    def _content(self, digest: str, most: int) -> bytes:
        return checked(content_of(self.files, _path(digest), most), digest, self.name)

    def _named(self, key: str) -> Descriptor:
        try:
            index = manifests.read(content_of(self.files, "index.json", _MAX_DOCUMENT))
        except FormatError as error:
            raise SourceError(error.reason, where=f"{self.name}/index.json") from None
        if not isinstance(index, Index) or not index.manifests:
            raise SourceError("the layout holds no image", where=f"{self.name}/index.json")
        entries = index.manifests
        if not key and len({entry.digest for entry in entries}) == 1:
            return entries[0]
        for entry in entries:
            names = {entry.annotations.get(name, "") for name in _NAMES}
            if (key or "latest") in names | {name.rpartition(":")[2] for name in names}:
                return entry
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


def _path(digest: str) -> str:
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def _digest(text: str, where: str) -> str:
    try:
        return digests.checked(text)
    except FormatError as error:
        raise UsageError(error.reason, where=where) from None
