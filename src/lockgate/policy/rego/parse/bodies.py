"""Lines and bodies: literals, ``some``, ``every``, ``not``, ``with``, and the keywords ``and`` and ``or``."""

from __future__ import annotations

from lockgate.policy.rego.parse.terms import TermParser
from lockgate.policy.rego.source import Failure
from lockgate.policy.rego.syntax import (
    Body,
    Call,
    Every,
    Expr,
    Logical,
    Not,
    ObjectTerm,
    Ref,
    Some,
    Term,
    Var,
    With,
    operator_name,
)

_MEMBERS = {"internal.member_2": 2, "internal.member_3": 3}


class BodyParser(TermParser):
    """Reads bodies."""

    def query(self, end: str) -> Body:
        """Lines up to ``end``, which is left standing."""
        with self.nested():
            if self.kind == end:
                raise Failure("found empty body", self.token.start)
            body: Body = []
            height = 1
            while True:
                body.append(self.literal())
                height = max(height, self.height + 1)
                if self.kind == ";":
                    self.next()
                    continue
                if self.kind == end:
                    break
                if not self.token.newline:
                    raise self.unexpected(f"expected \\n or ; or {end}{self._hint()}")
            self._grown(height, body[0].at)
            return body

    def _hint(self) -> str:
        word = self.token.text
        if word in ("in", "and", "or") and word not in self.keywords:
            return f" (hint: `import future.keywords.{word}` for `x {word} y` expressions)"
        return ""

    def braced(self) -> Body:
        """``{ body }``"""
        self.expect("{")
        body = self.query("}")
        self.next()
        return body

    # -- lines

    def literal(self) -> Expr:
        """One line, with what modifies it."""
        start = self.token.start
        logical = "and" in self.keywords or "or" in self.keywords
        if logical and self.kind in ("{", "("):
            found = self._group(operand=False) if self.kind == "(" else self._leading_braces()
            if found is not None:
                return found
        negated = self.kind == "not"
        if negated:
            self.next()
            if self.not_bodies and self.kind == "{":
                return self._tail([Expr(Not(self.braced(), True, start), start)], explicit=False, start=start)
        if self.kind in ("some", "every"):
            if negated:
                raise self.unexpected(f"illegal negation of '{self.kind}'")
            return self._some() if self.kind == "some" else self._every()
        return self._expression(start, negated=negated)

    def _expression(self, start: int, *, negated: bool) -> Expr:
        if negated and self.not_bodies and self.kind == "(" and ("and" in self.keywords or "or" in self.keywords):
            found = self._group(operand=True)
            if found is not None:
                return self._tail([Expr(Not([found], False, start), start)], explicit=False, start=start)
        braces = self.kind == "{" and not negated
        expr = Expr(self._plain(), start)
        modified = self.kind == "with"
        if modified:
            expr.withs = self._withs()
        if negated and self.not_bodies:
            expr = Expr(Not([Expr(expr.what, start)], False, start), start, withs=expr.withs)
        else:
            expr.negated = negated
        if self.kind not in ("and", "or"):
            return expr
        if modified:
            raise Failure(f"`with` modifier is not allowed on operand of `{self.kind}`", start)
        if braces:
            self._refuse_braces(expr, self.kind)
        return self._tail([expr], explicit=False, start=start)

    def _refuse_braces(self, expr: Expr, operator: str) -> None:
        if isinstance(expr.what, ObjectTerm) and not expr.what.pairs:
            raise Failure("found empty body", expr.at)
        raise Failure(f"operand of `{operator}` cannot begin with `{{` unless the braces hold a body", expr.at)

    def _plain(self) -> Term:
        """A term, an assignment or a unification."""
        start = self.token.start
        left = self.infix()
        if self.kind not in (":=", "="):
            return left
        height = self.height
        operator = self.next()
        right = self.infix()
        self._grown(max(height, self.height) + 1, start)
        name = "assign" if operator.kind == ":=" else "eq"
        return Call(Ref(Var(name, operator.start), [], operator.start), [left, right], start, infix=True)

    def _withs(self) -> list[With]:
        found = []
        while self.kind == "with":
            start = self.next().start
            if self.kind != "id":
                raise self.unexpected("expected ident")
            target = self.term()
            if not isinstance(target, (Ref, Var)):
                raise self.unexpected("expected with target path")
            self.expect("as", "expected as keyword")
            found.append(With(target, self.infix(), start))
        return found

    def _some(self) -> Expr:
        start = self.next().start
        mark = self.index
        try:
            member: Term | None = self.infix()
        except Failure:
            member = None
        if isinstance(member, Call):
            if operator_name(member.operator) not in _MEMBERS or not member.infix:
                raise self.unexpected("expected `x in xs` or `x, y in xs` expression")
            return Expr(Some([], member, start), start, withs=self._withs())
        self.reset(mark)
        names: list[Var] = []
        while True:
            if self.kind != "id":
                raise self.unexpected("expected var")
            names.append(self.variable())
            if self.kind != ",":
                break
            self.next()
        if self.token.text == "in" and "in" not in self.keywords:
            raise self.unexpected("(hint: `import future.keywords.in` for `some x in xs` expressions)")
        self.height = 1
        return Expr(Some(names, None, start), start)

    def _every(self) -> Expr:
        start = self.next().start
        member = self.infix()
        count = _MEMBERS.get(operator_name(member.operator), 0) if isinstance(member, Call) and member.infix else 0
        if not count:
            raise self.unexpected("expected `x[, y] in xs { ... }` expression")
        assert isinstance(member, Call)
        *names, domain = member.args
        for name in names:
            if not isinstance(name, Var):
                raise Failure("expected key and value to be variables", name.at)
        key = names[0] if count == 3 else None
        value = names[-1]
        assert isinstance(value, Var)
        assert key is None or isinstance(key, Var)
        if self.kind != "{":
            raise self.unexpected("missing body")
        height = self.height
        body = self.braced()
        self._grown(max(height, self.height) + 1, start)
        return Expr(Every(key, value, domain, body, start), start, withs=self._withs())

    # -- and, or

    def _leading_braces(self) -> Expr | None:
        """``{ body } and ...``; ``None`` when the braces turn out to hold something else."""
        mark, start = self.index, self.token.start
        try:
            body = self.braced()
        except Failure:
            body = []
        if not body or self.kind not in ("and", "or"):
            self.reset(mark)
            return None
        _refuse_union(body)
        return self._tail(body, explicit=True, start=start)

    def _tail(self, body: Body, *, explicit: bool, start: int) -> Expr:
        """What follows a complete operand: more of the chain, then ``with``."""
        expr = self._or(body, explicit, start) if self.kind in ("and", "or") else body[0]
        if self.kind == "with":
            expr.withs = self._withs()
        return expr

    def _or(self, body: Body, explicit: bool, start: int) -> Expr:
        body, explicit = self._and(body, explicit, start)
        while self.kind == "or":
            self.next()
            right, explicit_right = self._and(*self._operand("or"), self.token.start)
            body = [self._logical("or", body, right, explicit, explicit_right, start)]
            explicit = False
        return body[0]

    def _and(self, body: Body, explicit: bool, start: int) -> tuple[Body, bool]:
        while self.kind == "and":
            self.next()
            right, explicit_right = self._operand("and")
            body = [self._logical("and", body, right, explicit, explicit_right, start)]
            explicit = False
        return body, explicit

    def _logical(self, operator: str, left: Body, right: Body, el: bool, er: bool, start: int) -> Expr:
        for side in (left, right):
            if all(isinstance(e.what, Call) and operator_name(e.what.operator) == "print" for e in side):
                raise Failure(f"operand of `{operator}` cannot consist only of calls to `print`", start)
        self._grown(self.height + 1, start)
        return Expr(Logical(operator, left, right, el, er, start), start)

    def _operand(self, operator: str) -> tuple[Body, bool]:
        """One side of ``and`` or ``or``, and whether it has braces of its own."""
        start = self.token.start
        if self.kind == "{":
            body = self.braced()
            _refuse_union(body)
            return body, True
        negated = self.kind == "not"
        if negated:
            self.next()
            if self.not_bodies and self.kind == "{":
                return [Expr(Not(self.braced(), True, start), start)], False
        if self.kind == "(" and (not negated or self.not_bodies):
            found = self._group(operand=True)
            if found is not None:
                return [Expr(Not([found], False, start), start) if negated else found], False
        expr = Expr(self._plain(), start)
        if self.kind == "with" and operator:
            following = self.index
            self._withs()
            if self.kind in ("and", "or"):
                raise Failure(f"`with` modifier is not allowed on operand of `{self.kind}`", start)
            self.reset(following)
        if negated:
            expr = Expr(Not([expr], False, start), start) if self.not_bodies else Expr(expr.what, start, negated=True)
        return [expr], False

    def _group(self, *, operand: bool) -> Expr | None:
        """``(a or b)``; ``None`` when the parentheses hold a value."""
        mark, start = self.index, self.token.start
        with self.nested():
            self.next()
            if self.kind == ")":
                if operand:
                    raise Failure("empty parenthesized group", start)
                self.reset(mark)
                return None
            try:
                body, explicit = self._operand("")
            except Failure:
                self.reset(mark)
                return None
            expr = self._grouped(body, explicit, operand=operand)
        if expr is None:
            self.reset(mark)
            return None
        return expr if operand else self._tail([expr], explicit=False, start=start)

    def _grouped(self, body: Body, explicit: bool, *, operand: bool) -> Expr | None:
        """The inside of parentheses once its first operand is read, and the closing parenthesis."""
        chained = self.kind in ("and", "or")
        if chained:
            expr = self._tail(body, explicit=explicit, start=body[0].at)
        elif explicit:
            return None
        else:
            expr = body[0]
            if self.kind == "with":
                expr.withs = self._withs()
                if self.kind in ("and", "or"):
                    raise Failure(f"`with` modifier is not allowed on operand of `{self.kind}`", expr.at)
                chained = operand
        whole = chained or expr.negated or isinstance(expr.what, (Logical, Not))
        if self.kind != ")":
            if not whole:
                return None
            raise Failure("expected ) to close parenthesized group", self.token.start)
        if not whole and not expr.withs:
            return None
        self.next()
        if not whole and self.kind not in ("and", "or"):
            return None
        return expr


def _refuse_union(body: Body) -> None:
    """``{ a | b }`` as an operand could be a comprehension or a body that holds a union."""
    what = body[0].what
    if isinstance(what, Call) and what.infix and operator_name(what.operator) == "or":
        raise Failure("ambiguous `{ ... | ... }` operand: a comprehension, or a body holding a set union", body[0].at)
