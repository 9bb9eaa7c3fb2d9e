"""Files, cut into blocks of whole lines of JSON. The same file gives the same blocks every time.

What is compressed is recognised by its first bytes, what it holds by its first bytes or its name: JSON lines, a JSON
array, CSV with a head, Parquet. Everything becomes lines of JSON, so that one way leads into the tables.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.store import _spill
from lockgate.store.ingest.fitting import Problem
from lockgate.store.ingest.memory import Alone, Bytes, Shared, fresh
from lockgate.store.ingest.mending import json_of
from lockgate.store.ingest.plain import MOST_LINE

SIZE = 64 << 20
"""Bytes of a block. Part of what makes a batch known again: with another size the same file would be taken anew."""
MOST_ARRAY = 256 << 20
"""Bytes of a JSON array, which is read as a whole."""
_PIECE = 1 << 20
_NEAR = 128 << 10
"""Bytes that stay in the processor's cache from reading to hashing."""
_PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""
_ROWS = 256
"""Of a Parquet file, brought at a time."""
FORMATS = ("ndjson", "json", "csv", "parquet")
_NOTHING = (b"", None)
"""A line without a row."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a file."""

    number: int
    """From 1, without gaps."""
    begin: Callable[[], int]
    """The number of its first line, from 1; counted when somebody asks, where the file can be read once more."""
    data: Bytes
    """Lines of JSON, each with its end."""
    refused: tuple[Problem, ...] = ()
    """Lines that are in no block: too long, or no CSV."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file as it is found."""

    path: Path
    digest: str
    """SHA-256 of its bytes."""
    size: int
    """Bytes."""


def found(path: Path) -> Input:
    """Look at a file. Raises :class:`SourceError`."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb", buffering=0) as stream, memoryview(bytearray(_NEAR)) as piece:
            while read := stream.readinto(piece):
                digest.update(piece[:read])
                size += read
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from None
    return Input(path, digest.hexdigest(), size)


def blocks(path: Path, *, form: str = "", most: int = 0, size: int = SIZE) -> Iterator[Block]:
    """The blocks of a file. ``form``: one of :data:`FORMATS`; found out where it is empty. ``most``: bytes at most of
    what a compressed file or a Parquet file holds, 0 for no bound.

    Raises :class:`SourceError` where the file cannot be read on; the blocks before have been given then.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic == _PARQUET:
                yield from _of_parquet(path, most, size)
                return
            packed = _packed(magic)
            stream: Readable = _Bounded(_unpacked(raw, magic), most, str(path)) if packed else raw
            ends = None if packed or not path.is_file() else _Ends(path)
            yield from streamed(stream, form=form or _by_name(path), where=str(path), size=size, ends=ends)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"cannot be read on: {error}", where=str(path)) from None


def streamed(
    stream: Readable, *, form: str = "", where: str = "standard input", size: int = SIZE, ends: _Ends | None = None
) -> Iterator[Block]:  # fmt: skip
    """The blocks of a stream. ``ends``: of the file that it is. Raises :class:`SourceError`."""
    head = stream.read(_PIECE)
    start = head.lstrip(BOM_UTF8 + b" \t\r\n")[:1]
    form = form or ("json" if start == b"[" else "ndjson")
    whole = _Again(head.removeprefix(BOM_UTF8), stream)
    if form == "parquet" or head[: len(_PARQUET)] == _PARQUET:
        raise SourceError("a Parquet file cannot be read from a stream or compressed", where=where)
    if form == "csv":
        yield from _of_texts(_csv_lines(whole, where), size)
    elif form == "json":
        yield from _of_texts(((one, None) for one in _array(whole, where)), size)
    else:
        yield from _of_lines(whole, size, ends)


def _of_lines(stream: _Again, size: int, ends: _Ends | None = None) -> Iterator[Block]:
    """Pieces of ``size`` bytes, each up to its last end of line. They are read to where they are handed on."""
    rest, number, line, at = b"", 0, 1, 0
    data = fresh()
    while True:
        if sys.getrefcount(data) > 2:  # whoever got the last one still has it; else its memory is used again
            data = fresh()
        before = len(rest)
        read = stream.fill_after(rest, data, size)
        cut = data.rfind(b"\n", before, before + read) + 1
        begin = partial(ends.before, at) if ends else partial(int, line)
        if read and not cut:
            rest = bytes(data[: before + read])
            if len(rest) > MOST_LINE:
                at += len(rest)
                start, (rest, passed) = rest[:1000], _passed_over(stream)
                at, line, number = at + passed, line + 1, number + 1
                yield Block(number, begin, b"\n", (_too_long(begin(), start),))
            continue
        end = cut if read else before
        rest = bytes(data[end : before + read])
        if end:
            number += 1
            _end_line(data, end)
            yield Block(number, begin, data)
            at += end
        if not rest and read < size:  # it ended: most files have one block, and nobody counts its lines
            return
        line += 0 if ends or not end else _ends(data)


def _end_line(data: Shared | Alone, size: int) -> None:
    """Keep so many bytes, with an end of line behind the last where none is."""
    ended = data[size - 1] == ord("\n")
    data.resize(size + (not ended))
    data[size - 1 + (not ended)] = ord("\n")


class _Ends:
    """Ends of lines in a file that is read once more when somebody asks, each part of it once."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._counted = path, 0, 0

    def before(self, at: int) -> int:
        """The number of the line that begins ``at`` bytes behind a byte order mark, if there is one."""
        with self._path.open("rb", buffering=0) as stream:
            begin = len(BOM_UTF8) if stream.read(len(BOM_UTF8)) == BOM_UTF8 else 0
            stream.seek(begin + self._at)
            while self._at < at and (piece := stream.read(min(_NEAR, at - self._at))):
                self._counted += _ends(piece)
                self._at += len(piece)
        return 1 + self._counted


def _ends(data: Bytes) -> int:
    """Ends of lines; found one by one, which takes a fifth of the time of counting where lines are long."""
    number = 0
    for begin in range(0, len(data), _NEAR):
        piece, at = data[begin : begin + _NEAR], 0
        while at := piece.find(b"\n", at) + 1:
            number += 1
    return number


def _passed_over(stream: _Again) -> tuple[bytes, int]:
    """What comes after a line without an end in sight, and how many bytes were passed over."""
    passed = 0
    while piece := stream.fill(_PIECE):
        end = piece.find(b"\n") + 1
        if end:
            return piece[end:], passed + end
        passed += len(piece)
    return b"", passed


def without_long(data: Bytes, begin: Callable[[], int]) -> tuple[Bytes, tuple[Problem, ...]]:
    """The lines that are not too long; those that are become empty ones, so that the others keep their numbers.

    ``begin`` tells the number of the first.
    """
    long = list(_long_lines(data))
    if not long:
        return data, ()
    first = begin()
    refused = tuple(_too_long(first + _ends(data[:start]), bytes(data[start : start + 1000])) for start, _ in long)
    edges = [0, *(edge for pair in long for edge in pair), len(data)]
    return b"".join(data[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)), refused


def _long_lines(data: Bytes) -> Iterator[tuple[int, int]]:
    """Where lines that are too long begin and end, without their ends."""
    at = 0
    while len(data) - at > MOST_LINE:
        end = data.rfind(b"\n", at, at + MOST_LINE + 1)
        if end < 0:
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            yield at, end
        at = end + 1


def _too_long(line: int, begin: bytes) -> Problem:
    text = begin.decode("utf-8", "backslashreplace")
    return Problem(line, f"the row is longer than {MOST_LINE} bytes", "", text, False)


def _of_texts(lines: Iterable[tuple[bytes, Problem | None]], size: int) -> Iterator[Block]:
    """Blocks of rows that were made one by one; numbered as rows."""
    held: list[bytes] = []
    refused: list[Problem] = []
    bytes_held, number, first, row = 0, 0, 1, 0
    for row, (line, problem) in enumerate(lines, 1):
        if problem is not None:
            refused.append(problem)
        held.append(line + b"\n")
        bytes_held += len(line) + 1
        if bytes_held >= size // 4:
            number += 1
            yield Block(number, partial(int, first), b"".join(held), tuple(refused))
            held, refused, bytes_held, first = [], [], 0, row + 1
    if held or not number:
        yield Block(number + 1, partial(int, first), b"".join(held), tuple(refused))


def _array(stream: _Again, where: str) -> Iterator[bytes]:
    content = stream.fill(MOST_ARRAY + 1)
    if len(content) > MOST_ARRAY:
        raise SourceError(f"a JSON array of more than {MOST_ARRAY >> 20} MB", where=where,
                          hint="write one object a line, which is read in pieces")  # fmt: skip
    yield from elements(content, where)


def elements(content: bytes, where: str) -> Iterator[bytes]:
    """The elements of a JSON array, or the one object, a line each. Raises :class:`SourceError`."""
    from lockgate.store.ingest.fitting import MisfitError, parsed, text_of

    try:
        value = parsed(content)
    except MisfitError as error:
        raise SourceError(str(error), where=where) from None
    if isinstance(value, dict) and isinstance(value.get("items"), list) and str(value.get("kind", "")).endswith("List"):
        value = value["items"]  # a list of Kubernetes, as its audit webhook sends
    for one in value if isinstance(value, list) else [value]:
        try:
            yield orjson.dumps(one)
        except (TypeError, ValueError):
            yield text_of(one).encode()


def _csv_lines(stream: _Again, where: str) -> Iterator[tuple[bytes, Problem | None]]:
    """A line of JSON for each line of the file, empty where no row begins, so that they have the same numbers."""
    csv.field_size_limit(MOST_LINE)
    texts = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", errors="surrogateescape", newline="")
    reader = csv.reader(texts)
    try:
        head = next(reader, None)
        if head is None:
            return
        if len(set(head)) < len(head):
            raise SourceError("two columns of the head have one name", where=where)
        yield from [_NOTHING] * reader.line_num
        while True:
            before = reader.line_num
            cells = next(reader, None)
            if cells is None:
                return
            yield _csv_row(head, cells, before + 1)
            yield from [_NOTHING] * (reader.line_num - before - 1)
    except csv.Error as error:
        raise SourceError(f"no CSV: {error}", where=f"{where}:{reader.line_num}") from None


def _csv_row(head: Sequence[str], cells: Sequence[str], line: int) -> tuple[bytes, Problem | None]:
    if not cells:
        return _NOTHING
    if len(cells) > len(head):
        reason = f"{len(cells)} values for {len(head)} columns"
        return b"", Problem(line, reason, "", _safe(",".join(cells))[:MOST_LINE], False)
    return orjson.dumps({name: _safe(cell) for name, cell in zip(head, cells, strict=False) if cell}), None


def _safe(text: str) -> str:
    """Bytes that are not UTF-8 as escapes."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _of_parquet(path: Path, most: int, size: int) -> Iterator[Block]:
    import duckdb

    quoted = "'" + str(path).replace("'", "''") + "'"
    try:
        with duckdb.connect(":memory:", config=_spill.settings("2GB", threads=1)) as connection:
            cursor = connection.execute(f"SELECT to_json(t)::VARCHAR FROM read_parquet({quoted}) t")  # noqa: S608 -- a quoted path
            yield from _of_lines(_Again(b"", _Bounded(_Rows(cursor), most, str(path))), size)
    except duckdb.Error as error:
        raise SourceError(f"no Parquet file: {str(error).splitlines()[0]}", where=str(path)) from None


class _Rows:
    """Rows of one text each as a stream of lines, never more of them in memory than are asked for."""

    def __init__(self, cursor: Any) -> None:
        self._cursor, self._held = cursor, b""

    def read(self, size: int, /) -> bytes:
        """As a file does."""
        if not self._held:
            self._held = b"".join(json_of(text.encode()) + b"\n" for (text,) in self._cursor.fetchmany(_ROWS))
        piece, self._held = self._held[:size], self._held[size:]
        return piece


def _packed(magic: bytes) -> bool:
    return magic[:2] == b"\x1f\x8b" or magic == b"\x28\xb5\x2f\xfd"


def _unpacked(raw: io.BufferedReader, magic: bytes) -> Readable:
    if magic[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=raw)
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdError, ZstdFile
    else:
        from backports.zstd import ZstdError, ZstdFile
    return _Zstandard(ZstdFile(raw), ZstdError)


class _Zstandard:
    """What is wrong with such a stream, told as of any other."""

    def __init__(self, stream: Readable, trouble: type[Exception]) -> None:
        self._stream, self._trouble = stream, trouble

    def read(self, size: int, /) -> bytes:
        """As a file does."""
        try:
            return self._stream.read(size)
        except self._trouble as error:
            raise OSError(f"no lines packed by Zstandard: {error}") from None


def _by_name(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return "csv" if name.endswith(".csv") else ""


class _Again(io.RawIOBase):
    """A stream with what was read of it in front."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        """Of io."""
        return True

    def readinto(self, into: Any) -> int:
        """Of io."""
        piece = self.fill(len(into))
        into[: len(piece)] = piece
        return len(piece)

    def fill(self, size: int) -> bytes:
        """Just ``size`` bytes, fewer at the end only."""
        parts = [self._head[:size]]
        self._head = self._head[size:]
        left = size - len(parts[0])
        while left > 0 and (piece := self._rest.read(left)):
            parts.append(piece)
            left -= len(piece)
        return b"".join(parts)

    def fill_after(self, rest: bytes, data: Shared | Alone, size: int) -> int:
        """As :meth:`fill`, into ``data`` after ``rest``, in place of what it holds; how many they were.

        ``data`` may be longer than all that.
        """
        before, known = len(rest), self._left()
        whole = before + (size if known is None else min(size, known))
        data.resize(max(1, whole))
        data[:before] = rest
        at = before + min(len(self._head), whole - before)
        data[before:at], self._head = self._head[: at - before], self._head[at - before :]
        with memoryview(data) as view:
            while at < whole and (read := self._read_into(view, at, whole, directly=known is not None)):
                at += read
        return at - before

    def _read_into(self, view: memoryview, at: int, end: int, *, directly: bool) -> int:
        if directly:
            with view[at:end] as free:
                return int(self._rest.readinto(free))  # type: ignore[attr-defined]
        piece = self._rest.read(min(end - at, _PIECE))
        view[at : at + len(piece)] = piece
        return len(piece)

    def _left(self) -> int | None:
        """Bytes that are still to come, where it is a file; one more than that, to see its end."""
        if not isinstance(self._rest, io.BufferedReader):
            return None
        try:
            return len(self._head) + max(0, os.fstat(self._rest.fileno()).st_size - self._rest.tell()) + 1
        except OSError:  # a pipe
            return None


class _Bounded:
    """An unpacked stream that ends in an error where it goes on for too long."""

    def __init__(self, stream: Readable, most: int, where: str) -> None:
        self._stream, self._left, self._bounded, self._where = stream, most, most > 0, where

    def read(self, size: int) -> bytes:
        """As a file does."""
        piece: bytes = self._stream.read(size)
        self._left -= len(piece)
        if self._bounded and self._left < 0:
            raise SourceError("unpacked it is larger than is allowed", where=self._where,
                              hint="--max-size says how large it may be")  # fmt: skip
        return piece
