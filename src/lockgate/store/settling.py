"""From journals to the record: ``python -m lockgate.store.settling ROOT RECORD [UPKEEP]``, which ends when it is done.

Each closed file becomes one append a table, marked in the same commit with the writer's name and the file's number: a
file that was settled by a process which died before removing it is not appended again. Files that a writer which is
gone left open are taken as well, without a last line that has no end: nobody was told that it is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from lockgate.errors import LockgateError, StoreError
from lockgate.store.journal import FOR, SHARED, Settled, set_aside, settle_closed
from lockgate.store.record import Record
from lockgate.store.upkeep import Upkeep
from lockgate.tables import ColumnType, Table, tables

_FIRST = ("AdmissionObjects",)
"""Tables whose rows others name: appended before those, so that a crash between leaves one too many, never too few."""
DAMAGED = 4
"""Exit code when all was settled but lines that cannot be read; Python itself takes 1."""
_COMPACT_EVERY = 100
"""Files between two joinings of the record's small files."""


def settle(root: Path, record: Record) -> Settled:
    """Put every closed journal file below ``root`` into the record, and remove it.

    Raises :class:`StoreError` when the record cannot be written; what was not settled stays.
    """
    done = Settled()
    settle_closed(root, lambda file, abandoned: _settle_file(file, record, done, torn=abandoned))
    return done


def _settle_file(file: Path, record: Record, done: Settled, *, torn: bool) -> None:
    rows, wrong = _rows(file, torn=torn)
    number = int(file.stem)
    for name, own in sorted(rows.items(), key=lambda one: one[0] not in _FIRST):
        record.append_alone(name, own, once=(file.parent.name, number))
    done.files += 1
    done.rows += sum(map(len, rows.values()))
    if wrong:
        done.problems.append(f"{wrong} lines of a journal cannot be read: {set_aside(file)}")
    else:
        file.unlink()
    if number % _COMPACT_EVERY == 0:
        _compact(record, done)


def _compact(record: Record, done: Settled) -> None:
    """Small files cost readers time; that they could not be joined costs nothing else."""
    try:
        record.compact()
    except StoreError as error:  # the rows are kept, and that is what the caller asks about
        done.problems.append(f"the record could not be compacted: {error}")


def _rows(file: Path, *, torn: bool) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Rows by table, and how many lines could not be read."""
    found: dict[str, list[dict[str, Any]]] = {}
    texts: dict[str, str] = {}
    wrong = 0
    with file.open("rb") as stream:
        for line in stream:
            if torn and not line.endswith(b"\n"):
                break
            name, _, text = line.partition(b" ")
            table = tables().get(name.decode("ascii", "replace"))
            try:
                if name == SHARED.encode():
                    key, _, shared = text.partition(b" ")
                    texts[key.decode()] = _text(orjson.loads(shared))
                    continue
                if table is None or not table.alone or not line.endswith(b"\n"):
                    raise ValueError("no line of a journal")
                row = _row(table, orjson.loads(text), texts)
            except (ValueError, TypeError, AttributeError, KeyError):
                wrong += 1
            else:
                found.setdefault(table.name, []).append(row)
    return found, wrong


def _row(table: Table, row: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    columns = {column.name: column.type for column in table.columns}
    return {
        name: _strange() if name not in columns
        else _shared(value, texts) if value.__class__ is dict and columns[name] is ColumnType.DYNAMIC
        else _READ[columns[name]](value)
        for name, value in row.items()
    }  # fmt: skip


def _shared(value: dict[str, Any], texts: Mapping[str, str]) -> str:
    text = texts[value[SHARED]]
    for known, other in value.get(FOR, {}).items():
        text = text.replace(known, _text(other))
    return text


def _strange() -> Any:
    raise ValueError("no column")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


_READ: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.DATETIME: datetime.fromisoformat, ColumnType.STRING: _text, ColumnType.DYNAMIC: _text,
    ColumnType.LONG: int, ColumnType.REAL: float, ColumnType.BOOL: bool,
    ColumnType.INT: int, ColumnType.GUID: _text,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Settle; what is wrong goes to the error output. 0 done, 4 but for some lines, 5 no record to write.

    The arguments: the folder of the journals, the workspace, and as JSON how tables are compacted.
    """
    root, place, *told = arguments
    upkeep = Upkeep.read(orjson.loads(told[0])) if told else Upkeep()
    try:
        done = settle(Path(root), Record.open(place, upkeep=upkeep))
    except LockgateError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    sys.stderr.writelines(f"{one}\n" for one in done.problems)
    return DAMAGED if done.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
