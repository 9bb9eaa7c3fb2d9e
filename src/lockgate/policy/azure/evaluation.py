"""What one evaluation knows, and templates compiled to closures over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.policy.azure.expressions import Access, Call, Expression, Literal, is_expression, literal_text
from lockgate.policy.azure.fields import NOTHING_BOUND, Bound, Place, Resource, pointer
from lockgate.policy.azure.functions import FUNCTIONS, checked, truth
from lockgate.policy.azure.functions_collection import member
from lockgate.policy.azure.rules import Template
from lockgate.policy.azure.values import MISSING, Json, ascii_fold
from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError

DEFAULT_STEPS: Final = 500_000
"""Conditions put to counted members, functions called and values read; library rules take below a thousand."""


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a resource when it is judged. Nothing is read from the machine."""

    utc_now: str = ""
    """The moment of the evaluation as ISO 8601; a rule that asks for it when it is empty fails."""
    subscription: Mapping[str, Json] = field(default_factory=dict)
    """What ``subscription()`` returns."""
    resource_group: Mapping[str, Json] = field(default_factory=dict)
    """What ``resourceGroup()`` returns."""
    request: Mapping[str, Json] = field(default_factory=dict)
    """What ``requestContext()`` returns: ``apiVersion`` and ``identity``."""
    policy: Mapping[str, Json] = field(default_factory=dict)
    """What ``policy()`` returns: ids of assignment, definition and initiative."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition that decided, and what it saw."""

    condition: str
    """JSON pointer of the condition in the policy document."""
    subject: str
    """The field's name, ``value`` or ``count``, with the expression where there is one."""
    operator: str
    """The operator, as the reference spells it."""
    expected: Json
    """What it was compared with, computed."""
    actual: Json
    """What was found; None also for a field that is missing."""
    held: bool
    """Whether the condition held."""
    related: bool = False
    """Whether it was read from a related resource and not from the resource itself."""
    read: tuple[Place, ...] = ()
    """The places that were read, as the evaluation holds them."""
    depends: tuple[tuple[Place, bool], ...] = ()
    """Places whose values decided; False for one that had only to be there, or not to be there (then its parent)."""
    members: tuple[tuple[bool, tuple[Reason, ...]], ...] = ()
    """Of a count with conditions: for each member, whether it was counted, and why."""

    @property
    def places(self) -> tuple[str, ...]:
        """JSON pointers into the resource: of what was read, or of the nearest parent of what is missing."""
        return tuple(dict.fromkeys(map(pointer, self.read)))


class Run:
    """The state of one evaluation."""

    __slots__ = (
        "bound", "budget", "context", "current", "iterations", "names", "origin", "parameters", "resource", "trace",
    )  # fmt: skip

    def __init__(
        self, resource: Resource, parameters: Mapping[str, Json], context: Context, *, origin: Resource | None = None
    ) -> None:
        self.resource = resource
        self.origin = origin or resource
        self.parameters = parameters
        self.context = context
        self.bound: Bound = NOTHING_BOUND
        self.names: dict[str, Json] = {}
        self.current: Json = MISSING
        self.iterations = 1
        self.budget = Budget(DEFAULT_STEPS)
        self.trace: list[Reason] | None = None


Closure = Callable[[Run], Json]


def compiled(template: Template) -> Closure:
    """A closure that computes a template: text, or arrays and objects with expressions in them."""
    if template.constant:
        value = _unescaped(template.value)
        return lambda run: value
    if isinstance(template.value, str):
        return compile_expression(template.parts[template.value])
    parts = {text: compile_expression(tree) for text, tree in template.parts.items()}
    return lambda run: _filled(template.value, parts, run)


def _unescaped(value: Json) -> Json:
    if isinstance(value, str):
        return literal_text(value)
    if isinstance(value, list):
        return [_unescaped(one) for one in value]
    if isinstance(value, dict):
        return {key: _unescaped(one) for key, one in value.items()}
    return value


def _filled(value: Json, parts: Mapping[str, Closure], run: Run) -> Json:
    if isinstance(value, str):
        if is_expression(value):
            result = parts[value](run)
            return None if result is MISSING else result
        return literal_text(value)
    if isinstance(value, list):
        return [_filled(one, parts, run) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, parts, run) for key, one in value.items()}
    return value


def compile_expression(tree: Expression) -> Closure:
    """A closure that computes an expression. It raises :class:`EvaluationError` when that fails."""
    if isinstance(tree, Literal):
        value = tree.value
        return lambda run: value
    if isinstance(tree, Access):
        return _access(tree)
    return _call(tree)


def _access(tree: Access) -> Closure:
    target, key = compile_expression(tree.target), compile_expression(tree.index)

    def access(run: Run) -> Json:
        return member(target(run), key(run))

    return access


def _call(call: Call) -> Closure:
    name = call.name.lower()
    arguments = [compile_expression(one) for one in call.arguments]
    if name == "parameters":
        return _parameters(arguments, call.arguments)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(arguments)
    function = FUNCTIONS[name].run

    def run_function(run: Run) -> Json:
        run.budget.spend()
        given = [argument(run) for argument in arguments]
        try:
            return checked(function(given))
        except EvaluationError as error:
            raise EvaluationError(f"{call.name}: {error.message}") from None

    return run_function


def _parameters(arguments: list[Closure], trees: tuple[Expression, ...]) -> Closure:
    name_of = arguments[0]
    if isinstance(trees[0], Literal) and isinstance(trees[0].value, str):
        written = trees[0].value
        folded = ascii_fold(written)

        def parameter(run: Run) -> Json:
            value = run.parameters.get(folded, MISSING)
            if value is MISSING:
                raise EvaluationError(f"the parameter {written!r} has no value")
            return value

        return parameter

    def parameters(run: Run) -> Json:
        name = name_of(run)
        value = run.parameters.get(ascii_fold(name), MISSING) if isinstance(name, str) else MISSING
        if value is MISSING:
            raise EvaluationError(f"the parameter {name!r} has no value")
        return value

    return parameters


def _field(arguments: list[Closure]) -> Closure:
    name_of = arguments[0]

    def field_function(run: Run) -> Json:
        name = name_of(run)
        if not isinstance(name, str):
            raise EvaluationError("field needs a name")
        run.budget.spend()
        return read_field(run, name)

    return field_function


def read_field(run: Run, name: str) -> Json:
    """What ``field(name)`` returns: an array for ``[*]``, and empty text for a plain field that is missing.

    Fields are the judged resource's, also in an existence condition, but for arrays that this condition counts.
    """
    resource = run.resource if run.bound and "[*]" in name else run.origin
    found = resource.read(name, run.bound)
    if found.collection:
        run.budget.spend(len(found.members))
        return list(found.members)
    value = found.cells[0][0] if found.cells else MISSING
    return "" if value is MISSING else value


def _current(arguments: list[Closure]) -> Closure:
    if not arguments:

        def innermost(run: Run) -> Json:
            if run.current is MISSING:
                raise EvaluationError("current() stands outside count")
            return run.current

        return innermost
    name_of = arguments[0]

    def named(run: Run) -> Json:
        name = name_of(run)
        if not isinstance(name, str):
            raise EvaluationError("current needs a name")
        value = run.names.get(ascii_fold(name), MISSING)
        if value is not MISSING:
            return value
        if "[*]" not in name or not run.bound:
            raise EvaluationError(f"nothing called {name!r} is being counted")
        run.budget.spend()
        return run.resource.current(name, run.bound)

    return named


def _if(arguments: list[Closure]) -> Closure:
    condition, then, otherwise = arguments
    return lambda run: then(run) if truth(condition(run)) else otherwise(run)


def _and(arguments: list[Closure]) -> Closure:
    return lambda run: all(truth(one(run)) for one in arguments)


def _or(arguments: list[Closure]) -> Closure:
    return lambda run: any(truth(one(run)) for one in arguments)


def _utc_now(_: list[Closure]) -> Closure:
    def now(run: Run) -> Json:
        if not run.context.utc_now:
            raise EvaluationError("utcNow() is asked for, and no moment was given")
        return run.context.utc_now

    return now


_SPECIAL: Final[dict[str, Callable[[list[Closure]], Closure]]] = {
    "field": _field,
    "current": _current,
    "if": _if,
    "and": _and,
    "or": _or,
    "utcnow": _utc_now,
    "resourcegroup": lambda _: lambda run: run.context.resource_group,
    "subscription": lambda _: lambda run: run.context.subscription,
    "requestcontext": lambda _: lambda run: run.context.request,
    "policy": lambda _: lambda run: run.context.policy,
}
