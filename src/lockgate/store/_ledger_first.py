"""Reads the ledger in its first form, a row for each known finding, into the present one. Imported where one is met.

What does not belong: the present form (``known``).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from lockgate.store import codec
from lockgate.store import known as known_table
from lockgate.store.known import KnownFinding


def upgrade(connection: sqlite3.Connection) -> None:
    """Put every row of the first table into the present one, in the transaction of the caller. Raises ``ValueError``
    for a row of another form. Nothing is done where another process has done it."""
    if connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] != 1:
        return
    places: dict[tuple[str, str], list[KnownFinding]] = defaultdict(list)
    for project, *row in connection.execute(
        "SELECT project, identity, fingerprint, fixed_at, body FROM known_findings"
    ):
        one = _decoded(*row)
        places[project, one.path].append(one)
    for (project, path), known in places.items():
        known_table.write(connection, project, [(path, known_table.encoded(known))])
    connection.execute("DROP TABLE known_findings")
    connection.execute("UPDATE schema_version SET version = 2")


def _decoded(identity: str, fingerprint: str, fixed_at: str, body: bytes) -> KnownFinding:
    try:
        values, places, first_seen, by, at, commit = codec.unpack(body)
        finding = codec.finding_from_list(values)
        alone = places == [codec.location_to_list(finding.location)]
        locations = (finding.location,) if alone else tuple([codec.location_from_list(place) for place in places])
    except (LookupError, TypeError) as error:
        raise ValueError(f"a known finding is of another form: {error}") from None
    return KnownFinding(identity, fingerprint, finding, locations, first_seen, fixed_at, by, at, commit)
