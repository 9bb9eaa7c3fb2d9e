"""Releases of distributions that nobody mends any more, or soon will not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lockgate.advisories.lifetimes import lifetime_of
from lockgate.model import Component, Family, Finding, Fix, Location, Related, Rule, Subject

SOON = 90
"""Days before the end from which it is told."""


def lifetime_finding(system: Component, rules: Mapping[str, Rule], today: str) -> Finding | None:
    """What is to be said of a distribution on the day ``today`` (ISO); None for nothing, or where that is not known.

    ``rules``: by ``over`` and ``ending``.
    """
    lifetime = lifetime_of(system.name, system.version)
    if lifetime is None or not today:
        return None
    left = (lifetime.ends - date.fromisoformat(today)).days
    rule = rules.get("over" if left < 0 else "ending")
    if rule is None or left > SOON:
        return None
    name = f"{system.name} {system.version}"
    when = f"since {lifetime.ends}" if left < 0 else f"on {lifetime.ends}, in {left} days"
    return Finding(
        rule=rule.id,
        family=Family.DEPENDENCIES,
        severity=rule.severity,
        confidence=rule.confidence,
        subject=Subject("component", name, f"{system.name}\n{system.version}"),
        location=Location(system.path, system.line, system.line),
        message=f"{name} gets no security updates {when}." if left < 0 else f"Security updates of {name} end {when}.",
        fix=Fix(rule.fix),
        facts=tuple(
            Related(fact, value)
            for fact, value in (
                ("advisory", lifetime.source), ("ends", lifetime.ends.isoformat()), ("layer", system.layer),
            )
            if value
        ),
    )  # fmt: skip
