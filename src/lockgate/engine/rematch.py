"""Stored bills against advisories of today: findings of images, made anew without pulling anything.

All bills are compared at once; only images of which there is something else to say than their newest run said are then
judged one by one, as a scan of the image would, so that findings keep their identity, waivers count and what is gone is
fixed. A run that is stopped goes on by being started again: what was settled does not differ any more. That a release
has come to its end of life makes no image differ: it is told where something else does, and by the next scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockgate.dataclass import dataclass
from lockgate.engine.affected import pieces
from lockgate.model import Result, Rule
from lockgate.scanners.dependencies.matching import LIFETIME, by_subject, key_of, rule_of
from lockgate.sources.image.stored import StoredSource
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.bills import Bills, StoredImage

Settle = Callable[[StoredSource], Result]
"""One run of the engine over the source, which settles and stores it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the comparison of all bills comes to."""

    images: int
    """Whose bills were compared."""
    components: int
    """Different ones."""
    flaws: int
    """Of these."""
    differing: tuple[StoredImage, ...]
    """Images of which there is something new to say, by name."""


def compared(bills: Bills, store: AdvisoryStore, rules: tuple[Rule, ...]) -> Compared:
    """All bills against ``store``. ``rules``: those of dependencies. Raises ``StoreError``."""
    subjects = by_subject(rules)
    images = bills.images()
    parts = bills.distinct()
    expected = [
        (piece[at].number, str(rule.id), key_of(piece[at], body))
        for piece in pieces(store, parts)
        for at, body in store.told(piece)
        if (rule := rule_of(subjects, body)) is not None
    ]
    days = [str(rule.id) for rule in rules if LIFETIME in rule.logic]
    differing = [images[digest] for digest in bills.unsettled(expected, days)]
    differing.sort(key=lambda one: one.facts.name)
    return Compared(len(images), len(parts), len(expected), tuple(differing))


def settled(bills: Bills, images: tuple[StoredImage, ...], settle: Settle) -> Iterator[Result]:
    """Each of ``images`` judged by its stored bill, one after the other; each is stored before the next begins."""
    for image in images:
        whole, components = bills.whole(image)
        yield settle(StoredSource(whole.facts, components))
