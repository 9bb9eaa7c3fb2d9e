"""Rules: heads of every kind, bodies, ``else``, ``default``, and lines that are rules without saying so."""

from __future__ import annotations

from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.parse.bodies import BodyParser
from lockgate.policy.rego.source import Failure
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Comprehension,
    Expr,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    Term,
    Var,
    children,
    copied,
    operator_name,
)

_AFTER_NAME = (":=", "=", "if", "contains")
_NOT_NAMES = {
    "every": (*_AFTER_NAME, "("), "if": (*_AFTER_NAME, "("), "in": (*_AFTER_NAME, "("), "some": (*_AFTER_NAME, "("),
    "as": (*_AFTER_NAME, "("), "package": (":=", "=", "("), "import": (":=", "=", "("), "not": _AFTER_NAME,
    "and": _AFTER_NAME, "or": _AFTER_NAME, "contains": ("if", "contains"),
}  # fmt: skip
_OPERATORS = frozenset(("+", "-", "*", "/", "%", "&", "|", "==", "!=", ">", ">=", "<", "<="))


class RuleParser(BodyParser):
    """Reads rules."""

    def _refuse_keyword_name(self) -> None:
        followers = _NOT_NAMES.get(self.kind)
        if followers is None:
            return
        after = self.tokens[self.index + 1]
        word = after.text if after.kind == "id" and after.text in self.keywords else after.kind
        if word in followers:
            raise Failure(f"{self.kind} keyword cannot be used for rule name", self.token.start)

    def rules(self) -> list[Rule] | None:
        """The rules that begin here, several when bodies are chained; ``None`` when this is no rule by its form."""
        start = self.token.start
        default = self.kind == "default"
        if default:
            self.next()
        if self.kind != "id":
            if default:
                raise self.unexpected("expected rule head name")
            return None
        rule = self._head(start, default=default)
        if rule is None:
            return None
        if default:
            _check_default(rule)
            rule.body = _true(start)
            return [rule]
        rule.has_if = self.kind == "if"
        self._kind_of(rule)
        if not self._body(rule):
            return [rule] if rule.has_contains else None
        self._else(rule)
        return [rule, *self._chained(rule)]

    def _kind_of(self, rule: Rule) -> None:
        """A head with one bracket is an entry of an object with ``if`` or a value, and else a member of a set."""
        if rule.has_contains or rule.args is not None or len(rule.ref.path) != 1:
            return
        if rule.value is None:
            if rule.has_if:
                rule.value, rule.generated_value = Scalar(True, rule.at), True
            else:
                rule.key, rule.ref.path = rule.ref.path[0], []

    def _body(self, rule: Rule) -> bool:
        if rule.has_if:
            self.next()
            mark = self.index
            braces = self.kind == "{"
            try:
                expr = self.literal()
            except Failure:
                if not braces:
                    raise
            else:
                if not braces or not isinstance(expr.what, SetTerm):
                    rule.body = [expr]
                    return True
            self.reset(mark)
            rule.body = self.braced()
            return True
        if self.kind == "{":
            rule.body = self.braced()
            return True
        if rule.has_contains:
            rule.body, rule.generated_body = _true(rule.at), True
        return False

    def _chained(self, rule: Rule) -> list[Rule]:
        found: list[Rule] = []
        while self.kind == "{":
            if rule.otherwise is not None:
                raise Failure("expected else keyword", self.token.start)
            start = self.token.start
            more = self._same_head(rule, start)
            more.body = self.braced()
            found.append(more)
        return found

    def _same_head(self, rule: Rule, at: int) -> Rule:
        ref = copied(rule.ref)
        assert isinstance(ref, Ref)
        args = None if rule.args is None else [self._own_wildcard(copied(arg)) for arg in rule.args]
        key = None if rule.key is None else copied(rule.key)
        value = None if rule.value is None else copied(rule.value)
        return Rule(
            ref, args, key, value, [], at, assign=rule.assign,
            has_if=rule.has_if, has_contains=rule.has_contains, generated_value=rule.generated_value,
        )  # fmt: skip

    def _own_wildcard(self, term: Term) -> Term:
        if isinstance(term, Var) and term.name.startswith("$"):
            name = f"${self.wildcards}"
            self.wildcards += 1
            return Var(name, term.at)
        return term

    # -- heads

    def _head(self, start: int, *, default: bool) -> Rule | None:
        name = self.variable()
        if not self.token.space and self.kind in _OPERATORS:
            raise self.unexpected()
        self.height = 1
        whole: Term = self.ref(name) if self.kind in ("(", ".", "[") else name
        args: list[Term] | None = None
        term = whole
        if isinstance(whole, Call):
            # A rule that is called without arguments is a rule like any other.
            term, args = whole.operator, whole.args or None
        if isinstance(term, Var):
            term = Ref(term, [], term.at)
        if not isinstance(term, Ref):
            return None
        if not isinstance(term.head, Var):
            raise Failure("rule head ref is invalid", start)
        rule = Rule(term, args, None, None, [], start, default=default)
        if self.kind == "contains":
            if args is not None:
                raise self.unexpected("the contains keyword can only be used with multi-value rule definitions")
            self.next()
            rule.key, rule.has_contains = self.infix(), True
            return rule
        if self.kind in ("=", ":="):
            rule.assign = self.next().kind == ":="
            rule.value = self.infix()
        elif len(term.path) != 1 or args is not None:
            rule.value, rule.generated_value = Scalar(True, start), True
        return rule

    # -- else

    def _else(self, rule: Rule) -> None:
        last = rule
        length = 0
        while self.kind == "else":
            if any(not _ground(part) for part in rule.ref.path):
                raise Failure("else keyword cannot be used on rules with variables in head", self.token.start)
            if rule.key is not None:
                raise Failure("else keyword cannot be used on multi-value rules", self.token.start)
            length += 1
            if length > 1000:
                raise Failure("too many else branches", self.token.start)
            last.otherwise = self._branch(rule)
            last = last.otherwise

    def _branch(self, rule: Rule) -> Rule:
        start = self.token.start
        branch = self._same_head(rule, start)
        branch.has_if = False
        branch.generated_value = False
        self.next()
        if self.kind in ("{", "if"):
            branch.value, branch.generated_value = Scalar(True, start), True
        elif self.kind in (":=", "="):
            branch.assign = self.next().kind == ":="
            branch.value = self.infix()
        else:
            raise self.unexpected("expected else value term or rule body")
        branch.has_if = self.kind == "if"
        if branch.has_if:
            self.next()
        if self.kind == "{":
            branch.body = self.braced()
        elif not branch.has_if:
            branch.body, branch.generated_body = _true(start), True
        elif self.kind == "eof":
            raise self.unexpected("rule body expected")
        else:
            branch.body = [self.literal()]
        return branch

    # -- lines that are rules

    def rule_of(self, expr: Expr) -> Rule:
        """The rule that a line at the top of a module is: ``p = 1``, ``p[x]``, ``f(x) = y``, ``f(x)``."""
        what, at = expr.what, expr.at
        if expr.withs:
            raise Failure("expressions using with keyword cannot be used for rule head", at)
        if expr.negated:
            raise Failure("negated expressions cannot be used for rule head", at)
        if isinstance(what, Ref):
            return _rule_of_ref(what, at)
        if not isinstance(what, Call):
            shown = "var" if isinstance(what, Var) else "this expression"
            raise Failure(f"{shown} cannot be used for rule name{_keyword_hint(what)}", at)
        name = operator_name(what.operator)
        if what.infix and name in ("eq", "assign"):
            rule = _rule_of_equation(what.args[0], what.args[1], at)
            rule.assign = name == "assign"
            return rule
        if what.infix or name in BUILTINS:
            raise Failure("rule name conflicts with built-in function", at)
        if not what.args:
            raise Failure("rule argument list must take at least one argument", at)
        rule = Rule(what.operator, what.args, None, Scalar(True, at), _true(at), at, generated_body=True)
        rule.generated_value = False
        return rule


def _keyword_hint(what: object) -> str:
    if isinstance(what, Var) and what.name in ("if", "contains"):
        return f" (hint: `import future.keywords.{what.name}`)"
    return ""


def _rule_of_ref(ref: Ref, at: int) -> Rule:
    if not isinstance(ref.head, Var):
        raise Failure("invalid rule head", at)
    if not ref.path:
        raise Failure("refs cannot be used for rule head", at)
    if len(ref.path) > 1:
        return Rule(ref, None, None, Scalar(True, at), _true(at), at, generated_body=True, generated_value=True)
    return Rule(Ref(ref.head, [], ref.at), None, ref.path[0], None, _true(at), at, generated_body=True)


def _rule_of_equation(left: Term, right: Term, at: int) -> Rule:
    if isinstance(left, Call):
        if left.infix or not isinstance(left.operator.head, Var):
            raise Failure("call cannot be used in function signature", at)
        return Rule(left.operator, left.args or None, None, right, _true(at), at, generated_body=True)
    if isinstance(left, Var):
        left = Ref(left, [], left.at)
    if not isinstance(left, Ref) or not isinstance(left.head, Var):
        raise Failure("this term cannot be used for rule name", at)
    return Rule(left, None, None, right, _true(at), at, generated_body=True)


def _true(at: int) -> Body:
    return [Expr(Scalar(True, at), at, generated=True)]


def _ground(term: Term) -> bool:
    if isinstance(term, Var):
        return False
    return all(_ground(child) for child in children(term))


def _check_default(rule: Rule) -> None:
    if rule.key is not None or rule.value is None or rule.generated_value:
        raise Failure("illegal default rule (must have a value)", rule.at)
    _check_default_value(rule.value, rule.at)
    seen: set[str] = set()
    for arg in rule.args or ():
        if not isinstance(arg, Var):
            raise Failure("illegal default rule (arguments cannot contain anything but variables)", rule.at)
        if arg.name in seen:
            raise Failure(f"illegal default rule (arguments cannot be repeated {arg.name})", rule.at)
        seen.add(arg.name)


def _check_default_value(term: Term, at: int) -> None:
    if isinstance(term, (Ref, Var, Call)):
        shown = {Ref: "ref", Var: "var", Call: "call"}[type(term)]
        raise Failure(f"illegal default rule (value cannot contain {shown})", at)
    if isinstance(term, (Scalar, Comprehension)):
        return
    if isinstance(term, (Array, SetTerm, ObjectTerm)):
        for child in children(term):
            _check_default_value(child, at)
