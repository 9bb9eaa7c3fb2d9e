"""Rules as pages show them: why, what to do, where it is written."""

from __future__ import annotations

from functools import lru_cache

from lockgate.errors import LockgateError
from lockgate.model import Family, Rule
from lockgate.rules import load


def described(rule_id: str) -> Rule | None:
    """The rule of ours of that id; None for one of another tool, or one that is no more."""
    try:
        family = Family(rule_id.partition("/")[0])
    except ValueError:
        return None
    return _of(family).get(rule_id)


def posture_rules(forge: str) -> tuple[Rule, ...]:
    """The rules about one forge."""
    return tuple(rule for name, rule in _of(Family.POSTURE).items() if name.startswith(f"{Family.POSTURE}/{forge}-"))


@lru_cache(maxsize=32)
def _of(family: Family) -> dict[str, Rule]:
    try:
        return {str(rule.id): rule for rule in load([family], samples=False).rules}
    except LockgateError:  # a pack that is wrong is told where rules judge, not on this page
        return {}
