"""How advisories lie in the compiled file; what the builder writes and the store reads.

``package``: by ``ecosystem/name``, the advisories of that package with their intervals. ``record``: the rest of each
advisory, compressed eight together. Texts are cut: the file answers questions, it is no archive.
"""

from __future__ import annotations

import zlib
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import orjson

from lockgate.advisories.ranges import Affected, End, Interval
from lockgate.advisories.record import Kind
from lockgate.model import Severity

APPLICATION_ID = 0x4C474144
"""Marks the file as ours in its header (https://www.sqlite.org/fileformat.html#application_id)."""
FORM = 2
KINDS = (Kind.VULNERABLE, Kind.MALICIOUS, Kind.UNSOUND, Kind.UNMAINTAINED)
_SEVERITIES = tuple(sorted(Severity))
_PLAIN_BELOW = 320
_ITSELF = "\x7f"  # stands for the id of the record in its own reference
# What most records hold; the end of a dictionary is the cheapest to point at.
_DICTIONARY = (
    b"Cross-site Scripting Denial of Service via crafted request arbitrary code execution remote attackers allows an "
    b"attacker to improper input validation buffer overflow out-of-bounds read use after free memory corruption path "
    b"traversal SQL injection information disclosure deserialization of untrusted data server-side request forgery "
    b"privilege escalation prototype pollution regular expression vulnerable to Vulnerability in before versions of "
    b'"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N","CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N",'
    b'"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","https://rustsec.org/advisories/RUSTSEC-20"https://pypi.org/"'
    b'"MAL-2025-"PYSEC-2021-"GO-2024-"https://github.com/advisories/GHSA-"https://nvd.nist.gov/vuln/detail/CVE-20",'
    b'["CVE-2020-"CVE-2021-"CVE-2022-"CVE-2023-"CVE-2024-","GHSA-"],"vulnerable",null,null,"","",2,5.3,3,7.5,4,9.8,"'
)


class Body(NamedTuple):
    """What is known of one advisory beside its ranges. From ``group`` on the fields are those of a match, in order."""

    id: str
    modified: str
    group: str
    """Canonical identifier of the flaw: the same for every record of it."""
    ids: tuple[str, ...]
    """Every identifier of the flaw, sorted."""
    kind: Kind
    severity: Severity | None
    score: float | None
    vector: str
    epss: float | None
    kev: str
    """Day on which it joined the list of exploited flaws; empty: it has not."""
    summary: str
    reference: str


BLOCK = 8
"""Records that are compressed together: block ``n`` holds the numbers from ``n * BLOCK`` on."""


def pack_block(bodies: Sequence[tuple[int, Body]]) -> bytes:
    """The stored form of the numbered records of one block."""
    rows = [(number, *_row(body)) for number, body in bodies]
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_DICTIONARY)
    return squeezer.compress(orjson.dumps(rows)) + squeezer.flush()


def _row(body: Body) -> tuple[Any, ...]:
    ids = body.ids
    return (
        ids, ids.index(body.id), ids.index(body.group), KINDS.index(body.kind), body.severity, body.score, body.vector,
        body.epss, body.kev, body.summary, body.modified, body.reference.replace(body.id, _ITSELF),
    )  # fmt: skip


def unpack_block(stored: bytes, wanted: Container[int]) -> dict[int, Body]:
    """The ``wanted`` records of a stored block by number. Raises ``ValueError`` or ``zlib.error`` on other bytes."""
    plain = zlib.decompressobj(-15, zdict=_DICTIONARY).decompress(stored, 16 * 1024 * 1024)
    return {row[0]: _body(row[1:]) for row in orjson.loads(plain) if row[0] in wanted}


def _body(row: Sequence[Any]) -> Body:
    ids, own, group, kind, severity, score, vector, epss, kev, summary, modified, reference = row
    return Body(
        ids[own], modified, ids[group], tuple(ids), KINDS[kind], None if severity is None else _SEVERITIES[severity],
        score, vector, epss, kev, summary, reference.replace(_ITSELF, ids[own]),
    )  # fmt: skip


def pack_entry(record: int, kind: Kind, affected: Affected) -> bytes:
    """The stored form of one entry: ``[record, kind, intervals, listed versions]``."""
    intervals = [_short(interval) for interval in affected.intervals]
    return orjson.dumps((record, KINDS.index(kind), intervals, affected.listed))


def renumbered(entry: bytes, record: int) -> bytes:
    """A packed entry that names another record."""
    return b"[%d%b" % (record, entry[entry.index(b",") :])


def _short(interval: Interval) -> tuple[Any, ...]:
    start, end, kind, fixed = interval
    return (start, end, int(kind), fixed) if fixed else (start, end, int(kind)) if end else (start,)


def join_entries(entries: Sequence[bytes]) -> bytes:
    """All entries of one package; compressed when that pays."""
    joined = b"[" + b",".join(entries) + b"]"
    return joined if len(joined) < _PLAIN_BELOW else zlib.compress(joined, 9)


def rows_of(stored: bytes) -> list[list[Any]]:
    """The entries of one package as stored. Raises ``ValueError`` or ``zlib.error`` on other bytes."""
    rows: list[list[Any]] = orjson.loads(stored if stored[:1] == b"[" else zlib.decompress(stored))
    return rows


def row_holds(row: Sequence[Any], key: str, version: str) -> bool:
    """As ``Affected.holds`` of that row, without making anything: most rows do not hold."""
    if key:
        for interval in row[2]:
            if key < interval[0]:
                continue
            if len(interval) == 1:
                return True
            end = interval[1]
            if key < end or (key == end and interval[2] == End.LAST_AFFECTED):
                return True
    listed = row[3]
    return bool(listed) and ((key and key in listed) or "=" + version in listed)


_REST = {1: ("", int(End.OPEN), ""), 3: ("",), 4: ()}


def affected_of(row: Sequence[Any]) -> tuple[list[tuple[str, str, int, str]], Sequence[str]]:
    """Intervals and listed versions of one row, the fields that were left out put back."""
    return [(*interval, *_REST[len(interval)]) for interval in row[2]], row[3]
