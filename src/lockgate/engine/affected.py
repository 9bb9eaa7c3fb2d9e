"""An advisory arrives: which stored images, and which pods, does it touch? Nothing is pulled.

The components of all stored bills, each once, are put to the advisories; where they are is looked up for those alone
that have a flaw. ``rematch`` makes findings of it, image by image.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from lockgate.dataclass import dataclass
from lockgate.model import Component
from lockgate.scanners.dependencies.matching import told_by_owners
from lockgate.store._running import RunningContainer, running
from lockgate.store.advisories import AdvisoryStore, Match
from lockgate.store.bills import Bills, Part, StoredImage

_One = TypeVar("_One", Component, Part)
_PIECE = 5_000
"""Components that are matched together: those of one package stand beside each other."""


@dataclass(frozen=True, slots=True)
class Touched:
    """One flaw of one component in one image."""

    image: StoredImage
    match: Match
    path: str
    """The file that states the component."""
    layer: str
    """Digest of the layer that brought it; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Affected:
    """What an advisory comes to."""

    images: int
    """Whose bills were asked."""
    components: int
    """Different ones that were compared."""
    touched: tuple[Touched, ...]
    """By the name of the image and the component."""
    containers: tuple[RunningContainer, ...]
    """Those that run touched images."""


def affected(bills: Bills, store: AdvisoryStore, identifiers: Collection[str] = ()) -> Affected:
    """Images and containers with flaws that ``store`` tells of.

    ``identifiers``: only these flaws, by any of their names; none: all. Raises ``StoreError``.
    """
    wanted = {one.upper() for one in identifiers}
    images = bills.images()
    parts = bills.distinct(store.packages_of(wanted) if wanted else None)
    found = [
        (number, match) for number, match in matched(store, parts)
        if not wanted or any(name.upper() in wanted for name in (*match.ids, *match.flaws))
    ]  # fmt: skip
    by_number: dict[int, list[Match]] = {}
    for number, match in found:
        by_number.setdefault(number, []).append(match)
    touched = [
        Touched(images[one.image], match, one.path, one.layer)
        for one in bills.held(by_number)
        for match in by_number[one.number]
    ]
    touched.sort(key=_order)
    digests = {one.image.facts.digest for one in touched}
    facts = [one.facts for one in images.values()]
    return Affected(len(images), len(parts), tuple(touched), tuple(running(bills, facts, digests)))


def _order(one: Touched) -> tuple[str, str, str, str, str, str]:
    component = one.match.component
    facts = one.image.facts
    return facts.name, facts.digest, component.ecosystem, component.name, component.version, one.match.group


def matched(store: AdvisoryStore, parts: Sequence[Part]) -> Iterator[tuple[int, Match]]:
    """The flaws of components, each with the number of the component; few are held at a time."""
    for piece in pieces(store, parts):
        components = [part.component() for part in piece]
        numbers = {id(component): part.number for part, component in zip(piece, components, strict=True)}
        for match in store.match(components):
            yield numbers[id(match.component)], match


def pieces(store: AdvisoryStore, asked: Sequence[_One]) -> Iterator[Sequence[_One]]:
    """What is to be compared, some at a time: files of packages that advisories speak of are left out."""
    owned = [at for at, one in enumerate(asked) if one.owner]
    left_out = {owned[at] for at in told_by_owners(store, [asked[at].owner for at in owned])}
    rest = [one for at, one in enumerate(asked) if at not in left_out] if left_out else asked
    for start in range(0, len(rest), _PIECE):
        yield rest[start : start + _PIECE]
