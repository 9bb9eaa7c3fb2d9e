"""Exemptions of Azure Policy as waivers: the same exception, whether Azure asks for it or Lockgate does.

What Azure leaves open a waiver demands: who, why and until when. An exemption that lacks one of these, or takes
resources in a way that a waiver cannot say, becomes a waiver with its ``problem``, which covers nothing and is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from lockgate.findings._fields import DEMANDED, TARGETS, waiver_from
from lockgate.store.waiver import Waiver

if TYPE_CHECKING:
    from lockgate.policy.azure import Exemption

_KEYS = (*TARGETS, *DEMANDED, "scope")
_PEOPLE = ("approvedBy", "requestedBy", "createdBy")
_MARGIN = timedelta(minutes=1)
"""So that one that ends at 23:59:59 counts through that day."""


def waivers_of(exemption: Exemption, rules: Mapping[str, Sequence[str]]) -> tuple[Waiver, ...]:
    """One waiver for each rule that ``exemption`` excuses from.

    ``rules`` holds the rules of its assignment by the lower-case reference that an initiative gives each definition
    (empty text for an assignment of one definition). A waiver counts through whole days, so it ends with the last day
    that the exemption covers wholly.
    """
    chosen = {
        rule
        for reference, judging in rules.items()
        if not exemption.reference_ids or reference in exemption.reference_ids
        for rule in judging
    }
    said = exemption.description or str(exemption.metadata.get("description") or "")
    values = {
        "by": _person(exemption),
        "reason": f"Exempt in Azure ({exemption.category.lower()}): {said}" if said else "",
        "expires": _last_day(exemption),
        "scope": exemption.scope,
    }
    problem = "it takes resources by selectors, which a waiver has not" if exemption.selectors else ""
    return tuple(
        waiver_from({**values, "rule": rule}, allowed=_KEYS, where=exemption.id or exemption.name, problem=problem)
        for rule in sorted(chosen)
    )


def _person(exemption: Exemption) -> str:
    named = (exemption.metadata.get(key) for key in _PEOPLE)
    return next((one for one in named if isinstance(one, str) and one.strip()), exemption.created_by)


def _last_day(exemption: Exemption) -> str:
    from lockgate.policy.azure.values import instant

    end = instant(exemption.expires_on) if exemption.expires_on else None
    if end is None:
        return ""
    try:
        return (end + _MARGIN - timedelta(days=1)).date().isoformat()
    except OverflowError:
        return end.date().isoformat()
