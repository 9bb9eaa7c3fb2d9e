"""One line a finding, for a spreadsheet.

A cell that a spreadsheet could take for a formula gets an apostrophe in front (OWASP, CSV injection). Quoting follows
RFC 4180. Skips are lines too, with the state ``skipped``, so that a filtered sheet cannot hide what was not read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from lockgate.formats.printable import printable
from lockgate.model import Result, SettledFinding, Skip
from lockgate.reports import Report, fix_of, title_of, worst_first

COLUMNS = (
    "identity", "state", "waived", "severity", "confidence", "family", "rule", "title", "path", "line", "column",
    "subject", "message", "fix", "aliases", "owners", "introduced_by", "introduced_at", "first_seen", "waiver",
    "waived_by", "waiver_reason", "waiver_expires", "more_places",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the wide forms count in some locales


def write(result: Result, out: TextIO) -> None:
    """Draw the result."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(result):
        writer.writerow([_cell(value) for value in row])


def _rows(result: Result) -> Iterator[tuple[str | int, ...]]:
    for settled in [*worst_first(result.findings), *worst_first(result.fixed)]:
        yield _finding_row(result, settled)
    for skip in result.skips:
        yield _skip_row(skip)


def _finding_row(result: Result, settled: SettledFinding) -> tuple[str | int, ...]:
    finding, place, waiver = settled.finding, settled.finding.location, settled.waiver
    return (
        settled.identity,
        str(settled.state),
        "yes" if settled.waived else "expired" if waiver else "no",
        str(finding.severity),
        str(finding.confidence),
        str(finding.family),
        finding.rule,
        title_of(result, settled),
        place.path,
        place.line or "",
        place.column or "",
        finding.subject.name,
        finding.message,
        fix_of(result, settled),
        " ".join(finding.aliases),
        " ".join(settled.owners),
        settled.introduced_by,
        settled.introduced_at,
        settled.first_seen,
        waiver.id if waiver else "",
        waiver.by if waiver else "",
        waiver.reason if waiver else "",
        waiver.expires if waiver else "",
        len(settled.locations) - 1 if settled.locations else 0,
    )


def _skip_row(skip: Skip) -> tuple[str | int, ...]:
    row: dict[str, str | int] = {
        "state": "skipped", "family": skip.family, "rule": str(skip.kind), "path": skip.path, "line": skip.line or "",
        "message": skip.reason,
    }  # fmt: skip
    return tuple(row.get(column, "") for column in COLUMNS)


def _cell(value: str | int) -> str | int:
    if isinstance(value, int):
        return value
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


REPORT = Report("csv", "text/csv", ".csv", write, "one line a finding, for a spreadsheet")
