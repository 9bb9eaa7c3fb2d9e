"""What of its variables a program of expressions can read: each value is followed to where in them it stands.

A document of :mod:`lockgate.policy.reads` is here the activation: its keys are the names of variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from lockgate.policy.cel import syntax as tree
from lockgate.policy.cel.expression import Expression
from lockgate.policy.cel.parser import parse
from lockgate.policy.cel.program import Program
from lockgate.policy.reads import (
    ANY,
    ITEM,
    NOWHERE,
    Found,
    Origin,
    Presence,
    Read,
    Reads,
    UntraceableError,
    every,
    made_of,
    said,
)

_Names = Mapping[str, Origin]
_SCALAR = Origin()
"""Of a variable that is one of the scalars that the text of the expression names."""
_ALWAYS: frozenset[Presence] = frozenset()


def traced(program: Program, *, variables: frozenset[str], given: Mapping[str, Origin]) -> tuple[Read, ...] | None:
    """What :func:`found_in` finds, whatever must be present."""
    found = found_in(program, variables=variables, given=given)
    return None if found is None else every(found)


def found_in(program: Program, *, variables: frozenset[str], given: Mapping[str, Origin]) -> tuple[Found, ...] | None:
    """What conditions, validations and their messages read of ``variables``; None when it cannot be told. ``given``
    says where the fields of ``variables`` that the caller computes come from. What a message alone reads decides
    nothing: it is made of a validation that does not hold."""
    walk = _Walk(variables, given)
    for origin in given.values():
        for path in origin.places:
            walk.reads.shape(path)
    messages = Reads()
    try:
        for name, expression in program.variables:
            walk.fields[name] = walk.expression(expression)
            walk.filled[name] = walk.fills(parse(expression.source), {})
        for _, expression in program.conditions:
            walk.reads.whole(walk.expression(expression))
        for validation in program.validations:
            walk.reads.whole(walk.expression(validation.expression))
            if validation.message_expression is not None:
                with walk.into(messages):
                    messages.whole(walk.expression(validation.message_expression))
    except UntraceableError:
        return None
    return (*walk.reads.found(), *said(messages.found()))


def traced_each(
    expressions: Iterable[Expression], *, variables: frozenset[str], given: Mapping[str, Origin]
) -> tuple[Read, ...] | None:
    """As :func:`traced`, of expressions by themselves."""
    walk = _Walk(variables, given)
    try:
        for expression in expressions:
            walk.reads.whole(walk.expression(expression))
    except UntraceableError:
        return None
    return every(walk.reads.found())


def place(name: str) -> Origin:
    """All of a variable."""
    return Origin(frozenset(((name,),)))


class _Walk:
    def __init__(self, variables: frozenset[str], given: Mapping[str, Origin]) -> None:
        self.variables = variables
        self.fields = dict(given)
        self.filled: dict[str, frozenset[Presence]] = {}
        """Of fields that are lists: what must be present for the list to have a member, see :meth:`fills`."""
        self.reads = Reads()

    def expression(self, expression: Expression) -> Origin:
        return self.value(parse(expression.source), {})

    def value(self, node: tree.Node, names: _Names) -> Origin:
        match node:
            case tree.Literal():
                return NOWHERE
            case tree.Ident():
                return self._ident(node, names)
            case tree.Select():
                return self._select(node, names)
            case tree.Index():
                return self._index(node, names)
            case tree.Has():
                self._select(node.select, names)
                return NOWHERE
            case tree.Unary():
                return self._read(node.operand, names)
            case tree.Binary():
                return self._binary(node, names)
            case tree.Chain():
                return self._chain(node, names)
            case tree.Conditional():
                self._read(node.condition, names)
                return self.value(node.then, names).joined(self.value(node.otherwise, names))
            case tree.Call():
                return self._call(node, names)
            case tree.ListLiteral():
                return made_of([self.value(item, names) for item, _ in node.items])
            case tree.MapLiteral():
                for key, _, _ in node.entries:
                    self._read(key, names)
                return made_of([self.value(value, names) for _, value, _ in node.entries])
            case tree.Comprehension():
                return self._comprehension(node, names)
            case tree.Bind():
                return self.value(node.body, {**names, node.variable: self.value(node.value, names)})
            case tree.OptionalMap():
                return self.value(node.body, {**names, node.variable: self.value(node.target, names)})
        raise UntraceableError

    def _read(self, node: tree.Node, names: _Names) -> Origin:
        """A value of which everything counts."""
        value = self.value(node, names)
        with self.reads.where(self.fills(node, names)):  # else it is an empty list, whatever the object
            self.reads.whole(value)
        return NOWHERE

    def fills(self, node: tree.Node, names: _Names) -> frozenset[Presence]:
        """What must be present, one of it, for a list to have a member; nothing where that cannot be told."""
        match node:
            case tree.Select(operand=tree.Ident(name="variables")) if "variables" not in names:
                return self.filled.get(node.name, _ALWAYS)
            case tree.Conditional(then=tree.ListLiteral(items=())):
                return self.fills(node.otherwise, names)
            case tree.Conditional(otherwise=tree.ListLiteral(items=())):
                return self.fills(node.then, names)
            case tree.Comprehension(macro="filter") if len(node.variables) == 1 and node.condition is not None:
                return self.fills(node.target, names) or self._having(node, names)
            case tree.Comprehension(macro="map" | "transformList" | "sortBy"):
                return self.fills(node.target, names)
        return _ALWAYS

    def _having(self, node: tree.Comprehension, names: _Names) -> frozenset[Presence]:
        """Which field a member must have to be chosen: the condition begins with the question whether it has it."""
        condition = node.condition
        if isinstance(condition, tree.Chain) and condition.operator == "&&":
            condition = condition.operands[0]
        asked = condition.select.operand if isinstance(condition, tree.Has) else None
        if not isinstance(asked, tree.Ident) or asked.name != node.variables[0]:
            return _ALWAYS
        assert isinstance(condition, tree.Has)
        with self._apart():
            target = self.value(node.target, names)
        if target.inside is not None or not target.places:
            return _ALWAYS
        return frozenset((path, condition.select.name) for path in target.places)

    def _apart(self) -> AbstractContextManager[None]:
        """What is walked within is walked for its place alone: it was or will be walked where it is read."""
        return self.into(Reads())

    @contextmanager
    def into(self, reads: Reads) -> Iterator[None]:
        """What is walked within is noted there."""
        before, self.reads = self.reads, reads
        try:
            yield
        finally:
            self.reads = before

    def _ident(self, node: tree.Ident, names: _Names) -> Origin:
        if node.name in names:
            found = names[node.name]
            return NOWHERE if found is _SCALAR else found
        name = node.name.removeprefix(".")
        if name == "variables":
            raise UntraceableError  # all of them at once
        if name not in self.variables:
            return NOWHERE  # the name of a type, or of a function's library
        self.reads.shape((name,))
        return place(name)

    def _select(self, node: tree.Select, names: _Names) -> Origin:
        operand = node.operand
        if isinstance(operand, tree.Ident) and operand.name == "variables" and "variables" not in names:
            if node.name not in self.fields:
                raise UntraceableError
            return self.fields[node.name]
        return self.reads.member(self.value(operand, names), node.name)

    def _index(self, node: tree.Index, names: _Names) -> Origin:
        operand, key = self.value(node.operand, names), node.index
        if isinstance(key, tree.Literal) and isinstance(key.value, str):
            return self.reads.member(operand, key.value)
        self._read(key, names)
        return self.reads.member(operand, ANY)

    def _binary(self, node: tree.Binary, names: _Names) -> Origin:
        sides = (node.left, node.right)
        values = [self.value(side, names) for side in sides]
        if node.operator in ("==", "!=") and any(isinstance(side, tree.Literal) for side in sides):
            return NOWHERE  # the shape holds every scalar, and tells it from a list or a map
        if node.operator == "in" and _is_scalar(node.left, names) and values[1].inside is None:
            self.reads.keys(values[1])
            return NOWHERE
        for value in values:
            self.reads.whole(value)
        return NOWHERE

    def _chain(self, node: tree.Chain, names: _Names) -> Origin:
        if node.operator != "+":
            for operand in node.operands:
                self._read(operand, names)
            return NOWHERE
        # Lists that are joined: a member of the result is a member of one of them. Of scalars the shape is all.
        found = NOWHERE
        for operand in node.operands:
            found = found.joined(self.value(operand, names))
        return found

    def _call(self, node: tree.Call, names: _Names) -> Origin:
        parts = [*([] if node.target is None else [node.target]), *node.args]
        if node.name in ("or", "orValue") and len(parts) == 2:
            return self.value(parts[0], names).joined(self.value(parts[1], names))
        if node.name == "size" and len(parts) == 1:
            self.reads.member(self.value(parts[0], names), ANY)
            return NOWHERE
        for part in parts:
            self._read(part, names)
        return NOWHERE

    def _comprehension(self, node: tree.Comprehension, names: _Names) -> Origin:
        target = self.value(node.target, names)
        if len(node.variables) == 1:  # of a map these are the keys
            self.reads.keys(target)
            member = self.reads.member(target, ITEM)
        else:
            member = self.reads.member(target, ANY)
        inner = dict(names)
        for name in node.variables[:-1]:
            inner[name] = NOWHERE  # an index, or a key, which the shape of a map tells
        inner[node.variables[-1]] = _SCALAR if _of_scalars(node.target) else member
        with self.reads.where(self.fills(node.target, names)):
            return self._of_each(node, member, inner)

    def _of_each(self, node: tree.Comprehension, member: Origin, inner: _Names) -> Origin:
        if node.condition is not None:
            self._read(node.condition, inner)
        if node.result is None:
            return made_of([member]) if node.macro == "filter" else NOWHERE
        result = self.value(node.result, inner)
        if node.macro in ("map", "transformList", "transformMap"):
            return made_of([result])
        self.reads.whole(result)
        return made_of([member]) if node.macro == "sortBy" else NOWHERE


def _is_scalar(node: tree.Node, names: _Names) -> bool:
    return isinstance(node, tree.Literal) or (isinstance(node, tree.Ident) and names.get(node.name) is _SCALAR)


def _of_scalars(target: tree.Node) -> bool:
    """Whether it is a list of scalars that the text names."""
    return isinstance(target, tree.ListLiteral) and all(isinstance(one, tree.Literal) for one, _ in target.items)
