"""What a match comes to, and which components are matched at all: for a run, and for bills that are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.advisories.record import Kind
from lockgate.errors import ConfigurationError
from lockgate.formats.purl_components import component_of
from lockgate.model import Rule

if TYPE_CHECKING:
    from lockgate.store.advisories import AdvisoryStore, Asked, Body, Match

LIFETIME = "lifetime"
"""The logic of rules about releases: ``over`` or ``ending``, of runtimes with ``runtime-`` before it."""
EXPLOITED = "exploited"
"""The value of ``logic.advisories`` for flaws in CISA's list of exploited ones; it goes before ``vulnerable``."""
_SUBJECTS = (*(kind.value for kind in Kind), EXPLOITED)


def told_by_owners(store: AdvisoryStore, owners: Sequence[str]) -> set[int]:
    """Places of those among ``owners``, the package URLs of owners of files, that advisories tell of.

    A file of a distribution's package is told of by advisories about that one, which know what the distribution fixed
    in it; where none ever spoke of it (a package of somebody else's), the file is compared by itself.
    """
    packages = {one: package for one in set(owners) if (package := component_of(one, "")) is not None}
    spoken_of = store.speaks_of(packages.values())
    return {at for at, one in enumerate(owners) if packages.get(one) in spoken_of}


def rule_of(rules: Mapping[str, Rule], flaw: Match | Body) -> Rule | None:
    """The rule that a flaw falls under; None where none speaks of its kind."""
    rule = rules.get(EXPLOITED) if flaw.kev and flaw.kind is Kind.VULNERABLE else None
    return rule or rules.get(flaw.kind.value)


def key_of(component: Asked, flaw: Match | Body) -> str:
    """What the identity of a finding about a flaw of a component hashes."""
    return f"{component.ecosystem}\n{component.name}\n{flaw.group}"


def by_subject(rules: Sequence[Rule]) -> dict[str, Rule]:
    """The rules by what they speak about. Raises ``ConfigurationError`` for one of another form."""
    found: dict[str, Rule] = {}
    for rule in rules:
        if LIFETIME in rule.logic:
            continue
        subject = rule.logic.get("advisories")
        if subject not in _SUBJECTS or set(rule.logic) != {"advisories"}:
            raise ConfigurationError(
                f"the logic of {rule.id} must be 'advisories' with one of {', '.join(_SUBJECTS)}", where=str(rule.id)
            )
        if subject in found:
            raise ConfigurationError(f"{rule.id} and {found[subject].id} speak about the same", where=str(rule.id))
        found[subject] = rule
    return found
