"""Turns one Terraform resource with its values into a resource of Azure, by the tables of ``azurerm``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.azure._evaluate import Unknown
from lockgate.formats.azure.azurerm import Row, mapping_of
from lockgate.formats.objects import escaped
from lockgate.model import Object

Path = tuple[str | int, ...]
LineOf = Callable[[str], int]
_COMMON = {"name": "name", "location": "location", "tags": "tags", "zones": "zones"}
_PLACED = frozenset(("resource_group_name", "depends_on", "count", "for_each", "provider", "lifecycle", "timeouts"))
"""Arguments that say where and when, and nothing about the resource."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One instance of a resource block, or of a planned resource."""

    type: str
    """``azurerm_storage_account``."""
    address: str
    """``azurerm_storage_account.logs[0]``."""
    arguments: dict[str, Any]
    """Values of attributes; blocks as lists of such dicts; what is not known as :class:`Unknown`."""
    path: str
    line: LineOf
    """The line of a pointer into ``arguments``, or of its nearest ancestor."""
    by: str = ""
    count: str = ""
    """What decides how many there are, where that is not known."""


def to_object(resource: Resource) -> Object | None:
    """The object, or None for a type that has no mapping and is not ``azapi_resource``."""
    mapping = mapping_of(resource.type)
    work = _Work(resource)
    if mapping is not None:
        work.body["type"] = mapping.arm_type
        work.common()
        for row in mapping.rows:
            work.row(row)
        work.used |= {(argument,) for argument in (*mapping.parent, *mapping.joins)}
    elif resource.type == "azapi_resource":
        if not work.azapi():
            return None
    else:
        return None
    return work.finish()


@dataclass(slots=True)
class _Work:
    resource: Resource
    body: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    """ARM pointer -> pointer into the arguments."""
    used: set[Path] = field(default_factory=set)

    def common(self) -> None:
        """What every resource has."""
        for argument, arm in _COMMON.items():
            found = _at(self.resource.arguments, (argument,))
            if found is not None:
                self._put((arm,), found, (argument,))
        zone = _at(self.resource.arguments, ("zone",))
        if zone is not None:
            self._put(("zones",), [zone], ("zone",))
        self._identity()

    def _identity(self) -> None:
        for argument, arm in (("type", "type"), ("identity_ids", "userAssignedIdentities")):
            for path in ((), (0,)):
                place: Path = ("identity", *path, argument)
                found = _at(self.resource.arguments, place)
                if found is None:
                    continue
                if arm == "userAssignedIdentities" and isinstance(found, list):
                    found = {_text(item): {} for item in found}
                self._put(("identity", arm), found, place)

    def row(self, row: Row) -> None:
        """Everything that one line of a table says."""
        if not row.terraform:
            self.body[row.arm[0]] = row.transform[1:]
        for terraform in row.terraform:
            if any("+" in step for step in terraform):
                self._joined(row, terraform)
                return
            found = list(_walk(self.resource.arguments, terraform))
            for place, indices, value in found:
                self._set(row, indices, value, place)
            if found:
                return
        if row.default is not None and row.terraform:
            for place, indices in _blocks(self.resource.arguments, row.terraform[0]):
                self._set(row, indices, row.default, place)

    def _set(self, row: Row, indices: list[int], value: Any, place: Path) -> None:
        arm: list[str | int] = []
        rest = list(indices)
        for step in row.arm:
            arm.append((rest.pop(0) if rest else 0) if step == "[]" else step)
        if row.transform[:1] in ("@", "'"):  # the block is only looked at, and what is in it still to be read
            kept = set(self.used)
            self._put(tuple(arm), _transformed(row.transform, value), place)
            self.used = kept
        else:
            self._put(tuple(arm), _transformed(row.transform, value), place)

    def _joined(self, row: Row, terraform: tuple[str, ...]) -> None:
        """``tier+kind``: two arguments with an underscore between them, as SKUs have it."""
        names = terraform[-1].split("+")
        values = [_at(self.resource.arguments, (name,)) for name in names]
        if any(value is None for value in values):
            return
        known = all(isinstance(value, str) for value in values)
        text = "_".join(map(_text, values))
        self._put(tuple(row.arm), text if known else Unknown(text), (names[-1],))
        self.used.add((names[0],))

    def _put(self, arm: Path, value: Any, place: Path) -> None:
        self.used.add(place)
        self.lines[_pointer(arm)] = _pointer(place)
        target: Any = self.body
        for step, following in zip(arm, [*arm[1:], None], strict=True):
            if isinstance(target, list):
                assert isinstance(step, int)
                target.extend({} for _ in range(step + 1 - len(target)))
            if following is None:
                target[step] = value
                return
            if isinstance(target, dict) and step not in target:
                target[step] = [] if isinstance(following, int) else {}
            if not isinstance(target[step], list if isinstance(following, int) else dict):
                return  # an unknown value already stands for the whole
            target = target[step]

    def azapi(self) -> bool:
        """``azapi_resource`` speaks ARM itself."""
        kind, body = self.resource.arguments.get("type"), self.resource.arguments.get("body")
        if not isinstance(kind, str):
            return False
        self.body["type"], _, version = kind.partition("@")
        if version:
            self.body["apiVersion"] = version
        self.used.add(("type",))
        self.common()
        if isinstance(body, dict):
            for key, value in body.items():
                self._put((key,), value, ("body", key))
            self.used.add(("body",))
        elif isinstance(body, Unknown):
            self._put(("properties",), body, ("body",))
        return True

    def finish(self) -> Object:
        """The object: what has no mapping stands under ``terraform``, and every unknown value is named."""
        rest = _unused(self.resource.arguments, (), self.used) or {}
        kept = {key: value for key, value in rest.items() if key not in _PLACED}
        head = {"type": self.resource.type, "address": self.resource.address}
        counted = {"count": self.resource.count} if self.resource.count else {}
        self.body["terraform"] = {**head, **counted, "arguments": kept}
        unresolved: set[str] = set()
        body = _settled(self.body, "", unresolved)
        lines = _Lines(self.resource.line, self.lines)
        return Object("azure", body, self.resource.path, lines, self.resource.by, frozenset(unresolved))


@dataclass(frozen=True, slots=True)
class _Lines:
    """``line_of`` of a converted resource."""

    line: LineOf
    places: dict[str, str]

    def __call__(self, pointer: str) -> int:
        """The line of the argument that the field came from, or of the nearest ancestor's."""
        if pointer.startswith("/terraform/arguments/"):
            return self.line(pointer.removeprefix("/terraform/arguments"))
        above, below = pointer, ""
        while above:
            if above in self.places:
                return self.line(self.places[above] + below)
            inner = next((place for arm, place in self.places.items() if arm.startswith(above + "/")), None)
            if inner is not None:
                return self.line(inner[: inner.rfind("/")] or "")
            cut = above.rfind("/")
            above, below = above[:cut], above[cut:] + below
        return self.line("")


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _walk(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[Path, list[int], Any]]:
    """Every place that a path of a table names: where it stands, the indices of its ``[]``, and its value."""
    waiting: list[tuple[Any, Path, list[int], tuple[str, ...]]] = [(value, (), [], steps)]
    while waiting:
        here, place, indices, rest = waiting.pop()
        if here is None:
            continue
        if not rest:
            yield place, indices, here
        elif rest[0] == "[]":
            items = here if isinstance(here, list) else [here]
            waiting += [
                (item, (*place, at) if isinstance(here, list) else place, [*indices, at], rest[1:])
                for at, item in reversed(list(enumerate(items)))
            ]
        elif isinstance(here, list) and here:
            waiting.append((here[0], (*place, 0), indices, rest))
        elif isinstance(here, dict):
            waiting.append((here.get(rest[0]), (*place, rest[0]), indices, rest[1:]))
        elif isinstance(here, Unknown):
            yield place, [*indices, *(0 for step in rest if step == "[]")], here


def _blocks(arguments: dict[str, Any], steps: tuple[str, ...]) -> Iterator[tuple[Path, list[int]]]:
    """Where a default counts: each block around the argument that is there."""
    for place, indices, value in _walk(arguments, steps[:-1]):
        if isinstance(value, dict | list):
            yield (*place, steps[-1]), indices


def _transformed(transform: str, value: Any) -> Any:
    if not transform:
        return value
    if transform == "@":
        return not (isinstance(value, bool) and not value)
    if transform.startswith("'"):
        return transform[1:]
    if isinstance(value, Unknown):
        return value
    if transform == "!":
        return not value if isinstance(value, bool) else value
    if transform.startswith("?"):
        yes, _, no = transform[1:].partition(":")
        return (yes if value else no) if not isinstance(value, str) else value
    if transform == "[x]":
        return [value]
    if transform.startswith("[?"):
        return [transform[2:-1]] if value is True else []
    return {_text(item): {} for item in value} if isinstance(value, list) else value


def _unused(value: Any, place: Path, used: set[Path]) -> Any:
    """What no line of a table has taken; None when everything was."""
    if place in used:
        return None
    if isinstance(value, dict):
        kept = {key: left for key, item in value.items() if (left := _unused(item, (*place, key), used)) is not None}
        return kept or (None if value else value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        left = [_unused(item, (*place, at), used) for at, item in enumerate(value)]
        return [item or {} for item in left] if any(left) else None
    if isinstance(value, list) and any((*place, at) in used for at in range(len(value))):
        return None
    return value


def _settled(value: Any, pointer: str, unresolved: set[str]) -> Any:
    """Plain JSON; depth is bounded by what made the arguments."""
    if isinstance(value, Unknown):
        unresolved.add(pointer)
        return value.text
    if isinstance(value, dict):
        return {key: _settled(item, f"{pointer}/{escaped(key)}", unresolved) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item, f"{pointer}/{at}", unresolved) for at, item in enumerate(value)]
    return value


def _pointer(place: Path) -> str:
    return "".join(f"/{escaped(str(step))}" for step in place)


def _text(value: Any) -> str:
    if isinstance(value, Unknown):
        return value.text
    return value if isinstance(value, str) else re.sub(r"\s", "", str(value))[:100]
