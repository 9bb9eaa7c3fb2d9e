"""Why an expression gave what it gave: its parts and their values, the one that decided marked.

Nothing is computed by a second interpreter: each part is compiled and evaluated through the same door as the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lockgate.policy.budget import Budget
from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.expression import compile_expression
from lockgate.policy.cel.parser import parse
from lockgate.policy.cel.printer import show
from lockgate.policy.cel.program import Program
from lockgate.policy.errors import EvaluationError, PolicyError
from lockgate.policy.step import Step

STEPS = 1_000_000
"""Steps of a whole trace."""
_MOST_DEEP = 12
_MOST_TRIED = 1_000
"""Members of a list that are tried to find the one that decided."""


def trace(text: str, activation: Mapping[str, Any]) -> Step:
    """The parts of an expression that is compiled already elsewhere, with their values for ``activation``."""
    return _Tracer(Budget(STEPS)).step(parse(text), activation, 0)


def trace_program(program: Program, activation: Mapping[str, Any]) -> Iterator[Step]:
    """Conditions, variables and validations of a policy; marked is what a request hangs on: a condition or validation
    that is not true."""
    for name, expression in program.conditions:
        yield _noted(trace(expression.source, activation), f"matchCondition {name}", asked=True)
    for name, expression in program.variables:
        yield _noted(trace(expression.source, activation), f"variable {name}", asked=False)
    for number, validation in enumerate(program.validations):
        yield _noted(trace(validation.expression.source, activation), f"validation {number}", asked=True)


def _noted(step: Step, note: str, *, asked: bool) -> Step:
    return replace(step, note=note, decided=asked and step.value is not True)


class _Tracer:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def step(self, node: tree.Node, activation: Mapping[str, Any], depth: int, *, decided: bool = True) -> Step:
        value, error = self._value(node, activation)
        parts = () if depth >= _MOST_DEEP else tuple(self._parts(node, activation, depth + 1, value))
        return Step(show(node), value, error, decided, "", parts)

    def _value(self, node: tree.Node, activation: Mapping[str, Any]) -> tuple[Any, str]:
        try:
            expression = compile_expression(show(node), variables=None)
            return expression.evaluate(activation, budget=self._budget), ""
        except (EvaluationError, PolicyError) as error:
            return None, error.message

    def _parts(self, node: tree.Node, activation: Mapping[str, Any], depth: int, value: Any) -> list[Step]:
        match node:
            case tree.Chain(operator="&&" | "||"):
                return self._chain(node, activation, depth, value)
            case tree.Chain():
                return self._steps(node.operands, activation, depth)
            case tree.Unary():
                return self._steps((node.operand,), activation, depth)
            case tree.Binary():
                return self._steps((node.left, node.right), activation, depth)
            case tree.Conditional():
                chosen, _ = self._value(node.condition, activation)
                taken = (node.then,) if chosen is True else (node.otherwise,) if chosen is False else ()
                return self._steps((node.condition, *taken), activation, depth)
            case tree.Comprehension():
                return self._walked(node, activation, depth, value)
            case tree.Call():
                own = (node.target,) if node.target is not None and not isinstance(node.target, tree.Ident) else ()
                return self._steps((*own, *node.args), activation, depth)
        return []

    def _steps(self, nodes: tuple[tree.Node, ...], activation: Mapping[str, Any], depth: int) -> list[Step]:
        return [
            self.step(node, activation, depth)
            for node in nodes
            if not isinstance(node, tree.Literal | tree.ListLiteral)
        ]

    def _chain(self, node: tree.Chain, activation: Mapping[str, Any], depth: int, value: Any) -> list[Step]:
        """Operands up to the one that decided; all of them decide when none does alone."""
        deciding = node.operator == "||"
        found: list[Step] = []
        for operand in node.operands:
            got, _ = self._value(operand, activation)
            alone = value is deciding and got is deciding
            found.append(self.step(operand, activation, depth, decided=alone or value is not deciding))
            if alone:
                break
        return found

    def _walked(self, node: tree.Comprehension, activation: Mapping[str, Any], depth: int, value: Any) -> list[Step]:
        """The list, and for a test the member on which it hangs."""
        found = self._steps((node.target,), activation, depth)
        members, _ = self._value(node.target, activation)
        if node.macro not in ("all", "exists") or len(node.variables) != 1 or node.condition is None:
            return found
        deciding = node.macro == "exists"
        if value is not deciding or not isinstance(members, list | dict):
            return found
        name = node.variables[0]
        for number, member in enumerate(list(members)[:_MOST_TRIED]):
            inner = {**activation, name: member}
            got, _ = self._value(node.condition, inner)
            if got is deciding:
                step = self.step(node.condition, inner, depth)
                at = number if isinstance(members, list) else repr(member)
                found.append(Step(step.text, step.value, step.error, True, f"{name} = member {at}", step.parts))
                break
        return found
