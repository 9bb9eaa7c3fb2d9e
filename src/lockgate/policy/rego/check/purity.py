"""Functions whose value hangs on nothing but their arguments, so that it can be kept from one object to the next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from lockgate.policy.rego.builtins.contract import Builtin
from lockgate.policy.rego.check.calls import expressions, terms
from lockgate.policy.rego.check.tree import FUNCTION, Tree, Unit
from lockgate.policy.rego.syntax import Body, Call, Expr, Rule, Var, operator_name

_WORTH = 6
"""Calls, those of what is called included, from which on keeping a value costs less than making it."""
_MAX_ARITY = 2


def worth_keeping(tree: Tree, builtins: Mapping[str, Builtin], mockable: Collection[str]) -> frozenset[int]:
    """Functions of one or two arguments that read no document, call nothing but such functions and builtins that
    answer by their arguments, and take some work."""
    if mockable:
        return frozenset()
    counts: dict[int, int | None] = {}
    for unit in tree.units:
        if unit.kind == FUNCTION:
            _calls(unit, tree, builtins, counts)
    return frozenset(
        number
        for number, calls in counts.items()
        if calls is not None and calls >= _WORTH and 1 <= tree.units[number].arity <= _MAX_ARITY
    )


def _calls(unit: Unit, tree: Tree, builtins: Mapping[str, Builtin], counts: dict[int, int | None]) -> int | None:
    """How many calls a function makes; None when something besides its arguments can change its value.

    Functions do not call themselves, so the depth is bounded by the length of the policy's text.
    """
    if unit.index in counts:
        return counts[unit.index]
    total = 0
    for body in _bodies(unit):
        if any(expr.withs for expr in expressions(body)):
            counts[unit.index] = None
            return None
        for term in terms(body):
            more: int | None = 0
            if isinstance(term, Var) and term.name in ("input", "data"):
                more = None
            elif isinstance(term, Call):
                name = operator_name(term.operator)
                called = tree.called(name)
                if called is not None:
                    more = _calls(called, tree, builtins, counts) if called.kind == FUNCTION else None
                    more = None if more is None else more + 1
                else:
                    builtin = builtins[name]
                    more = 1 if builtin.kind in ("pure", "operator") and not builtin.takes_context else None
            if more is None:
                counts[unit.index] = None
                return None
            total += more
    counts[unit.index] = total
    return total


def _bodies(unit: Unit) -> Iterator[Body]:
    for definition in (*unit.definitions, *([unit.default] if unit.default else [])):
        branch: Rule | None = definition.rule
        while branch is not None:
            yield branch.body
            yield [Expr(term) for term in (branch.value, *(branch.args or ())) if term is not None]
            branch = branch.otherwise
