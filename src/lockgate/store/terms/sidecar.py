"""The file of the filters of one data file: ``_terms/<name>.terms`` in the folder of that.

Delta Lake passes over folders whose name begins with an underscore, so that clearing up leaves it alone. It begins with
a mark, the length of a head and the CRC-32 of that; the head is JSON; behind it lie the filters, those of a column one
after another. One that is cut, of another version or of a file of another size is as good as none. A data file never
changes under its name, so neither does what belongs to it.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

import orjson

from lockgate.dataclass import dataclass
from lockgate.kql.terms import Term
from lockgate.store.terms.hashing import may_hold, term_number

FOLDER = "_terms"
_MARK = b"LGTERMS2"
_HEAD = struct.Struct("<8sII")
_MOST_HEAD = 16 << 20


@dataclass(frozen=True, slots=True)
class Filter:
    """What is known of one part of a column."""

    data: bytes | None
    """The Bloom filter of its terms; ``None`` where they are not known."""
    odd_numbers: bool = False
    """Whether it has JSON with numbers that may be read as another text than stands there."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The filters of a data file."""

    path: str
    """Where they lie."""
    parts: tuple[tuple[int, int], ...]
    """The first and the last row of each part, counted from 0."""
    columns: Mapping[str, Sequence[Sequence[int]]]
    """Of each column where the filter of each part begins, its size (-1 where there is none), and whether it has
    numbers whose text may be another than what stands there (1)."""
    start: int
    """Where in the file the filters begin."""

    def holding(self, terms: Iterable[Term]) -> dict[Term, list[bool]]:
        """Of each term whether the rows of each part may hold it. Raises ``OSError`` when it cannot be read."""
        found: dict[Term, list[bool]] = {}
        stream = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            for term in terms:
                places, number = self.columns.get(term.column), term_number(term.text)
                held = [True] * len(self.parts)
                for i, (place, size, odd) in enumerate(places or ()):
                    byte_at = partial(_byte_at, stream, self.start + place)
                    held[i] = size < 0 or (term.numeric and odd > 0) or may_hold(byte_at, size, number)
                found[term] = held
        except IndexError:
            raise OSError("the file is shorter than it was") from None
        finally:
            os.close(stream)
        return found


def _byte_at(stream: int, begin: int, at: int) -> int:
    return os.pread(stream, 1, begin + at)[0]


def path_of(data_file: str | Path) -> Path:
    """Where the filters of a data file lie."""
    path = Path(data_file)
    return path.parent / FOLDER / f"{path.name}.terms"


def written(
    data_file: str, size: int, parts: Sequence[tuple[int, int]], filters: Mapping[str, Sequence[Filter]]
) -> int:  # fmt: skip
    """Put the filters of a data file of ``size`` bytes there, whole or not at all; how many bytes they take."""
    body: list[bytes] = []
    columns: dict[str, list[tuple[int, int, int]]] = {}
    at = 0
    for name, several in filters.items():
        columns[name] = []
        for one in several:
            columns[name].append((at, -1 if one.data is None else len(one.data), int(one.odd_numbers)))
            body.append(one.data or b"")
            at += len(body[-1])
    head = orjson.dumps({"size": size, "length": at, "parts": parts, "columns": columns})
    path = path_of(data_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{uuid4().hex}.tmp")
    try:
        with fresh.open("wb") as stream:
            stream.write(_HEAD.pack(_MARK, len(head), zlib.crc32(head)) + head)
            stream.writelines(body)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return _HEAD.size + len(head) + at


def read(data_file: str) -> Sidecar | None:
    """The filters of a data file; ``None`` where there are none that can be trusted."""
    try:
        with path_of(data_file).open("rb") as stream:
            mark, length, checked = _HEAD.unpack(stream.read(_HEAD.size))
            if mark != _MARK or length > _MOST_HEAD:
                return None
            raw = stream.read(length)
            told = orjson.loads(raw) if zlib.crc32(raw) == checked else {}
            start = _HEAD.size + length
            if not told or told["size"] != Path(data_file).stat().st_size:
                return None
            if os.fstat(stream.fileno()).st_size != start + told["length"]:
                return None
    except (OSError, ValueError, struct.error):
        return None
    parts = tuple((first, last) for first, last in told["parts"])
    return Sidecar(str(path_of(data_file)), parts, told["columns"], start)
