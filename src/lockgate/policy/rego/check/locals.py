"""Declared variables get names of their own, so that two scopes never share one by accident.

``:=`` and ``some`` declare in the body they stand in; what is declared twice, or used above its declaration, is an
error. ``some x in xs`` becomes the unification it stands for. Names given here are ``x%3``, so that errors can say
``x``.
"""

from __future__ import annotations

from collections.abc import Callable

from lockgate.policy.rego.check.uses import count_uses
from lockgate.policy.rego.source import COMPILE
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
    Some,
    Template,
    Term,
    Var,
    With,
    call,
    operator_name,
)

Report = Callable[[str, str, int], None]
"""Takes a code, a message and an offset."""

_SEEN, _ASSIGNED, _DECLARED, _ARGUMENT = "referenced above", "assigned above", "declared above", "redeclared"


class Fresh:
    """Hands out names that no source can hold."""

    def __init__(self) -> None:
        self.count = 0

    def name(self, of: str = "") -> str:
        """A new name, for ``of`` when it has one."""
        self.count += 1
        return f"{of}%{self.count}"

    def var(self, at: int) -> Var:
        """A new variable."""
        return Var(self.name(), at)


def shown(name: str) -> str:
    """The name as the source has it; empty for a name that was made here."""
    return name.partition("%")[0]


class Locals:
    """Renames in place. ``strict`` reports what is assigned or taken as an argument and never used."""

    def __init__(self, fresh: Fresh, report: Report, *, strict: bool = False) -> None:
        self.strict = strict
        self.fresh = fresh
        self.report = report
        self.frames: list[dict[str, tuple[str, str]]] = [{}]
        self.places: dict[str, int] = {}

    def rule(self, rule: Rule) -> None:
        """A rule or an ``else`` branch: arguments, body, head."""
        self.frames = [{}]
        if rule.args is not None:
            rule.args = [self._argument(arg) for arg in rule.args]
        self.frames.append({})
        # Comprehensions of the head have scopes of their own, in which nothing of the body is declared yet.
        rule.body = self.body(rule.body)
        rule.ref.path = [self.term(part) for part in rule.ref.path]
        if rule.key is not None:
            rule.key = self.term(rule.key)
        if rule.value is not None:
            rule.value = self.term(rule.value)
        terms = [*rule.ref.path, *(term for term in (rule.key, rule.value) if term is not None)]
        self._unused(terms, rule.body)
        if self.strict and not rule.default and rule.otherwise is None:
            self._unused_arguments(rule, terms)

    def _argument(self, term: Term) -> Term:
        if isinstance(term, Var):
            known = self.frames[0].get(term.name)
            if known is None:
                known = self.fresh.name(term.name), _ARGUMENT
                self.frames[0][term.name] = known
            return Var(known[0], term.at)
        if isinstance(term, Array):
            term.items = [self._argument(item) for item in term.items]
        elif isinstance(term, ObjectTerm):
            term.pairs = [(self._argument(key), self._argument(value)) for key, value in term.pairs]
        elif isinstance(term, Ref) and not term.path and isinstance(term.head, Var):
            self.report(COMPILE, f"args must not shadow {term.head.name} (use a different variable name)", term.at)
        return term

    # -- bodies

    def body(self, body: Body) -> Body:
        """The body with its declarations carried out."""
        found: Body = []
        for expr in body:
            changed = self._expr(expr)
            if changed is not None:
                found.append(changed)
        return found or [Expr(Scalar(True), -1, generated=True)]

    def scoped(self, body: Body) -> Body:
        """A body in a scope of its own."""
        self.frames.append({})
        found = self.body(body)
        self._unused([], found)
        self.frames.pop()
        return found

    def _unused(self, terms: list[Term], body: Body) -> None:
        """Report what the scope declares with ``some`` or ``every`` and nothing in it uses."""
        wanted = (_DECLARED, _ASSIGNED) if self.strict else (_DECLARED,)
        declared = [(name, known, how) for known, (name, how) in self.frames[-1].items() if how in wanted]
        if not declared:
            return
        uses = count_uses(body, terms)
        for name, known, how in declared:
            # The assignment itself is one occurrence.
            if uses[name] <= (how is _ASSIGNED):
                kind = "declared" if how is _DECLARED else "assigned"
                self.report(COMPILE, f"{kind} var {known} unused", self.places.get(name, -1))

    def _unused_arguments(self, rule: Rule, terms: list[Term]) -> None:
        uses = count_uses(rule.body, terms)
        for known, (name, _) in self.frames[0].items():
            if not known.startswith("$") and not uses[name]:
                message = f"unused argument {known}. (hint: use _ (wildcard variable) instead)"
                self.report(COMPILE, message, rule.at)

    def _expr(self, expr: Expr) -> Expr | None:
        what = expr.what
        if isinstance(what, Call) and what.infix and operator_name(what.operator) == "assign":
            return self._assignment(expr, what)
        if isinstance(what, Some):
            return self._some(expr, what)
        if isinstance(what, Every):
            self._every(what)
        elif isinstance(what, Not):
            what.body = self._operand(what.body, what.explicit, "negated")
        elif isinstance(what, Logical):
            what.left = self._operand(what.left, what.explicit_left, what.operator)
            what.right = self._operand(what.right, what.explicit_right, what.operator)
        else:
            expr.what = self.term(what)
        self._withs(expr.withs)
        return expr

    def _operand(self, body: Body, explicit: bool, kind: str) -> Body:
        if explicit:
            return self.scoped(body)
        for expr in body:
            what = expr.what
            if isinstance(what, Call) and what.infix and operator_name(what.operator) == "assign":
                where = "negated expression" if kind == "negated" else f"operand of `{kind}`"
                self.report(COMPILE, f"cannot assign vars inside {where}", expr.at)
                return body
        return self.body(body)

    def _withs(self, withs: list[With]) -> None:
        for one in withs:
            target = one.target
            if isinstance(target, Ref):
                target.path = [self.term(part) for part in target.path]
            one.value = self.term(one.value)

    def _assignment(self, expr: Expr, what: Call) -> Expr:
        if expr.negated:
            self.report(COMPILE, "cannot assign vars inside negated expression", expr.at)
            return expr
        left, right = what.args
        right = self.term(right)
        self._withs(expr.withs)
        left = self._declare_pattern(left)
        expr.what = call("eq", [left, right], what.at)
        expr.what.infix = True
        expr.assigned = True
        return expr

    def _declare_pattern(self, term: Term) -> Term:
        if isinstance(term, Var):
            return self._declare(term, _ASSIGNED, term.at)
        if isinstance(term, Ref) and not term.path and isinstance(term.head, Var):
            return self._declare(term.head, _ASSIGNED, term.at)
        if isinstance(term, Array):
            term.items = [self._declare_pattern(item) for item in term.items]
        elif isinstance(term, ObjectTerm):
            term.pairs = [(self.term(key), self._declare_pattern(value)) for key, value in term.pairs]
        else:
            self.report(COMPILE, f"cannot assign to {_KINDS.get(type(term), 'this term')}", term.at)
        return term

    def _declare(self, var: Var, how: str, at: int) -> Var:
        if var.name.startswith("$"):
            return var
        frame = self.frames[-1]
        known = frame.get(var.name)
        if known is None and len(self.frames) == 2:
            known = self.frames[0].get(var.name)
        if known is not None:
            kind = "arg" if known[1] is _ARGUMENT else "var"
            self.report(COMPILE, f"{kind} {var.name} {known[1]}", at)
            return Var(known[0], at)
        name = self.fresh.name(var.name)
        frame[var.name] = name, how
        self.places[name] = at
        return Var(name, var.at)

    def _some(self, expr: Expr, what: Some) -> Expr | None:
        for name in what.names:
            self._declare(name, _DECLARED, name.at)
        if what.member is None:
            return None
        *patterns, domain = what.member.args
        domain = self.term(domain)
        if len(patterns) == 2:
            patterns[0] = self._declare_some(patterns[0], key=True)
        else:
            patterns.insert(0, self.fresh.var(what.at))
        patterns[1] = self._declare_some(patterns[1], key=False)
        if isinstance(domain, Ref):
            members = Ref(domain.head, [*domain.path, patterns[0]], domain.at)
        else:
            members = Ref(domain, [patterns[0]], domain.at)
        expr.what = call("eq", [patterns[1], members], what.at)
        expr.what.infix = True
        self._withs(expr.withs)
        return expr

    def _declare_some(self, term: Term, *, key: bool) -> Term:
        if isinstance(term, Var):
            return self._declare(term, _DECLARED, term.at)
        if isinstance(term, Array):
            term.items = [self._declare_some(item, key=key) for item in term.items]
            return term
        if isinstance(term, ObjectTerm):
            term.pairs = [(self.term(name), self._declare_some(value, key=key)) for name, value in term.pairs]
            return term
        return self.term(term)

    def _every(self, what: Every) -> None:
        what.domain = self.term(what.domain)
        self.frames.append({})
        if what.key is not None:
            what.key = self._declare(what.key, _DECLARED, what.at)
        what.value = self._declare(what.value, _DECLARED, what.at)
        what.body = self.body(what.body)
        self._unused([], what.body)
        self.frames.pop()

    # -- terms

    def term(self, term: Term) -> Term:
        """The term with declared names replaced."""
        kind = term.__class__
        if kind is Scalar:
            return term
        if isinstance(term, Var):
            return self._use(term)
        if isinstance(term, Ref):
            return self._ref(term)
        if isinstance(term, Call):
            head = term.operator.head
            if isinstance(head, Var) and not term.infix and self._known(head.name, hidden=True):
                self.report(COMPILE, f"called function {operator_name(term.operator)} shadowed", term.at)
            term.args = [self.term(arg) for arg in term.args]
        elif isinstance(term, (Array, SetTerm)):
            term.items = [self.term(item) for item in term.items]
        elif isinstance(term, ObjectTerm):
            term.pairs = [(self.term(key), self.term(value)) for key, value in term.pairs]
        elif isinstance(term, Comprehension):
            self.frames.append({})
            term.body = self.body(term.body)
            term.head = [self.term(part) for part in term.head]
            self._unused(term.head, term.body)
            self.frames.pop()
        elif isinstance(term, Template):
            for part in term.parts:
                if isinstance(part, Expr):
                    self.frames.append({})
                    self._expr(part)
                    self.frames.pop()
        return term

    def _ref(self, ref: Ref) -> Term:
        head = ref.head
        if isinstance(head, Var):
            if head.name in ("input", "data"):
                name = self._known(head.name, hidden=True)
                if name:
                    head = Var(name, head.at)
                    if not ref.path:
                        return head
            else:
                head = self._use(head)
        else:
            head = self.term(head)
        ref.head = head
        ref.path = [self.term(part) for part in ref.path]
        return ref

    def _known(self, name: str, *, hidden: bool) -> str:
        for frame in reversed(self.frames):
            known = frame.get(name)
            if known is not None:
                return "" if hidden and known[1] is _SEEN else known[0]
        return ""

    def _use(self, var: Var) -> Var:
        name = self._known(var.name, hidden=False)
        if name:
            return var if name == var.name else Var(name, var.at)
        if not var.name.startswith("$"):
            self.frames[-1][var.name] = var.name, _SEEN
        return var


_KINDS = {
    Scalar: "constant", Ref: "ref", Call: "call", SetTerm: "set", Comprehension: "comprehension", Template: "string",
}  # fmt: skip
