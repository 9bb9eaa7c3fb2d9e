"""The rare parts of the ledger, in SQLAlchemy Core: bypasses, acknowledgements, jobs. Imported only when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, create_engine, event, insert, select, update
from sqlalchemy.engine import URL

METADATA = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, METADATA, Column("id", Integer, primary_key=True), *columns)


def _text(name: str) -> Column[Any]:
    return Column(name, String, nullable=False, default="")


BYPASSES = _table(
    "bypasses", _text("run"), _text("who"), _text("reason"), _text("at"), _text("time"), Column("identities", JSON)
)
ACKNOWLEDGEMENTS = _table("waiver_acknowledgements", _text("waiver"), _text("who"), _text("note"), _text("time"))
JOBS = _table("jobs", _text("kind"), _text("detail"), _text("started"), _text("ended"), _text("outcome"))


@dataclass(frozen=True, slots=True)
class Bypass:
    """One push protection that a person passed by."""

    run: str
    who: str
    reason: str
    at: str
    """The hook."""
    time: str
    """ISO, UTC."""
    identities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One person's word that a waiver stands."""

    waiver: str
    who: str
    note: str
    time: str


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work."""

    id: int
    kind: str
    detail: str
    started: str
    ended: str
    """Empty while it runs, and for ever when it was killed."""
    outcome: str


class LedgerSql:
    """The tables in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 10})
        event.listen(self._engine, "connect", _write_ahead)
        METADATA.create_all(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def add_bypass(self, run: str, who: str, reason: str, *, at: str, identities: tuple[str, ...]) -> None:
        """Append one."""
        row = {"run": run, "who": who, "reason": reason, "at": at, "time": _now(), "identities": list(identities)}
        self._add(BYPASSES, row)

    def bypasses(self) -> tuple[Bypass, ...]:
        """All, oldest first."""
        return tuple(Bypass(**{**row, "identities": tuple(row["identities"])}) for row in self._all(BYPASSES))

    def add_acknowledgement(self, waiver: str, who: str, note: str) -> None:
        """Append one."""
        self._add(ACKNOWLEDGEMENTS, {"waiver": waiver, "who": who, "note": note, "time": _now()})

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """All, oldest first."""
        return tuple(Acknowledgement(**row) for row in self._all(ACKNOWLEDGEMENTS))

    def add_job(self, kind: str, detail: str) -> int:
        """Append one; its number."""
        return self._add(JOBS, {"kind": kind, "detail": detail, "started": _now()})

    def end_job(self, number: int, outcome: str) -> None:
        """State its end. ``ValueError`` for a number that is not running."""
        change = update(JOBS).where(JOBS.c.id == number, JOBS.c.ended == "").values(ended=_now(), outcome=outcome)
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount != 1:
                raise ValueError(f"no job {number} is running")

    def jobs(self) -> tuple[Job, ...]:
        """All, oldest first."""
        return tuple(Job(**row, id=number) for number, row in self._numbered(JOBS))

    def _add(self, table: Table, row: Mapping[str, Any]) -> int:
        with self._engine.begin() as connection:
            key = connection.execute(insert(table).values(**row)).inserted_primary_key
            return int(key[0]) if key is not None else 0

    def _all(self, table: Table) -> list[dict[str, Any]]:
        return [row for _, row in self._numbered(table)]

    def _numbered(self, table: Table) -> list[tuple[int, dict[str, Any]]]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(table).order_by(table.c.id)).mappings()
            return [(row["id"], {name: row[name] for name in row if name != "id"}) for row in rows]


def _write_ahead(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
