"""Calls leave terms: ``f(g(x)) > 1`` becomes ``a = g(x); b = f(a); b > 1``. What is left is flat.

That a call inside ``not`` is hoisted out of it is Rego's meaning, not an accident: an argument that is undefined makes
the whole body undefined.
"""

from __future__ import annotations

from lockgate.policy.rego.check.locals import Fresh
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Logical,
    Not,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    Template,
    Term,
    Var,
    With,
    call,
    children,
    operator_name,
)


class Expander:
    """Flattens the rules and bodies of one module."""

    def __init__(self, fresh: Fresh) -> None:
        self.fresh = fresh

    def rule(self, rule: Rule) -> None:
        """Head and body; what the head needs is computed at the body's end."""
        extra: Body = []
        rule.ref.path = [part if isinstance(part, (Scalar, Var)) else self._captured(part, extra)
                         for part in rule.ref.path]  # fmt: skip
        if rule.args is not None:
            rule.args = [self.term(arg, extra, []) for arg in rule.args]
        if rule.key is not None:
            rule.key = self._head(rule.key, extra)
        if rule.value is not None:
            rule.value = self._head(rule.value, extra)
        rule.body = [*self.body(rule.body), *extra]

    def _head(self, term: Term, extra: Body) -> Term:
        term = self.term(term, extra, [])
        return self._equation(term, extra) if needs_evaluation(term) else term

    def _captured(self, term: Term, extra: Body) -> Term:
        return self._equation(self.term(term, extra, []), extra)

    def _equation(self, term: Term, extra: Body) -> Var:
        var = self.fresh.var(term.at)
        extra.append(equation(var, term))
        return var

    def body(self, body: Body) -> Body:
        """The body with calls in lines of their own."""
        found: Body = []
        for expr in body:
            self._expr(expr, found)
        return found

    def _expr(self, expr: Expr, found: Body) -> None:
        for one in expr.withs:
            one.value = self.term(one.value, found, [])
        what = expr.what
        if isinstance(what, Call):
            if operator_name(what.operator) == "print":
                what = self._print(what)
                expr.what = what
            what.args = [self.term(arg, found, expr.withs) for arg in what.args]
        elif isinstance(what, Every):
            domain = self.fresh.var(what.domain.at)
            line = equation(domain, what.domain)
            line.withs = expr.withs
            self._expr(line, found)
            what.domain = domain
            what.body = self.body(what.body)
        elif isinstance(what, Not):
            what.body = self.body(what.body)
        elif isinstance(what, Logical):
            what.left, what.right = self.body(what.left), self.body(what.right)
        else:
            assert isinstance(what, Term)
            expr.what = self.term(what, found, expr.withs)
        found.append(expr)

    def term(self, term: Term, found: Body, withs: list[With]) -> Term:
        """The term without calls; the lines that compute them are added to ``found``."""
        if isinstance(term, (Scalar, Var)):
            return term
        if isinstance(term, Call):
            term.args = [self.term(arg, found, withs) for arg in term.args]
            output = self.fresh.var(term.at)
            term.args.append(output)
            found.append(Expr(term, term.at, withs=withs, generated=True))
            return output
        if isinstance(term, Ref):
            term.head = self.term(term.head, found, withs)
            term.path = [self.term(part, found, withs) for part in term.path]
            if not isinstance(term.head, Var):
                head = self.fresh.var(term.at)
                found.append(equation(head, term.head, withs))
                term.head = head
        elif isinstance(term, (Array, SetTerm)):
            term.items = [self.term(item, found, withs) for item in term.items]
        elif isinstance(term, ObjectTerm):
            term.pairs = [(self.term(k, found, withs), self.term(v, found, withs)) for k, v in term.pairs]
        elif isinstance(term, Comprehension):
            extra: Body = []
            term.head = [self._head(part, extra) for part in term.head]
            term.body = [*self.body(term.body), *extra]
        else:
            assert isinstance(term, Template)
            return self.term(self._template(term), found, withs)
        return term

    def _print(self, what: Call) -> Call:
        """Arguments that are undefined are printed as such, so each is computed in a comprehension."""
        sets: list[Term] = [self._maybe(arg, []) for arg in what.args]
        return call("internal.print", [Array(sets, what.at)], what.at)

    def _maybe(self, term: Term, withs: list[With]) -> Term:
        """The set of the term's values; empty when it has none."""
        if isinstance(term, (Scalar, Var)):
            return SetTerm([term], term.at)
        var = self.fresh.var(term.at)
        return Comprehension("set", [var], [equation(var, term, withs)], term.at)

    def _template(self, term: Template) -> Call:
        parts: list[Term] = []
        for part in term.parts:
            if isinstance(part, str):
                parts.append(Scalar(part, term.at))
            else:
                assert isinstance(part.what, Term)
                parts.append(self._maybe(part.what, part.withs))
        return call("internal.template_string", [Array(parts or [Scalar("", term.at)], term.at)], term.at)


def equation(var: Var, term: Term, withs: list[With] | None = None) -> Expr:
    """The line ``var = term``."""
    what = call("eq", [var, term], term.at)
    what.infix = True
    return Expr(what, term.at, withs=withs or [], generated=True)


def needs_evaluation(term: Term) -> bool:
    """Whether a term holds a reference or a comprehension."""
    if isinstance(term, (Ref, Comprehension)):
        return True
    return any(needs_evaluation(child) for child in children(term))


class Hoister:
    """After the order of lines is settled: references and comprehensions in arguments get lines of their own.

    ``==`` is a unification by then, and the sides of a unification are left where they are, so that
    ``not input.x == 1`` holds when there is no ``input.x``, and ``not f(input.x)`` does not.
    """

    def __init__(self, fresh: Fresh, *, equal_unifies: bool = True) -> None:
        self.fresh = fresh
        self.equal_unifies = equal_unifies

    def body(self, body: Body) -> Body:
        """The body, hoisted."""
        found: Body = []
        for expr in body:
            what = expr.what
            if isinstance(what, Call):
                self._call(what, expr, found)
            elif isinstance(what, Every):
                what.domain = self._one(what.domain, expr, found)
                what.body = self.body(what.body)
            elif isinstance(what, Not):
                what.body = self.body(what.body)
            elif isinstance(what, Logical):
                what.left, what.right = self.body(what.left), self.body(what.right)
            else:
                assert isinstance(what, Term)
                expr.what = self._top(what, expr, found)
            found.append(expr)
        return found

    def _call(self, what: Call, expr: Expr, found: Body) -> None:
        name = operator_name(what.operator)
        if name == "equal" and self.equal_unifies and len(what.args) == 2:
            what.operator = Ref(Var("eq", what.at), [], what.at)
            name = "eq"
        if name == "eq" and len(what.args) == 2:
            what.args = [self._top(arg, expr, found) for arg in what.args]
        else:
            what.args = [self._one(arg, expr, found) for arg in what.args]

    def _top(self, term: Term, expr: Expr, found: Body) -> Term:
        if isinstance(term, Ref):
            term.path = [self._one(part, expr, found) for part in term.path]
            return term
        if isinstance(term, Comprehension):
            term.body = self.body(term.body)
            return term
        return self._one(term, expr, found)

    def _one(self, term: Term, expr: Expr, found: Body) -> Term:
        if isinstance(term, (Scalar, Var)):
            return term
        if isinstance(term, Ref):
            term.path = [self._one(part, expr, found) for part in term.path]
        elif isinstance(term, Comprehension):
            term.body = self.body(term.body)
        elif isinstance(term, (Array, SetTerm)):
            term.items = [self._one(item, expr, found) for item in term.items]
            return term
        else:
            assert isinstance(term, ObjectTerm)
            term.pairs = [(self._one(k, expr, found), self._one(v, expr, found)) for k, v in term.pairs]
            return term
        var = self.fresh.var(term.at)
        found.append(equation(var, term, expr.withs))
        return var
