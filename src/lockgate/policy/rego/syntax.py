"""The syntax tree of Rego. Nodes are changed in place by the checks, and belong to one compilation only.

``at`` is the offset of a node's first character in its source. References to rules, imports and documents end up as
:class:`Ref` whose head is the variable ``data`` or ``input``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Scalar:
    """null, a boolean, a number or a string."""

    value: Any
    at: int = -1


@dataclass(slots=True, eq=False)
class Var:
    """A variable. Each ``_`` of the text has a name of its own, beginning with ``$``; generated ones hold a ``%``."""

    name: str
    at: int = -1


@dataclass(slots=True, eq=False)
class Ref:
    """A head and what it is looked up by: ``head.a[x]``."""

    head: Term
    path: list[Term]
    at: int = -1


@dataclass(slots=True, eq=False)
class Call:
    """A function applied, as a term. Checks move calls into expressions of their own."""

    operator: Ref
    args: list[Term]
    at: int = -1
    infix: bool = False
    """Whether it was written as an operator."""


@dataclass(slots=True, eq=False)
class Array:
    """``[a, b]``"""

    items: list[Term]
    at: int = -1


@dataclass(slots=True, eq=False)
class SetTerm:
    """``{a, b}`` or ``set()``"""

    items: list[Term]
    at: int = -1


@dataclass(slots=True, eq=False)
class ObjectTerm:
    """``{a: b}``"""

    pairs: list[tuple[Term, Term]]
    at: int = -1


@dataclass(slots=True, eq=False)
class Comprehension:
    """``[head | body]``, ``{head | body}`` or ``{key: value | body}``"""

    kind: str
    """``array``, ``set`` or ``object``."""
    head: list[Term]
    """One term, or key and value."""
    body: Body
    at: int = -1


@dataclass(slots=True, eq=False)
class Template:
    """``$"text {expression}"``"""

    parts: list[str | Expr]
    at: int = -1
    raw: bool = False
    """Whether it stands in backquotes."""


Term = Scalar | Var | Ref | Call | Array | SetTerm | ObjectTerm | Comprehension | Template


@dataclass(slots=True, eq=False)
class Some:
    """``some x, y`` or ``some k, v in xs``"""

    names: list[Var]
    member: Call | None
    at: int = -1


@dataclass(slots=True, eq=False)
class Every:
    """``every k, v in domain { body }``"""

    key: Var | None
    value: Var
    domain: Term
    body: Body
    at: int = -1


@dataclass(slots=True, eq=False)
class Not:
    """``not { body }``, and with the keyword's import also ``not expression``: true when the body has no answer."""

    body: Body
    explicit: bool
    at: int = -1


@dataclass(slots=True, eq=False)
class Logical:
    """``left and right``, ``left or right``: bodies that bind nothing outside themselves."""

    operator: str
    left: Body
    right: Body
    explicit_left: bool
    explicit_right: bool
    at: int = -1


@dataclass(slots=True, eq=False)
class With:
    """``with target as value``"""

    target: Term
    value: Term
    at: int = -1
    function: str = ""
    """The function that stands in for the target, when the value names one."""


What = Term | Some | Every | Not | Logical


@dataclass(slots=True, eq=False)
class Expr:
    """One line of a body. A :class:`Call` here is an expression: ``f(x)`` or, with one more argument, ``f(x, y)``."""

    what: What
    at: int = -1
    negated: bool = False
    withs: list[With] = field(default_factory=list)
    generated: bool = False
    """Made by a check; a call then always carries its output."""
    assigned: bool = False
    """Was written with ``:=``."""


Body = list[Expr]


@dataclass(slots=True, eq=False)
class Rule:
    """One definition: head, body, and what follows with ``else``."""

    ref: Ref
    """The name as written, such as ``p`` or ``a.b[x]``; its head is a variable."""
    args: list[Term] | None
    """Of a function; ``None`` for other rules."""
    key: Term | None
    """What a set rule contains."""
    value: Term | None
    """What other rules yield."""
    body: Body
    at: int = -1
    default: bool = False
    assign: bool = False
    """Whether the head has ``:=``."""
    otherwise: Rule | None = None
    """The ``else`` branch."""
    has_if: bool = False
    has_contains: bool = False
    generated_body: bool = False
    generated_value: bool = False


@dataclass(slots=True, eq=False)
class Import:
    """``import path as alias``"""

    path: list[str]
    alias: str
    at: int = -1

    @property
    def name(self) -> str:
        """What the module calls it."""
        return self.alias or self.path[-1]


@dataclass(slots=True, eq=False)
class Module:
    """A parsed module."""

    package: list[Any]
    """Without the leading ``data``."""
    imports: list[Import]
    rules: list[Rule]
    version: str
    at: int = -1
    comments: list[tuple[int, str]] = field(default_factory=list)
    """Offset and text after the ``#``."""


def operator_name(ref: Ref) -> str:
    """``a.b.c`` of an operator; parts that are not names are quoted in brackets."""
    name = ref.head.name if isinstance(ref.head, Var) else "?"
    for part in ref.path:
        if isinstance(part, Scalar) and isinstance(part.value, str):
            name += f".{part.value}"
        else:
            name += "[?]"
    return name


def call(name: str, args: list[Term], at: int = -1) -> Call:
    """A call of a builtin by its dotted name."""
    head, *rest = name.split(".")
    return Call(Ref(Var(head, at), [Scalar(part, at) for part in rest], at), args, at)


def children(term: Term) -> Iterator[Term]:
    """The terms directly inside a term, bodies of comprehensions and templates excepted."""
    if isinstance(term, Ref):
        yield term.head
        yield from term.path
    elif isinstance(term, Call):
        yield from term.args
    elif isinstance(term, (Array, SetTerm)):
        yield from term.items
    elif isinstance(term, ObjectTerm):
        for key, value in term.pairs:
            yield key
            yield value


def copied(term: Term) -> Term:
    """A deep copy. Bodies inside are shared no more either."""
    kind = term.__class__
    if kind is Scalar:
        return term
    if kind is Var:
        return Var(term.name, term.at)  # type: ignore[union-attr]
    if isinstance(term, Ref):
        return Ref(copied(term.head), [copied(part) for part in term.path], term.at)
    if isinstance(term, Call):
        operator = copied(term.operator)
        assert isinstance(operator, Ref)
        return Call(operator, [copied(arg) for arg in term.args], term.at, term.infix)
    if isinstance(term, Array):
        return Array([copied(item) for item in term.items], term.at)
    if isinstance(term, SetTerm):
        return SetTerm([copied(item) for item in term.items], term.at)
    if isinstance(term, ObjectTerm):
        return ObjectTerm([(copied(key), copied(value)) for key, value in term.pairs], term.at)
    if isinstance(term, Comprehension):
        return Comprehension(term.kind, [copied(part) for part in term.head], copied_body(term.body), term.at)
    assert isinstance(term, Template)
    return Template([part if isinstance(part, str) else copied_expr(part) for part in term.parts], term.at, term.raw)


def copied_body(body: Body) -> Body:
    """A deep copy of a body."""
    return [copied_expr(expr) for expr in body]


def copied_expr(expr: Expr) -> Expr:
    """A deep copy of a line."""
    what = expr.what
    copy: What
    if isinstance(what, Some):
        member = copied(what.member) if what.member else None
        assert member is None or isinstance(member, Call)
        copy = Some([Var(name.name, name.at) for name in what.names], member, what.at)
    elif isinstance(what, Every):
        key = Var(what.key.name, what.key.at) if what.key else None
        value = Var(what.value.name, what.value.at)
        copy = Every(key, value, copied(what.domain), copied_body(what.body), what.at)
    elif isinstance(what, Not):
        copy = Not(copied_body(what.body), what.explicit, what.at)
    elif isinstance(what, Logical):
        copy = Logical(
            what.operator, copied_body(what.left), copied_body(what.right),
            what.explicit_left, what.explicit_right, what.at,
        )  # fmt: skip
    else:
        copy = copied(what)
    withs = [With(copied(one.target), copied(one.value), one.at, one.function) for one in expr.withs]
    return Expr(copy, expr.at, expr.negated, withs, expr.generated, expr.assigned)
