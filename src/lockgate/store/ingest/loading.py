"""One block of lines into one table: in one statement where it can be, in halves down to row by row where not.

What a block becomes is appended in two commits, first what did not fit, then the rows; both are marked with the batch,
so that a block whose writer died between them is completed by doing it again, and nothing stands twice.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.store._arrow import batch_of
from lockgate.store._columns import raw_of_rows
from lockgate.store.ingest.blocks import without_long
from lockgate.store.ingest.collected import Collected, Part, shape_of
from lockgate.store.ingest.fitting import Clean, Fitted, Problem, fitted, numbered
from lockgate.store.ingest.memory import Bytes
from lockgate.store.ingest.oddities import marks_in
from lockgate.store.ingest.plain import SECRET, copied, opened, written
from lockgate.store.ingest.reading import AUDIT, Reading, Times, reading_of
from lockgate.tables import Column, Table
from lockgate.tables._collected import COMPANION

if TYPE_CHECKING:
    from lockgate.store.ingest.transforming import Transformation

_APART = 256 << 10
"""Bytes of the pieces at least that a block which is not plain is cut into; those are read row by row."""
_PIECES = 16
"""Pieces that one is cut into at most."""
_FEW = 48 << 10
"""Bytes of lines that are read row by row at once: a statement for them takes longer to be planned."""
_SAMPLE = 256 << 10
"""Bytes of each block in which fields of a closed kind are looked for that it did not have."""


Begin = Callable[[], int]
"""Tells the number of a first line. To count those before it takes time that most blocks need not take."""
_FIRST: Begin = partial(int, 1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a block."""

    rows: int
    """Rows that are in the table."""
    problems: tuple[Problem, ...]
    """What did not fit; all of it stands in the companion table too."""
    again: bool = False
    """Whether it was there already, and nothing was done."""


@dataclass(slots=True)
class _Made:
    parts: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Loader:
    """Loads blocks into one table. Not for several threads at once."""

    def __init__(
        self, collected: Collected, name: str, *, audit: bool = False, columns: Sequence[Column] = (),
        time_field: str = "", times: Times = Times.KEPT, origin: str = "", clean: Clean | None = None,
        transformation: Transformation | None = None,
    ) -> None:  # fmt: skip
        """``audit``: rows are events of the audit log of Kubernetes; ``clean`` takes secrets out of them. ``columns``:
        of a custom table, where it is not there yet; without them it gets those of its first rows. ``transformation``:
        what the rows go through first.

        Raises :class:`ConfigurationError` for a table that there cannot be, :class:`StoreError`.
        """
        if audit and clean is None:
            raise ValueError("events of the audit log hold secrets")
        self._collected, self._origin, self._times, self._clean = collected, origin, times, clean
        self._audit, self._time_field, self._transformation = audit, time_field, transformation
        there = collected.get(name)
        shape = there or shape_of(name)
        if columns:
            known = {column.name for column in shape.columns}
            shape = shape_of(name, [column for column in columns if column.name not in known] or columns)
        self._table = shape
        self._there = there is not None and not columns
        self._connection: Any = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._reading: Reading = AUDIT if audit else reading_of(shape, time=time_field)

    @property
    def table(self) -> Table:
        """The table as it is known here."""
        return self._table

    def close(self) -> None:
        """Let go of what was opened."""
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def load(
        self, data: Bytes, *, begin: Begin = _FIRST, refused: Sequence[Problem] = (),
        once: tuple[str, int] | None = None, received: datetime | None = None, fields: Collection[str] | None = None,
    ) -> Loaded:  # fmt: skip
        """Load lines of JSON. ``begin`` tells the number of the first; ``refused``: what was left out of them before;
        ``fields``: all that the rows have, where they are known to be objects with no others.

        ``once``: a sender's name and the number of the batch, which grows: it is done once, however often it is asked
        for. When this returns the rows are there, and on the disk. Raises :class:`StoreError`; then none of them is, or
        the same call again completes it.
        """
        if once is not None and self._collected.holds(self._table.name, once):
            return Loaded(0, (), again=True)
        moment = received or datetime.now(UTC)
        with self._apart() as folder:
            return self._collected.guarded(
                self._table.name, lambda: self._load(data, begin, refused, Path(folder), moment, once, fields)
            )

    def _load(
        self, data: Bytes, begin: Begin, refused: Sequence[Problem], folder: Path, moment: datetime,
        once: tuple[str, int] | None, fields: Collection[str] | None,
    ) -> Loaded:  # fmt: skip
        received = round(moment.timestamp() * 1_000_000)
        data, long = without_long(data, begin)
        made = _Made(problems=[*refused, *long])
        if self._transformation is not None:
            data, more = self._transformation.lines(data, first=begin(), received=moment)
            made.problems += more
            fields = None
        if not self._there:
            self._begin(data, received)
        self._piece(made, data, begin, folder, received, fields)
        parts = self._one_part(made.parts, folder)
        if made.problems:
            self._tell(made.problems, folder, moment, once)
        if parts or once is not None:
            self._collected.append(self._table.name, parts, once=once)
        return Loaded(sum(part.rows for part in parts), tuple(made.problems))

    def _begin(self, data: Bytes, received: int) -> None:
        """Make the table. A custom one gets the columns that its first rows show."""
        if self._reading.widens:
            lines = list(numbered(data[: _APART * 8], 1))[:2000]
            done = fitted(lines, self._table, self._reading, received=received, times=self._times)
            known = {column.name for column in shape_of(self._table.name).columns}
            own = [column for column in self._table.columns if column.name not in known]
            self._made(shape_of(self._table.name, [*own, *_columns_of(done)]))
        else:
            self._made(self._table)
        self._there = True

    def _piece(
        self, made: _Made, data: Bytes, begin: Begin, folder: Path, received: int, fields: Collection[str] | None = None
    ) -> None:  # fmt: skip
        """The parts and problems of some lines."""
        if not data or (data[:64].isspace() and bytes(data).isspace()):
            return
        few = len(data) < _FEW and not self._reading.objects
        seen = self._seen(data) if self._reading.closed else frozenset()
        if not few and self._reading.known.issuperset(seen):
            part = self._plain(data, folder, received, fields, seen)
            if part is not None:
                made.parts += [part] if part.rows else []
                return
        pieces = _cut(data, max(_APART, len(data) // _PIECES)) if len(data) > 2 * _APART else ()
        first = begin()
        if len(pieces) < 2:
            self._row_by_row(made, data, first, folder, received)
            return
        for piece in pieces:
            self._piece(made, piece, partial(int, first), folder, received)
            first += piece.count(b"\n")

    def _plain(
        self, data: Bytes, folder: Path, received: int, fields: Collection[str] | None, seen: AbstractSet[str]
    ) -> Part | None:  # fmt: skip
        # Where there are objects, to ask the lines for each mark costs a fifth of asking every object.
        marks = SECRET if seen.isdisjoint(self._reading.objects) else marks_in(data, SECRET)
        return written(
            self._duckdb(), data, self._part_path(folder), self._table, self._reading, received=received,
            times=self._times, block=self._folder() / "block.ndjson", fields=fields, marks=marks,
        )  # fmt: skip

    def _seen(self, data: Bytes) -> AbstractSet[str]:
        """Fields of the first lines."""
        import orjson

        found: set[str] = set()
        for line in bytes(data[:_SAMPLE]).split(b"\n")[:-1]:
            try:
                row = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                found.update(row)
        return found

    def _row_by_row(self, made: _Made, data: Bytes, first: int, folder: Path, received: int) -> None:
        lines = numbered(data, first)
        done = fitted(lines, self._table, self._reading, received=received, times=self._times, clean=self._clean)
        if done.new:
            self._widen(done)
        made.problems += done.problems
        if done.rows:
            made.parts.append(self._part_of(self._table, done.rows, self._part_path(folder)))

    def _widen(self, done: Fitted) -> None:
        columns = (*self._table.columns, *_columns_of(done))
        self._made(Table(self._table.name, columns, self._table.source, plans=self._table.plans))

    def _made(self, shape: Table) -> None:
        self._table = self._collected.made(shape)
        if not self._audit:
            self._reading = reading_of(self._table, time=self._time_field)

    def _one_part(self, parts: list[Part], folder: Path) -> list[Part]:
        """All rows of a block in one file."""
        if len(parts) < 2:
            return parts
        path = self._part_path(folder)
        files = ", ".join("'" + str(part.path).replace("'", "''") + "'" for part in parts)
        whole = copied(self._duckdb(), f"SELECT * FROM read_parquet([{files}], union_by_name = true)", path)  # noqa: S608 -- quoted paths
        for part in parts:
            part.path.unlink()
        return [whole]

    def _part_of(self, table: Table, rows: Sequence[dict[str, Any]], path: Path) -> Part:
        batch = batch_of(table, raw_of_rows(table, rows))
        connection = self._duckdb()
        connection.register("given", batch)
        try:
            return copied(connection, "SELECT * FROM given", path)
        finally:
            connection.unregister("given")

    def _tell(self, problems: Sequence[Problem], folder: Path, moment: datetime, once: tuple[str, int] | None) -> None:
        name = f"{self._table.name}{COMPANION}"
        table = self._collected.made(shape_of(name))
        rows = [
            {
                "TimeGenerated": moment, "_IngestionTime": moment, "Type": name, "Reason": one.reason,
                "Field": one.field, "Kept": one.kept, "Text": one.text, "Origin": self._origin, "Line": one.line,
                **dict.fromkeys(("TenantId", "SourceSystem", "_ResourceId", "_SubscriptionId", "_IsBillable"), ""),
            }
            for one in problems
        ]  # fmt: skip
        path = self._collected.part_path(name) if self._collected.local else folder / "errors" / "part.parquet"
        path.parent.mkdir(exist_ok=True)
        self._collected.append(name, [self._part_of(table, rows, path)], once=once)

    def _part_path(self, folder: Path) -> Path:
        if self._collected.local:
            return self._collected.part_path(self._table.name)
        (folder / "rows").mkdir(exist_ok=True)
        return folder / "rows" / f"part-{time.monotonic_ns()}.parquet"

    def _apart(self) -> AbstractContextManager[str]:
        """A folder for the parts of one batch, where they do not lie in that of the table."""
        if self._collected.local:
            return nullcontext("")
        return tempfile.TemporaryDirectory(dir=self._folder(), ignore_cleanup_errors=True)

    def _folder(self) -> Path:
        """For files in between, as long as this is open."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="lockgate-", ignore_cleanup_errors=True)
        return Path(self._scratch.name)

    def _duckdb(self) -> Any:
        if self._connection is None:
            self._connection = opened()
        return self._connection


def _columns_of(done: Fitted) -> list[Column]:
    return [Column(name, kind, "") for name, kind in done.new.items()]


def _cut(data: Bytes, size: int) -> Sequence[bytes]:
    """Pieces of about ``size`` bytes, of whole lines. A longer line is a piece by itself."""
    pieces, at = [], 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + size) + 1 or data.find(b"\n", at) + 1 or len(data)
        pieces.append(bytes(data[at:end]))
        at = end
    return pieces
