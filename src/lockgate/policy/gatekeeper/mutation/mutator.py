"""Mutators: Assign, AssignMetadata, ModifySet and AssignImage of ``mutations.gatekeeper.sh``.

Read and checked here; applied in ``apply``. What Gatekeeper refuses is refused, and so is what needs a server that is
not there (external data) or exists no longer (``assignIf``). Source: gatekeeper ``pkg/mutation/mutators``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.fields import Field, group_version_kind, manifest
from lockgate.policy.gatekeeper.match import Match, parse_match
from lockgate.policy.gatekeeper.mutation.image import Image, part_problem
from lockgate.policy.gatekeeper.mutation.location import Entry, Location, Member, parse_location

GROUP = "mutations.gatekeeper.sh"
KINDS = ("Assign", "AssignImage", "AssignMetadata", "ModifySet")
OPERATIONS = ("CREATE", "UPDATE")
"""The requests that Gatekeeper mutates."""
_MAX_NAME = 63
_METADATA = (("metadata", "labels"), ("metadata", "annotations"))


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of ``applyTo``."""

    groups: tuple[str, ...]
    versions: tuple[str, ...]
    kinds: tuple[str, ...]
    operations: tuple[str, ...] = OPERATIONS

    def covers(self, gvk: tuple[str, str, str], operation: str) -> bool:
        """Whether it names this (group, version, kind) and operation; no operation stands for all of them."""
        group, version, kind = gvk
        wanted = {operation} if operation else set(OPERATIONS)
        return (
            group in self.groups and version in self.versions and kind in self.kinds and wanted <= set(self.operations)
        )


@dataclass(frozen=True, slots=True)
class Constant:
    """Sets a value."""

    value: Any


@dataclass(frozen=True, slots=True)
class FromMetadata:
    """Sets the object's own name or namespace."""

    field: str
    """``name`` or ``namespace``."""


@dataclass(frozen=True, slots=True)
class SetValues:
    """Adds values to a list without doubles, or removes them."""

    values: tuple[Any, ...]
    prune: bool = False


@dataclass(frozen=True, slots=True)
class ImageParts:
    """Replaces parts of an image's name."""

    parts: Image


Change = Constant | FromMetadata | SetValues | ImageParts


@dataclass(frozen=True, slots=True)
class Mutator:
    """One mutator."""

    kind: str
    name: str
    location: Location
    change: Change
    match: Match
    targets: tuple[Target, ...] = ()
    """Kinds it applies to; empty for AssignMetadata, which applies to all."""
    tests: Mapping[int, bool] = field(default_factory=dict)
    """Step of the location: whether it must exist (True) or must not (False) for the mutation to happen."""

    @property
    def key(self) -> str:
        """``Kind/name``, unique among mutators; their order is the order in which they apply."""
        return f"{self.kind}/{self.name}"

    @property
    def terminal(self) -> str:
        """What the location ends in, as far as it can be told: ``Set``, ``String`` or empty."""
        return {"ModifySet": "Set", "AssignImage": "String"}.get(self.kind, "")

    @property
    def must_end(self) -> bool:
        """Whether no other mutator may reach below its location."""
        return self.kind == "AssignImage"


def is_mutator(body: object) -> bool:
    """Whether an object is a mutator of any kind."""
    return isinstance(body, dict) and group_version_kind(body)[0] == GROUP


def parse_mutator(body: object) -> Mutator:
    """The mutator that a manifest spells. Raises :class:`PolicyError` with the place."""
    root = manifest(body, kind="mutator")
    group, version, kind = group_version_kind(root.mapping())
    if group != GROUP or kind not in KINDS or version not in ("v1", "v1beta1", "v1alpha1"):
        raise root.get("kind").error(f"is no mutator that is known here: {group}/{version} {kind}"[:200])
    name = root.get("metadata").get("name")
    if len(name.text()) > _MAX_NAME:
        raise name.error(f"is longer than {_MAX_NAME} characters")
    spec = root.get("spec")
    place = spec.get("location")
    location = parse_location(place.text(), where=f"{place.owner}: {place.path}")
    change = _change(kind, spec.get("parameters"), location)
    metadata = kind == "AssignMetadata"
    _check_location(kind, place, location)
    return Mutator(
        kind=kind,
        name=name.text(),
        location=location,
        change=change,
        match=parse_match(spec.get("match")),
        targets=() if metadata else _targets(spec.get("applyTo")),
        tests={len(location) - 1: False} if metadata else _tests(spec.get("parameters").get("pathTests"), location),
    )


def _check_location(kind: str, place: Field, location: Location) -> None:
    if kind == "AssignMetadata":
        names = tuple(step.name for step in location if isinstance(step, Member))
        if len(location) != 3 or len(names) != 3 or names[:2] not in _METADATA:
            raise place.error("must be metadata.labels.<key> or metadata.annotations.<key>")
        return
    if location[0] == Member("metadata"):
        raise place.error("may not change metadata", hint="AssignMetadata adds labels and annotations")
    last, before = location[-1], location[-2] if len(location) > 1 else None
    if kind != "Assign" and isinstance(last, Entry):
        raise place.error("may not end in a list entry")
    if kind != "ModifySet" and isinstance(before, Entry) and last == Member(before.key):
        raise place.error("may not change the key that finds the list entry")


def _change(kind: str, parameters: Field, location: Location) -> Change:
    if kind == "ModifySet":
        operation = parameters.get("operation").choice(("merge", "prune"), "merge")
        return SetValues(tuple(parameters.get("values").get("fromList").sequence()), operation == "prune")
    if kind == "AssignImage":
        parts = Image(*(parameters.get(name).text() for name in ("assignDomain", "assignPath", "assignTag")))
        problem = part_problem(parts)
        if problem:
            raise parameters.error(problem)
        return ImageParts(parts)
    return _assigned(kind, parameters, location)


def _assigned(kind: str, parameters: Field, location: Location) -> Change:
    if parameters.get("assignIf"):
        raise parameters.get("assignIf").error("exists no longer in Gatekeeper", hint="use pathTests")
    assign = parameters.get("assign")
    given = [name for name in ("value", "fromMetadata", "externalData") if assign.get(name)]
    if len(given) != 1:
        raise assign.error("must have exactly one of value and fromMetadata")
    if given == ["externalData"]:
        raise assign.get("externalData").error(
            "cannot be evaluated: it asks a server, and the answer could not be replayed", hint="use value"
        )
    last = location[-1]
    if given == ["fromMetadata"]:
        if isinstance(last, Entry):
            raise assign.error("may not assign a metadata field to a list entry")
        source = assign.get("fromMetadata").get("field")
        source.filled()
        return FromMetadata(source.choice(("name", "namespace")))
    value = assign.get("value")
    if kind == "AssignMetadata" and not isinstance(value.value, str):
        raise value.error("must be a string")
    if isinstance(last, Entry):
        if last.value is None:
            raise assign.error("may not be assigned to every entry of a list")
        if not last.is_at(value.value):
            raise value.error(f"must be a mapping whose {last.key} is {last.value!r}, as the location says")
    return Constant(value.value)


def _targets(apply_to: Field) -> tuple[Target, ...]:
    targets = []
    for entry in apply_to.items():
        groups, versions, kinds = (entry.get(name).texts() for name in ("groups", "versions", "kinds"))
        if not (groups and versions and kinds):
            raise entry.error("must name groups, versions and kinds")
        if "*" in (*groups, *versions, *kinds):
            raise entry.error("may not hold '*'")
        operations = tuple(item.choice((*OPERATIONS, "*")) for item in entry.get("operations").items())
        if len(set(operations)) != len(operations) or ("*" in operations and len(operations) > 1):
            raise entry.get("operations").error("names an operation twice, or '*' among others")
        targets.append(
            Target(groups, versions, kinds, OPERATIONS if not operations or "*" in operations else operations)
        )
    if not targets:
        raise apply_to.error("is missing")
    return tuple(targets)


def _tests(path_tests: Field, location: Location) -> dict[int, bool]:
    tests: dict[int, bool] = {}
    for entry in path_tests.items():
        place = entry.get("subPath")
        path = parse_location(place.text(), where=f"{place.owner}: {place.path}")
        if path != location[: len(path)]:
            raise place.error("is not the beginning of the location")
        must = entry.get("condition").choice(("MustExist", "MustNotExist"))
        if not must:
            raise entry.get("condition").error("is missing")
        if tests.setdefault(len(path) - 1, must == "MustExist") != (must == "MustExist"):
            raise entry.error("says MustExist and MustNotExist of one place")
    forbidden = min((step for step, must in tests.items() if not must), default=None)
    if forbidden is not None and any(must and step > forbidden for step, must in tests.items()):
        raise path_tests.error("says MustExist below a place that MustNotExist")
    return tests
