"""Reads the ledger in its older forms into the present one. Imported where one is met.

The first had a row for each known finding; the second did not keep the lines of findings beside their marks. What does
not belong: the present form (``known``).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from lockgate.store import codec
from lockgate.store import known as known_table
from lockgate.store.known import KnownFinding


def upgrade(connection: sqlite3.Connection, present: int) -> None:
    """Bring every row into the present form, which has that version, in the transaction of the caller. Raises
    ``ValueError`` for a row of another form. Nothing is done where another process has done it."""
    version = connection.execute("SELECT max(version) FROM schema_version").fetchone()[0]
    if version == 1:
        _join_places(connection)
    elif version == 2:
        _add_lines(connection)
    connection.execute("UPDATE schema_version SET version = ?", (present,))


def _join_places(connection: sqlite3.Connection) -> None:
    places: dict[tuple[str, str], list[KnownFinding]] = defaultdict(list)
    for project, *row in connection.execute(
        "SELECT project, identity, fingerprint, fixed_at, body FROM known_findings"
    ):
        one = _decoded(*row)
        places[project, one.path].append(one)
    for (project, path), known in places.items():
        known_table.write(connection, project, [(path, known_table.encoded(known))])
    connection.execute("DROP TABLE known_findings")


def _add_lines(connection: sqlite3.Connection) -> None:
    for (project,) in connection.execute("SELECT DISTINCT project FROM known_places").fetchall():
        for (path,) in connection.execute("SELECT path FROM known_places WHERE project = ?", (project,)).fetchall():
            row = known_table.read_one(connection, project, path)
            if row is not None:
                known_table.write(connection, project, [(path, known_table.with_lines(path, row))])


def _decoded(identity: str, fingerprint: str, fixed_at: str, body: bytes) -> KnownFinding:
    try:
        values, places, first_seen, by, at, commit = codec.unpack(body)
        finding = codec.finding_from_list(values)
        alone = places == [codec.location_to_list(finding.location)]
        locations = (finding.location,) if alone else tuple([codec.location_from_list(place) for place in places])
    except (LookupError, TypeError) as error:
        raise ValueError(f"a known finding is of another form: {error}") from None
    return KnownFinding(identity, fingerprint, finding, locations, first_seen, fixed_at, by, at, commit)
