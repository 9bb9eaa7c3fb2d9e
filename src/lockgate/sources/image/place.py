"""What every place of images answers. Nothing it gives is trusted until its digest was checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, runtime_checkable

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.oci import digests
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.entries import Entry
from lockgate.formats.oci.layers.limits import LayerLimits
from lockgate.formats.oci.layers.tar import Tar
from lockgate.formats.oci.layers.unpacking import Unpacked
from lockgate.formats.oci.manifests import Descriptor

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index, as it lies in its place."""

    content: bytes
    media_type: str
    """As it was announced; empty where nothing said."""
    digest: str
    """Of the content; where the caller named one, they are the same."""


class LayerReader(Protocol):
    """One layer, read once. Errors are ``LayerError``."""

    def __iter__(self) -> Iterator[Entry]:
        """Its entries; after the last one everything was read and checked."""

    def content(self, most: int) -> bytes:
        """The content of the file that came last, if it has at most so many bytes; asked for once."""

    def stream(self, most: int) -> BinaryIO:
        """The same to read from any place of it, whatever its size, in little memory."""


class Place(Protocol):
    """Where images lie. Every method raises ``SourceError`` for what is not there or not what it should be."""

    @property
    def name(self) -> str:
        """For people."""

    def manifest(self, key: str) -> Document:
        """The manifest or index of a tag, a name or a digest; with an empty ``key`` that of the only image."""

    def blob(self, descriptor: Descriptor, *, most: int) -> bytes:
        """The content of a descriptor, checked."""

    def layer(self, layer: Layer, limits: LayerLimits) -> LayerReader:
        """A layer, to be read once."""


class Body(Protocol):
    """What is written somewhere, from its first byte as often as it is asked for."""

    @property
    def size(self) -> int:
        """Bytes."""

    def pieces(self) -> Iterator[bytes]:
        """All of them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A body in memory."""

    content: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        """All of them."""
        for start in range(0, len(self.content), _PIECE):
            yield self.content[start : start + _PIECE]


@runtime_checkable
class WritablePlace(Place, Protocol):
    """Where something can be said of an image beside it. What is written twice is there once."""

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """What says something of the manifest ``digest``, by the place's own list; nothing of it was checked."""

    def put_blob(self, digest: str, body: Body, *, mounted_from: str = "") -> None:
        """Write a blob that has ``digest``. ``mounted_from``: another repository of the registry that has it."""

    def put_manifest(self, content: bytes, media_type: str, *, tag: str = "") -> str:
        """Write a manifest whose blobs are there, under its digest or ``tag``; where it has a subject, list it as a
        referrer of that. The digest."""


def packed_layer(pieces: Iterable[bytes], layer: Layer, limits: LayerLimits) -> LayerReader:
    """The reader of a layer that lies as an archive."""
    unpacked = Unpacked(pieces, digest=layer.descriptor.digest, diff_id=layer.diff_id, limits=limits)
    return Tar(unpacked, limits)


def checked(content: bytes, digest: str, where: str) -> bytes:
    """``content``, which has ``digest``; else ``SourceError``."""
    if not digests.fits(content, digest):
        raise SourceError(f"the content does not have its digest {digest}", where=where)
    return content
