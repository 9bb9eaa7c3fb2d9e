"""The rulebook's own policies in admission: which of them deny, which warn, and where a milder answer does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from lockgate.gates.admission.answer import Action, Said
from lockgate.gates.admission.workloads import goes_away
from lockgate.model import Object, Rule
from lockgate.policy.catalogue import Hit, Policies
from lockgate.policy.catalogue._places import pod_place
from lockgate.policy.gatekeeper.review import Review
from lockgate.settings import AdmissionSettings, Mildness, RuleCondition
from lockgate.settings.globs import word_matches

_NAME = "catalogue"
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
        self._policies = Policies(self._rules.values(), options, compiled=compiled)
        self._workloads, self._unchanged = settings.workloads, settings.unchanged

    def __len__(self) -> int:
        return len(self._rules)

    def judged(self, review: Review, until: float | None, seconds: MutableMapping[str, float]) -> Iterator[Said]:
        """What the rules say of a CREATE or an UPDATE."""
        body, old = review.object, review.old_object
        if body is None or review.operation not in ("CREATE", "UPDATE") or review.sub_resource not in _JUDGED:
            return
        if not self._rules or (old is not None and goes_away(body)):
            return
        began = time.perf_counter()
        hits = self._policies.judge(Object("kubernetes", body), until=until)
        if hits:
            place = pod_place(body)
            before = self._before(old, until) if self._unchanged is not Mildness.DENY else frozenset()
            for hit in hits:
                said = self._said(hit, place[0] if place is not None else "", _key(hit) in before)
                if said is not None:
                    yield said
        seconds[_NAME] = seconds.get(_NAME, 0.0) + time.perf_counter() - began

    def _before(self, old: Mapping[str, Any] | None, until: float | None) -> frozenset[tuple[str, str, str]]:
        if old is None:
            return frozenset()
        return frozenset(_key(hit) for hit in self._policies.judge(Object("kubernetes", old), until=until))

    def _said(self, hit: Hit, pod: str, unchanged: bool) -> Said | None:
        action = self._actions[hit.rule.id]
        if hit.failed:
            wrong = Action.ERROR if action is Action.DENY else action
            return Said(hit.rule.id, _NAME, wrong, hit.message, pointer=hit.pointer, item=hit.item)
        of_pod = bool(pod) and hit.pointer.startswith(pod)
        for milder, applies in ((self._workloads, of_pod), (self._unchanged, unchanged)):
            if applies and milder is Mildness.OFF:
                return None
            if applies and milder is Mildness.WARN:
                action = Action.WARN
        return Said(hit.rule.id, _NAME, action, hit.message, pointer=hit.pointer, item=hit.item, of_pod=of_pod)


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
