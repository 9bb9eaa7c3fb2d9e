"""The tables of a record as a query sees them: those that rows were ingested into, and our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lockgate.store.ask.tables import Lazy, Source
from lockgate.store.ingest.collected import Collected
from lockgate.tables import Table, tables

if TYPE_CHECKING:
    from lockgate.store.record import Record


class Stored(Lazy):
    """Each is looked up once, when a query names it; what it holds then is what the query sees."""

    def __init__(
        self, record: Record, connection: Any, bounds: tuple[tuple[str, int], ...] = (),
        own: Callable[[Table], Source] | None = None,
    ) -> None:  # fmt: skip
        """``bounds``: which rows are seen by when they were generated, as :class:`Parquet` has it. ``own``: where the
        rows of a table of ours are; without it no rows are asked for."""
        self._collected, self._connection, self._bounds, self._own = Collected(record), connection, bounds, own
        self._within = condition_of(bounds)
        self._columns: dict[str, Mapping[str, str] | None] = {}
        self._sources: dict[str, Source] = {}

    def __getitem__(self, name: str) -> Mapping[str, str]:
        if name not in self._columns:
            table = tables().get(name) or self._collected.get(name)
            self._columns[name] = (
                None if table is None else {column.name: column.type.value for column in table.columns}
            )
        found = self._columns[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self._collected
        yield from tables()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def source(self, name: str) -> Source:
        """Of :class:`Lazy`."""
        if name not in self._sources and self._own is not None and name in tables():
            self._sources[name] = self._own(tables()[name])
        elif name not in self._sources:
            found = self._collected.source(name, self._connection, within=self._bounds)
            files = None if found.files is None else found.files.within(self._seen)
            self._sources[name] = Source(self._seen(found.text), files, found.paths, found.parquet)
        return self._sources[name]

    def _seen(self, source: str) -> str:
        # The filter stands inside, so that whatever the query does it sees no other row.
        return f"(SELECT * FROM {source} WHERE {self._within})" if self._within else source  # noqa: S608 -- our own text


def condition_of(bounds: tuple[tuple[str, int], ...]) -> str:
    """The condition of DuckDB; empty for all rows."""
    return " AND ".join(f"TimeGenerated {sign} make_timestamp({moment})" for sign, moment in bounds)
