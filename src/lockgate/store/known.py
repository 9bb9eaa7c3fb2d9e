"""What earlier runs knew of a finding, and the table of the ledger that keeps it.

Read and written on every run, so it speaks to SQLite through the standard library: importing SQLAlchemy alone would
take half of the time an unchanged second check has (``docs/decisions/0003-store.md``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from lockgate.dataclass import dataclass
from lockgate.model import Finding, Location
from lockgate.model.quick import maker, quick
from lockgate.store import codec

DDL = """CREATE TABLE IF NOT EXISTS known_findings (
  project TEXT NOT NULL, identity TEXT NOT NULL, fingerprint TEXT NOT NULL, fixed_at TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (project, identity)) WITHOUT ROWID"""


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


Row = tuple[str, str, bytes]
"""Fingerprint, ``fixed_at`` and the packed rest of a known finding."""


def read(connection: sqlite3.Connection, project: str) -> Iterator[tuple[str, Row]]:
    """Identity and row of every known finding of ``project``, by identity."""
    rows = connection.execute(
        "SELECT identity, fingerprint, fixed_at, body FROM known_findings WHERE project = ? ORDER BY identity",
        (project,),
    )
    return ((identity, (fingerprint, fixed_at, body)) for identity, fingerprint, fixed_at, body in rows)


def write(connection: sqlite3.Connection, project: str, rows: Iterable[tuple[str, Row]]) -> None:
    """Insert or replace each, in the transaction of the caller. Best by identity, which is the order of the table: else
    every row is put into a page between others, which took most of the time."""
    connection.executemany(
        "INSERT INTO known_findings VALUES (?, ?, ?, ?, ?) ON CONFLICT (project, identity) DO UPDATE SET "
        "fingerprint = excluded.fingerprint, fixed_at = excluded.fixed_at, body = excluded.body",
        ((project, identity, *row) for identity, row in rows),
    )


def forget(connection: sqlite3.Connection, *, fixed_before: str) -> int:
    """Drop what was fixed before that ISO time; returns how many."""
    return connection.execute(
        "DELETE FROM known_findings WHERE fixed_at <> '' AND fixed_at < ?", (fixed_before,)
    ).rowcount


def encoded(one: KnownFinding) -> Row:
    """The row of a known finding. Raises ``TypeError`` where it holds text that no encoding knows."""
    finding = one.finding
    subject, place = finding.subject, finding.location
    spot = codec.bare_location_to_list(place)
    body = codec.pack([
        [
            finding.rule, finding.family._value_, finding.severity._value_, finding.confidence._value_,
            [subject.kind, subject.name, subject.key], spot, finding.message, None, finding.aliases,
            [[fact.name, fact.value] for fact in finding.facts],
        ],
        [spot if where is place else codec.bare_location_to_list(where) for where in one.locations],
        one.first_seen, one.introduced_by, one.introduced_at, one.introduced_in,
    ])  # fmt: skip
    return one.fingerprint, one.fixed_at, body


def decoded(identity: str, row: Row) -> KnownFinding:
    """The known finding of a row. Raises ``ValueError`` for what :func:`encoded` did not write."""
    fingerprint, fixed_at, body = row
    try:
        values, places, first_seen, by, at, commit = codec.unpack(body)
        finding = codec.finding_from_list(values)
        alone = places == [values[codec.LOCATION]]
        locations = (finding.location,) if alone else tuple([codec.location_from_list(place) for place in places])
    except (LookupError, TypeError) as error:
        raise ValueError(f"a known finding is of another form: {error}") from None
    return maker(KnownFinding)(identity, fingerprint, finding, locations, first_seen, fixed_at, by, at, commit)
