"""A run that another Lockgate made, as it is sent to a server: rows of its tables, checked before any is kept.

The form is JSON: ``{"tables": {"Runs": [row], "Findings": [...], ...}}``, columns as the record has them, times in ISO
8601. There is one row of ``Runs``, and every row is of that run. What does not belong: who may send it (``server``).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model import Result
from lockgate.store.rows import finding_columns, rows_of
from lockgate.tables import ColumnType, tables

if TYPE_CHECKING:
    from lockgate.store.record import Record

_TABLES = ("Images", "ImageLayers", "Components", "Skips", "Decisions", "Findings")
"""What a run may bring beside its own row."""
_MOST_ROWS = 1_000_000
_PIECE = 20_000
_TYPES: Mapping[ColumnType, type | tuple[type, ...]] = {
    ColumnType.STRING: str, ColumnType.INT: int, ColumnType.LONG: int, ColumnType.REAL: (int, float),
    ColumnType.BOOL: bool, ColumnType.DATETIME: str, ColumnType.DYNAMIC: str, ColumnType.GUID: str,
}  # fmt: skip
_BITS: Mapping[ColumnType, int] = {ColumnType.INT: 31, ColumnType.LONG: 63}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A run that may be kept."""

    run: str
    """Its id, 32 hex digits."""
    root: str
    """What it was over."""
    rows: Mapping[str, Sequence[Row]]
    """By table."""

    @property
    def findings(self) -> int:
        """How many rows of findings it brings."""
        return len(self.rows.get("Findings", ()))


def rows_to_send(result: Result) -> dict[str, list[Row]]:
    """The rows of a run that was made here, by table; times as texts."""
    made = {name: list(rows) for name, rows in rows_of(result, "").items()}
    settled = [*result.findings, *result.fixed]
    columns = finding_columns(settled)
    made["Findings"] = [{name: values[at] for name, values in columns.items()} for at in range(len(settled))]
    told = {name: [_told(row) for row in rows] for name, rows in made.items()}
    told["Runs"][0] |= {"Run": result.run.id, "TimeGenerated": result.run.started.isoformat()}
    return told


def read(sent: Any) -> Upload:
    """What somebody sent. Raises :class:`UsageError` where it is no run."""
    given = sent.get("tables") if isinstance(sent, dict) else None
    runs = given.get("Runs") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(runs, list) or len(runs) != 1:
        raise UsageError("one row of Runs is needed", where="tables")
    if strange := given.keys() - {*_TABLES, "Runs"}:
        raise UsageError(f"rows of {min(strange)[:80]!r} are not taken", where="tables")
    if sum(len(rows) if isinstance(rows, list) else 0 for rows in given.values()) > _MOST_ROWS:
        raise UsageError(f"more than {_MOST_ROWS:,} rows", where="tables")
    run, root, began = _run(runs)
    rows = {name: _rows(name, given.get(name, []), run, began) for name in ("Runs", *_TABLES)}
    return Upload(run, root, rows)


def keep(record: Record, upload: Upload) -> bool:
    """Put a run into the record; whether it was there already. Raises :class:`StoreError`."""
    if record.has_run(upload.run):
        return True
    batch = uuid.uuid4().hex
    for name in (*_TABLES, "Runs"):
        rows = [{**row, "Batch": batch} for row in upload.rows[name]]
        for start in range(0, len(rows), _PIECE):
            record.append_piece(name, rows[start : start + _PIECE])
    return False


def _told(row: Row) -> Row:
    kept = {name: value for name, value in row.items() if name not in ("RunId", "Batch", "TimeGenerated")}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}


def _run(rows: Any) -> tuple[str, str, datetime]:
    row = rows[0] if isinstance(rows, list) and isinstance(rows[0], dict) else {}
    try:
        run = uuid.UUID(str(row.get("Run", ""))).hex
    except ValueError:
        raise UsageError("the id of a run is a UUID", where="Runs: Run") from None
    root = row.get("Root")
    if not isinstance(root, str) or not 0 < len(root) <= 2_000:
        raise UsageError("what the run was over is missing", where="Runs: Root")
    return run, root, _moment(row.get("TimeGenerated"), "Runs: TimeGenerated")


def _rows(name: str, rows: Any, run: str, began: datetime) -> list[Row]:
    if not isinstance(rows, list):
        raise UsageError("is no list of rows", where=name)
    types = {column.name: column.type for column in tables()[name].columns}
    return [_row(name, at, row, types) | {"RunId": run, "TimeGenerated": began} for at, row in enumerate(rows)]


def _row(name: str, at: int, row: Any, types: Mapping[str, ColumnType]) -> Row:
    if not isinstance(row, dict):
        raise UsageError("is no row", where=f"{name}[{at}]")
    made: Row = {}
    for column, value in row.items():
        if column in ("Run", "RunId", "Batch", "TimeGenerated"):
            continue
        type_ = types.get(column)
        where = f"{name}[{at}].{str(column)[:80]}"
        if type_ is None:
            raise UsageError("there is no such column", where=where)
        if value is None:
            made[column] = None
        elif not isinstance(value, _TYPES[type_]) or (isinstance(value, bool) and type_ is not ColumnType.BOOL):
            raise UsageError(f"is no {type_}", where=where)
        elif type_ in _BITS and not -(2 ** _BITS[type_]) <= value < 2 ** _BITS[type_]:
            raise UsageError(f"is beyond {type_}", where=where)
        else:
            made[column] = _moment(value, where) if type_ is ColumnType.DATETIME else value
    return made


def _moment(value: Any, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError("is no time", where=where) from None
