"""Texts compressed and back, as base64. The service stores short texts in blocks as they are; any form is read."""

from __future__ import annotations

import zlib
from base64 import b64encode

from lockgate.kql.functions import Maker, plain
from lockgate.kql.functions.strings.encoding import from_base64
from lockgate.kql.text import MAX_TEXT, clean, cut

_GZIP, _ZLIB = 31, 15
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def _zlib_text(text: str) -> str:
    return cut(b64encode(zlib.compress(clean(text).encode(), 0)).decode())


def _gzip_text(text: str) -> str:
    data = clean(text).encode()
    packer = zlib.compressobj(0, wbits=-_ZLIB)
    body = packer.compress(data) + packer.flush()
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return cut(b64encode(_GZIP_HEAD + body + tail).decode())


def _unpacked(text: str, form: int) -> str:
    """At most as much as a value may hold, so that a small text cannot become a large one."""
    data = from_base64(text)
    if data is None:
        return ""
    reader = zlib.decompressobj(form)
    try:
        found = reader.decompress(data, 4 * MAX_TEXT)
        if not reader.eof and not reader.unconsumed_tail:
            return ""
        return cut(found.decode(errors="ignore" if reader.unconsumed_tail else "strict"))
    except (zlib.error, UnicodeDecodeError):
        return ""


FUNCTIONS: dict[str, Maker] = {
    "zlib_compress_to_base64_string": plain(_zlib_text),
    "gzip_compress_to_base64_string": plain(_gzip_text),
    "zlib_decompress_from_base64_string": plain(lambda text: _unpacked(text, _ZLIB)),
    "gzip_decompress_from_base64_string": plain(lambda text: _unpacked(text, _GZIP)),
}
