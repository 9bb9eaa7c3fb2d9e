"""The newest image of the record that is called as a base is, and what advisories say of it today."""

from __future__ import annotations

from datetime import date

from lockgate.engine.affected import matched
from lockgate.engine.image_changes import bare_ecosystem, flaw_key
from lockgate.engine.image_plan import NewerBase
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.oci.bases import Base
from lockgate.model import ComponentKind
from lockgate.scanners.dependencies.lifetime import ending_of
from lockgate.scanners.dependencies.matching import key_of
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.bills import Bills


def newer_base(bills: Bills, store: AdvisoryStore, base: Base, platform: str, today: date) -> NewerBase | None:
    """What the name of ``base`` was last seen to be for ``platform``; None where that is the base itself, or unknown.

    Nothing is pulled: its stored bill is compared. Raises ``StoreError``.
    """
    wanted = _normal(base.name)
    found = next(
        (
            one for one in bills.images().values()
            if one.facts.platform == platform and _normal(one.facts.name) == wanted
        ), None,
    )  # fmt: skip
    if not wanted or found is None or base.digest in (found.facts.digest, found.facts.index_digest):
        return None
    _, components = bills.whole(found)
    packages = [one for one in components if one.kind != ComponentKind.OPERATING_SYSTEM and one.version]
    flaws = {flaw_key(key_of(match)) for _, match in matched(store, list(enumerate(packages)))}
    ends = (ending_of(one) for one in components if one.version)
    flaws |= {flaw_key(end.key) for end in ends if end is not None and end.lifetime.ends < today}
    unjudged = frozenset(bare_ecosystem(one.ecosystem) for one in packages if not store.knows(one))
    return NewerBase(found.facts.name, found.facts.digest, frozenset(flaws), unjudged)


def _normal(name: str) -> str:
    """The name as the record and a label may both write it, without a digest; as it is where it is no such name."""
    try:
        return str(references.parse(name.partition("@")[0]))
    except FormatError:
        return name
