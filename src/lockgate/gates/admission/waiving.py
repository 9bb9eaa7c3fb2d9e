"""Waivers at work in admission: the same file and the same meaning as at every other stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from lockgate.findings import Waivers, fingerprint
from lockgate.findings.waivers import Matcher
from lockgate.gates.admission.answer import Action, Said
from lockgate.model import Confidence, Family, Finding, Location, Object, RuleId, Severity
from lockgate.policy.catalogue.finding import subject
from lockgate.policy.catalogue.hit import Hit

if TYPE_CHECKING:
    from lockgate.model import Rule


class Exceptions:
    """Who answers for what. Asked only about what denies or warns."""

    def __init__(self, waivers: Waivers | None = None, *, today: Callable[[], date] = date.today,
                 waived_by: str = "") -> None:  # fmt: skip
        """``waived_by``: who may waive, in words; goes into every denial."""
        self.waived_by = waived_by
        self._waivers, self._today = waivers or Waivers(), today
        self._matcher: tuple[date, Matcher] | None = None

    def applied(self, said: Said, body: Object, rule: Rule | None) -> Said:
        """The same, waived where a waiver covers it."""
        if not self._waivers.entries:
            return said
        finding = _finding(said, body, rule)
        found = self._current().covering(fingerprint(finding), finding, [finding.location])
        if found is None:
            return said
        return replace(said, waiver=found, action=said.action if found.expired else Action.WAIVED)

    def _current(self) -> Matcher:
        """Waivers end at midnight, and a server outlives that."""
        today = self._today()
        if self._matcher is None or self._matcher[0] != today:
            self._matcher = (today, Matcher(self._waivers, today))
        return self._matcher[1]


def _finding(said: Said, body: Object, rule: Rule | None) -> Finding:
    """What an audit of the same object would report."""
    hit = Hit(rule, said.message, said.pointer, said.item)  # type: ignore[arg-type]  # the subject reads no rule
    return Finding(
        rule=rule.id if rule is not None else RuleId(said.policy),
        family=Family.POLICY,
        severity=rule.severity if rule is not None else Severity.HIGH,
        confidence=rule.confidence if rule is not None else Confidence.HIGH,
        subject=subject(hit, body),
        location=Location("", 0, 0, pointer=said.pointer),
        message=said.message,
    )
