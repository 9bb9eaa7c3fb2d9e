"""Stored bills of images: what was installed in each image, as the newest run that read it said.

One connection over the tables ``Images``, ``ImageLayers``, ``Components`` and ``Findings`` as they stand, and over what
``lockgate collect`` says runs (``store._running``). Components that are the same in thousands of images are handed out
once, by a number, because what advisories say of them is the same too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from lockgate.cycles import unsearched
from lockgate.dataclass import dataclass
from lockgate.model import Component, ComponentKind, ImageFacts, LayerFacts, Scope

if TYPE_CHECKING:
    from lockgate.store.record import Record

_TABLES = ("Runs", "Images", "ImageLayers", "Components", "Findings")
_MEMORY = "1GB"
_SAME = ("Ecosystem", "Name", "PackageVersion", "SourcePackage", "SourceVersion", "Owner", "Purl")
"""What advisories are asked by: components that agree in these have the same flaws. As the fields of :class:`Part`."""
_KEY = ", ".join(_SAME)
_KEYS = 1 << 32
"""More than there are flaws: an image and a flaw are one number, the place of the image times this and the flaw's."""
_EQUAL = " AND ".join(f"c.{name} = p.{name}" for name in _SAME)
_ONE_BY_ONE = 3
"""Names of packages that are asked for each by itself."""
_IMAGE = (
    "ImageDigest", "IndexDigest", "ConfigDigest", "Name", "Registry", "Repository", "Tag", "Platform", "RunId",
    "BaseName", "BaseDigest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image whose bill is stored."""

    facts: ImageFacts
    """Its names and digests; layers only where they were asked for."""
    run: str
    """The run whose components are the bill."""


class Part(NamedTuple):
    """One component of stored bills: as much of it as advisories are asked by; what these words mean a component says.

    Half a million of them are made at once, in a fifth of the time that as many components take.
    """

    number: int
    """By which :meth:`Bills.held` finds it."""
    ecosystem: str
    name: str
    version: str
    source: str
    source_version: str
    owner: str
    purl: str

    def component(self) -> Component:
        """The same as a component, without path and layer."""
        return Component(
            self.ecosystem, self.name, self.version, "", source=self.source, source_version=self.source_version,
            owner=self.owner, purl=self.purl,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """One component in one image."""

    number: int
    """Of the component (:meth:`Bills.distinct`)."""
    image: str
    """Digest of the image."""
    path: str
    """The file that states the component."""
    layer: str
    """Digest of the layer that brought it; empty when unknown."""


class Bills:
    """What is stored now. Closed with the block of :func:`bills_of`."""

    def __init__(self, record: Record, connection: Any) -> None:
        self.record, self.connection = record, connection
        self._rows = "Components"
        # Of each name the newest image has a place, a number that stands for it.
        connection.execute(
            "CREATE TEMP TABLE image AS SELECT *, CASE WHEN row_number() OVER (PARTITION BY Name "  # noqa: S608 -- names of ours
            "ORDER BY TimeGenerated DESC, RunId) = 1 THEN row_number() OVER () END AS place "
            f"FROM (SELECT {', '.join(_IMAGE)}, TimeGenerated FROM Images WHERE Inventoried "
            "QUALIFY row_number() OVER (PARTITION BY ImageDigest ORDER BY TimeGenerated DESC, RunId) = 1)"
        )

    def ask(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement of ours. Raises ``StoreError``."""
        return self.record.guarded("Images", lambda: list(self.connection.execute(statement, values).fetchall()))

    def images(self) -> dict[str, StoredImage]:
        """The images by digest, each with its newest bill; those that were read last come first."""
        names = ", ".join(_IMAGE)
        rows = self.ask(f"SELECT {names} FROM image ORDER BY TimeGenerated DESC, ImageDigest")  # noqa: S608 -- names of ours
        return {row[0]: _stored(row) for row in rows}

    def distinct(self, names: Collection[str] | None = None) -> list[Part]:
        """Every component of these bills once, by ecosystem and name.

        ``names``: only of packages, or source packages, that are called so.
        """
        self._rows = "Components"
        if names is not None:  # few rows, which are asked for twice
            statement, values = _called(sorted(names))
            self.ask(f"CREATE OR REPLACE TEMP TABLE candidate AS {statement}", values)
            self._rows = "candidate"
        # Which images have a component is gathered at once, since to look for it in all bills again costs as much.
        self.ask(
            "CREATE OR REPLACE TEMP TABLE part AS SELECT row_number() OVER () AS number, * FROM "  # noqa: S608 -- names of ours
            f"(SELECT {_KEY}, list(place) FILTER (place IS NOT NULL) AS places FROM {self._rows} "
            "JOIN (SELECT RunId, place FROM image) USING (RunId) "
            f"WHERE ComponentKind <> 'operating-system' AND PackageVersion <> '' GROUP BY {_KEY})"
        )
        with unsearched():
            rows = self.ask(f"SELECT number, {_KEY} FROM part ORDER BY Ecosystem, Name, number")  # noqa: S608 -- as above
            return list(map(Part._make, rows))

    def held(self, numbers: Collection[int]) -> list[Held]:
        """Where components of :meth:`distinct` are, in the order of images, paths and numbers."""
        rows = self.ask(
            f"SELECT DISTINCT p.number, i.ImageDigest, c.Path, c.Layer FROM {self._rows} c "  # noqa: S608 -- names of ours
            f"JOIN part p ON {_EQUAL} JOIN image i ON c.RunId = i.RunId WHERE p.number IN (SELECT unnest(?)) "
            "ORDER BY i.ImageDigest, c.Path, p.number",
            [sorted(numbers)],
        )
        return [Held(*row) for row in rows]

    def unsettled(self, expected: Sequence[tuple[int, str, str]], left_out: Sequence[str] = ()) -> list[str]:
        """Digests of images whose findings are others than their newest run told, of each name the newest image alone.

        ``expected``: number of a part of :meth:`distinct`, rule, key of the subject. Findings that are waived count as
        told. ``left_out``: rules whose findings no advisory tells of.
        """
        names = {key: at for at, key in enumerate(dict.fromkeys(one[1:] for one in expected))}
        flaws = [(number, names[rule, subject]) for number, rule, subject in expected]
        self._listed("flaw", ("number", "key"), ("BIGINT", "BIGINT"), flaws)
        self._listed("named", ("key", "Rule", "SubjectKey"), ("BIGINT", "VARCHAR", "VARCHAR"),
                     [(at, *key) for key, at in names.items()])  # fmt: skip
        # There may be millions of pairs of an image and a flaw, so each is one number, and both sides meet in one join.
        self.ask(
            f"CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(places) * {_KEYS} + key AS pair "  # noqa: S608 -- a number
            "FROM part JOIN flaw USING (number)"
        )
        self.ask(
            f"CREATE OR REPLACE TEMP TABLE told AS SELECT i.place * {_KEYS} + coalesce(n.key, {_KEYS} - 1) AS pair "  # noqa: S608 -- as above
            "FROM Findings f JOIN image i ON f.RunId = i.RunId LEFT JOIN named n "
            "ON f.Rule = n.Rule AND f.SubjectKey = n.SubjectKey WHERE i.place IS NOT NULL "
            "AND f.State <> 'fixed' AND f.Family = 'dependencies' AND NOT list_contains(?::VARCHAR[], f.Rule)",
            [list(left_out)],
        )
        rows = self.ask(
            f"SELECT ImageDigest FROM image WHERE place IN (SELECT coalesce(w.pair, t.pair) // {_KEYS} FROM wanted w "  # noqa: S608 -- as above
            "FULL JOIN told t ON w.pair = t.pair WHERE w.pair IS NULL OR t.pair IS NULL) ORDER BY ImageDigest"
        )
        return [digest for (digest,) in rows]

    def _listed(self, name: str, columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table of ours with those rows."""
        values: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
        made = ", ".join(f"unnest(?::{kind}[]) AS {column}" for column, kind in zip(columns, types, strict=True))
        self.ask(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {made}", values)

    def whole(self, image: StoredImage) -> tuple[StoredImage, list[Component]]:
        """The image with its layers, and its bill in the order in which it was read."""
        rows = self.ask(
            "SELECT Ecosystem, Name, PackageVersion, Path, Line, Direct, Parents, Via, Scope, Licence, Hashes, Purl, "
            "Requirement, ComponentKind, SourcePackage, SourceVersion, Architecture, Layer, Owner FROM Components "
            "WHERE RunId = ?", [image.run],
        )  # fmt: skip
        [facts] = self.ask(
            "SELECT User, Entrypoint, Command, WorkingDir, Ports, Volumes, Variables, Labels, Healthcheck, "
            "coalesce(strftime(Created, '%Y-%m-%dT%H:%M:%SZ'), '') FROM Images WHERE RunId = ? AND ImageDigest = ?",
            [image.run, image.facts.digest],
        )
        layers = self.ask(
            "SELECT Position, Digest, DiffId, MediaType, PackedBytes, Instruction, Line, "
            "coalesce(strftime(Created, '%Y-%m-%dT%H:%M:%SZ'), '') FROM ImageLayers WHERE RunId = ? "
            "AND ImageDigest = ? ORDER BY Position", [image.run, image.facts.digest],
        )  # fmt: skip
        user, entrypoint, command, folder, ports, volumes, variables, labels, healthcheck, created = facts
        told = replace(
            image.facts, user=user, entrypoint=_texts(entrypoint), command=_texts(command), working_dir=folder,
            ports=_texts(ports), volumes=_texts(volumes), variables=_texts(variables), labels=orjson.loads(labels),
            healthcheck=healthcheck, created=created, layers=tuple(LayerFacts(*row) for row in layers),
        )  # fmt: skip
        return replace(image, facts=told), [_component(row) for row in rows]


@contextmanager
def bills_of(record: Record) -> Iterator[Bills]:
    """The stored bills of a record. Raises ``StoreError``; what is asked within the block raises it too."""
    from lockgate.store import _query

    snapshots = {name: record.delta(name) for name in _TABLES}
    connection = record.guarded("Images", lambda: _query.opened(snapshots, memory=_MEMORY, place=record.place))
    try:
        yield record.guarded("Images", lambda: Bills(record, connection))
    finally:
        connection.close()


def _called(names: Sequence[str]) -> tuple[str, list[str]]:
    """The statement for components of packages, or source packages, that are called so, each once, with its values.

    One value is compared while a column is read, in a third of the time that a list takes, and a list while the files
    are, which a table of them is not.
    """
    places = ", ".join("?" * len(names)) or "NULL"
    rows = f"SELECT {_KEY}, RunId, Path, Layer, ComponentKind FROM Components WHERE"  # noqa: S608 -- names of ours
    if not 0 < len(names) <= _ONE_BY_ONE:
        return f"{rows} Name IN ({places}) OR SourcePackage IN ({places})", [*names, *names]
    own = [f"{rows} Name = ?"] * len(names)
    built = [f"{rows} SourcePackage = ? AND Name NOT IN ({places})"] * len(names)
    return " UNION ALL ".join((*own, *built)), [*names, *(value for name in names for value in (name, *names))]


def _stored(row: Sequence[Any]) -> StoredImage:
    digest, index, config, name, registry, repository, tag, platform, run, base_name, base_digest = row
    facts = ImageFacts(
        digest, index, config, name, registry, repository, tag, platform, base_name=base_name, base_digest=base_digest,
        inventoried=True,
    )  # fmt: skip
    return StoredImage(facts, run)


def _component(row: Sequence[Any]) -> Component:
    ecosystem, name, version, path, line, direct, parents, via, scope, licence, *more = row
    hashes, purl, requirement, kind, source, source_version, architecture, layer, owner = more
    return Component(
        ecosystem, name, version, path, line, direct, _texts(parents), _texts(via), Scope(scope), licence,
        _texts(hashes), purl, requirement, ComponentKind(kind), source, source_version, architecture, layer, owner,
    )  # fmt: skip


def _texts(stored: str) -> tuple[str, ...]:
    return tuple(orjson.loads(stored))
