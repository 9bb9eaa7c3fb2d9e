"""Waivers at work in admission: the same file and the same meaning as at every other stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from lockgate.findings import Waivers
from lockgate.findings.waivers import Matcher
from lockgate.gates.admission.answer import Action, Said
from lockgate.model import Object


class Exceptions:
    """Who answers for what. Asked only about what denies or warns."""

    def __init__(self, waivers: Waivers | None = None, *, today: Callable[[], date] = date.today,
                 waived_by: str = "") -> None:  # fmt: skip
        """``waived_by``: who may waive, in words; goes into every denial."""
        self.waived_by = waived_by
        self._waivers, self._today = waivers or Waivers(), today
        self._matcher: tuple[date, Matcher] | None = None

    @property
    def any(self) -> bool:
        """Whether there is any waiver."""
        return bool(self._waivers.entries)

    def applied(self, said: Said, judged: Object) -> Said:
        """The same, waived where a waiver of the policy covers the object."""
        found = self._current().covers(said.policy, judged)
        if found is None:
            return said
        return replace(said, waiver=found, action=said.action if found.expired else Action.WAIVED)

    def _current(self) -> Matcher:
        """Waivers end at midnight, and a server outlives that."""
        today = self._today()
        if self._matcher is None or self._matcher[0] != today:
            self._matcher = (today, Matcher(self._waivers, today))
        return self._matcher[1]
