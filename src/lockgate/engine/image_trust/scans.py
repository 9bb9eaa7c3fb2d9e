"""What the record knows of an image: when it was last scanned, and whether its gate denied it then.

An index stands for several images, each scanned by itself. Of each the last scan counts, and the worst of them is that
of the index. Which index an image was chosen from only the record knows: a registry does not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from lockgate.engine.image_trust.verify import Known
from lockgate.errors import LockgateError
from lockgate.gates.images import Scanned
from lockgate.model import Verdict
from lockgate.store import Record

_LAST = (
    "SELECT min(Newest) AS Oldest, bool_or(Verdict = ?) AS Denied, count(*) AS Images FROM ("
    "SELECT arg_max(Runs.Verdict, Runs.TimeGenerated) AS Verdict, max(Runs.TimeGenerated) AS Newest "
    "FROM Images JOIN Runs USING (RunId) WHERE (ImageDigest = ? OR IndexDigest = ?) AND Inventoried "
    "GROUP BY ImageDigest)"
)

_INDEXES = (
    "SELECT IndexDigest, max(TimeGenerated) AS Newest FROM Images WHERE ImageDigest = ? AND IndexDigest <> '' "
    "GROUP BY IndexDigest ORDER BY Newest DESC LIMIT 3"
)


def indexes_of(record: Record, digest: str) -> tuple[str, ...]:
    """Digests of the three indexes that the image was last chosen from. Raises ``StoreError``."""
    return tuple(row["IndexDigest"] for row in record.sql(_INDEXES, [digest]))


def last_scan(record: Record, digest: str) -> Scanned | None:
    """The last scan of the image, or of those of an index, that read what is installed. Raises ``StoreError``."""
    rows = record.sql(_LAST, [Verdict.DENY.value, digest, digest])
    if not rows or not rows[0]["Images"]:
        return None
    worst = Verdict.DENY if rows[0]["Denied"] else Verdict.ALLOW
    return Scanned(rows[0]["Oldest"].replace(tzinfo=UTC), worst.value)


def known_to(record: Callable[[], Record]) -> Known:
    """What a record, opened when it is asked, knows for :func:`~lockgate.engine.image_trust.verify.verified`.

    A record that cannot be asked for indexes knows none: the image then stands by its own signatures, or is denied.
    """

    def indexes(digest: str) -> tuple[str, ...]:
        try:
            return indexes_of(record(), digest)
        except LockgateError:
            return ()

    return Known(lambda digest: last_scan(record(), digest), indexes)
