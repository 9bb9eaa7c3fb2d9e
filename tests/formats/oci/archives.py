"""Layers as tests write them."""

import gzip
import io
import tarfile
from collections.abc import Mapping

TYPES = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE, "device": tarfile.CHRTYPE}


def member(name: str, kind: str = "file", target: str = "", mode: int = 0o644, **pax: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.mode, made.linkname, made.pax_headers = mode, target, pax
    made.type = tarfile.DIRTYPE if name.endswith("/") else TYPES.get(kind, tarfile.REGTYPE)
    return made


def tar(files: Mapping[str, bytes | tarfile.TarInfo] | list, format: int = tarfile.PAX_FORMAT) -> bytes:
    """Content by path, or a member; a list holds pairs, so that a path may come twice."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                one = member(name)
                one.size = len(content)
                archive.addfile(one, io.BytesIO(content))
    return out.getvalue()


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


def zst(content: bytes) -> bytes:
    from backports.zstd import compress

    return compress(content)


def cut(content: bytes, size: int = 1000) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]
