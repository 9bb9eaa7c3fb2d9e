"""Names of rules and imports become full references: ``p`` in ``package a`` is ``data.a.p``.

A name that the body declares (``:=``, ``some``) or that is an argument stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Logical,
    Module,
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
    children,
    operator_name,
)

Globals = Mapping[str, tuple[str, ...]]
"""What a name of a module stands for: the path that begins with ``data`` or ``input``."""


def globals_of(module: Module, siblings: set[str]) -> dict[str, tuple[str, ...]]:
    """The names of a module: rules of its package (``siblings``, in whichever module they stand), and imports."""
    package = ("data", *(str(part) for part in module.package))
    found = {name: (*package, name) for name in siblings}
    for imported in module.imports:
        if imported.path[0] not in ("future", "rego"):
            found[imported.name] = tuple(imported.path)
    return found


class Names:
    """Resolves in place; ``used`` collects the names that were met."""

    def __init__(self, names: Globals) -> None:
        self.names = names
        self.used: set[str] = set()

    def rule(self, rule: Rule) -> None:
        """One rule; its ``else`` branches are given one by one."""
        hidden = set(declared(rule.body))
        for arg in rule.args or ():
            hidden |= set(_pattern_names(arg))
        ignored = frozenset(hidden)
        rule.ref.path = [self.term(part, ignored) for part in rule.ref.path]
        if rule.key is not None:
            rule.key = self.term(rule.key, ignored)
        if rule.value is not None:
            rule.value = self.term(rule.value, ignored)
        self._body(rule.body, ignored)

    def body(self, body: Body, ignored: frozenset[str] = frozenset()) -> None:
        """A body within a scope that hides ``ignored``."""
        self._body(body, ignored | set(declared(body)))

    def _body(self, body: Body, ignored: frozenset[str]) -> None:
        for expr in body:
            self._expr(expr, ignored)

    def _expr(self, expr: Expr, ignored: frozenset[str]) -> None:
        what = expr.what
        if isinstance(what, Some):
            if what.member is not None:
                *patterns, domain = what.member.args
                what.member.args = [*(self.term(one, ignored) for one in patterns), self.term(domain, ignored)]
        elif isinstance(what, Every):
            what.domain = self.term(what.domain, ignored)
            own = {what.value.name} | ({what.key.name} if what.key else set())
            self.body(what.body, ignored | own)
        elif isinstance(what, Not):
            self.body(what.body, ignored)
        elif isinstance(what, Logical):
            self.body(what.left, ignored)
            self.body(what.right, ignored)
        else:
            expr.what = self.term(what, ignored)
        for one in expr.withs:
            one.target = self.term(one.target, ignored)
            one.value = self.term(one.value, ignored)

    def term(self, term: Term, ignored: frozenset[str]) -> Term:
        """The term with its names resolved."""
        kind = term.__class__
        if kind is Scalar:
            return term
        if isinstance(term, Var):
            path = self._path(term.name, ignored)
            return term if path is None else _reference(path, [], term.at)
        if isinstance(term, Ref):
            return self._ref(term, ignored)
        if isinstance(term, Call):
            operator = term.operator
            if not (term.infix and not operator.path):
                operator = self._ref(operator, ignored)
            term.operator = operator
            term.args = [self.term(arg, ignored) for arg in term.args]
        elif isinstance(term, (Array, SetTerm)):
            term.items = [self.term(item, ignored) for item in term.items]
        elif isinstance(term, ObjectTerm):
            term.pairs = [(self.term(key, ignored), self.term(value, ignored)) for key, value in term.pairs]
        elif isinstance(term, Comprehension):
            inner = ignored | set(declared(term.body))
            term.head = [self.term(part, inner) for part in term.head]
            self._body(term.body, inner)
        elif isinstance(term, Template):
            for part in term.parts:
                if isinstance(part, Expr):
                    self._expr(part, ignored)
        return term

    def _ref(self, ref: Ref, ignored: frozenset[str]) -> Ref:
        path = [self.term(part, ignored) for part in ref.path]
        if isinstance(ref.head, Var):
            full = self._path(ref.head.name, ignored)
            if full is not None:
                return _reference(full, path, ref.at)
        else:
            ref.head = self.term(ref.head, ignored)
        ref.path = path
        return ref

    def _path(self, name: str, ignored: frozenset[str]) -> tuple[str, ...] | None:
        if name in ignored:
            return None
        path = self.names.get(name)
        if path is not None:
            self.used.add(name)
        return path


def declared(body: Body) -> Iterator[str]:
    """Names that a body declares for itself, and those of bodies within it that are not comprehensions."""
    for expr in body:
        what = expr.what
        if isinstance(what, Call):
            if what.infix and operator_name(what.operator) == "assign" and len(what.args) == 2:
                yield from names_in(what.args[0])
        elif isinstance(what, Some):
            yield from (name.name for name in what.names)
            if what.member is not None:
                for pattern in what.member.args[:-1]:
                    yield from names_in(pattern)
        elif isinstance(what, (Every, Not)):
            yield from declared(what.body)
        elif isinstance(what, Logical):
            yield from declared(what.left)
            yield from declared(what.right)


def names_in(term: Term) -> Iterator[str]:
    """Every variable's name in a term, bodies excepted."""
    if isinstance(term, Var):
        yield term.name
    for child in children(term):
        yield from names_in(child)


def _pattern_names(term: Term) -> Iterator[str]:
    """Names that an argument binds: keys of objects, sets and calls bind nothing."""
    if isinstance(term, Var):
        yield term.name
    elif isinstance(term, Array):
        for item in term.items:
            yield from _pattern_names(item)
    elif isinstance(term, ObjectTerm):
        for _, value in term.pairs:
            yield from _pattern_names(value)


def _reference(path: tuple[str, ...], more: list[Term], at: int) -> Ref:
    return Ref(Var(path[0], at), [*(Scalar(part, at) for part in path[1:]), *more], at)
