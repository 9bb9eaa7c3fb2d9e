"""An image brought from one place to another, blob by blob, each held to its digest where it arrives."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests
from lockgate.formats.oci.manifests import Descriptor, Index
from lockgate.sources.image.layout import Layout
from lockgate.sources.image.place import WritablePlace

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class _Blob:
    """A blob of a layout, as often as it is asked for."""

    source: Layout
    descriptor: Descriptor

    @property
    def size(self) -> int:
        """Bytes, by its descriptor."""
        return self.descriptor.size

    def pieces(self) -> Iterator[bytes]:
        """All of it, if it has the size that its descriptor says. Raises ``SourceError``."""
        got = 0
        for piece in self.source.pieces(self.descriptor.digest):
            got += len(piece)
            yield piece
        if got != self.descriptor.size:
            where = f"{self.source.name}: {self.descriptor.digest}"
            raise SourceError("a blob of another size than its descriptor says", where=where)


def copy(source: Layout, key: str, target: WritablePlace, *, tag: str = "", depth: int = 0) -> str:
    """Bring the image or index ``key`` to ``target``, under ``tag`` if one is given; its digest.

    Raises ``SourceError``.
    """
    document = source.manifest(key)
    try:
        read = manifests.read(document.content, media_type=document.media_type)
    except FormatError as error:
        raise SourceError(error.reason, where=f"{source.name}: {key}") from None
    if isinstance(read, Index):
        if depth >= _DEEPEST:
            raise SourceError("indexes within indexes within indexes", where=source.name)
        for entry in read.manifests:
            copy(source, entry.digest, target, depth=depth + 1)
    else:
        for one in {one.digest: one for one in (read.config, *read.layers)}.values():
            target.put_blob(one.digest, _Blob(source, one))
    return target.put_manifest(document.content, read.media_type, tag=tag)
