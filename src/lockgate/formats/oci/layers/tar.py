"""Entries of a tar archive that is read once, from front to back.

Formats: V7, ustar, POSIX.1-2001 (pax), GNU (long names, sparse files of every version, numbers of base 256). Where
readers of tar disagree, this one does what ``archive/tar`` of Go does, because that is what unpacks images: global
headers change nothing, a link has no content whatever its header says, an archive may end without the blocks of NULs.
Source: POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format" and "Storing Sparse Files".

The standard library's ``tarfile`` takes three times as long for the same entries (docs/decisions/0017-images.md).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from lockgate.formats.oci.layers.entries import Entry, Kind
from lockgate.formats.oci.layers.limits import LayerError, LayerLimits
from lockgate.formats.oci.layers.sparse import Part, filled, old_parts, pax_parts, texts_of_parts
from lockgate.model import SkipKind

_BLOCK = 512
_NOTHING = bytes(_BLOCK)
_KINDS = {
    b"0": Kind.FILE, b"\0": Kind.FILE, b"7": Kind.FILE, b"S": Kind.FILE, b"1": Kind.HARD_LINK, b"2": Kind.LINK,
    b"3": Kind.SPECIAL, b"4": Kind.SPECIAL, b"5": Kind.FOLDER, b"6": Kind.SPECIAL,
}  # fmt: skip
_EMPTY = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))
"""Types without content, whatever size they give."""
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_SPECIAL = {b"3": "character", b"4": "block", b"6": "FIFO"}
_CAPABILITY = "SCHILY.xattr.security.capability"
"""Key of the extended header that runtimes take the attribute from (Go's ``archive/tar``, ``PAXRecords``)."""
_MOST_CAPABILITY = 64
"""Bytes; the kernel's own form has 24 at most."""


class Tar:
    """The entries of one archive, in order. Iterated once; :meth:`content` is of the entry that came last."""

    def __init__(self, pieces: Iterable[bytes], limits: LayerLimits) -> None:
        self._pieces = iter(pieces)
        self._limits = limits
        self._piece = b""
        self._at = 0
        self._left = 0
        """Bytes of the present entry that were not read, its padding included."""
        self._padding = 0
        self._parts: tuple[Part, ...] | None = None
        self._size = 0

    def __iter__(self) -> Iterator[Entry]:
        """Every entry. Raises :class:`LayerError`. When it ends, the pieces have been read to their end too."""
        count = 0
        while (header := self._header()) is not None:
            count += 1
            if count > self._limits.entries:
                raise LayerError(f"the layer has more than {self._limits.entries:,} entries", kind=SkipKind.LIMIT)
            entry = self._entry(header)
            if entry is not None:
                yield entry
            self._skip(self._left)
            self._left = 0
        for _ in self._pieces:  # so that what unpacks has seen the end, and checked the digests
            pass

    def content(self, most: int) -> bytes:
        """The content of the file that was given last, at most once. Raises :class:`LayerError` when over ``most``."""
        data = self._take(self._stored(most))
        return data if self._parts is None else filled(data, self._parts, self._size)

    def stream(self, most: int) -> BinaryIO:
        """The same, held packed: for large files."""
        from lockgate.formats.oci.layers.packed import PackedFile

        if self._parts is not None:
            return io.BytesIO(self.content(most))
        return io.BufferedReader(PackedFile(self._taken(self._stored(most))))

    def _stored(self, most: int) -> int:
        """How many bytes of the present file follow; they are taken next."""
        if self._size > most:
            raise LayerError(f"a file of {self._size:,} bytes, over the limit of {most:,}", kind=SkipKind.TOO_LARGE)
        stored, self._left = self._left - self._padding, self._padding
        return stored

    def _header(self) -> bytes | None:
        """The next header; None at the end."""
        at, end = self._at, self._at + _BLOCK
        if end <= len(self._piece):
            self._at = end
            block = self._piece[at:end]
        else:
            block = self._take(_BLOCK, end_is_fine=True)
            if not block:
                return None
        if block[0] == 0 and block == _NOTHING:
            return None
        return block

    def _entry(self, header: bytes) -> Entry | None:
        """What the headers from ``header`` on say of one entry; None for one that says nothing of a file."""
        extended: dict[str, bytes] = {}
        long_name = long_target = None
        for _ in range(8):  # of each kind one, and some room
            _check(header)
            flag = header[156:157]
            size = _number(header[124:136], "size")
            if flag == b"x":
                extended |= _records(self._record(size))
            elif flag == b"L":
                long_name = self._record(size).partition(b"\0")[0]
            elif flag == b"K":
                long_target = self._record(size).partition(b"\0")[0]
            elif flag == b"g":
                self._record(size)
                return None
            else:
                return self._described(header, extended, long_name=long_name, long_target=long_target)
            following = self._header()
            if following is None:
                raise LayerError("the archive ends behind a header that has no file")
            header = following
        raise LayerError("an entry has too many headers before it")

    def _described(
        self, header: bytes, extended: dict[str, bytes], *, long_name: bytes | None, long_target: bytes | None
    ) -> Entry | None:
        flag = header[156:157]
        kind = _KINDS.get(flag)
        size = _decimal(extended["size"], "size") if "size" in extended else _number(header[124:136], "size")
        stored = 0 if flag in _EMPTY else size
        self._parts = None
        name = long_name if long_name is not None else extended.get("path")
        if flag == b"S":
            self._parts, size = self._old_sparse(header)
        elif kind is Kind.FILE and extended and any(key.startswith("GNU.sparse.") for key in extended):
            stored, size = self._pax_sparse(extended, stored, size)
            name = extended.get("GNU.sparse.name", name)
        self._padding = -stored % _BLOCK
        self._left = stored + self._padding
        self._size = size
        if kind is None:
            return None
        name = _name(header) if name is None else name
        if flag == b"\0" and name.endswith(b"/"):
            kind = Kind.FOLDER
        if len(name) > self._limits.path_bytes:
            return Entry(Kind.REFUSED, _shown(name[:200]), target="its path is longer than any that can be opened")
        target = b""
        if kind is Kind.LINK or kind is Kind.HARD_LINK:
            found = long_target if long_target is not None else extended.get("linkpath")
            target = _field(header[157:257]) if found is None else found
        elif kind is Kind.SPECIAL:
            target = _device(header)
        mode = _number(header[100:108], "mode") & 0o7777
        may = extended.get(_CAPABILITY, b"")[:_MOST_CAPABILITY].hex() if kind is Kind.FILE and extended else ""
        return _placed(kind, name, size, mode, target, _owner(header, extended), may)

    def _old_sparse(self, header: bytes) -> tuple[tuple[Part, ...], int]:
        """Of a sparse file as GNU tar wrote them first: the parts stand in the header and in blocks behind it."""
        fields = [header[386 + 24 * number : 410 + 24 * number] for number in range(4)]
        more = header[482]
        while more:
            block = self._take(_BLOCK)
            fields += [block[24 * number : 24 * number + 24] for number in range(21)]
            more = block[504]
            if len(fields) > self._limits.sparse_parts:
                raise LayerError("a sparse file of too many parts", kind=SkipKind.LIMIT)
        size = _number(header[483:495], "size")
        pairs = [(_number(one[:12], "part"), _number(one[12:], "part")) for one in fields if one[:1] != b"\0"]
        return old_parts(pairs, size), size

    def _pax_sparse(self, extended: dict[str, bytes], stored: int, size: int) -> tuple[int, int]:
        """Sets the parts of a sparse file of pax; (bytes stored of them, size with holes)."""
        real = extended.get("GNU.sparse.realsize", extended.get("GNU.sparse.size"))
        size = _decimal(real, "size") if real is not None else size
        most = self._limits.sparse_parts
        if extended.get("GNU.sparse.major") == b"1":
            texts, used = texts_of_parts(lambda: self._take(_BLOCK), most)
            if used > stored:
                raise LayerError("a sparse file whose map is longer than itself")
            stored -= used
        else:
            texts = extended.get("GNU.sparse.map", b"").split(b",", 2 * most + 1)
        self._parts = pax_parts(texts, size)
        if sum(part.size for part in self._parts) != stored:
            raise LayerError("a sparse file whose parts are not what is stored")
        return stored, size

    def _record(self, size: int) -> bytes:
        if size > self._limits.record_bytes:
            raise LayerError(f"a header of {size:,} bytes", kind=SkipKind.LIMIT)
        data = self._take(size)
        self._skip(-size % _BLOCK)
        return data

    def _take(self, count: int, *, end_is_fine: bool = False) -> bytes:
        """So many bytes; none at all where the archive has ended there and that is fine."""
        at = self._at
        if at + count <= len(self._piece):
            self._at = at + count
            return self._piece[at : at + count]
        # Joined in a place of the whole size, which the system gives as it is filled: one that grows is copied, and
        # leaves holes as large as itself behind.
        parts = io.BytesIO(bytes(count))
        for piece in self._taken(count, end_is_fine=end_is_fine):
            parts.write(piece)
        return parts.getvalue() if parts.tell() == count else b""

    def _taken(self, count: int, *, end_is_fine: bool = False) -> Iterator[bytes]:
        """The same, in pieces."""
        at, missing = self._at, count
        self._at = min(at + count, len(self._piece))
        if self._at > at:
            missing -= self._at - at
            yield self._piece[at : self._at]
        while missing > 0:
            piece = next(self._pieces, b"")
            if not piece:
                self._piece, self._at = b"", 0
                if end_is_fine and missing == count:
                    return
                raise LayerError("the archive is cut short")
            self._piece, self._at = piece, min(missing, len(piece))
            missing -= self._at
            yield piece if self._at == len(piece) else piece[: self._at]

    def _skip(self, count: int) -> None:
        missing = count - (len(self._piece) - self._at)
        if missing <= 0:
            self._at += count
            return
        while missing > 0:
            piece = next(self._pieces, b"")
            if not piece:
                raise LayerError("the archive is cut short")
            self._piece, self._at = piece, min(missing, len(piece))
            missing -= self._at


def _check(header: bytes) -> None:
    """The sum of the header's bytes, those of the sum itself taken for blanks; old tars took them for signed."""
    own = header[148:156]
    digits = own.partition(b"\0")[0].strip()
    told = int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else -1
    if told == sum(header) - sum(own) + 256:
        return
    signed = sum(byte - 256 if byte > 127 else byte for byte in header[:148] + header[156:]) + 256
    if told != signed:
        raise LayerError("what stands where a header should is none: no archive, or a damaged one")


def _number(field: bytes, what: str) -> int:
    """A number in octal digits, or, where the first bit is set, in base 256."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes((field[0] & 0x7F, *field[1:])), "big")
        if field[0] == 0xFF or value >= 2**63:
            raise LayerError(f"a {what} below nothing, or beyond reason")
        return value
    digits = field.partition(b"\0")[0].strip()
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise LayerError(f"a {what} that is no number") from None


def _decimal(digits: bytes, what: str) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise LayerError(f"a {what} that is no number")
    return int(digits)


def _field(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _name(header: bytes) -> bytes:
    name = header[:100]
    name = name[: name.index(0)] if 0 in name else name
    if header[257:263] == b"ustar\0" and header[345]:
        prefix = header[345:476] if header[508:512] == b"tar\0" else header[345:500]
        return _field(prefix) + b"/" + name
    return name


def _owner(header: bytes, extended: dict[str, bytes]) -> tuple[int, int]:
    if "uid" in extended or "gid" in extended:
        names = ((extended.get("uid"), header[108:116]), (extended.get("gid"), header[116:124]))
        uid, gid = (_decimal(text, "owner") if text is not None else _number(field, "owner") for text, field in names)
        return uid, gid
    return _number(header[108:116], "owner"), _number(header[116:124], "owner")


def _device(header: bytes) -> bytes:
    """What a special file is, with the numbers of a device; those that are none are left out, as nothing opens it."""
    flag = header[156:157]
    word = _SPECIAL.get(flag, "")
    if flag == b"6":
        return word.encode()
    try:
        return f"{word} {_number(header[329:337], 'device')}:{_number(header[337:345], 'device')}".encode()
    except LayerError:
        return word.encode()


def _records(block: bytes) -> dict[str, bytes]:
    """``length key=value`` lines. Go and libarchive refuse a NUL in a path, and so does this."""
    found: dict[str, bytes] = {}
    at = 0
    parts: list[bytes] = []
    while at < len(block):
        blank = block.find(b" ", at, at + 20)
        digits = block[at:blank] if blank > 0 else b""
        if not digits.isdigit():
            raise LayerError("an extended header that is none")
        end = at + int(digits)
        if end > len(block) or end <= blank or block[end - 1 : end] != b"\n":
            raise LayerError("an extended header that is cut short")
        key, equals, value = block[blank + 1 : end - 1].partition(b"=")
        if not equals:
            raise LayerError("an extended header that is none")
        name = key.decode("utf-8", "replace")
        if name in ("path", "linkpath", "GNU.sparse.name") and b"\0" in value:
            raise LayerError("a path with a NUL in it")
        if name in ("GNU.sparse.offset", "GNU.sparse.numbytes"):  # the first version: one record a number
            parts.append(value)
        elif value:
            found[name] = value
        at = end
    if parts and "GNU.sparse.map" not in found:
        found["GNU.sparse.map"] = b",".join(parts)
    return found


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _placed(
    kind: Kind, name: bytes, size: int, mode: int, target: bytes, owner: tuple[int, int], may: str
) -> Entry:
    """The entry at its place in the image, whiteouts told from files."""
    path = _clean(_shown(name))
    if path is None:
        return Entry(Kind.REFUSED, _shown(name), target="its path leads out of the image")
    base = path[path.rfind("/") + 1 :]
    if base.startswith(_WHITEOUT):
        folder = path[: -len(base)]
        if base == _OPAQUE:
            return Entry(Kind.OPAQUE, folder.rstrip("/"))
        hidden = base[len(_WHITEOUT) :]
        if hidden.startswith(_WHITEOUT) or hidden in ("", ".", ".."):  # what AUFS kept for itself
            return Entry(Kind.SPECIAL, path)
        return Entry(Kind.WHITEOUT, folder + hidden)
    to = _shown(target)
    if kind is Kind.HARD_LINK:
        inside = _clean(to)
        if inside is None:
            return Entry(Kind.REFUSED, path, target="a hard link that leads out of the image")
        to = inside
    return Entry(kind, path, size if kind is Kind.FILE else 0, mode, to, *owner, may)


def _clean(path: str) -> str | None:
    """Without ``.``, doubled slashes and slashes at the ends; None where ``..`` is a part, or a NUL stands in it."""
    if "\0" in path:
        return None
    if path.startswith("./"):
        path = path[2:]
    path = path.strip("/")
    if "//" not in path and "/." not in path and not path.startswith("."):
        return path
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)
