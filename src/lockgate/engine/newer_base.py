"""The newest image of the record that is called as a base is, and what advisories say of it today."""

from __future__ import annotations

from datetime import date

from lockgate.engine.affected import pieces
from lockgate.engine.image_changes import bare_ecosystem, flaw_key
from lockgate.engine.image_plan import NewerBase
from lockgate.formats.oci.bases import Base, same_name
from lockgate.model import ComponentKind
from lockgate.scanners.dependencies.lifetime import ending_of
from lockgate.scanners.dependencies.matching import key_of
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.bills import Bills


def newer_base(bills: Bills, store: AdvisoryStore, base: Base, platform: str, today: date) -> NewerBase | None:
    """What the name of ``base`` was last seen to be for ``platform``; None where that is the base itself, or unknown.

    Nothing is pulled: its stored bill is compared. Raises ``StoreError``.
    """
    found = next(
        (
            one for one in bills.images().values()
            if one.facts.platform == platform and same_name(one.facts.name, base.name)
        ), None,
    )  # fmt: skip
    if found is None or (base.digest and base.digest in (found.facts.digest, found.facts.index_digest)):
        return None
    _, components = bills.whole(found)
    packages = [one for one in components if one.kind != ComponentKind.OPERATING_SYSTEM and one.version]
    flaws = {flaw_key(key_of(some[at], body)) for some in pieces(store, packages) for at, body in store.told(some)}
    ends = (ending_of(one) for one in components if one.version)
    flaws |= {flaw_key(end.key) for end in ends if end is not None and end.lifetime.ends < today}
    unjudged = frozenset(bare_ecosystem(one.ecosystem) for one in packages if not store.knows(one))
    has = frozenset((bare_ecosystem(one.ecosystem), one.name) for one in packages)
    return NewerBase(found.facts.name, found.facts.digest, frozenset(flaws), unjudged, has)
