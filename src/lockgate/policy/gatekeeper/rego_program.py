"""A template's Rego, compiled: the rule ``violation`` asked with ``input.review`` and ``input.parameters``.

Each template is a program of its own, so two may ship different libraries of one name. Source: the constraint
framework's ``client/drivers/rego``.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping
from typing import Any

from lockgate.policy.budget import Budget
from lockgate.policy.gatekeeper.case import Case
from lockgate.policy.gatekeeper.constraint import Constraint
from lockgate.policy.gatekeeper.parts import Decided
from lockgate.policy.gatekeeper.template import RegoSource
from lockgate.policy.gatekeeper.violation import Answer
from lockgate.policy.rego import UNDEFINED, Program, Session, plain
from lockgate.policy.rego.values import Set, json_text
from lockgate.policy.views import View

_VARYING = frozenset(("parameters",))
"""What differs between the constraints of one template that judge one review."""


class RegoProgram:
    """The compiled logic of one template."""

    __slots__ = ("_path", "_program", "decided", "view")

    def __init__(self, program: Program, path: str, view: View | None, decided: Decided) -> None:
        self._program = program
        self._path = path
        self.view = view
        self.decided = decided

    def judge(self, case: Case, constraint: Constraint, budget: Budget) -> list[Answer]:
        """What the template says of the review under this constraint; nothing when it holds.

        A builtin that fails is undefined, as in Gatekeeper. Raises :class:`EvaluationError`.
        """
        session = case.memory.get(self)
        if session is None:
            session = case.memory[self] = Session(
                self._program, self._path, {"review": case.rego_review()}, case.data, varying=_VARYING
            )
        found = session.value({"parameters": constraint.parameters}, budget)
        if found is UNDEFINED:
            return []
        if not isinstance(found, Set):
            return [Answer("violation must be a set of objects", error="evaluation")]
        return _answers(found.some())

    def document(self, case: Case) -> Mapping[str, Any]:
        """``input`` without the parameters."""
        return {"review": case.rego_review()}

    def dump(self) -> bytes:
        """Bytes for :func:`load_rego`."""
        view = None if self.view is None else self.view.code
        return marshal.dumps((self._path, self._program.dump(), view, tuple(self.decided)))


def input_of(case: Case, constraint: Constraint) -> dict[str, Any]:
    """``input`` of the template's logic for one constraint."""
    return {"review": case.rego_review(), "parameters": constraint.parameters}


def load_rego(source: RegoSource, data: bytes) -> RegoProgram:
    """A program that :meth:`RegoProgram.dump` wrote for the same source; compiled anew when another version of Lockgate
    or Python wrote it. Bytes must come from a place that only the user can write."""
    try:
        path, dumped, view, decided = marshal.loads(data)  # noqa: S302
        return RegoProgram(Program.load(dumped), path, None if view is None else View(view), Decided(*decided))
    except (ValueError, TypeError, EOFError):
        from lockgate.policy.gatekeeper.rego_compile import compile_rego

        return compile_rego(source)


def _answers(members: Iterable[Any]) -> list[Answer]:
    """One answer for each message with its details, in an order that does not depend on how the set came about.

    A member may come more than once.
    """
    answers: list[Answer] = []
    for member in members:
        message = member.get("msg") if isinstance(member, dict) else None
        if not isinstance(message, str):
            answer = Answer("a member of violation must be an object with a text msg", error="evaluation")
        else:
            answer = Answer(message, plain(member["details"]) if "details" in member else None)
        answers.append(answer)
    if len(answers) < 2:
        return answers
    by_text = {(each.message, "" if each.details is None else json_text(each.details)): each for each in answers}
    return [by_text[key] for key in sorted(by_text)]
