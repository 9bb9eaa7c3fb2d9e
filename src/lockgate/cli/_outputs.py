"""Where reports go: ``--format NAME`` to standard output, ``--format NAME=FILE`` to a file, whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.model import Result
from lockgate.reports import Report

_BILLS = frozenset({"csaf", "cyclonedx", "openvex", "spdx"})


@dataclass(frozen=True, slots=True)
class Output:
    """One report to write."""

    report: Report
    path: Path | None
    """None: standard output."""


def outputs(chosen: Sequence[str]) -> list[Output]:
    """From ``--format`` values; the terminal report when there are none."""
    from lockgate.reports import get

    found = []
    for one in chosen or ("terminal",):
        name, _, path = one.partition("=")
        found.append(Output(get(name), Path(path) if path else None))
    if sum(output.path is None for output in found) > 1:
        raise UsageError("two reports for standard output", where="--format", hint="name files: --format sarif=FILE")
    return found


def write(result: Result, wanted: Sequence[Output]) -> None:
    """Write every report; a file appears whole or not at all."""
    for output in wanted:
        drawn = _dated(result) if output.report.name in _BILLS else result
        if output.path is None:
            output.report.write(drawn, sys.stdout)
            sys.stdout.flush()
        else:
            _replace(output.path, output.report, drawn)


def _dated(result: Result) -> Result:
    """As of ``SOURCE_DATE_EPOCH``, where it is set: the same input then makes the same bill, byte for byte
    (https://reproducible-builds.org/specs/source-date-epoch/)."""
    epoch = source_date_epoch()
    if epoch is None:
        return result
    return replace(result, run=replace(result.run, ended=datetime.fromtimestamp(epoch, UTC)))


def source_date_epoch() -> int | None:
    """Seconds since 1970 of ``SOURCE_DATE_EPOCH``; None where it is not set, or is no such number."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 11 else None


def _write_into(path: Path, report: Report, result: Result) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            report.write(result, stream)
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _replace(path: Path, report: Report, result: Result) -> None:
    if path.exists() and not path.is_file():  # a device or a pipe is written to: root would put a file in its place
        _write_into(path, report, result)
        return
    path = path.resolve()
    import tempfile  # only for a report that goes to a file

    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            report.write(result, stream)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
