"""The gate of admission as judges of the webhook: one that validates, one that changes objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.gates.admission import Action, Answer, PolicySet, Said
from lockgate.gates.admission.answer import Heard
from lockgate.gates.admission.workloads import maker_of
from lockgate.policy.remembered import Shared
from lockgate.server.admission.contract import Denial, Template, Verdict

_MARGIN = 0.02
"""Seconds between the end of judging and the deadline of the answer."""


class PolicyJudge:
    """Asks a :class:`PolicySet`. Keeps to the deadline by the budget of every evaluation."""

    def __init__(self, policies: PolicySet, *, mutate: bool = False) -> None:
        """``mutate``: answer with what mutators and mutating policies change, and judge nothing else; the API server
        asks ``/validate`` about the changed object afterwards."""
        self.policies, self._mutate = policies, mutate
        self._silence = _Spoken((), (), (), (), {}, Shared())

    @property
    def version(self) -> str:
        """Digest of everything that was loaded."""
        return self.policies.version

    def review(self, request: Mapping[str, Any], *, deadline: float) -> Verdict:
        """As the contract says."""
        answer = self.policies.review(request, until=deadline - _MARGIN, mutate=self._mutate,
                                      validate=not self._mutate, shallow=True)  # fmt: skip
        body = request.get("object") or request.get("oldObject") or {}
        spoken = self._silence
        if answer.said:
            maker = maker_of(body)
            spoken = answer.heard.kept((self.policies, maker, answer.owner), lambda: self._spoken(answer, body))
        return Verdict(
            not spoken.denials, answer.version, spoken.denials, spoken.warnings,
            {**answer.annotations, **spoken.notes} if answer.annotations else spoken.notes, answer.patch,
            spoken.errors, spoken.outcomes, answer.seconds, _template(answer.heard),
            spoken.shared if not answer.annotations else Shared(),
        )  # fmt: skip

    def _spoken(self, answer: Answer, body: Mapping[str, Any]) -> _Spoken:
        by: dict[Action, list[Said]] = {}
        for one in answer.said:  # once for all actions: there may be a hundred
            by.setdefault(one.action, []).append(one)
        denials = tuple(Denial(one.policy, self.policies.told(one, answer, body)) for one in by.get(Action.DENY, ()))
        warnings = tuple(
            f"[{one.policy}] {self.policies.told(one, answer, body)}" for one in by.get(Action.WARN, ())
        )  # fmt: skip
        errors = tuple(f"{one.policy}: {one.message}" for one in by.get(Action.ERROR, ()))
        return _Spoken(denials, warnings, errors, _Outcomes(answer.said), _annotations(by), Shared())


class AskingJudge(PolicyJudge):
    """One some of whose policies ask the cluster who may do what; see ``contract.WaitingJudge``."""

    def waits(self, request: Mapping[str, Any]) -> bool:
        """As the contract says."""
        return self.policies.waits(request, mutate=self._mutate)


def judge_of(policies: PolicySet, *, mutate: bool = False) -> PolicyJudge:
    """The judge by ``policies``; see :class:`PolicyJudge`."""
    return (AskingJudge if policies.asks else PolicyJudge)(policies, mutate=mutate)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What is said, in the words of a verdict; the same for all answers that share it, their owner and their maker."""

    denials: tuple[Denial, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    outcomes: Sequence[Mapping[str, Any]]
    notes: Mapping[str, str]
    shared: Shared
    """As :class:`Verdict` has it."""


class _Outcomes(Sequence[Mapping[str, Any]]):
    """What was said, for the record. Made when it is read, which is once for all that share it."""

    __slots__ = ("_said",)

    def __init__(self, said: Sequence[Said]) -> None:
        self._said = said

    def __len__(self) -> int:
        return len(self._said)

    def __getitem__(self, at: Any) -> Any:
        return [_outcome(one) for one in self._said[at]] if isinstance(at, slice) else _outcome(self._said[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def _template(heard: Heard) -> Template | None:
    return None if heard.like is None else Template(_Outcomes(heard.like.said), heard.texts, heard.like)


def _annotations(by: Mapping[Action, Sequence[Said]]) -> Mapping[str, str]:
    notes: dict[str, str] = {}
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
