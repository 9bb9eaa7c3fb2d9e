"""The order of lines. Every variable must be bound by an earlier line before a line that only reads it.

Lines keep their order where they can; a line that has to wait is put after the lines that bind what it reads. What
cannot be ordered holds unsafe variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
    Scalar,
    SetTerm,
    Term,
    Var,
    children,
    operator_name,
)

Arity = Callable[[str], int]
"""Number of arguments of a function by its name; -1 when there is none."""

Unsafe = list[tuple[str, int]]
"""Variables that nothing binds, with the offset of the line that reads them."""

RESERVED = frozenset(("input", "data"))


class Safety:
    """Orders bodies in place and collects what is unsafe."""

    def __init__(self, arity: Arity) -> None:
        self.arity = arity
        self.unsafe: Unsafe = []

    def body(self, body: Body, known: frozenset[str]) -> Body:
        """The body in an order that can be evaluated, given the variables already bound."""
        inside = [set(self.names(expr)) for expr in body]
        everything = set().union(*inside) if inside else set()
        closures = [set(self._closed(expr)) for expr in body]
        safe = set(known) | RESERVED
        waiting = list(range(len(body)))
        ordered: list[int] = []
        while waiting:
            left = []
            for number in waiting:
                outputs = self.outputs(body[number], safe)
                if closures[number]:
                    closed = (closures[number] & everything) - safe
                    if closed:
                        left.append(number)
                        continue
                if inside[number] - safe - outputs:
                    left.append(number)
                    continue
                ordered.append(number)
                safe |= outputs
            if len(left) == len(waiting):
                break
            waiting = left
        for number in waiting:
            missing = inside[number] - safe - self.outputs(body[number], safe)
            missing = missing or (closures[number] & everything) - safe
            self.unsafe.extend((name, body[number].at) for name in sorted(missing))
        found = [body[number] for number in (*ordered, *waiting)]
        self._inner(found, known)
        return found

    def _inner(self, body: Body, known: frozenset[str]) -> None:
        """Order the bodies within lines, each with what the lines above it bind."""
        bound = set(known)
        for expr in body:
            scope = frozenset(bound)
            what = expr.what
            if isinstance(what, Every):
                own = {what.value.name} | ({what.key.name} if what.key else set())
                self._terms(what.domain, scope)
                what.body = self.body(what.body, scope | own)
            elif isinstance(what, Not):
                what.body = self.body(what.body, scope)
            elif isinstance(what, Logical):
                what.left, what.right = self.body(what.left, scope), self.body(what.right, scope)
            else:
                assert isinstance(what, Term)
                self._terms(what, scope)
            for one in expr.withs:
                self._terms(one.value, scope)
            bound |= self.names(expr)

    def _terms(self, term: Term, scope: frozenset[str]) -> None:
        if isinstance(term, Comprehension):
            term.body = self.body(term.body, scope)
            bound = scope | self._names_of(term.body) | RESERVED
            for head in term.head:
                missing = self._of_term(head) - bound
                self.unsafe.extend((name, head.at) for name in sorted(missing))
                self._terms(head, scope)
            return
        for child in children(term):
            self._terms(child, scope)

    def _names_of(self, body: Body) -> set[str]:
        return set().union(*(self.names(expr) for expr in body)) if body else set()

    # -- what a line reads or binds

    def names(self, expr: Expr) -> set[str]:
        """Variables of the line itself, bodies within it excepted."""
        what = expr.what
        found: set[str] = set()
        if isinstance(what, Every):
            found |= self._of_term(what.domain)
        elif isinstance(what, Not):
            if not what.explicit:
                found |= self._implicit(what.body)
        elif isinstance(what, Logical):
            if not what.explicit_left:
                found |= self._implicit(what.left)
            if not what.explicit_right:
                found |= self._implicit(what.right)
        else:
            assert isinstance(what, Term)
            found |= self._of_term(what)
        for one in expr.withs:
            found |= self._of_term(one.value)
            if isinstance(one.target, Ref):
                for part in one.target.path:
                    found |= self._of_term(part)
        return found - RESERVED

    def _of_term(self, term: Term) -> set[str]:
        found: set[str] = set()
        _collect(term, found)
        return found

    def _implicit(self, body: Body) -> set[str]:
        """Variables that a body without braces of its own takes from outside: all that it does not bind for itself."""
        if len(body) == 1:
            return self.names(body[0])
        occurrences: dict[str, int] = {}
        for expr in body:
            for name in self.names(expr):
                occurrences[name] = occurrences.get(name, 0) + 1
        direct = {
            arg.name
            for expr in body
            if isinstance(expr.what, Call) and _is_equation(expr.what)
            for arg in expr.what.args
            if isinstance(arg, Var)
        }
        safe = (set(occurrences) | RESERVED) - direct
        bound: set[str] = set()
        grown = True
        while grown:
            grown = False
            for expr in body:
                what = expr.what
                if isinstance(what, Call):
                    more = self._bound_by(what, safe) - bound
                    if more:
                        bound |= more
                        safe |= more
                        grown = True
        return {name for name, count in occurrences.items() if name not in bound or count == 1}

    def _bound_by(self, what: Call, safe: set[str]) -> set[str]:
        if _is_equation(what):
            return unified(what.args[0], what.args[1], safe | _outputs(what, safe)) - safe
        arity = self.arity(operator_name(what.operator))
        return self._of_term(what.args[-1]) if 0 <= arity < len(what.args) else set()

    def outputs(self, expr: Expr, safe: set[str]) -> set[str]:
        """Variables that a line binds when ``safe`` are bound before it."""
        if expr.negated:
            return set()
        for one in expr.withs:
            if self._of_term(one.value) - RESERVED - safe:
                return set()
        what = expr.what
        if isinstance(what, (Not, Logical)):
            return set()
        if isinstance(what, Every):
            return _outputs(what.domain, safe)
        if not isinstance(what, Call):
            assert isinstance(what, Term)
            return _outputs(what, safe)
        if _is_equation(what):
            basis = safe | _outputs(what, safe)
            if expr.assigned:
                basis = basis - self._of_term(what.args[0])
            return (unified(what.args[0], what.args[1], basis) | basis) - safe
        arity = self.arity(operator_name(what.operator))
        if arity < 0:
            return set()
        found = _outputs(what, safe)
        if arity >= len(what.args):
            return found
        missing: set[str] = set()
        for arg in what.args[:arity]:
            _collect(arg, missing)
        if missing - found - safe - RESERVED:
            return set()
        for arg in what.args[arity:]:
            _collect(arg, found, patterns=True)
        return found - safe

    # -- bodies within a line

    def _closed(self, expr: Expr) -> Iterator[str]:
        """Variables that occur in bodies within the line."""
        what = expr.what
        if isinstance(what, (Every, Not)):
            if isinstance(what, Not) and not what.explicit:
                for inner in what.body:
                    yield from self._closed(inner)
                return
            if isinstance(what, Every):
                yield from self._closures(what.domain)
            yield from self._everything(what.body)
        elif isinstance(what, Logical):
            yield from self._everything(what.left)
            yield from self._everything(what.right)
        else:
            assert isinstance(what, Term)
            yield from self._closures(what)
        for one in expr.withs:
            yield from self._closures(one.value)

    def _closures(self, term: Term) -> Iterator[str]:
        if isinstance(term, Comprehension):
            for head in term.head:
                yield from self._of_term(head)
            yield from self._everything(term.body)
            return
        for child in children(term):
            yield from self._closures(child)

    def _everything(self, body: Body) -> Iterator[str]:
        for expr in body:
            yield from self.names(expr)
            yield from self._closed(expr)
            what = expr.what
            if isinstance(what, Not):
                yield from self._everything(what.body)


def _is_equation(what: Call) -> bool:
    return operator_name(what.operator) == "eq" and len(what.args) == 2


def _collect(term: Term, found: set[str], *, patterns: bool = False) -> None:
    """Variables of a term. As a pattern, heads of references, keys of objects and members of sets do not count."""
    if isinstance(term, Var):
        found.add(term.name)
    elif isinstance(term, Ref):
        if not patterns and isinstance(term.head, Var):
            found.add(term.head.name)
        elif not isinstance(term.head, Var):
            _collect(term.head, found, patterns=patterns)
        for part in term.path:
            _collect(part, found, patterns=patterns)
    elif isinstance(term, ObjectTerm):
        for key, value in term.pairs:
            if not patterns or isinstance(key, Ref):
                _collect(key, found, patterns=patterns)
            _collect(value, found, patterns=patterns)
    elif isinstance(term, SetTerm) and patterns:
        return
    elif not isinstance(term, Comprehension):
        for child in children(term):
            _collect(child, found, patterns=patterns)


def _outputs(term: Term, safe: set[str]) -> set[str]:
    """Variables that looking something up binds: those in brackets, when the head is bound."""
    found: set[str] = set()
    _find_outputs(term, safe, found)
    return found - safe


def _find_outputs(term: Term, safe: set[str], found: set[str]) -> None:
    if isinstance(term, (Scalar, Var, Comprehension)):
        return
    if isinstance(term, Ref):
        if isinstance(term.head, Var) and term.head.name not in safe and term.head.name not in RESERVED:
            return
        for part in term.path:
            _collect(part, found, patterns=False)
    for child in children(term):
        _find_outputs(child, safe, found)


def unified(left: Term, right: Term, safe: set[str]) -> set[str]:
    """Variables that ``left = right`` binds when ``safe`` are bound."""
    bound = set(safe)
    pending = [(left, right)]
    while True:
        again: list[tuple[Term, Term]] = []
        size = len(bound)
        count = len(pending)
        while pending:
            a, b = pending.pop()
            if isinstance(a, Array) and isinstance(b, Array):
                if len(a.items) == len(b.items):
                    pending.extend(zip(a.items, b.items, strict=True))
            elif isinstance(a, ObjectTerm) and isinstance(b, ObjectTerm):
                pending.extend(_paired(a, b))
            elif _ready(a, bound):
                _bind(b, bound)
            elif _ready(b, bound):
                _bind(a, bound)
            else:
                again.append((a, b))
        if not again or (len(bound) == size and len(again) == count):
            return bound - safe
        pending = again


def _paired(a: ObjectTerm, b: ObjectTerm) -> list[tuple[Term, Term]]:
    values = {key_text(key): value for key, value in b.pairs}
    return [(value, values[key_text(key)]) for key, value in a.pairs if key_text(key) in values]


def key_text(key: Term) -> str:
    """What makes two keys of object patterns the same before anything is evaluated."""
    if isinstance(key, Scalar):
        return repr(key.value)
    return key.name if isinstance(key, Var) else f"?{id(key)}"


def _ready(term: Term, bound: set[str]) -> bool:
    """Whether a term's value can be computed."""
    if isinstance(term, (Scalar, Comprehension)):
        return True
    if isinstance(term, Var):
        return term.name in bound or term.name in RESERVED
    if isinstance(term, Ref):
        return _ready(term.head, bound)
    return all(_ready(child, bound) for child in children(term))


def _bind(term: Term, bound: set[str]) -> None:
    """Count a pattern's variables as bound."""
    if isinstance(term, Var):
        bound.add(term.name)
    elif isinstance(term, Array):
        for item in term.items:
            _bind(item, bound)
    elif isinstance(term, ObjectTerm):
        for _, value in term.pairs:
            _bind(value, bound)
