"""How advisories lie in the compiled file; what the builder writes and the store reads.

``package``: by ``ecosystem/name``, the flaws of that package as stretches of versions. ``block``: bodies, that is what
the records that tell of a flaw in one stretch say together, compressed eight at a time. Texts are cut: the file answers
questions, it is no archive. ``alias`` and ``names``: which packages an identifier speaks of, by a mark of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import orjson

from lockgate.advisories.ranges import Affected
from lockgate.advisories.record import Kind
from lockgate.model import Severity

APPLICATION_ID = 0x4C474144
"""Marks the file as ours in its header (https://www.sqlite.org/fileformat.html#application_id)."""
FORM = 6
KINDS = (Kind.VULNERABLE, Kind.MALICIOUS, Kind.UNSOUND, Kind.UNMAINTAINED, Kind.UPDATE_PENDING)
_SEVERITIES = (*sorted(Severity), None)
_PLAIN_BELOW = 4096
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
    b'"https://github.com/advisories/\\u007f"]],[["CVE-2020-"CVE-2021-"CVE-2022-"CVE-2023-"CVE-2024-","GHSA-"],0,null,"",'
    b'[1,0,2,5.3,[0,0,3,7.5,[1,0,4,9.8,"'
)


class Body(NamedTuple):
    """What is said of a flaw beside the versions: the fields of a match from ``group`` on, in order."""

    group: str
    """Canonical identifier of the flaw."""
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
    flaws: tuple[str, ...] = ()
    """As in :class:`Advisory`."""


def mark_of(name: str) -> int:
    """What an identifier is found by, however its letters are written: 32 bits, so that now and then two have the same,
    and whoever asks compares the names as well."""
    return zlib.crc32(name.upper().encode())


NAMES = 64
"""Flaws whose packages are compressed together: block ``n`` holds those with numbers from ``n * NAMES`` on."""


def pack_names(packages: Sequence[Sequence[str]]) -> bytes:
    """The stored form of the packages of the flaws of one block."""
    return zlib.compress(orjson.dumps(packages), 9)


def unpack_names(block: int, stored: bytes, wanted: Container[int]) -> list[str]:
    """The packages of the ``wanted`` flaws of a block. Raises ``ValueError`` or ``zlib.error`` on other bytes."""
    packages = orjson.loads(zlib.decompress(stored))
    return [name for number, names in enumerate(packages, block * NAMES) if number in wanted for name in names]


BLOCK = 8
"""Bodies that are compressed together: block ``n`` holds the numbers from ``n * BLOCK`` on."""


def pack_block(bodies: Sequence[Body]) -> bytes:
    """The stored form of the bodies of one block: a line of JSON each."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_DICTIONARY)
    return squeezer.compress(b"\n".join(orjson.dumps(_row(body)) for body in bodies)) + squeezer.flush()


def _row(body: Body) -> tuple[Any, ...]:
    group, ids, kind, severity, score, vector, epss, kev, summary, reference, flaws = body
    # Most addresses end in one of the identifiers.
    own = next((at for at, name in enumerate(ids) if name in reference), -1) if _ITSELF not in reference else -1
    return (
        ids, ids.index(group), KINDS.index(kind), _SEVERITIES.index(severity), score, vector, epss, kev, summary,
        reference.replace(ids[own], _ITSELF) if own >= 0 else reference, own, *flaws,
    )  # fmt: skip


def unpack_block(block: int, stored: bytes, wanted: Container[int]) -> dict[int, Body]:
    """The ``wanted`` bodies of a stored block by number. Raises ``ValueError`` or ``zlib.error`` on other bytes."""
    plain = zlib.decompressobj(-15, zdict=_DICTIONARY).decompress(stored, 16 * 1024 * 1024)
    found = {number: row for number, row in enumerate(plain.split(b"\n"), block * BLOCK) if number in wanted}
    rows = orjson.loads(b"[" + b",".join(found.values()) + b"]")  # one call for all of them
    return {number: _body(row) for number, row in zip(found, rows, strict=True)}


def _body(row: Sequence[Any]) -> Body:
    ids, group, kind, severity, score, vector, epss, kev, summary, reference, own, *flaws = row
    fields = (
        ids[group], tuple(ids), KINDS[kind], _SEVERITIES[severity], score, vector, epss, kev, summary,
        reference if own < 0 else reference.replace(_ITSELF, ids[own]), tuple(flaws) if flaws else (),
    )  # fmt: skip
    return _made(Body, fields)


_made = tuple.__new__  # as Body(...) does it, which takes three times as long


def pack_entry(kind: Kind, affected: Affected, state: str) -> bytes:
    """One advisory about one package as the builder sets it aside: ``[kind, intervals, listed versions, state]``."""
    return orjson.dumps((KINDS.index(kind), [tuple(one) for one in affected.intervals], affected.listed, state))


STATE = "!"
"""No version begins so."""


class Columns(NamedTuple):
    """The flaws of one package. The first four have an element for every stretch of versions.

    The stretches of one flaw follow each other, and flaws are in the order of their names.
    """

    bodies: list[int]
    """Number of what is said of the flaw."""
    starts: list[str]
    """A version with key ``k`` is in the stretch when ``start <= k``, and either ``k < end`` or ``end`` is empty."""
    ends: list[str]
    fixes: list[str | Sequence[str]]
    """The smallest version above the stretch that is well; several, where that depends on the major version. Where
    there is none, ``STATE`` and what the distribution says of that, or an empty text."""
    ways_out: list[int | tuple[str, str]]
    """Versions without a known flaw by key, each the end of the stretch at that index, or key and version."""
    without_key: dict[str, list[int]]
    """Numbers of what is said, by a version that has no order in its ecosystem."""


def pack_package(columns: Columns) -> bytes:
    """The stored form of one package. Only large ones are compressed: most are too small to gain from it."""
    joined = orjson.dumps(columns[:] if columns.without_key else columns[:5])
    return joined if len(joined) < _PLAIN_BELOW else zlib.compress(joined, 9)


def unpack_package(stored: bytes) -> list[Any]:
    """The columns of one package, the last one only where it holds something.

    Raises ``ValueError`` or ``zlib.error`` on other bytes.
    """
    columns: list[Any] = orjson.loads(stored if stored[:1] == b"[" else zlib.decompress(stored))
    return columns
