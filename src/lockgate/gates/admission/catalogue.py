"""The rulebook's own policies in admission: which of them deny, which warn, and where a milder answer does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from lockgate.gates.admission.answer import NOTHING, Action, Heard, Said
from lockgate.gates.admission.rulebook import MAX_BYTES, Every, Outcomes, Rulebook, hits_of
from lockgate.gates.admission.workloads import goes_away
from lockgate.model import Rule
from lockgate.policy.catalogue import Hit, Policies
from lockgate.policy.catalogue._places import pod_place
from lockgate.policy.gatekeeper.apart import Parts
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.remembered import ENTRY, Remembered
from lockgate.settings import AdmissionSettings, Mildness, RuleCondition
from lockgate.settings.globs import word_matches

NAME = "catalogue"
_JUDGED = ("", "ephemeralcontainers")
"""Subresources whose object is the whole: others (``status``, ``scale``, ``exec``) ask for something else."""


class Catalogue:
    """Rules with what follows from each."""

    def __init__(self, rules: Sequence[Rule], settings: AdmissionSettings, options: Mapping[str, Any],
                 compiled: MutableMapping[str, bytes] | None) -> None:  # fmt: skip
        self._actions: dict[str, Action] = {}
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            action = _action(rule, settings)
            if action is not None and "types" not in rule.logic:
                self._actions[rule.id], self._rules[rule.id] = action, rule
        held = compiled if compiled is not None else {}
        self._rulebook = Rulebook(Policies(self._rules.values(), options, compiled=held), held)
        self._heard: Remembered[Heard] = Remembered(max_bytes=MAX_BYTES)
        self._workloads, self._unchanged = settings.workloads, settings.unchanged

    def __len__(self) -> int:
        return len(self._rules)

    def judged(self, review: Review, parts: Parts, until: float | None,
               seconds: MutableMapping[str, float]) -> Heard:  # fmt: skip
        """What the rules say of a CREATE or an UPDATE; the very object of an earlier review of which the same is said,
        as a rule. ``parts``: the review taken apart."""
        body, old = review.object, review.old_object
        if body is None or not self._rules or review.operation not in ("CREATE", "UPDATE"):
            return NOTHING
        if review.sub_resource not in _JUDGED or (old is not None and goes_away(body)):
            return NOTHING
        began = time.perf_counter()
        outcomes = self._rulebook.outcomes(body, parts, until)
        before: Outcomes = ()
        if old is not None and self._unchanged is not Mildness.DENY and any(one.found for one in outcomes):
            before = self._rulebook.outcomes(old, parts.of_old(), until)
        place = pod_place(body)
        pod = place[0] if place is not None else ""
        key = (pod, tuple([one.number for one in outcomes]), tuple([one.number for one in before]))
        heard = self._heard.get(key)
        if heard is None:
            heard = Heard(tuple(self._said_of(hits_of(outcomes), hits_of(before), pod)))
            self._heard.put(key, heard, sum(one.size for one in outcomes) or ENTRY)
        seconds[NAME] = seconds.get(NAME, 0.0) + time.perf_counter() - began
        return heard

    def of_creation(self, review: Review) -> Every | None:
        """The rules that judge the making of such an object; None where none do."""
        judged = self._rules and review.object is not None and review.sub_resource in _JUDGED
        return self._rulebook.groups_of(review.object) if judged and review.object is not None else None

    def _said_of(self, hits: Sequence[Hit], before: Sequence[Hit], pod: str) -> Iterator[Said]:
        old = frozenset(map(_key, before))
        for hit in hits:
            said = self._said(hit, pod, _key(hit) in old)
            if said is not None:
                yield said

    def _said(self, hit: Hit, pod: str, unchanged: bool) -> Said | None:
        action = self._actions[hit.rule.id]
        if hit.failed:
            wrong = Action.ERROR if action is Action.DENY else action
            return Said(hit.rule.id, NAME, wrong, hit.message, pointer=hit.pointer, item=hit.item)
        of_pod = bool(pod) and hit.pointer.startswith(pod)
        for milder, applies in ((self._workloads, of_pod), (self._unchanged, unchanged)):
            if applies and milder is Mildness.OFF:
                return None
            if applies and milder is Mildness.WARN:
                action = Action.WARN
        return Said(hit.rule.id, NAME, action, hit.message, pointer=hit.pointer, item=hit.item, of_pod=of_pod)


def _key(hit: Hit) -> tuple[str, str, str]:
    return hit.rule.id, hit.item, hit.message


def _action(rule: Rule, settings: AdmissionSettings) -> Action | None:
    if any(_meets(one, rule) for one in settings.deny):
        return Action.DENY
    return Action.WARN if any(_meets(one, rule) for one in settings.warn) else None


def _meets(condition: RuleCondition, rule: Rule) -> bool:
    return (
        (condition.rule is None or word_matches(condition.rule, rule.id))
        and (condition.severity is None or rule.severity >= condition.severity)
        and (condition.confidence is None or rule.confidence >= condition.confidence)
    )
