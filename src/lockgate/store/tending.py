"""Looks after a record: ``python -m lockgate.store.tending RECORD MIRROR``, a process that ends when it is done.

For how many days each table keeps its rows, and how it is compacted, comes as JSON on the standard input. What is older
is forgotten, then small files are joined. A line of JSON tells of every table that was looked through for old rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, StoreError
from lockgate.settings import TableSettings
from lockgate.store.record import Record
from lockgate.store.upkeep import Upkeep, upkeep_of


@dataclass(frozen=True, slots=True)
class Tending:
    """What the settings say of a record's tables."""

    days: Mapping[str, int]
    """Of each table that does not keep its rows for ever: for how many days; ``Runs`` for all that belong to runs."""
    upkeep: Upkeep = Upkeep()

    def written(self) -> bytes:
        """As JSON."""
        return orjson.dumps({"days": dict(self.days), "upkeep": self.upkeep.told()})


def tending_of(tables: Mapping[str, TableSettings], *, where: str = "") -> Tending:
    """What the settings say. Raises :class:`~lockgate.errors.ConfigurationError` as :func:`upkeep_of` does."""
    days = {name: one.retention_days for name, one in tables.items() if one.retention_days is not None}
    return Tending(days, upkeep_of(tables, where=where))


def read(written: bytes) -> Tending:
    """What :meth:`Tending.written` gave. Raises :class:`StoreError`."""
    try:
        told: Any = orjson.loads(written)
        return Tending({str(name): int(days) for name, days in told["days"].items()}, Upkeep.read(told["upkeep"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError("what tables keep is not told as it must be", where="standard input") from None


def forget(record: Record, days: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Forget what is older; of each table its days and how many rows that were, with those of the table of what did not
    fit into it, unless that has days of its own. Raises :class:`StoreError`.
    """
    for name, age in days.items():
        yield name, age, sum(record.retain(age, only=[name], but=days.keys() - {name}).values())


def main(arguments: list[str]) -> int:
    """Tend; 0 when all was done, else the code of the error, which goes to the error output."""
    import os

    place, mirror = arguments
    if hasattr(os, "nice"):
        os.nice(5)  # whoever answers requests goes first
    try:
        tending = read(sys.stdin.buffer.read())
        record = Record.open(place, upkeep=tending.upkeep, mirror=Path(mirror))
        for table, age, rows in forget(record, tending.days):
            sys.stdout.buffer.write(orjson.dumps({"table": table, "days": age, "rows": rows}) + b"\n")
        record.compact()
    except LockgateError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
