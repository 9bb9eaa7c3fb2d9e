"""The dependency review: what a change adds, removes and changes among components. Pure.

Which of it is vulnerable is asked of the store by the caller (``Review.arrived`` are the components to ask about).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cmp_to_key

from lockgate.advisories.versions import VersionError
from lockgate.advisories.versions import compare as compare_versions
from lockgate.model import Component


class Direction(StrEnum):
    """Where a version went."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    OTHER = "other"  # the order is not known, or only the licence or the place in the tree changed


@dataclass(frozen=True, slots=True)
class Change:
    """One package of one file that both sides have, differently."""

    before: Component
    after: Component
    direction: Direction

    @property
    def version_changed(self) -> bool:
        """Whether the version is another."""
        return self.before.version != self.after.version

    @property
    def licence_changed(self) -> bool:
        """Whether the stated licence is another; a licence that only one side states counts."""
        return self.before.licence != self.after.licence


@dataclass(frozen=True, slots=True)
class Review:
    """The difference of two sides, each part sorted by file, ecosystem, name and version."""

    added: tuple[Component, ...]
    removed: tuple[Component, ...]
    changed: tuple[Change, ...]

    @property
    def arrived(self) -> tuple[Component, ...]:
        """Components at versions that were not there before."""
        return (*self.added, *(change.after for change in self.changed if change.version_changed))

    @property
    def left(self) -> tuple[Component, ...]:
        """Components at versions that are no longer there."""
        return (*self.removed, *(change.before for change in self.changed if change.version_changed))

    @property
    def licences(self) -> tuple[Change, ...]:
        """Changes that bring another licence."""
        return tuple(change for change in self.changed if change.licence_changed)


_Place = tuple[str, str, str]


def compare(base: Sequence[Component], head: Sequence[Component]) -> Review:
    """What ``head`` has otherwise than ``base``. A package that moved to another file is neither added nor removed.

    Several versions of a package in one file are paired from the oldest on; what finds no partner was added or removed.
    """
    before, after = _by_place(base), _by_place(head)
    added: list[Component] = []
    removed: list[Component] = []
    changed: list[Change] = []
    for place in sorted(before.keys() | after.keys()):
        _one_place(before.get(place, {}), after.get(place, {}), added, removed, changed)
    added, removed = _without_moved(added, removed)
    return Review(tuple(added), tuple(removed), tuple(changed))


def _by_place(components: Iterable[Component]) -> dict[_Place, dict[str, Component]]:
    places: dict[_Place, dict[str, Component]] = defaultdict(dict)
    for component in components:
        places[component.path, component.ecosystem, component.name].setdefault(component.version, component)
    return places


def _one_place(
    before: dict[str, Component],
    after: dict[str, Component],
    added: list[Component],
    removed: list[Component],
    changed: list[Change],
) -> None:
    for version in sorted(before.keys() & after.keys()):
        if before[version].licence != after[version].licence:
            changed.append(Change(before[version], after[version], Direction.OTHER))
    gone = _ordered(component for version, component in before.items() if version not in after)
    come = _ordered(component for version, component in after.items() if version not in before)
    pairs = min(len(gone), len(come))
    changed.extend(Change(old, new, _direction(old, new)) for old, new in zip(gone, come, strict=False))
    removed.extend(gone[pairs:])
    added.extend(come[pairs:])


def _ordered(components: Iterable[Component]) -> list[Component]:
    return sorted(components, key=cmp_to_key(_order))


def _order(left: Component, right: Component) -> int:
    try:
        return compare_versions(left.ecosystem, left.version, right.version)
    except VersionError:
        return (left.version > right.version) - (left.version < right.version)


def _direction(before: Component, after: Component) -> Direction:
    try:
        order = compare_versions(after.ecosystem, after.version, before.version)
    except VersionError:
        return Direction.OTHER
    return {1: Direction.UPGRADE, -1: Direction.DOWNGRADE, 0: Direction.OTHER}[order]


def _without_moved(added: list[Component], removed: list[Component]) -> tuple[list[Component], list[Component]]:
    def identity(component: Component) -> tuple[str, str, str]:
        return component.ecosystem, component.name, component.version

    moved = {identity(component) for component in added} & {identity(component) for component in removed}
    return (
        [component for component in added if identity(component) not in moved],
        [component for component in removed if identity(component) not in moved],
    )
