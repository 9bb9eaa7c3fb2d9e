"""Compiles advisories into the one file that ``store.advisories`` opens.

Two passes: records are distilled into a scratch database as they are read, so that memory stays flat; then, when every
alias is known, the final file is written package by package and put in place in one step.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import field
from datetime import UTC, datetime
from itertools import count, groupby, islice
from operator import itemgetter
from pathlib import Path

import orjson

from lockgate.advisories import osv, rustsec
from lockgate.advisories.ranges import Affected, Interval, intervals_of, listed_of
from lockgate.advisories.record import Advisory, PackageRanges, RecordError
from lockgate.advisories.versions import KEY_FORM, VersionError, known
from lockgate.dataclass import dataclass
from lockgate.errors import NothingCheckedError, StoreError
from lockgate.model import Severity, Skip, SkipKind
from lockgate.store._advisory_flaws import Row, columns_of, joined
from lockgate.store._advisory_form import (
    APPLICATION_ID,
    BLOCK,
    FORM,
    KINDS,
    NAMES,
    Body,
    mark_of,
    pack_block,
    pack_entry,
    pack_names,
    pack_package,
)
from lockgate.store._advisory_questions import stored_name
from lockgate.store._alias_groups import AliasGroups
from lockgate.store._exploited import read_epss, read_kev
from lockgate.store._osv_input import Document, documents

Progress = Callable[[str, int], None]
"""``progress(what, count)``, called now and then."""
MAX_PROBLEMS = 100
_SCRATCH = """
CREATE TABLE record (id INTEGER PRIMARY KEY, name TEXT, kind INTEGER, severity INTEGER, score REAL, vector TEXT,
                     summary TEXT, reference TEXT, flaws TEXT);
CREATE TABLE affected (package TEXT, record INTEGER, entry BLOB);
CREATE TABLE about (flaw TEXT, package TEXT);
"""
_FINAL = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE package (name TEXT PRIMARY KEY, entries BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE block (id INTEGER PRIMARY KEY, bodies BLOB NOT NULL);
CREATE TABLE names (id INTEGER PRIMARY KEY, packages BLOB NOT NULL);
CREATE TABLE alias (mark INTEGER, flaw INTEGER, PRIMARY KEY (mark, flaw)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What went into a compiled store and what did not."""

    read: int
    """Records met."""
    kept: int
    packages: int
    skipped: dict[str, int]
    """Records, ranges and files left out, by reason."""
    problems: tuple[Skip, ...]
    """The first hundred of the files and records that could not be read."""
    bytes: int
    """Size of the file."""


@dataclass(slots=True)
class _Tally:
    read: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[Skip] = field(default_factory=list)

    def problem(self, skip: Skip) -> None:
        self.skipped[skip.reason] += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(skip)


def build(
    inputs: Iterable[str | Path],
    target: Path,
    *,
    kev: Path | None = None,
    epss: Path | None = None,
    progress: Progress | None = None,
    allow_private: bool = False,
) -> BuildReport:
    """Compiles ``inputs`` into ``target``.

    Raises ``SourceError``, ``StoreError``, or ``NothingCheckedError`` when no record can be used; ``target`` is then as
    it was.
    """
    places = [str(place) for place in inputs]
    exploited = read_kev(kev) if kev else {}
    likely = read_epss(epss) if epss else {}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".advisories-") as folder:
            builder = _Builder(Path(folder), progress or (lambda what, count: None))
            with closing(_database(Path(folder) / "scratch", _SCRATCH)) as scratch:
                builder.distil(scratch, places, allow_private=allow_private)
                made = Path(folder) / "made"
                kept, packages = builder.write(scratch, made, places, exploited, likely)
            if not kept:
                raise _nothing_kept(builder.tally, target)
            size = made.stat().st_size
            _sync(made)
            made.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the advisory store cannot be written: {error}", where=str(target)) from error
    tally = builder.tally
    return BuildReport(tally.read, kept, packages, dict(sorted(tally.skipped.items())), tuple(tally.problems), size)


def _nothing_kept(tally: _Tally, target: Path) -> NothingCheckedError:
    """An empty store in the place of a good one would turn every later answer into "nothing was checked"."""
    left_out = "; ".join(f"{count:,} x {reason}" for reason, count in tally.skipped.most_common(3))
    return NothingCheckedError(
        f"none of {tally.read:,} records read can be used, so the advisory store stays as it was",
        where=str(target),
        hint=f"left out: {left_out}" if left_out else "give OSV-format sources (https://osv.dev)",
    )


def _database(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096; {schema} BEGIN;")
    return connection


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


class _Builder:
    def __init__(self, folder: Path, progress: Progress) -> None:
        self.tally = _Tally()
        self._folder = folder
        self._progress = progress
        self._aliases = AliasGroups()
        self._newest: dict[str, tuple[str, int]] = {}  # id -> when modified, record
        self._dead: set[int] = set()
        self._numbered = 0

    def distil(self, scratch: sqlite3.Connection, places: Iterable[str], *, allow_private: bool) -> None:
        """First pass: every record that counts into the scratch database."""
        for place in places:
            for document in documents(place, allow_private=allow_private):
                if isinstance(document, Skip):
                    self.tally.problem(document)
                    continue
                for record in _records(document):
                    self._take(scratch, record, document.name)

    def _take(self, scratch: sqlite3.Connection, record: Advisory | RecordError, name: str) -> None:
        tally = self.tally
        tally.read += 1
        if tally.read % 5000 == 0:
            self._progress("read", tally.read)
        if isinstance(record, RecordError):
            tally.problem(Skip(name, SkipKind.MALFORMED, str(record), "dependencies"))
            return
        if record.withdrawn:
            tally.skipped["withdrawn"] += 1
            return
        before = self._newest.get(record.id)
        if before is not None:
            tally.skipped["an older copy of the same record"] += 1
            if before[0] >= record.modified:
                return
            self._dead.add(before[1])
        entries = [(package, entry) for package in record.packages if (entry := self._affected(package)) is not None]
        if not entries:
            tally.skipped["no package with versions that can be judged"] += 1
            return
        self._numbered += 1
        number = self._numbered
        self._newest[record.id] = record.modified, number
        self._aliases.join(record.id, record.aliases)
        scratch.execute(
            "INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?)",
            (number, record.id, KINDS.index(record.kind), record.severity, record.score, record.vector,
             record.summary, record.reference, " ".join(record.flaws)),
        )  # fmt: skip
        scratch.executemany(
            "INSERT INTO affected VALUES (?,?,?)",
            [
                (stored_name(package, entry), number, pack_entry(record.kind, entry, package.state))
                for package, entry in entries
            ],
        )

    def _affected(self, package: PackageRanges) -> Affected | None:
        skipped = self.tally.skipped
        if package.git_ranges:
            skipped["ranges over commits"] += package.git_ranges
        intervals: list[Interval] = []
        if package.ranges and not known(package.ecosystem):
            skipped["ranges of an ecosystem whose order of versions is not known"] += len(package.ranges)
        else:
            for events in package.ranges:
                try:
                    intervals.extend(intervals_of(package.ecosystem, events))
                except VersionError:
                    skipped["ranges with a version that is none in its ecosystem"] += 1
        intervals = sorted(set(intervals))
        listed = listed_of(package.ecosystem, package.versions, intervals)
        return Affected(tuple(intervals), listed) if intervals or listed else None

    def write(
        self,
        scratch: sqlite3.Connection,
        made: Path,
        places: Iterable[str],
        exploited: dict[str, str],
        likely: dict[str, float],
    ) -> tuple[int, int]:
        """Second pass: the final file; answers how many records and packages it holds."""
        with closing(_database(made, _FINAL)) as final:
            final.execute(f"PRAGMA application_id={APPLICATION_ID}")
            members = self._aliases.members()
            numbers: dict[tuple[int, ...], int] = {}
            groups = self._groups()
            ecosystems = self._write_packages(scratch, final, groups, numbers)
            bodies = (self._body(scratch, told, members, exploited, likely) for told in numbers)
            for block in range(-(-len(numbers) // BLOCK)):
                packed = pack_block(list(islice(bodies, BLOCK)))
                final.execute("INSERT INTO block VALUES (?,?)", (block, packed))
            self._write_names(scratch, final, members)
            packages = final.execute("SELECT count(*) FROM package").fetchone()[0]
            kept = len(groups)
            alive = [modified for modified, number in self._newest.values() if number in groups]
            meta = {
                "form": FORM,
                "key_form": KEY_FORM,
                "built": datetime.now(UTC).isoformat(timespec="seconds"),
                "newest": max(alive, default=""),
                "advisories": kept,
                "packages": packages,
                "ecosystems": dict(sorted(ecosystems.items())),
                "sources": [place.rpartition("@")[2].partition("?")[0] for place in places],
                "kev": len(exploited),
                "epss": len(likely),
                "skipped": dict(sorted(self.tally.skipped.items())),
            }
            final.executemany(
                "INSERT INTO meta VALUES (?,?)", [(key, orjson.dumps(value).decode()) for key, value in meta.items()]
            )
            final.execute("COMMIT")
        return kept, packages

    def _groups(self) -> dict[int, str]:
        """The name of the flaw by record, of every record that counts."""
        return {
            number: self._aliases.canonical(name)
            for name, (_, number) in self._newest.items()
            if number not in self._dead
        }

    def _write_packages(
        self,
        scratch: sqlite3.Connection,
        final: sqlite3.Connection,
        groups: dict[int, str],
        numbers: dict[tuple[int, ...], int],
    ) -> Counter[str]:
        """Answers how many entries each ecosystem has. ``numbers`` is filled in the order of packages: what is asked
        for together then lies in the same blocks."""
        ecosystems: Counter[str] = Counter()
        rows = scratch.execute("SELECT package, record, entry FROM affected ORDER BY package, record, rowid")
        for done, (package, group) in enumerate(groupby(rows, key=itemgetter(0))):
            told = [(groups[record], _row(record, entry)) for _, record, entry in group if record in groups]
            if told:
                told.sort(key=itemgetter(0))  # keeps the rows of one flaw in the order in which they were read
                flaws = [[row for _, row in rows_of_flaw] for _, rows_of_flaw in groupby(told, key=itemgetter(0))]
                columns = columns_of(flaws, lambda records: numbers.setdefault(records, len(numbers)))
                ecosystems[package.partition("/")[0]] += len(told)
                final.execute("INSERT INTO package VALUES (?,?)", (package, pack_package(columns)))
                named = [(flaw, package) for flaw in dict.fromkeys(flaw for flaw, _ in told)]
                scratch.executemany("INSERT INTO about VALUES (?,?)", named)
            if done % 5000 == 4999:
                self._progress("written", done + 1)
        return ecosystems

    def _write_names(
        self, scratch: sqlite3.Connection, final: sqlite3.Connection, members: dict[str, list[str]]
    ) -> None:
        """Which packages an identifier speaks of: those of a flaw once, and the marks of all that it is called."""
        mended: dict[str, set[str]] = {}
        for name, flaws in scratch.execute("SELECT name, flaws FROM record WHERE flaws <> ''"):
            mended.setdefault(self._aliases.canonical(name), set()).update(flaws.split())
        rows = scratch.execute("SELECT flaw, package FROM about ORDER BY flaw, package")
        told = ((flaw, [package for _, package in group]) for flaw, group in groupby(rows, key=itemgetter(0)))
        for block in count():
            some = list(islice(told, NAMES))
            if not some:
                break
            final.execute("INSERT INTO names VALUES (?,?)", (block, pack_names([names for _, names in some])))
            for number, (flaw, _) in enumerate(some, block * NAMES):
                called = {*members.get(flaw, [flaw]), *mended.get(flaw, ())}
                marks = {mark_of(name) for name in called}
                final.executemany("INSERT INTO alias VALUES (?,?)", [(mark, number) for mark in marks])

    def _body(
        self,
        scratch: sqlite3.Connection,
        records: tuple[int, ...],
        members: dict[str, list[str]],
        exploited: dict[str, str],
        likely: dict[str, float],
    ) -> Body:
        """What ``records``, all of one flaw, say together."""
        bodies: list[Body] = []
        for record in records:
            _, name, kind, severity, score, vector, summary, reference, mended = scratch.execute(
                "SELECT * FROM record WHERE id = ?", (record,)
            ).fetchone()
            group = self._aliases.canonical(name)
            ids = members.get(group, [name])
            flaws = tuple(mended.split())
            known_as = (*ids, *flaws)
            bodies.append(
                Body(
                    group=group,
                    ids=tuple(ids),
                    kind=KINDS[kind],
                    severity=None if severity is None else Severity(severity),
                    score=score,
                    vector=vector,
                    epss=max((likely[one] for one in known_as if one in likely), default=None),
                    kev=min((exploited[one] for one in known_as if one in exploited), default=""),
                    summary=summary,
                    reference=reference,
                    flaws=flaws,
                )
            )
        return bodies[0] if len(bodies) == 1 else joined(bodies)


def _row(record: int, entry: bytes) -> Row:
    kind, intervals, listed, state = orjson.loads(entry)
    return Row((record,), KINDS[kind], intervals, listed, state)


def _records(document: Document) -> Iterator[Advisory | RecordError]:
    if document.name.endswith(".json"):
        return osv.from_json(document.content)
    if document.name.endswith((".yaml", ".yml")):
        return osv.from_yaml(document.content)
    return rustsec.from_markdown(document.content)
