"""What the record tells of a forge, for pages: rules that could not be answered, and what mends a finding.

Nothing is asked of a forge here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from lockgate.engine.forge_changes import Change, changes_of
from lockgate.engine.forge_objects import RecordedForge
from lockgate.formats.forge_settings import FORM
from lockgate.model import Family, Object, Rule
from lockgate.policy.catalogue import ForgePolicies
from lockgate.store import Record


class OpenAnswers:
    """Which rules an object leaves open, since settings of it could not be read. Kept by the digest of the object."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._policies = ForgePolicies(rules)
        self._of = lru_cache(maxsize=20_000)(self._judged)

    def of(self, digest: str, body: str, unread: str) -> frozenset[str]:
        """Ids of rules. ``body`` and ``unread``: as ``ForgeObjects`` has them."""
        return self._of(digest, body, unread)

    def _judged(self, digest: str, body: str, unread: str) -> frozenset[str]:
        pointers = frozenset(orjson.loads(unread))
        return frozenset(self._policies.judge(Object(FORM, orjson.loads(body), digest, unresolved=pointers)).open)


def recorded_plan(
    record: Record, *, forge: str, organization: str, rule: Rule, options: Mapping[str, Mapping[str, Any]],
    subjects: Collection[str],
) -> list[Change]:  # fmt: skip
    """What mends the findings of ``rule`` on ``subjects`` (keys of subjects), by what the record holds of the forge.

    Raises ``NothingCheckedError`` where it holds nothing."""
    source = RecordedForge(record, forge=forge, organization=organization, at=datetime.now(UTC))
    objects = [row for row in source.collect(lambda path, size: False) if isinstance(row, Object)]
    wanted = {(rule.id, one) for one in subjects}
    return changes_of(objects, [rule], options.get(Family.POSTURE, {}), wanted)
