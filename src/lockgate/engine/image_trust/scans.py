"""What the record knows of an image: when it was last scanned, and whether its gate denied it then.

An index stands for several images, each scanned by itself. Of each the last scan counts, and the worst of them is that
of the index.
"""

from __future__ import annotations

from datetime import UTC

from lockgate.gates.images import Scanned
from lockgate.model import Verdict
from lockgate.store import Record

_LAST = (
    "SELECT min(Newest) AS Oldest, bool_or(Verdict = ?) AS Denied, count(*) AS Images FROM ("
    "SELECT arg_max(Runs.Verdict, Runs.TimeGenerated) AS Verdict, max(Runs.TimeGenerated) AS Newest "
    "FROM Images JOIN Runs USING (RunId) WHERE (ImageDigest = ? OR IndexDigest = ?) AND Inventoried "
    "GROUP BY ImageDigest)"
)


def last_scan(record: Record, digest: str) -> Scanned | None:
    """The last scan of the image, or of those of an index, that read what is installed. Raises ``StoreError``."""
    rows = record.sql(_LAST, [Verdict.DENY.value, digest, digest])
    if not rows or not rows[0]["Images"]:
        return None
    worst = Verdict.DENY if rows[0]["Denied"] else Verdict.ALLOW
    return Scanned(rows[0]["Oldest"].replace(tzinfo=UTC), worst.value)
