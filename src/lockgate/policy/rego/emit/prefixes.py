"""Definitions of one set rule that begin with the same lines: those lines are written, and evaluated, once.

``violation`` mostly has several definitions that all walk through the containers and leave the exempt ones out. Lines
are the same when they differ in nothing but the names of variables. What does not belong: the lines themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lockgate.policy.rego.check.tree import Definition
from lockgate.policy.rego.check.uses import count_uses
from lockgate.policy.rego.emit.bodies import BodyEmitter
from lockgate.policy.rego.syntax import (
    Array,
    Body,
    Call,
    Expr,
    Not,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Term,
    Var,
    operator_name,
)

Form: TypeAlias = tuple[Any, ...]
"""A line with numbers for its variables."""


class _OtherError(Exception):
    """A line that is not compared."""


@dataclass(slots=True)
class Member:
    """One definition on its way."""

    definition: Definition
    forms: list[Form] = field(default_factory=list)
    """Of its first lines, as far as they can be compared."""
    names: dict[str, int] = field(default_factory=dict)
    """Number of each variable in those lines, in the order in which they come."""
    uses: Counter[str] = field(default_factory=Counter)

    @property
    def body(self) -> Body:
        """Its lines."""
        return self.definition.rule.body


def write(emitter: BodyEmitter, definitions: Sequence[Definition], last: Callable[[Definition], None]) -> None:
    """Write the bodies of the definitions; ``last`` writes what follows each body's answer."""
    _parts(emitter, [_member(each) for each in definitions], 0, last)


def _parts(emitter: BodyEmitter, members: list[Member], at: int, last: Callable[[Definition], None]) -> None:
    """Write what comes from line ``at`` on; before it all members are the same, and written."""
    parts: dict[object, list[Member]] = {}
    for number, member in enumerate(members):
        parts.setdefault(member.forms[at] if at < len(member.forms) else number, []).append(member)
    out, bound, kinds, first = emitter.out, emitter.bound, emitter.kinds, members[0]
    for part in parts.values():
        mark = out.mark()
        out.loop("for _ in ONE")
        leader = part[0]
        emitter.bound, emitter.kinds = _renamed(bound, first, leader), dict(kinds)
        emitter.place = leader.definition.place
        if len(part) == 1:
            emitter.uses = leader.uses
            emitter.body(leader.body[at:])
            last(leader.definition)
        else:
            end = at
            while all(end < len(each.forms) and each.forms[end] == leader.forms[end] for each in part):
                end += 1
            emitter.uses = _joined(part)
            emitter.body(leader.body[at:end])
            _parts(emitter, part, end, last)
        out.close(mark)
    emitter.bound, emitter.kinds = bound, kinds


def _renamed(bound: dict[str, str], first: Member, other: Member) -> dict[str, str]:
    """What is bound, under the names of another member."""
    theirs = {number: name for name, number in other.names.items()}
    return {theirs[first.names[name]]: text for name, text in bound.items() if first.names.get(name) in theirs}


def _joined(part: list[Member]) -> Counter[str]:
    """How often the leader's variables occur, in whichever member that is most: what one of them needs is bound."""
    leader = part[0]
    uses = Counter(leader.uses)
    for other in part[1:]:
        theirs = {number: name for name, number in other.names.items()}
        for name, number in leader.names.items():
            if number in theirs:
                uses[name] = max(uses[name], other.uses[theirs[number]])
    return uses


def _member(definition: Definition) -> Member:
    rule = definition.rule
    heads = [term for term in (rule.key, rule.value) if term is not None]
    member = Member(definition, uses=count_uses(rule.body, heads))
    with suppress(_OtherError):
        for expr in rule.body:
            member.forms.append(_line(expr, member.names))
    return member


def _line(expr: Expr, names: dict[str, int]) -> Form:
    if expr.withs:
        raise _OtherError
    what = expr.what
    if isinstance(what, Not):
        return ("not", *(_line(each, names) for each in what.body))
    if not isinstance(what, Term):
        raise _OtherError
    return (expr.negated, _term(what, names))


def _term(term: Term, names: dict[str, int]) -> Form:
    if isinstance(term, Scalar):
        return ("scalar", type(term.value).__name__, repr(term.value))
    if isinstance(term, Var):
        known = term.name in ("input", "data")
        return ("var", term.name if known else names.setdefault(term.name, len(names)))
    if isinstance(term, Ref):
        return ("ref", _term(term.head, names), *(_term(part, names) for part in term.path))
    if isinstance(term, Call):
        return ("call", operator_name(term.operator), *(_term(arg, names) for arg in term.args))
    if isinstance(term, (Array, SetTerm)):
        return (type(term).__name__, *(_term(item, names) for item in term.items))
    if isinstance(term, ObjectTerm):
        return ("object", *((_term(key, names), _term(value, names)) for key, value in term.pairs))
    raise _OtherError
