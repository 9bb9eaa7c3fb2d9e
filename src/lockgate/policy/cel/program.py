"""Several expressions that judge one object together: conditions, variables, validations, annotations.

This is the shape that Kubernetes' policies and Gatekeeper's ``K8sNativeValidation`` source have in common. Variables
are computed when they are first asked for, at most once, and may name those before them. Nothing here decides what a
violation or an error leads to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.policy.budget import Budget
from lockgate.policy.cel.expression import Expression, compile_expression
from lockgate.policy.cel.metering import STATE
from lockgate.policy.cel.values import CelError
from lockgate.policy.errors import BudgetExceededError, EvaluationError, PolicyError

LONGEST_MESSAGE = 5 * 1024
"""Characters that a message of a ``messageExpression`` may have, as in Kubernetes."""


@dataclass(frozen=True, slots=True)
class Validation:
    """One thing that must hold."""

    expression: Expression
    """True when it holds."""
    message: str = ""
    """Said when it does not, unless ``message_expression`` says something."""
    message_expression: Expression | None = None
    """Computes the message from the object."""
    reason: str = ""
    """Kubernetes' reason of the refusal, as ``Forbidden``; empty means ``Invalid``."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One validation that does not hold, or that could not be computed."""

    index: int
    """Place of the validation in its program, from 0."""
    message: str
    """What to tell the user."""
    reason: str = ""
    """As the validation has it."""
    error: EvaluationError | None = None
    """Why the validation could not be computed; ``None`` for a violation proper."""


@dataclass(frozen=True, slots=True)
class Program:
    """Expressions that share an activation."""

    variables: tuple[tuple[str, Expression], ...] = ()
    """Name and expression, in order."""
    conditions: tuple[tuple[str, Expression], ...] = ()
    """Name and expression of each condition for the program to apply."""
    validations: tuple[Validation, ...] = ()
    """What must hold."""
    annotations: tuple[tuple[str, Expression], ...] = ()
    """Key and expression of each audit annotation."""

    def expressions(self) -> Iterator[Expression]:
        """All of them."""
        for _, expression in (*self.variables, *self.conditions, *self.annotations):
            yield expression
        for one in self.validations:
            yield one.expression
            if one.message_expression is not None:
                yield one.message_expression


class Variables(dict[str, Any]):
    """What ``variables`` is in an expression: a map whose values are computed when they are first read.

    ``given`` are values that need no computing. A failure is kept too and raised at every reading. Nothing here leads
    back to itself: thousands of reviews a minute would each leave their object to Python's search for cycles, and that
    took a fifth of a second, in which nobody was answered.
    """

    __slots__ = ("around", "budget", "expressions", "failed")

    def __init__(
        self,
        expressions: Sequence[tuple[str, Expression]],
        values: Mapping[str, Any],
        budget: Budget,
        *,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """``values`` are those of the activation beside this."""
        super().__init__(given or {})
        self.expressions = dict(expressions)
        self.around = values
        self.budget = budget
        self.failed: dict[str, EvaluationError] = {}

    def __missing__(self, name: str) -> Any:
        expression = self.expressions.get(name)
        if expression is None:
            raise CelError(f"no such key: {name}")
        if name in self.failed:
            raise copy(self.failed[name])
        activation = {**self.around, "variables": self}
        try:
            if STATE.budget is self.budget:
                value = self[name] = expression.within(activation, self.budget)
            else:
                value = self[name] = expression.evaluate(activation, budget=self.budget)
        except EvaluationError as error:
            if not isinstance(error, BudgetExceededError):
                self.failed[name] = copy(error)  # the one that is raised comes to hold on to this call
            raise
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As a reading, where there is such a variable."""
        return self[name] if name in self else default  # noqa: SIM401 -- this is ``get``

    def __contains__(self, name: object) -> bool:
        return name in self.expressions or super().__contains__(name)


def activation_of(
    program: Program, values: Mapping[str, Any], *, budget: Budget, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """``values`` and the variable ``variables`` over them, which reads ``given`` as computed already."""
    return {**values, "variables": Variables(program.variables, values, budget, given=given)}


def unmet(program: Program, activation: Mapping[str, Any], *, budget: Budget) -> str | None:
    """The name of the first condition that is false, ``None`` when all hold.

    A condition that fails does not matter when another is false, as in Kubernetes; else its error is raised.
    """
    failure: EvaluationError | None = None
    for name, expression in program.conditions:
        try:
            if _holds(expression, activation, budget):
                continue
            return name
        except BudgetExceededError:
            raise
        except EvaluationError as error:
            failure = failure or error
    try:
        if failure is not None:
            raise failure
    finally:
        del failure  # what is raised holds on to this call, which must not hold on to it
    return None


def violations(program: Program, activation: Mapping[str, Any], *, budget: Budget) -> Iterator[Violation]:
    """Each validation that does not hold. An error is a violation with its ``error`` set; a budget that has run out
    is raised instead, because nothing after it could be trusted."""
    for index, validation in enumerate(program.validations):
        try:
            if _holds(validation.expression, activation, budget):
                continue
        except BudgetExceededError:
            raise
        except EvaluationError as error:
            text = f"expression '{validation.expression.source.strip()}' resulted in error: {error.message}"
            yield Violation(index, text, validation.reason, error)
            continue
        yield Violation(index, _message(validation, activation, budget), validation.reason)


def annotated(program: Program, activation: Mapping[str, Any], *, budget: Budget) -> dict[str, str]:
    """Audit annotations by key. One whose value is null or blank is left out; any other type is an error."""
    found: dict[str, str] = {}
    for key, expression in program.annotations:
        value = expression.evaluate(activation, budget=budget)
        if value is None:
            continue
        if type(value) is not str:
            raise CelError(f"the audit annotation {key!r} must be a string or null", where=expression.where)
        if value.strip():
            found[key] = value
    return found


def _holds(expression: Expression, activation: Mapping[str, Any], budget: Budget) -> bool:
    value = expression.evaluate(activation, budget=budget)
    if value is True or value is False:
        return bool(value)
    raise CelError("the expression must give a bool", where=expression.where)


def _message(validation: Validation, activation: Mapping[str, Any], budget: Budget) -> str:
    """The computed message where it is one line that can be shown, else the fixed one, else the expression."""
    if validation.message_expression is not None:
        try:
            value = validation.message_expression.evaluate(activation, budget=budget)
        except BudgetExceededError:
            raise
        except EvaluationError:
            value = None
        if type(value) is str and value.strip() and "\n" not in value and len(value) <= LONGEST_MESSAGE:
            return value.strip()
    return validation.message.strip() or f"failed expression: {validation.expression.source.strip()}"


def parse_program(
    source: Mapping[str, Any],
    *,
    variables: Collection[str],
    given: Collection[str] = (),
    conditions: str = "matchConditions",
    where: str = "",
) -> Program:
    """The program in a plain object: a policy's ``spec``, or the ``source`` of Gatekeeper's ``K8sNativeValidation``.

    ``variables`` are the variables of the activation, ``given`` those fields of ``variables`` that the caller computes,
    ``conditions`` the field that holds the conditions (``matchCondition`` in Gatekeeper). Raises :class:`PolicyError`.
    """
    from lockgate.policy.cel.checked.objects import VARIABLES

    known: list[str] = [*given]
    types = {name: shape for name, shape in VARIABLES.items() if name.partition(".")[0] in variables}
    declared: list[tuple[str, Expression]] = []
    names = frozenset((*variables, "variables"))

    def compiled(text: object, at: str, *kinds: str) -> Expression:
        if not isinstance(text, str) or not text.strip():
            raise PolicyError(f"{at} needs an expression", where=where)
        place = f"{where}: {at}" if where else at
        expression = compile_expression(text, variables=names, where=place, fields={"variables": known}, types=types)
        if kinds and expression.type not in kinds:
            hint = f"say what it is, as in {kinds[0]}(...)" if expression.type == "dyn" else ""
            wanted = " or ".join(kind for kind in kinds if kind != "dyn")
            told = f"the expression must give {wanted}, not {expression.type}"
            raise PolicyError(told, where=place, hint=hint)
        return expression

    for at, item in _items(source, "variables", where):
        name = _text(item, "name", at, where)
        if not name.isidentifier() or not name.isascii() or name in known:
            raise PolicyError(f"{at}: {name!r} is no name for a variable, or is taken", where=where)
        declared.append((name, compiled(item.get("expression"), f"{at}.expression")))
        known = [*known, name]
        types = {**types, f"variables.{name}": declared[-1][1].type}
    return Program(
        tuple(declared),
        tuple(
            (_text(item, "name", at, where), compiled(item.get("expression"), f"{at}.expression", "bool"))
            for at, item in _items(source, conditions, where)
        ),
        tuple(
            Validation(
                compiled(item.get("expression"), f"{at}.expression", "bool"),
                _text(item, "message", at, where, needed=False),
                None
                if not item.get("messageExpression")
                # Kubernetes takes no dyn here; Gatekeeper does, and falls back to the message.
                else compiled(item["messageExpression"], f"{at}.messageExpression", "string", "dyn"),
                _text(item, "reason", at, where, needed=False),
            )
            for at, item in _items(source, "validations", where)
        ),
        tuple(
            (
                _text(item, "key", at, where),
                compiled(item.get("valueExpression"), f"{at}.valueExpression", "string", "null"),
            )
            for at, item in _items(source, "auditAnnotations", where)
        ),
    )


def _items(source: Mapping[str, Any], field: str, where: str) -> list[tuple[str, Mapping[str, Any]]]:
    value = source.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise PolicyError(f"{field} must be a list of maps", where=where)
    return [(f"{field}[{index}]", item) for index, item in enumerate(value)]


def _text(item: Mapping[str, Any], field: str, at: str, where: str, *, needed: bool = True) -> str:
    value = item.get(field)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value):
        raise PolicyError(f"{at}: {field} must be a text", where=where)
    return value
