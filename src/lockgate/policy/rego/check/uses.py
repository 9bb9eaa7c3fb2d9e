"""How often each variable occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lockgate.policy.rego.syntax import (
    Body,
    Comprehension,
    Every,
    Expr,
    Logical,
    Not,
    Ref,
    Some,
    Template,
    Term,
    Var,
    children,
)


def count_uses(body: Body, terms: list[Term]) -> Counter[str]:
    """How often each variable occurs in a body and some terms."""
    uses: Counter[str] = Counter()
    uses.update(_names_in_body(body))
    for term in terms:
        uses.update(_names(term))
    return uses


def _names_in_body(body: Body) -> Iterator[str]:
    for expr in body:
        what = expr.what
        if isinstance(what, Every):
            yield from _names(what.domain)
            yield what.value.name
            if what.key is not None:
                yield what.key.name
            yield from _names_in_body(what.body)
        elif isinstance(what, Not):
            yield from _names_in_body(what.body)
        elif isinstance(what, Logical):
            yield from _names_in_body(what.left)
            yield from _names_in_body(what.right)
        elif not isinstance(what, Some):
            yield from _names(what)
        for one in expr.withs:
            yield from _names(one.value)
            yield from _names(one.target)


def _names(term: Term) -> Iterator[str]:
    if isinstance(term, Var):
        yield term.name
    elif isinstance(term, Comprehension):
        for head in term.head:
            yield from _names(head)
        yield from _names_in_body(term.body)
    elif isinstance(term, Template):
        for piece in term.parts:
            if isinstance(piece, Expr):
                yield from _names_in_body([piece])
    elif isinstance(term, Ref):
        if isinstance(term.head, Var) and term.head.name not in ("input", "data"):
            yield term.head.name
        elif not isinstance(term.head, Var):
            yield from _names(term.head)
        for part in term.path:
            yield from _names(part)
    else:
        for child in children(term):
            yield from _names(child)
