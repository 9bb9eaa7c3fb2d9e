"""What earlier runs knew of a finding, and the table of the ledger that keeps it.

Read and written on every run, so it speaks to SQLite through the standard library: importing SQLAlchemy alone would
take half of the time an unchanged second check has (``docs/decisions/0003-store.md``). A row is all that is known at
one path: its findings share the path and most of their facts, few of them change alone, and what they say is unpacked
only when somebody asks for it, which settling does of few.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.model import Finding, Location
from lockgate.model.quick import quick, unfilled
from lockgate.store import codec

DDL = """CREATE TABLE IF NOT EXISTS known_places (
  project TEXT NOT NULL, path TEXT NOT NULL, fixed TEXT NOT NULL, digest INTEGER NOT NULL, marks BLOB NOT NULL,
  bodies BLOB NOT NULL, PRIMARY KEY (project, path))"""
_identity, _number = attrgetter("identity"), attrgetter("number")
_marks = attrgetter(
    "identity", "fingerprint", "first_seen", "fixed_at", "introduced_by", "introduced_at", "introduced_in"
)


Named = list[Sequence[str]] | bool
"""Of the findings at one path, whether any has a name of a vulnerability: then for each kind and key of its subject and
its names, or nothing where it has none. True: they stand with what the findings say, as they did in older rows."""


Stored = bytes | Callable[[str], bytes]
"""What the known findings at one path say, or who reads that when it is asked for."""


class Bodies:
    """What the known findings at one path say, unpacked when first asked for, and a finding only made of it when it is
    asked for itself."""

    __slots__ = ("_left", "_lines", "_packed", "_rows", "count", "named", "path")

    def __init__(self, path: str, packed: Stored, *, lines: str, count: int, named: Named) -> None:
        self.path = path
        self._packed = packed
        self.count = count
        self.named = named
        self._lines: str | list[str] = lines
        """Their lines as one text until one is asked for: numbers of their own would take several times as much."""
        self._rows: codec.BareRows | None = None
        self._left = count
        """Findings that are still to be made; what was unpacked is let go with the last."""

    @property
    def packed(self) -> bytes:
        """As the table has them. Raises ``StoreError`` where they are to be read and cannot be."""
        return self._packed if isinstance(self._packed, bytes) else self._packed(self.path)

    def of(self, number: int) -> tuple[Finding, tuple[Location, ...]]:
        """A finding and its places. Raises ``StoreError`` where what was kept is of another form."""
        try:
            made = self._unpacked().of(number, self.path)
        except (LookupError, TypeError, ValueError) as error:
            raise self._trouble(error) from None
        self._left -= 1
        if self._left <= 0:
            self._rows = None
        return made

    def line(self, number: int) -> int:
        """The line of a finding. Raises as :meth:`of`."""
        if isinstance(self._lines, str):
            self._lines = self._lines.split(",")
        try:
            return int(self._lines[number])
        except (LookupError, ValueError) as error:
            raise self._trouble(error) from None

    def names(self, number: int) -> Sequence[str]:
        """The names of the vulnerability that a finding is about. Raises as :meth:`of`."""
        if not self.named:
            return ()
        try:
            return self.named[number][2:] if isinstance(self.named, list) else self._unpacked().aliases(number)
        except (LookupError, TypeError, ValueError) as error:
            raise self._trouble(error) from None

    def flawed(self, number: int) -> tuple[str, str]:
        """Kind and key of the subject of a finding that has such names. Raises as :meth:`of`."""
        try:
            if not isinstance(self.named, list):
                return self._unpacked().subject(number)
            kind, key = self.named[number][:2]
            return kind, key
        except (LookupError, TypeError, ValueError) as error:
            raise self._trouble(error) from None

    def _unpacked(self) -> codec.BareRows:
        if self._rows is None:
            self._rows = codec.BareRows(codec.unpack(self.packed))
        return self._rows

    def _trouble(self, error: Exception) -> StoreError:
        return StoreError(f"a known finding is of another form: {error}", where=self.path)


@quick
@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding as the last run that saw it settled it."""

    identity: str
    fingerprint: str
    finding: Finding
    """The table keeps it without fix and snippet."""
    locations: tuple[Location, ...]
    """The table keeps them without snippets."""
    first_seen: str
    """ISO time of the run that saw it first."""
    fixed_at: str = ""
    """ISO time of the run that no longer saw it; empty while it is open."""
    introduced_by: str = ""
    introduced_at: str = ""
    introduced_in: str = ""
    bodies: Bodies | None = field(default=None, compare=False, repr=False)
    """Of one that was read: where ``finding`` and ``locations`` come from when they are asked for."""
    number: int = field(default=0, compare=False, repr=False)
    """Its place there."""

    @property
    def path(self) -> str:
        """Path of the first place."""
        return self.finding.location.path if self.bodies is None else self.bodies.path

    @property
    def line(self) -> int:
        """Line of the first place; the finding is not made for it."""
        return self.finding.location.line if self.bodies is None else self.bodies.line(self.number)

    @property
    def names(self) -> Sequence[str]:
        """The aliases of the finding, which is not made for them."""
        return self.finding.aliases if self.bodies is None else self.bodies.names(self.number)

    @property
    def flawed(self) -> tuple[str, str]:
        """Kind and key of the subject of one that has aliases, which is not made for them either."""
        if self.bodies is not None:
            return self.bodies.flawed(self.number)
        return self.finding.subject.kind, self.finding.subject.key

    if not TYPE_CHECKING:  # a type checker would take it for any attribute

        def __getattr__(self, name):
            """Called for a slot that holds nothing yet, and for what is no attribute."""
            if name not in ("finding", "locations"):
                raise AttributeError(name)
            held = dict(zip(("finding", "locations"), self.bodies.of(self.number), strict=True))
            for slot, value in held.items():
                object.__setattr__(self, slot, value)
            return held[name]


Row = tuple[str, int, bytes, bytes]
"""The earliest ``fixed_at`` of those that have one, a check sum, and what is known at one path: all but what the
findings say, their lines among it, and that. The sum tells damage before anything is unpacked."""
Packed = tuple[Sequence[Finding], bytes]
"""Findings, each in one place, and what :func:`codec.bare_to_list` makes of them as the cache has packed it."""


def read(connection: sqlite3.Connection, project: str) -> Iterator[tuple[str, Row]]:
    """Path and row of all that is known of ``project``."""
    rows = connection.execute(
        "SELECT path, fixed, digest, marks, bodies FROM known_places WHERE project = ?", (project,)
    )
    return ((path, (fixed, digest, marks, bodies)) for path, fixed, digest, marks, bodies in rows)


def read_one(connection: sqlite3.Connection, project: str, path: str) -> Row | None:
    """The row of one path, when there is any."""
    found: Row | None = connection.execute(
        "SELECT fixed, digest, marks, bodies FROM known_places WHERE project = ? AND path = ?", (project, path)
    ).fetchone()
    return found


def write(connection: sqlite3.Connection, project: str, rows: Iterable[tuple[str, Row | None]]) -> None:
    """Insert or replace the rows of these paths, or delete them where there is none, in the transaction of the caller.
    """
    gone: list[str] = []

    def put() -> Iterator[tuple[object, ...]]:
        for path, row in rows:
            if row is None:
                gone.append(path)
            else:
                yield project, path, *row

    connection.executemany("INSERT OR REPLACE INTO known_places VALUES (?, ?, ?, ?, ?, ?)", put())
    connection.executemany(
        "DELETE FROM known_places WHERE project = ? AND path = ?", [(project, path) for path in gone]
    )


def size(connection: sqlite3.Connection) -> int:
    """Bytes of the file, as it stands with what was committed to it."""
    pages, bytes_of_page = (connection.execute(f"PRAGMA page_{of}").fetchone()[0] for of in ("count", "size"))
    return int(pages * bytes_of_page)


def changes(connection: sqlite3.Connection) -> int:
    """A number that is another once somebody else has changed the file (https://sqlite.org/pragma.html)."""
    number: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return number


def forget(connection: sqlite3.Connection, *, fixed_before: str) -> int:
    """Drop what was fixed before that ISO time; returns how many."""
    rows = connection.execute(
        "SELECT project, path, fixed, digest, marks, bodies FROM known_places WHERE fixed <> '' AND fixed < ?",
        (fixed_before,),
    ).fetchall()
    gone = 0
    for project, path, *row in rows:
        known = decoded(path, tuple(row))
        kept = [one for one in known if not one.fixed_at or one.fixed_at >= fixed_before]
        gone += len(known) - len(kept)
        write(connection, project, [(path, encoded(kept) if kept else None)])
    return gone


def encoded(known: Sequence[KnownFinding], packed: Packed | None = None) -> Row:
    """The row of all that is known at one path. Raises ``TypeError`` where it holds text that no encoding knows.

    Where ``packed`` is of all of them and no others, in their order, and where they are all that was read of the path,
    in the order of that; else by identity.
    """
    ordered, read = None if packed is None else _as_packed(known, packed[0]), known[0].bodies
    stored: list[Any] | None = None
    if packed is not None and ordered is not None:
        bodies = packed[1]
    elif read is not None and (ordered := _as_read(known, read)) is not None:
        bodies = read.packed
    else:
        ordered = sorted(known, key=_identity)
        stored = codec.bare_to_list([(one.finding, one.locations) for one in ordered])
        bodies = codec.pack(stored)
    lines = [one.line for one in ordered] if stored is None else codec.bare_lines(stored)
    named = _named(ordered) if stored is None else codec.bare_names(stored)
    identities, prints, seen, fixed, by, at, commit = zip(*map(_marks, ordered), strict=True)
    marks = codec.pack([
        identities, "" if prints == identities else _column(_others(prints, identities)), _column(seen), _column(fixed),
        _column(by), _column(at), _column(commit), ",".join(map(str, lines)), named,
    ])  # fmt: skip
    return min(filter(None, fixed), default=""), _sum(marks, bodies), marks, bodies


def _named(known: Sequence[KnownFinding]) -> Named:
    names = [one.names for one in known]
    if not any(names):
        return False
    return [(*one.flawed, *own) if own else () for one, own in zip(known, names, strict=True)]


def _as_packed(known: Sequence[KnownFinding], findings: Sequence[Finding]) -> list[KnownFinding] | None:
    """``known`` in the order of ``findings``; None where it is about others, or says that one has several places."""
    if len(known) != len(findings):
        return None
    told: dict[int, KnownFinding] = {}
    for one in known:
        if one.bodies is not None or len(one.locations) != 1 or one.locations[0] is not one.finding.location:
            return None
        told[id(one.finding)] = one  # all of them live until this returns
    try:
        return [told[id(finding)] for finding in findings]
    except KeyError:
        return None


def _as_read(known: Sequence[KnownFinding], bodies: Bodies) -> list[KnownFinding] | None:
    """``known`` in the order of ``bodies``; None where it is not all that was read with them, and nothing else."""
    if len(known) != bodies.count or any(one.bodies is not bodies for one in known):
        return None
    ordered = sorted(known, key=_number)
    return ordered if all(one.number == number for number, one in enumerate(ordered)) else None


def with_lines(path: str, row: Row) -> Row:
    """The row of one of the form before, which lacks the lines. Raises ``ValueError`` for any other."""
    fixed, digest, marks, bodies = row
    if digest != _sum(marks, bodies):
        raise ValueError(f"what is known of {path} does not fit its check sum")
    try:
        *columns, named = codec.unpack(marks)
        lines = codec.bare_lines(codec.unpack(bodies))
        marks = codec.pack([*columns, ",".join(map(str, map(int, lines))), named])
    except (LookupError, TypeError) as error:
        raise ValueError(f"what is known of {path} is of another form: {error}") from None
    return fixed, _sum(marks, bodies), marks, bodies


def decoded(path: str, row: Row, again: Callable[[str], bytes] | None = None) -> list[KnownFinding]:
    """The known findings of a row, by identity. Raises ``ValueError`` for what :func:`encoded` did not write.

    ``again``: who reads what they say when it is asked for, which is not kept then.
    """
    _, digest, marks, packed = row
    if not isinstance(marks, bytes) or not isinstance(packed, bytes) or digest != _sum(marks, packed):
        raise ValueError(f"what is known of {path} does not fit its check sum")
    make = unfilled(KnownFinding, "finding", "locations")
    try:
        identities, *columns, lines, named = codec.unpack(marks)
        if not isinstance(lines, str):
            raise TypeError("lines that are no text")
        count = len(identities)
        bodies = Bodies(path, again or packed, lines=lines, count=count, named=named)
        marked, seen, fixed, by, at, commit = [_values(one, count) for one in columns]
        return [
            make(identity, marked[n] or identity, seen[n], fixed[n], by[n], at[n], commit[n], bodies, n)
            for n, identity in enumerate(identities)
        ]
    except (LookupError, TypeError) as error:
        raise ValueError(f"what is known of {path} is of another form: {error}") from None


def _others(prints: Sequence[str], identities: Sequence[str]) -> Sequence[str]:
    """The fingerprints, empty where they are the identity."""
    return ["" if mark == identity else mark for mark, identity in zip(prints, identities, strict=True)]


def _column(values: Sequence[str]) -> str | Sequence[str]:
    """A value once, when all have the same."""
    return values[0] if values.count(values[0]) == len(values) else values


def _values(column: str | list[str], count: int) -> Sequence[str]:
    return [column] * count if isinstance(column, str) else column


def _sum(marks: bytes, bodies: bytes) -> int:
    return zlib.crc32(bodies, zlib.crc32(marks))
