"""``modify`` and ``append`` carried out on a copy of a resource, with what was done, skipped or impossible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.effects import Change, Effect, Modification
from lockgate.policy.azure.fields import Place, Resource, pointer
from lockgate.policy.azure.paths import STAR, Segment, is_tag, parse_path
from lockgate.policy.azure.values import MISSING, Json, ascii_fold, equal

_IDENTITY_TYPES: Final = frozenset((
    "microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to JSON, as in a JSON Patch (RFC 6902)."""

    op: str
    """``add``, ``replace`` or ``remove``."""
    path: str
    """JSON pointer into the resource."""
    value: Json
    """The new value; None for ``remove``."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a modification."""

    json: Json
    """The changed resource; the given one is left alone."""
    edits: tuple[Edit, ...]
    """What was changed, in order."""
    skipped: tuple[str, ...]
    """What was left out, and why."""
    conflicts: tuple[str, ...]
    """What could not be done; the conflict effect then decides."""

    @property
    def changed(self) -> bool:
        """Whether anything was changed."""
        return bool(self.edits)


class _Work:
    """One resource while it is changed. Objects and arrays on the way to a change are copied first."""

    def __init__(self, json: dict[str, Json]) -> None:
        self.json: Json = dict(json)
        self.edits: list[Edit] = []
        self.skipped: list[str] = []
        self.conflicts: list[str] = []


def apply(modification: Modification, resource: Resource, effect: Effect) -> Applied:
    """Carry out the operations whose conditions hold. Operations after a conflict are still tried and told."""
    work = _Work(resource.json)
    for change in modification.changes:
        if not change.applies:
            work.skipped.append(f"{change.field}: the operation's condition does not hold")
            continue
        _change(work, resource, change, effect)
    return Applied(work.json, tuple(work.edits), tuple(work.skipped), tuple(work.conflicts))


def _change(work: _Work, resource: Resource, change: Change, effect: Effect) -> None:
    if is_tag(change.field) or ascii_fold(change.field) == "tags":
        segments = parse_path(change.field)
        if segments is not None:
            _walk(work, segments, change, keep_parents=False)
        return
    if change.operation == "remove":
        work.conflicts.append(f"{change.field}: only tags can be removed")
        return
    folded = ascii_fold(change.field)
    if folded == "identity.type" and ascii_fold(resource.type) not in _IDENTITY_TYPES:
        work.skipped.append("identity.type: only virtual machines and their scale sets can have it changed")
        return
    alias = resource.catalogue.find(change.field, resource.type)
    if effect is Effect.MODIFY and alias is not None and alias.modifiable is False:
        work.conflicts.append(f"{change.field}: the alias is not modifiable")
        return
    plan = resource.catalogue.plan(change.field, resource.type, resource.api_version)
    if not plan:
        work.skipped.append(f"{change.field}: the field belongs to another resource type")
        return
    known = [path for path in plan if resource.read(change.field).path == path]
    path = known[0] if known else plan[0]
    _walk(work, path.segments, change, keep_parents=effect is Effect.MODIFY and folded != "identity.type")


def _walk(work: _Work, segments: tuple[Segment, ...], change: Change, *, keep_parents: bool) -> None:
    """Reach every parent of the value, copying on the way, and change the value there."""
    parents: list[tuple[Json, Place]] = [(work.json, ())]
    for at, segment in enumerate(segments[:-1]):
        following = segments[at + 1]
        nested = at > 0 or ascii_fold(str(segment)) not in ("properties", "tags", "identity")
        reached: list[tuple[Json, Place]] = []
        for parent, place in parents:
            reached += _enter(work, parent, place, segment, following, change, keep=keep_parents and nested)
        parents = reached
    for parent, place in parents:
        _set(work, parent, place, segments[-1], change)


def _enter(
    work: _Work, parent: Json, place: Place, segment: Segment, following: Segment, change: Change, *, keep: bool
) -> list[tuple[Json, Place]]:
    if isinstance(parent, list):
        indexes = range(len(parent)) if segment == STAR else [segment] if isinstance(segment, int) else []
        found: list[tuple[Json, Place]] = []
        for index in indexes:
            if index < len(parent) and isinstance(parent[index], dict | list):
                parent[index] = _copied(parent[index])
                found.append((parent[index], (place, index)))
        return found
    if not isinstance(parent, dict) or not isinstance(segment, str):
        return []
    name = _name(parent, segment)
    child = parent.get(name)
    if child is None:
        if keep:
            work.skipped.append(f"{change.field}: {name} is not present, so it is left out on purpose")
            return []
        child = [] if following == STAR else {}
    if not isinstance(child, dict | list):
        work.conflicts.append(f"{change.field}: {pointer((place, name))} is neither an object nor an array")
        return []
    parent[name] = _copied(child)
    return [(parent[name], (place, name))]


def _copied(value: Json) -> Json:
    return dict(value) if isinstance(value, dict) else list(value)


def _name(parent: dict[str, Json], wanted: str) -> str:
    if wanted in parent:
        return wanted
    folded = ascii_fold(wanted)
    return next((name for name in parent if ascii_fold(name) == folded), wanted)


def _set(work: _Work, parent: Json, place: Place, segment: Segment, change: Change) -> None:
    if segment == STAR:
        if isinstance(parent, list) and not any(equal(one, change.value) for one in parent):
            parent.append(change.value)
            work.edits.append(Edit("add", pointer((place, len(parent) - 1)), change.value))
        return
    if isinstance(segment, int):
        if isinstance(parent, list) and segment < len(parent):
            parent[segment] = change.value
            work.edits.append(Edit("replace", pointer((place, segment)), change.value))
        return
    if not isinstance(parent, dict):
        return
    name = _name(parent, segment)
    _OPERATIONS[change.operation](work, parent, (place, name), name, change)


def _add_or_replace(work: _Work, parent: dict[str, Json], place: Place, name: str, change: Change) -> None:
    old = parent.get(name, MISSING)
    if old is not MISSING and old == change.value and isinstance(old, bool) == isinstance(change.value, bool):
        return
    parent[name] = change.value
    work.edits.append(Edit("add" if old is MISSING else "replace", pointer(place), change.value))


def _add(work: _Work, parent: dict[str, Json], place: Place, name: str, change: Change) -> None:
    old = parent.get(name)
    if old is None:
        parent[name] = change.value
        work.edits.append(Edit("add", pointer(place), change.value))
    elif not equal(old, change.value):
        work.conflicts.append(f"{change.field}: the request has another value already")


def _remove(work: _Work, parent: dict[str, Json], place: Place, name: str, _: Change) -> None:
    if parent.pop(name, MISSING) is not MISSING:
        work.edits.append(Edit("remove", pointer(place), None))


_OPERATIONS: Final[dict[str, Callable[[_Work, dict[str, Json], Place, str, Change], None]]] = {
    "addOrReplace": _add_or_replace,
    "add": _add,
    "remove": _remove,
}
