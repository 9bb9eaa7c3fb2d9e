"""The compiled advisory store: one SQLite file, read only, asked by package.

``AdvisoryStore.build`` compiles OSV and RustSec records; ``open`` and ``match`` put components to them. What becomes a
finding, and how bad it is, is said in ``scanners.dependencies``.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lockgate.advisories.osv import normal_name
from lockgate.advisories.ranges import smallest_fix
from lockgate.advisories.record import Kind
from lockgate.advisories.versions import KEY_FORM, VersionError, sort_key
from lockgate.errors import StoreError
from lockgate.model import Component, Severity
from lockgate.store._advisory_build import BuildReport, Progress, build
from lockgate.store._advisory_form import APPLICATION_ID, BLOCK, FORM, Body, Entry, entries_of, unpack_block

__all__ = ["AdvisoryStore", "BuildReport", "Match", "Progress"]

_HINT = "run 'lockgate advisories update' to compile it anew"
_BATCH = 500
_RANK = (Kind.MALICIOUS, Kind.VULNERABLE, Kind.UNSOUND, Kind.UNMAINTAINED)


@dataclass(frozen=True, slots=True)
class Match:
    """One flaw in one component: every record of the flaw together."""

    component: Component
    group: str
    """Canonical identifier: CVE before GHSA before others."""
    ids: tuple[str, ...]
    """Every identifier of the flaw, sorted."""
    kind: Kind
    severity: Severity | None
    score: float | None
    vector: str
    epss: float | None
    """Probability of exploitation in the next 30 days, 0 to 1."""
    kev: str
    """Day on which it joined CISA's list of exploited flaws; empty: it has not."""
    summary: str
    reference: str
    fixed_in: str
    """Smallest version that fixes it, of the same major version if there is one; empty: none is known."""
    fixes_all: str
    """Smallest version that no known vulnerability of the package affects; empty: none is known."""


class AdvisoryStore:
    """An open store. Reads only; several processes may hold it open while a new one is put in its place."""

    def __init__(self, connection: sqlite3.Connection, path: Path, meta: Mapping[str, Any]) -> None:
        self._connection = connection
        self._path = path
        self._meta = meta

    @staticmethod
    def build(
        inputs: Iterable[str | Path],
        target: Path,
        *,
        kev: Path | None = None,
        epss: Path | None = None,
        progress: Progress | None = None,
        allow_private: bool = False,
    ) -> BuildReport:
        """Compiles folders, zips, files and https addresses of OSV (JSON, YAML) and RustSec (Markdown) records.

        ``kev`` is CISA's catalogue (JSON), ``epss`` FIRST's scores (CSV, also gzipped). ``target`` is replaced in one
        step at the end. Raises ``SourceError`` for a place that cannot be read, ``StoreError`` for the target.
        """
        return build(inputs, target, kev=kev, epss=epss, progress=progress, allow_private=allow_private)

    @classmethod
    def open(cls, path: Path) -> AdvisoryStore:
        """Raises ``StoreError`` when the file is absent, no advisory store, or of another form."""
        if not path.is_file():
            raise StoreError("there is no advisory store", where=str(path), hint=_HINT)
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            marked = connection.execute("PRAGMA application_id").fetchone()[0]
            if marked != APPLICATION_ID:
                raise StoreError("this is no advisory store", where=str(path), hint=_HINT)
            meta = {key: orjson.loads(value) for key, value in connection.execute("SELECT key, value FROM meta")}
            if meta.get("form") != FORM or meta.get("key_form") != KEY_FORM:
                raise StoreError("the advisory store is of another version", where=str(path), hint=_HINT)
        except (sqlite3.Error, orjson.JSONDecodeError, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError("the advisory store is damaged", where=str(path), hint=_HINT) from error
        return cls(connection, path, meta)

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    def __enter__(self) -> AdvisoryStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def meta(self) -> dict[str, Any]:
        """``built`` and ``newest`` (ISO times), ``advisories``, ``packages``, ``ecosystems`` (name to entries),
        ``sources``, ``kev``, ``epss`` (rows joined), ``skipped`` (reason to count)."""
        return dict(self._meta)

    def match(self, components: Iterable[Component]) -> list[Match]:
        """The flaws of ``components``, in their order. A component without a version, or with one that has no order
        in its ecosystem, matches only advisories that list exactly that version. Raises ``StoreError``."""
        asked = list(components)
        try:
            packages = self._packages({_key(component) for component in asked if component.version})
            hits = [hit for component in asked if (hit := _Hit.of(component, packages)) is not None]
            bodies = self._bodies({entry.record for hit in hits for entry in hit.entries})
            return [match for hit in hits for match in hit.matches(bodies)]
        except (sqlite3.Error, zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
            raise StoreError("the advisory store is damaged", where=str(self._path), hint=_HINT) from error

    def _packages(self, names: set[str]) -> dict[str, list[Entry]]:
        return {
            name: entries_of(stored)
            for name, stored in self._select("SELECT name, entries FROM package WHERE name", names)
        }

    def _bodies(self, records: set[int]) -> dict[int, Body]:
        bodies: dict[int, Body] = {}
        for _, stored in self._select("SELECT id, bodies FROM block WHERE id", {record // BLOCK for record in records}):
            bodies.update(unpack_block(stored, records))
        return bodies

    def _select(self, head: str, keys: set[Any]) -> Iterator[tuple[Any, bytes]]:
        ordered = sorted(keys)
        for at in range(0, len(ordered), _BATCH):
            batch = ordered[at : at + _BATCH]
            yield from self._connection.execute(f"{head} IN ({','.join('?' * len(batch))})", batch)


def _key(component: Component) -> str:
    return f"{component.ecosystem}/{normal_name(component.ecosystem, component.name)}"


@dataclass(frozen=True, slots=True)
class _Hit:
    """A component that at least one advisory holds."""

    component: Component
    key: str
    entries: tuple[Entry, ...]
    """Those that hold it."""
    others: Sequence[Entry]
    """All of the package."""

    @classmethod
    def of(cls, component: Component, packages: Mapping[str, list[Entry]]) -> _Hit | None:
        rows = packages.get(_key(component))
        if not rows or not component.version:
            return None
        try:
            key = sort_key(component.ecosystem, component.version)
        except VersionError:
            key = ""
        entries = tuple(entry for entry in rows if entry.affected.holds(key, component.version))
        return cls(component, key, entries, rows) if entries else None

    def matches(self, bodies: Mapping[int, Body]) -> Iterator[Match]:
        groups: dict[str, list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault(bodies[entry.record].group, []).append(entry)
        fixes_all = self._fixes_all()
        for group, entries in sorted(groups.items()):
            yield self._match(group, entries, [bodies[entry.record] for entry in entries], fixes_all)

    def _fixes_all(self) -> str:
        curable = [entry.affected for entry in self.others if entry.kind in (Kind.VULNERABLE, Kind.UNSOUND)]
        return smallest_fix(self.component.version, self.key, affected=curable) if self.key else ""

    def _match(self, group: str, entries: Sequence[Entry], bodies: Sequence[Body], fixes_all: str) -> Match:
        worst = max(bodies, key=lambda body: (body.score or -1.0, -1 if body.severity is None else body.severity))
        fixed_in = ""
        if self.key:
            fixed_in = smallest_fix(self.component.version, self.key, affected=[entry.affected for entry in entries])
        return Match(
            component=self.component,
            group=group,
            ids=bodies[0].ids,
            kind=min((body.kind for body in bodies), key=_RANK.index),
            severity=worst.severity,
            score=worst.score,
            vector=worst.vector,
            epss=worst.epss,
            kev=worst.kev,
            summary=next((body.summary for body in (worst, *bodies) if body.summary), ""),
            reference=next((body.reference for body in (worst, *bodies) if body.reference), ""),
            fixed_in=fixed_in,
            fixes_all=fixes_all,
        )
