"""Calls: whether the function exists, takes that many arguments, may be used, and what ``with`` may replace."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from lockgate.policy.rego.builtins.contract import Builtin
from lockgate.policy.rego.check.expand import equation, needs_evaluation
from lockgate.policy.rego.check.locals import Fresh, Report, shown
from lockgate.policy.rego.check.tree import COMPLETE, FUNCTION, SET, Tree
from lockgate.policy.rego.source import COMPILE, TYPE
from lockgate.policy.rego.syntax import (
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Logical,
    Not,
    Ref,
    Scalar,
    Template,
    Term,
    Var,
    With,
    children,
    operator_name,
)
from lockgate.policy.rego.values import key_of

EXTERNAL = frozenset(("external_data",))
"""Functions of other engines, known by name so that refusing them says why."""

COMPILED = frozenset(("eq", "internal.print", "rego.parse_module"))
"""Functions that this package answers itself."""

_UNREPLACEABLE = frozenset(("eq", "rego.metadata.chain", "rego.metadata.rule"))


class Calls:
    """Checks the calls of one program."""

    def __init__(self, tree: Tree, builtins: Mapping[str, Builtin], refused: Collection[str], fresh: Fresh) -> None:
        self.tree = tree
        self.builtins = builtins
        self.refused = refused
        self.fresh = fresh
        self.replaced: set[str] = set()
        """Functions that some ``with`` replaces."""

    def arity(self, name: str) -> int:
        """Number of arguments of a function; -1 when there is none of this name."""
        unit = self.tree.called(name)
        if unit is not None:
            return unit.arity
        builtin = self.builtins.get(name)
        return builtin.arity if builtin is not None else -1

    def body(self, body: Body, report: Report, *, deprecated: bool) -> None:
        """Report what is wrong with the calls of a body and of bodies within it."""
        for expr in expressions(body):
            if isinstance(expr.what, Call):
                self._call(expr, expr.what, report, deprecated=deprecated)

    def _call(self, expr: Expr, what: Call, report: Report, *, deprecated: bool) -> None:
        name = ".".join(shown(part) for part in operator_name(what.operator).split("."))
        if name in self.refused or name in EXTERNAL:
            report(TYPE, f"the function {name} is refused: its answer cannot be reproduced offline", what.at)
            return
        arity = self.arity(name)
        builtin = self.builtins.get(name) if self.tree.called(name) is None else None
        if arity < 0 or (builtin is not None and not available(builtin)):
            report(TYPE, f"undefined function {name}", what.at)
            return
        count = len(what.args)
        if builtin is not None and builtin.result is None:
            if expr.generated:
                report(TYPE, f"{name} used as value", what.at)
        elif (expr.generated and name != "eq" and count != arity + 1) or not arity <= count <= arity + 1:
            given = count - 1 if expr.generated else count
            report(TYPE, f"function {name} has arity {arity}, got {given} argument{'s' * (given != 1)}", what.at)
        if builtin is not None and builtin.deprecated and not deprecated:
            report(TYPE, f"deprecated built-in function calls in expression: {name}", what.at)

    # -- with

    def withs(self, body: Body, report: Report) -> Body:
        """The body with the values of ``with`` computed in lines above; wrong targets are reported."""
        found: Body = []
        for expr in body:
            what = expr.what
            if isinstance(what, (Every, Not)):
                what.body = self.withs(what.body, report)
            elif isinstance(what, Logical):
                what.left, what.right = self.withs(what.left, report), self.withs(what.right, report)
            if not isinstance(what, (Not, Logical)):
                term = what.domain if isinstance(what, Every) else what
                assert isinstance(term, Term)
                self._in_comprehensions(term, report)
            for one in expr.withs:
                if not self._computed(one, report):
                    one.function, one.value = _name(one.value), Scalar(None, one.value.at)
                elif needs_evaluation(one.value):
                    var = self.fresh.var(one.value.at)
                    found.append(equation(var, one.value))
                    one.value = var
            found.append(expr)
        return found

    def _in_comprehensions(self, term: Term, report: Report) -> None:
        if isinstance(term, Comprehension):
            term.body = self.withs(term.body, report)
            return
        for child in children(term):
            self._in_comprehensions(child, report)

    def _computed(self, one: With, report: Report) -> bool:
        """Whether the replacement is a value, as against a function."""
        target = one.target
        name = operator_name(target) if isinstance(target, Ref) else target.name if isinstance(target, Var) else ""
        head = target.head.name if isinstance(target, Ref) and isinstance(target.head, Var) else ""
        if head == "input":
            return True
        if head == "data":
            assert isinstance(target, Ref)
            return self._computed_data(one, target, name, report)
        builtin = self.builtins.get(name)
        if builtin is None:
            message = "with keyword target must reference existing input, data, or a function"
            report(TYPE, message, one.at)
            return False
        reason = ""
        if name in self.refused:
            reason = f'target must not be unsafe: "{name}"'
        elif name in _UNREPLACEABLE:
            reason = f'replacement of "{name}" invalid'
        elif name.startswith("internal."):
            reason = f'replacement of internal function "{name}" invalid'
        elif builtin.kind == "relation":
            reason = "target must not be a relation"
        elif builtin.result is None:
            reason = "target must not be a void function"
        if reason:
            report(COMPILE, f"with keyword replacing built-in function: {reason}", one.at)
            return False
        self.replaced.add(name)
        return not self._is_function(one.value)

    def _computed_data(self, one: With, target: Ref, name: str, report: Report) -> bool:
        node = self.tree.root
        keys = [key_of(part.value) for part in target.path if isinstance(part, Scalar)]
        for number, key in enumerate(keys):
            child = node.children.get(key)
            if child is None:
                break
            if child.unit is not None and child.unit.kind in (COMPLETE, SET) and number < len(keys) - 1:
                report(COMPILE, "with keyword cannot partially replace virtual document(s)", one.at)
            node = child
        else:
            if node.unit is not None and node.unit.kind == FUNCTION:
                self.replaced.add(name)
                return not self._is_function(one.value)
        return True

    def _is_function(self, term: Term) -> bool:
        name = _name(term)
        return name in self.builtins or self.tree.function(name) is not None


def _name(term: Term) -> str:
    """The name of a function that a term may be."""
    return operator_name(term) if isinstance(term, Ref) else term.name if isinstance(term, Var) else ""


def available(builtin: Builtin) -> bool:
    """Whether calls of a builtin can be compiled. What needs the network can, if the caller does not refuse it: a
    policy's tests replace it."""
    return builtin.function is not None or builtin.name in COMPILED or builtin.kind == "network"


def expressions(body: Body) -> Iterator[Expr]:
    """Every line of a body and of bodies within it."""
    for expr in body:
        yield expr
        what = expr.what
        if isinstance(what, (Every, Not)):
            yield from expressions(what.body)
            if isinstance(what, Every):
                yield from _in_term(what.domain)
        elif isinstance(what, Logical):
            yield from expressions(what.left)
            yield from expressions(what.right)
        elif isinstance(what, Term):
            yield from _in_term(what)
        for one in expr.withs:
            yield from _in_term(one.value)


def _in_term(term: Term) -> Iterator[Expr]:
    if isinstance(term, Comprehension):
        yield from expressions(term.body)
        for head in term.head:
            yield from _in_term(head)
    elif isinstance(term, Template):
        yield from expressions([part for part in term.parts if isinstance(part, Expr)])
    else:
        for child in children(term):
            yield from _in_term(child)


def terms(body: Body) -> Iterator[Term]:
    """Every term of a body, down to the smallest, bodies within it included."""
    for expr in expressions(body):
        what = expr.what
        if isinstance(what, Every):
            yield from _all(what.domain)
        elif isinstance(what, Term):
            yield from _all(what)
        for one in expr.withs:
            yield from _all(one.value)


def _all(term: Term) -> Iterator[Term]:
    yield term
    if isinstance(term, Comprehension):
        for head in term.head:
            yield from _all(head)
        return
    for child in children(term):
        yield from _all(child)
