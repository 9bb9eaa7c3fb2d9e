"""One document of a program, asked again and again while nothing but some fields of the input changes.

What the parameters of a policy cannot change is made once: the state, and the rules that read none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError
from lockgate.policy.rego.program import Program
from lockgate.policy.rego.run.documents import document
from lockgate.policy.rego.run.lookups import get
from lockgate.policy.rego.run.state import State, Surroundings, X

_NO_STEPS: Final = Budget(0)


class Session:
    """Evaluations that share a program, a path, ``data`` and the fields of ``input`` that stay. For one thread."""

    __slots__ = ("_input", "_kept", "_memo", "_place", "_state")

    def __init__(
        self, program: Program, path: str, input: Mapping[str, Any], data: Mapping[str, Any], *,
        varying: frozenset[str],
    ) -> None:  # fmt: skip
        """``varying`` names the fields of ``input`` that are given anew each time."""
        self._input = input
        self._place = program.place(path)
        self._kept = program.lasting(varying)
        self._state = State(
            program.tables, None, data, budget=_NO_STEPS, strict=False,
            surroundings=Surroundings(None, None, None, None),
        )  # fmt: skip
        self._memo = self._state.memo

    def value(self, changed: Mapping[str, Any], budget: Budget) -> Any:
        """The document with these fields of ``input``; ``UNDEFINED`` for none. Raises :class:`EvaluationError`."""
        state = self._state
        state.budget = budget
        state.input = {**self._input, **changed}
        memo = state.memo = self._memo.copy()
        if state.made:
            state.made = set()
        state.surroundings.renew()
        number, unit, rest = self._place
        try:
            if unit < 0:
                value = document(state, number)
            else:
                value = memo[unit]
                if value is X:
                    value = state.tables.functions[unit](state)
        except RecursionError:
            raise EvaluationError("the evaluation nests too deeply") from None
        finally:
            for one in self._kept:
                self._memo[one] = memo[one]
        for key in rest:
            value = get(value, key)
        return value
