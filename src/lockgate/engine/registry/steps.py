"""What was done about an image, as rows of ``ImageSteps``: written once, whatever dies when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lockgate.formats.printable import clipped, printable
from lockgate.store import Record
from lockgate.store.registry.queue import Job

_TABLE = "ImageSteps"
_MOST_DETAIL = 1_000


def step_of(job: Job, step: str, outcome: str, detail: str, *, digest: str = "", index: str = "") -> dict[str, Any]:
    """A row about a job. ``digest``: of the image where the job has none."""
    now = datetime.now(UTC)
    return {
        "TimeGenerated": now, "RunId": job.run, "Registry": job.registry, "Repository": job.repository,
        "Tag": job.tag, "ImageDigest": digest or job.digest, "IndexDigest": index or job.top, "Cause": job.cause,
        "Step": step, "Outcome": outcome, "Detail": clipped(printable(detail), _MOST_DETAIL),
        "Accepted": datetime.fromtimestamp(job.accepted, UTC), "Seconds": now.timestamp() - job.accepted,
        "Attempts": job.attempts,
    }  # fmt: skip


def keep(record: Record, job: Job, rows: list[dict[str, Any]]) -> None:
    """Append the rows of a job, all of them, unless an earlier try did. Raises ``StoreError``."""
    if rows:
        record.append_alone(_TABLE, rows, once=(f"registry {job.run}", 1))


def keep_one(record: Record, row: dict[str, Any], *, once: str) -> None:
    """Append one row that belongs to no job. ``once``: what it is about, in a word of its own."""
    record.append_alone(_TABLE, [row], once=(f"registry {once}", 1))
