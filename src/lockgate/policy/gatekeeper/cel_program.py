"""A template's CEL, compiled: what K8sNativeValidation makes of it.

Semantics of a ValidatingAdmissionPolicy: every validation is asked, a false one is a violation, an error is one too
unless ``failurePolicy: Ignore``. Source: gatekeeper ``pkg/drivers/k8scel``.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lockgate.policy.budget import Budget
from lockgate.policy.cel import Expression, load_expression
from lockgate.policy.cel.program import Program, Validation, activation_of, parse_program, unmet, violations
from lockgate.policy.errors import BudgetExceededError, EvaluationError, PolicyError
from lockgate.policy.gatekeeper.case import Case
from lockgate.policy.gatekeeper.constraint import Constraint
from lockgate.policy.gatekeeper.parts import NAMES, UNTOLD, VOLUMES, Decided, decided_by
from lockgate.policy.gatekeeper.template import CelSource
from lockgate.policy.gatekeeper.violation import Answer
from lockgate.policy.reads import NOWHERE, WHOLE, Found, every, is_whole
from lockgate.policy.views import View, view_of

VARIABLES = ("object", "oldObject", "request", "namespaceObject")
"""What expressions may read, besides ``variables``. There is no ``params`` and no ``authorizer``."""
GIVEN = ("params", "anyObject")
"""Fields of ``variables`` that Gatekeeper defines: the constraint's parameters or null, and the object or, on DELETE,
the old one."""

_From = TypeVar("_From")
_To = TypeVar("_To")


class CelProgram:
    """The compiled logic of one template. Keeps nothing between reviews."""

    __slots__ = ("_ignore_errors", "_program", "decided", "view")

    def __init__(self, program: Program, *, ignore_errors: bool, view: View | None, decided: Decided) -> None:
        self._program = program
        self.view = view
        self.decided = decided
        self._ignore_errors = ignore_errors

    def judge(self, case: Case, constraint: Constraint, budget: Budget) -> list[Answer]:
        """What the template says of the review under this constraint; nothing when it holds.

        Raises :class:`BudgetExceededError` even where failures are ignored: what an object can bring about by its size
        must not let it in.
        """
        activation = self.activation(case, constraint, budget)
        try:
            if unmet(self._program, activation, budget=budget) is not None:
                return []
        except BudgetExceededError:
            raise
        except EvaluationError as error:
            return [] if self._ignore_errors else [Answer(str(error), error=error.code)]
        return [
            Answer(each.message, error=each.error.code if each.error is not None else "")
            for each in violations(self._program, activation, budget=budget)
            if each.error is None or not self._ignore_errors
        ]

    @property
    def program(self) -> Program:
        """The compiled expressions."""
        return self._program

    def activation(self, case: Case, constraint: Constraint, budget: Budget) -> dict[str, Any]:
        """What the expressions read."""
        spec = constraint.body.get("spec")
        given = {
            "params": spec.get("parameters") if isinstance(spec, dict) else None,
            "anyObject": case.cel_document()["anyObject"],
        }
        return activation_of(self._program, case.cel_activation(), budget=budget, given=given)

    def document(self, case: Case) -> Mapping[str, Any]:
        """The variables that the constraint does not change, ``anyObject`` among them."""
        return case.cel_document()

    def dump(self) -> bytes:
        """Bytes for :func:`load_cel`."""
        program = self._program
        return marshal.dumps(
            (
                [(name, each.dump()) for name, each in program.variables],
                [(name, each.dump()) for name, each in program.conditions],
                [
                    (each.expression.dump(), each.message, _maybe(Expression.dump, each.message_expression))
                    for each in program.validations
                ],
                None if self.view is None else self.view.code,
                tuple(self.decided),
            )
        )


def compile_cel(source: CelSource) -> CelProgram:
    """Compile every expression. Raises :class:`PolicyError` with the place in the template.

    Gatekeeper loads a template whose expressions do not compile, and then fails on every object.
    """
    program = parse_program(
        source.fields, variables=VARIABLES, given=GIVEN, conditions="matchCondition", where=source.where
    )
    from lockgate.policy.cel.traces import found_in, place

    given = {"params": NOWHERE, "anyObject": place("anyObject")}
    found = found_in(program, variables=frozenset(VARIABLES), given=given)
    view = None if found is None else view_of(every(found))
    volumes = {(name, *VOLUMES[1:]): "volume" for name in ("object", "anyObject")}
    decided = UNTOLD if found is None else decided_by(found, _named, volumes)
    return CelProgram(program, ignore_errors=source.ignore_errors, view=view, decided=decided)


_SAME = {"requestKind": "kind", "requestResource": "resource", "requestSubResource": "subResource"}
_OF_REQUEST = frozenset(NAMES) - {"object", "oldObject", "namespaceObject"}


def _named(found: tuple[Found, ...]) -> tuple[Found, ...] | None:
    """Which reads of the review decide the answers; None when the whole of it may."""
    named: list[Found] = []
    for path, level, present in found:
        if path[0] == "anyObject":
            named.append((("object", *path[1:]), level, present))
        elif path[0] == "object":  # there is none on DELETE, where the old one is the object of the review
            named += (path, level, present), (("operation",), WHOLE, None)
        elif path[0] in ("oldObject", "namespaceObject"):
            named.append((path, level, present))
        elif path == ("request",) and not is_whole(level):
            continue
        elif path[0] == "request" and len(path) > 1 and _SAME.get(str(path[1]), path[1]) in _OF_REQUEST:
            named.append(((_SAME.get(str(path[1]), path[1]), *path[2:]), level, present))
        else:
            return None
    return tuple(named)


def load_cel(source: CelSource, data: bytes) -> CelProgram:
    """A program that :meth:`CelProgram.dump` wrote for the same source. Bytes must come from a place that only the user
    can write. Raises :class:`PolicyError` when they do not fit."""
    try:
        variables, conditions, validations, view, decided = marshal.loads(data)  # noqa: S302
        program = Program(
            tuple((name, load_expression(each)) for name, each in variables),
            tuple((name, load_expression(each)) for name, each in conditions),
            tuple(
                Validation(load_expression(expression), message, _maybe(load_expression, computed))
                for expression, message, computed in validations
            ),
        )
    except (ValueError, TypeError, EOFError):
        raise PolicyError("these bytes hold no compiled template") from None
    seen = None if view is None else View(view)
    return CelProgram(program, ignore_errors=source.ignore_errors, view=seen, decided=Decided(*decided))


def _maybe(make: Callable[[_From], _To], value: _From | None) -> _To | None:
    return None if value is None else make(value)
