"""A resource as the fields of policies see it: names resolved to values, each with its place in the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.policy.azure.aliases import Catalogue
from lockgate.policy.azure.paths import STAR, Path, Segment
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, get
from lockgate.policy.errors import EvaluationError

Place = tuple[Any, ...]
"""A place in JSON: empty for the whole, else ``(place of the parent, name or index)``."""

Cell = tuple[Json, Place]
"""A value and its place; the value is MISSING, and the place that of the nearest parent, where there is none."""

Bound = Mapping[tuple[Segment, ...], Cell]
"""Counted arrays, by folded path, and the one member that stands for each."""

NOTHING_BOUND: Final[Bound] = {}

MAX_CELLS: Final = 100_000
"""Values that one field may select; Azure's own limit on what a function returns is lower."""


class _NoArray:
    """Stands for the members of an array that is not there; a condition reads it as one missing value."""

    __slots__ = ()


_NO_ARRAY = _NoArray()


@dataclass(frozen=True, slots=True)
class Selection:
    """What one field selects."""

    cells: tuple[Cell, ...]
    """The values a condition must hold for. An array that is missing counts as one missing value."""
    collection: bool
    """Whether the name has ``[*]``, so that ``field()`` gives an array."""
    members: tuple[Json, ...]
    """The values that exist, as ``field()`` returns them."""
    counted: tuple[Cell, ...]
    """The members that ``count`` walks over."""
    path: Path | None
    """The path that was taken; None when the field belongs to another resource type."""
    plan: tuple[Path, ...]
    """Every path that was considered."""


def pointer(place: Place) -> str:
    """The JSON pointer (RFC 6901) of a place."""
    names: list[str] = []
    while place:
        place, name = place
        names.append(str(name).replace("~", "~0").replace("/", "~1"))
    return "".join("/" + name for name in reversed(names))


_NO_ALIASES: Final = Catalogue()


class Resource:
    """One Resource Manager resource (JSON), with a catalogue of aliases. Hold on to it to judge many policies.

    ``api_version`` chooses paths of aliases; without it the resource's own ``apiVersion`` does. ``id`` is the JSON's,
    or empty until somebody who knows where the resource will stand sets it.
    """

    __slots__ = ("_read", "api_version", "catalogue", "id", "json", "type")

    def __init__(self, json: Json, catalogue: Catalogue | None = None, *, api_version: str = "") -> None:
        self.json = json if isinstance(json, dict) else {}
        self.catalogue = catalogue if catalogue is not None else _NO_ALIASES
        kind = get(self.json, "type")
        self.type: str = kind if isinstance(kind, str) else ""
        identity = get(self.json, "id")
        self.id: str = identity if isinstance(identity, str) else ""
        own = get(self.json, "apiVersion")
        self.api_version: str = api_version or (own if isinstance(own, str) else "")
        self._read: dict[str, Selection] = {}

    def read(self, name: str, bound: Bound = NOTHING_BOUND) -> Selection:
        """What the field ``name`` selects. Raises :class:`EvaluationError` when it selects too many values."""
        if bound and "[*]" in name:
            return self._select(name, bound)
        found = self._read.get(name)
        if found is None:
            found = self._select(name, NOTHING_BOUND)
            self._read[name] = found
        return found

    def current(self, name: str, bound: Bound) -> Json:
        """What ``current(name)`` gives inside ``count``: one value, or an array where more ``[*]`` follow."""
        found = self.read(name, bound)
        path = found.path
        taken = next((n for n in path.stars if path.folded[:n] in bound), 0) if path is not None else 0
        if path is not None and path.stars and path.stars[0] > taken:
            return list(found.members)
        return found.members[0] if found.members else MISSING

    def value(self, name: str) -> Json:
        """The one value of a field without ``[*]``; MISSING when there is none."""
        found = self._read.get(name)
        return (found if found is not None else self.read(name)).cells[0][0]

    def _select(self, name: str, bound: Bound) -> Selection:
        special = _SPECIAL.get(ascii_fold(name))
        if special is not None:
            return special(self)
        plan = self.catalogue.plan(name, self.type, self.api_version)
        best: tuple[list[Cell], Path] | None = None
        for path in plan:
            cells = self._walk(path, bound)
            if best is None or _found(cells):
                best = (cells, path)
            if _found(cells):
                break
        if best is None:
            cell = (MISSING, ())
            return Selection((cell,), "[*]" in name, (), (), None, plan)
        return _selection(*best, plan)

    def _walk(self, path: Path, bound: Bound) -> list[Cell]:
        cells: list[Cell] = [(self.json, ())]
        rest: tuple[Segment, ...] = path.segments
        for length in path.stars if bound else ():
            start = bound.get(path.folded[:length])
            if start is not None:
                cells, rest = [start], path.segments[length:]
                break
        for segment in rest:
            cells = _members(cells) if segment == STAR else [_step(cell, segment, path.flatten) for cell in cells]
        return cells


def _members(cells: list[Cell]) -> list[Cell]:
    found: list[Cell] = []
    for value, place in cells:
        if isinstance(value, list):
            found += [(member, (place, at)) for at, member in enumerate(value)]
        else:
            found.append((_NO_ARRAY, place))
    if len(found) > MAX_CELLS:
        raise EvaluationError(f"a field selects more than {MAX_CELLS} values")
    return found


def _step(cell: Cell, segment: Segment, flatten: bool) -> Cell:
    value, place = cell
    if isinstance(segment, int):
        if isinstance(value, list) and segment < len(value):
            return value[segment], (place, segment)
        return (value if value is _NO_ARRAY else MISSING), place
    if not isinstance(value, dict):
        return (value if value is _NO_ARRAY else MISSING), place
    found, name = _property(value, segment)
    if found is MISSING and flatten:
        inner, inner_name = _property(value, "properties")
        if isinstance(inner, dict):
            below, name = _property(inner, segment)
            if below is not MISSING:
                return below, ((place, inner_name), name)
    return (MISSING, place) if found is MISSING else (found, (place, name))


def _property(value: dict[str, Json], name: str) -> tuple[Json, str]:
    found = value.get(name, MISSING)
    if found is not MISSING:
        return found, name
    wanted = ascii_fold(name)
    for key, member in value.items():
        if ascii_fold(key) == wanted:
            return member, key
    return MISSING, name


def _found(cells: list[Cell]) -> bool:
    """Whether a path leads anywhere: an empty array does, values that are all absent do not."""
    return not cells or any(value is not MISSING and value is not _NO_ARRAY for value, _ in cells)


def _selection(cells: list[Cell], path: Path, plan: tuple[Path, ...]) -> Selection:
    collection = bool(path.stars)
    counted = tuple(cell for cell in cells if cell[0] is not _NO_ARRAY)
    members = tuple(value for value, _ in counted if value is not MISSING)
    shown = tuple((MISSING, place) if value is _NO_ARRAY else (value, place) for value, place in cells)
    return Selection(shown, collection, members, counted, path, plan)


def _plain(value: Json, place: Place) -> Selection:
    members = () if value is MISSING else (value,)
    return Selection(((value, place),), False, members, members and ((value, place),), None, ())


def _name(resource: Resource) -> Selection:
    """The resource's own name: the last part of ``parent/child``."""
    value, key = _property(resource.json, "name")
    if isinstance(value, str) and "/" in value:
        value = value.rsplit("/", 1)[1]
    return _plain(value, ((), key) if value is not MISSING else ())


def _full_name(resource: Resource) -> Selection:
    """``parent/child``: given, or read from the id, or the name when it already holds its parents."""
    value, key = _property(resource.json, "fullName")
    if value is not MISSING:
        return _plain(value, ((), key))
    identity, key = _property(resource.json, "id")
    if isinstance(identity, str) and "/providers/" in identity.lower():
        tail = identity[identity.lower().rindex("/providers/") :].strip("/").split("/")
        return _plain("/".join(tail[3::2]) or MISSING, ((), key))
    value, key = _property(resource.json, "name")
    return _plain(value, ((), key) if value is not MISSING else ())


def _api_version(resource: Resource) -> Selection:
    value, key = _property(resource.json, "apiVersion")
    if resource.api_version:
        return _plain(resource.api_version, ((), key) if value is not MISSING else ())
    return _plain(value, ())


_SPECIAL: Final = {"name": _name, "fullname": _full_name, "apiversion": _api_version}
