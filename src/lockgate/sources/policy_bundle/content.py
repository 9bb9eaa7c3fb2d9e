"""The artifact: files of policies in one layer, ``tar`` and gzip, the same bytes for the same files.

Taken out in memory and never onto a disk: names in an archive go nowhere.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping

from lockgate.errors import SourceError

MAX_UNPACKED = 64 * 1024 * 1024
MAX_FILES = 20_000


def packed(files: Mapping[str, bytes]) -> bytes:
    """One layer with ``files`` by their names."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, filename="") as stream, tarfile.open(
        fileobj=stream, mode="w", format=tarfile.PAX_FORMAT
    ) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o644
            archive.addfile(member, io.BytesIO(files[name]))
    return out.getvalue()


def unpacked(layer: bytes, *, where: str) -> dict[str, bytes]:
    """The files of a layer. Raises ``SourceError`` for anything that is not one within the bounds."""
    try:
        inflater = zlib.decompressobj(wbits=31)
        content = inflater.decompress(layer, MAX_UNPACKED + 1)
        if len(content) > MAX_UNPACKED or inflater.unconsumed_tail:
            raise SourceError(f"more than {MAX_UNPACKED} bytes once unpacked", where=where)
        found: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= MAX_FILES:
                    raise SourceError(f"more than {MAX_FILES:,} files", where=where)
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is not None:
                    found[member.name] = stream.read()
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OverflowError) as error:
        raise SourceError(f"the layer cannot be unpacked: {type(error).__name__}", where=where) from None
    return found
