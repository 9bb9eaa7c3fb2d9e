"""The compiled advisory store: one SQLite file, read only, asked by package.

``AdvisoryStore.build`` compiles OSV and RustSec records; ``open`` and ``match`` put components to them. What becomes a
finding, and how bad it is, is said in ``scanners.dependencies``.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.advisories.versions import KEY_FORM
from lockgate.cycles import unsearched
from lockgate.errors import StoreError
from lockgate.model import Component
from lockgate.store._advisory_form import (
    APPLICATION_ID,
    BLOCK,
    FORM,
    NAMES,
    Body,
    mark_of,
    unpack_block,
    unpack_names,
    unpack_package,
)
from lockgate.store._advisory_match import Flawed, Match, Package, matches_of
from lockgate.store._advisory_questions import Asked, Questions, own_name

if TYPE_CHECKING:
    from lockgate.store._advisory_build import BuildReport, Progress

__all__ = ["AdvisoryStore", "Asked", "Body", "Match"]

_HINT = "run 'lockgate advisories update' to compile it anew"
_BATCH = 500
_DAMAGES = (sqlite3.Error, zlib.error, ValueError, KeyError, TypeError, IndexError)
"""What reading a damaged store comes to."""


class AdvisoryStore:
    """An open store. Reads only; several processes may hold it open while a new one is put in its place."""

    def __init__(self, connection: sqlite3.Connection, path: Path, meta: Mapping[str, Any]) -> None:
        self._connection = connection
        self._path = path
        self._meta = meta
        self._questions = Questions(meta["ecosystems"])

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
        from lockgate.store._advisory_build import build  # brings the network along, which asking never needs

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
            with unsearched():
                hits = self._hits(asked)
                return list(_each_once(asked, hits, self._bodies_of(hits)))
        except _DAMAGES as error:
            raise self._damaged() from error

    def told(self, asked: Sequence[Asked]) -> list[tuple[int, Body]]:
        """What is said of each of ``asked``, by its place among them: as :meth:`match`, but not of fixes. Raises
        ``StoreError``."""
        try:
            with unsearched():
                hits = self._hits(asked)
                bodies = self._bodies_of(hits)
                found = ((at, bodies[body]) for at, flawed in hits for body, _ in flawed.found)
                once = {(at, body.group): body for at, body in found}  # several names of a package may have one flaw
                return [(at, body) for (at, _), body in once.items()]
        except _DAMAGES as error:
            raise self._damaged() from error

    def _hits(self, asked: Sequence[Asked]) -> list[tuple[int, Flawed]]:
        """Those that have flaws, by their places, once for each name under which they have them."""
        questions = [(at, key, version) for at, one in enumerate(asked) for key, version in self._questions.of(one)]
        packages = self._packages({key for _, key, version in questions if version})
        hits = []
        for at, key, version in questions:
            package = packages.get(key)
            if package is not None and version and (flawed := package.flawed(asked[at].ecosystem, version)) is not None:
                hits.append((at, flawed))
        return hits

    def _damaged(self) -> StoreError:
        return StoreError("the advisory store is damaged", where=str(self._path), hint=_HINT)

    def knows(self, component: Component) -> bool:
        """Whether it holds advisories about the ecosystem, of a distribution about that release."""
        return self._questions.known(component)

    def speaks_of(self, components: Iterable[Component]) -> set[Component]:
        """Those whose package has any advisory, whatever the version. Raises ``StoreError``."""
        keys = {one: [key for key, _ in self._questions.of(one)] for one in components}
        try:
            wanted = {key for many in keys.values() for key in many}
            held = {name for name, _ in self._select("SELECT name, 0 FROM package WHERE name", wanted)}
        except sqlite3.Error as error:
            raise self._damaged() from error
        return {one for one, many in keys.items() if not held.isdisjoint(many)}

    def packages_of(self, identifiers: Iterable[str]) -> set[str]:
        """Names, without their ecosystems, of the packages that flaws with these identifiers were found in; perhaps of
        a few others too. Empty where the store knows none of them. Raises ``StoreError``."""
        marks = {mark_of(one) for one in identifiers}
        try:
            flaws = {flaw for _, flaw in self._select("SELECT mark, flaw FROM alias WHERE mark", marks)}
            blocks = self._select("SELECT id, packages FROM names WHERE id", {flaw // NAMES for flaw in flaws})
            packages = [name for block, stored in blocks for name in unpack_names(block, stored, flaws)]
        except (sqlite3.Error, zlib.error, ValueError, TypeError) as error:
            raise self._damaged() from error
        return {own_name(package) for package in packages}

    def _packages(self, names: set[str]) -> dict[str, Package]:
        rows = self._select("SELECT name, entries FROM package WHERE name", names)
        return {name: Package(unpack_package(stored)) for name, stored in rows}

    def _bodies_of(self, hits: Sequence[tuple[int, Flawed]]) -> dict[int, Body]:
        bodies: dict[int, Body] = {}
        numbers = {body for flawed in {flawed for _, flawed in hits} for body, _ in flawed.found}
        for block, stored in self._select("SELECT id, bodies FROM block WHERE id", {one // BLOCK for one in numbers}):
            bodies.update(unpack_block(block, stored, numbers))
        return bodies

    def _select(self, head: str, keys: set[Any]) -> Iterator[tuple[Any, Any]]:
        ordered = sorted(keys)
        for at in range(0, len(ordered), _BATCH):
            batch = ordered[at : at + _BATCH]
            yield from self._connection.execute(f"{head} IN ({','.join('?' * len(batch))})", batch)


def _each_once(
    asked: Sequence[Component], hits: Sequence[tuple[int, Flawed]], bodies: Mapping[int, Body]
) -> Iterator[Match]:
    """Every flaw of a component once, whichever of the names it was asked under had it."""
    for at, several in groupby(hits, key=itemgetter(0)):
        component = asked[at]
        (_, flawed), *more = several
        matches = matches_of(component, flawed, bodies)
        yield from matches
        if not more:
            continue
        groups = {match.group for match in matches} if component.source else set()
        for _, flawed in more:  # a package of a distribution, asked for under several names
            matches = [match for match in matches_of(component, flawed, bodies) if match.group not in groups]
            yield from matches
            if component.source:
                groups.update(match.group for match in matches)
