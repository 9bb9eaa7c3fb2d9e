"""The gate of admission as judges of the webhook: one that validates, one that changes objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.gates.admission import Action, Answer, PolicySet, Said
from lockgate.server.admission.contract import Denial, Verdict

_MARGIN = 0.02
"""Seconds between the end of judging and the deadline of the answer."""


class PolicyJudge:
    """Asks a :class:`PolicySet`. Keeps to the deadline by the budget of every evaluation."""

    def __init__(self, policies: PolicySet, *, mutate: bool = False) -> None:
        """``mutate``: answer with what mutators and mutating policies change, and judge nothing else; the API server
        asks ``/validate`` about the changed object afterwards."""
        self.policies, self._mutate = policies, mutate

    @property
    def version(self) -> str:
        """Digest of everything that was loaded."""
        return self.policies.version

    def review(self, request: Mapping[str, Any], *, deadline: float) -> Verdict:
        """As the contract says."""
        answer = self.policies.review(request, until=deadline - _MARGIN, mutate=self._mutate,
                                      validate=not self._mutate)  # fmt: skip
        if not answer.said:
            return Verdict(True, answer.version, audit_annotations=answer.annotations, patch=answer.patch,
                           seconds=answer.seconds)  # fmt: skip
        return self._verdict(answer, request)

    def _verdict(self, answer: Answer, request: Mapping[str, Any]) -> Verdict:
        body = request.get("object") or request.get("oldObject") or {}
        by: dict[Action, list[Said]] = {}
        for one in answer.said:  # once for all actions: there may be a hundred
            by.setdefault(one.action, []).append(one)
        denials = tuple(Denial(one.policy, self.policies.told(one, answer, body)) for one in by.get(Action.DENY, ()))
        warnings = tuple(
            f"[{one.policy}] {self.policies.told(one, answer, body)}" for one in by.get(Action.WARN, ())
        )  # fmt: skip
        errors = tuple(f"{one.policy}: {one.message}" for one in by.get(Action.ERROR, ()))
        return Verdict(
            not denials, answer.version, denials, warnings, _annotations(answer, by), answer.patch, errors,
            tuple(_outcome(one) for one in answer.said), answer.seconds,
        )  # fmt: skip


def _annotations(answer: Answer, by: Mapping[Action, Sequence[Said]]) -> Mapping[str, str]:
    notes = dict(answer.annotations)
    denied = by.get(Action.DENY, ())
    if denied:
        notes["denied-by"] = ", ".join(dict.fromkeys(one.policy for one in denied))
    audited = by.get(Action.AUDIT, ())
    if audited:
        notes["audited"] = "; ".join(f"[{one.policy}] {one.message}" for one in audited)
    waived = [
        f"[{one.policy}] by {one.waiver.by} until {one.waiver.expires}: {one.waiver.reason}"
        for one in by.get(Action.WAIVED, ()) if one.waiver is not None
    ]  # fmt: skip
    if waived:
        notes["waived"] = "; ".join(waived)
    return notes


def _outcome(said: Said) -> Mapping[str, Any]:
    """For the record: only what is filled in."""
    told: dict[str, Any] = {"policy": said.policy, "engine": said.engine, "action": said.action.value,
                            "message": said.message}  # fmt: skip
    if said.binding:
        told["binding"] = said.binding
    if said.pointer:
        told["pointer"] = said.pointer
    if said.item:
        told["item"] = said.item
    if said.of_pod:
        told["ofPod"] = True
    if said.waiver is not None:
        told["waiver"] = {"by": said.waiver.by, "expires": said.waiver.expires, "expired": said.waiver.expired,
                          "where": said.waiver.where}  # fmt: skip
    return told
