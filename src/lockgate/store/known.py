"""What earlier runs knew of a finding, and the table of the ledger that keeps it.

Read and written on every run, so it speaks to SQLite through the standard library: importing SQLAlchemy alone would
take half of the time an unchanged second check has (``docs/decisions/0003-store.md``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from operator import attrgetter

from lockgate.dataclass import dataclass
from lockgate.model import Finding, Location
from lockgate.model.quick import quick
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
    """Without fix and snippet."""
    locations: tuple[Location, ...]
    """Without snippets."""
    first_seen: str
    """ISO time of the run that saw it first."""
    fixed_at: str = ""
    """ISO time of the run that no longer saw it; empty while it is open."""
    introduced_by: str = ""
    introduced_at: str = ""
    introduced_in: str = ""


def read(connection: sqlite3.Connection, project: str) -> tuple[KnownFinding, ...]:
    """Every known finding of ``project``, by identity."""
    rows = connection.execute(
        "SELECT identity, fingerprint, fixed_at, body FROM known_findings WHERE project = ? ORDER BY identity",
        (project,),
    )
    return tuple(_decoded(*row) for row in rows)


def write(connection: sqlite3.Connection, project: str, known: Iterable[KnownFinding]) -> None:
    """Insert or replace each, in the transaction of the caller.

    In the order of the table: else every row is put into a page between others, which took most of the time.
    """
    ordered = sorted(known, key=attrgetter("identity"))
    connection.executemany(
        "INSERT INTO known_findings VALUES (?, ?, ?, ?, ?) ON CONFLICT (project, identity) DO UPDATE SET "
        "fingerprint = excluded.fingerprint, fixed_at = excluded.fixed_at, body = excluded.body",
        ((project, one.identity, one.fingerprint, one.fixed_at, _encoded(one)) for one in ordered),
    )


def forget(connection: sqlite3.Connection, *, fixed_before: str) -> int:
    """Drop what was fixed before that ISO time; returns how many."""
    return connection.execute(
        "DELETE FROM known_findings WHERE fixed_at <> '' AND fixed_at < ?", (fixed_before,)
    ).rowcount


def _encoded(one: KnownFinding) -> bytes:
    row = codec.finding_to_list(one.finding)
    place = one.finding.location
    return codec.pack([
        row,
        [row[codec.LOCATION] if where is place else codec.location_to_list(where) for where in one.locations],
        one.first_seen, one.introduced_by, one.introduced_at, one.introduced_in,
    ])  # fmt: skip


def _decoded(identity: str, fingerprint: str, fixed_at: str, body: bytes) -> KnownFinding:
    try:
        row, places, first_seen, by, at, commit = codec.unpack(body)
        finding = codec.finding_from_list(row)
        alone = places == [row[codec.LOCATION]]
        locations = (finding.location,) if alone else tuple([codec.location_from_list(place) for place in places])
    except (LookupError, TypeError) as error:
        raise ValueError(f"a known finding is of another form: {error}") from None
    return KnownFinding(identity, fingerprint, finding, locations, first_seen, fixed_at, by, at, commit)
