"""Why a rule holds or does not: each line of its bodies with what it bound, up to the first line that nothing fulfils.

Nothing is evaluated by a second interpreter: the program is compiled once more with rules that answer for the lines of
each rule (:mod:`explain_rules`), in the order in which lines are evaluated, which safety may have changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego.explain_rules import Asked, Branch, ExplainedCompilation, Line
from lockgate.policy.rego.program import DEFAULT_REFUSED, program_of
from lockgate.policy.rego.source import Source
from lockgate.policy.rego.values import UNDEFINED, literal, plain
from lockgate.policy.step import Step

STEPS: Final = 2_000_000
"""Steps of a whole trace."""
_MOST_DEEP: Final = 6
_MOST_BRANCHES: Final = 400
"""Bodies that one trace shows."""


def explain(
    sources: Sequence[Source], path: str, input: Any, data: Mapping[str, Any] | None = None,
    *, refuse: Collection[str] = DEFAULT_REFUSED,
) -> tuple[Step, ...]:  # fmt: skip
    """One step for each definition of the rule at ``path`` (``data.a.violation``), whose parts are its lines.

    A step's value is whether the body holds, a line's the variables that it bound (those of the first answer; a note
    says how many there are), or false. Raises :class:`RegoError` for modules that do not compile; what fails in
    evaluation is a step with an error.
    """
    return _Explainer(sources, frozenset(refuse), input, data or {}).rule(path, (), 0)


class _Explainer:
    def __init__(self, sources: Sequence[Source], refused: frozenset[str], input: Any, data: Mapping[str, Any]) -> None:
        self._whole = ExplainedCompilation(sources, refused)
        self._program = program_of(self._whole, sources, refused)
        self._input = input
        self._data = data
        self._budget = Budget(STEPS)
        self._left = _MOST_BRANCHES

    def rule(self, path: str, arguments: tuple[Any, ...] | None, depth: int) -> tuple[Step, ...]:
        """The definitions of a rule or, with its arguments, of a function."""
        steps: list[Step] = []
        held = False
        for branch in self._whole.branches(path) or ():
            if branch.follows and held:
                continue
            if self._left <= 0:
                break
            self._left -= 1
            step = self._branch(branch, arguments, depth)
            held = step.value is True or (held and branch.follows)
            steps.append(step)
        return tuple(steps)

    def _branch(self, branch: Branch, arguments: tuple[Any, ...] | None, depth: int) -> Step:
        note = f"of {', '.join(literal(one) for one in arguments)}" if arguments else ""
        try:
            if not self._answers(branch.begins, arguments):
                return Step(branch.title, False, note=f"{note}: the arguments do not fit".lstrip(": "))
            steps: list[Step] = []
            known = branch.given
            for line in branch.lines:
                step = self._line(line, known, arguments, depth)
                steps.append(step)
                known = line.bound
                if step.decided:
                    return Step(branch.title, False, step.error, note=note, parts=tuple(steps))
            return Step(branch.title, True, note=note, decided=True, parts=tuple(steps))
        except EvaluationError as error:
            return Step(branch.title, None, error.message, note=note)

    def _line(self, line: Line, known: tuple[str, ...], arguments: tuple[Any, ...] | None, depth: int) -> Step:
        parts: tuple[Step, ...] = ()
        if depth < _MOST_DEEP:
            parts = tuple(step for asked in line.asked for step in self._asked(asked, arguments, depth + 1))
        try:
            answers = self._answers(line.answers, arguments)
        except EvaluationError as error:
            return Step(line.text, None, error.message, True, parts=parts)
        if not answers:
            return Step(line.text, False, decided=True, parts=parts)
        new = {name: plain(answers[0][name]) for name in line.bound if name not in known and name in answers[0]}
        note = f"first of {len(answers)} answers" if len(answers) > 1 and new else ""
        return Step(line.text, new or True, note=note, parts=parts)

    def _asked(self, asked: Asked, arguments: tuple[Any, ...] | None, depth: int) -> tuple[Step, ...]:
        path = ".".join(asked.path)
        if not asked.arguments:
            return self.rule(path, (), depth)
        given = self._answers(asked.arguments, arguments)
        distinct = list({literal(one): one for one in given}.values())
        steps = [step for one in distinct[:3] for step in self.rule(path, tuple(one), depth)]
        if len(distinct) > 3 and steps:
            steps[-1] = replace(steps[-1], note=f"{steps[-1].note}; {len(distinct) - 3} more calls not shown")
        return tuple(steps)

    def _answers(self, path: str, arguments: tuple[Any, ...] | None) -> list[Any]:
        """The answers of one of the added rules; none when the arguments do not fit."""
        if not arguments:
            found = self._program.evaluate(path, self._input, self._data, budget=self._budget)
        else:
            text = f"found := {path}({', '.join(literal(one) for one in arguments)})"
            rows = self._program.query(text, self._input, self._data, budget=self._budget)
            found = rows[0]["found"] if rows else UNDEFINED
        return [] if found is UNDEFINED else list(found)
