"""Which terms the rows of a stored table must hold that a query looks at: its filters by texts, down to the table."""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.kql import bound, relation
from lockgate.kql.emit import needs
from lockgate.kql.emit.values import Expressions, Names, Statement
from lockgate.kql.lower import Lowered
from lockgate.kql.relation import Field, Node
from lockgate.kql.terms import NEVER, Wanted, all_of, any_of, never_within, terms_within
from lockgate.kql.types import STRING, Type, single

_SIDES = {
    "has": (True, True), ":": (True, True), "hasprefix": (True, False), "hassuffix": (False, True),
    "contains": (False, False), "startswith": (True, False), "endswith": (False, True), "==": (True, True),
    "=~": (True, True), "in": (True, True), "in~": (True, True), "has_any": (True, True), "has_all": (True, True),
}  # fmt: skip
"""Of each sign whether a term of the text that is found cannot go on before its beginning, and behind its end."""
_MOST = 200
"""Texts of one list: of more, some are surely everywhere."""
_DEEPEST = 100
"""Brackets within brackets; what is deeper wants nothing."""
Made = dict[Field, bound.Value]
"""Fields that are computed between a condition and the table, and of what."""


def narrowings(lowered: Lowered) -> list[tuple[relation.Scan, Wanted]]:
    """Of each look at a table what its rows must hold to matter, where that is anything."""
    readers: dict[int, int] = {}
    nodes = _nodes(lowered, readers)
    found: dict[int, tuple[relation.Scan, Wanted]] = {}
    below = {id(node.input) for node in nodes if isinstance(node, relation.Filter)}
    for node in nodes:
        if isinstance(node, relation.Filter) and id(node) not in below:
            for scan, wanted in _down(node, readers):
                found[id(scan)] = (scan, wanted)  # those of a filter further up are more, and come later
    return list(found.values())


def _nodes(lowered: Lowered, readers: dict[int, int]) -> list[Node]:
    """All nodes of the query, inputs first, those that values look into before it included; counts their readers."""
    found: dict[int, Node] = {}
    waiting: list[Node] = [one.node for one in lowered.results]
    while waiting:
        root = waiting.pop()
        readers[id(root)] = readers.get(id(root), 0) + 1
        for node in needs.ordered(root):
            if id(node) in found:
                continue
            found[id(node)] = node
            waiting += [late.node for late in needs.lates(node)]
            if isinstance(node, relation.Cut):
                waiting += [source.node for source in node.sources]
                continue
            for one in node.inputs:
                readers[id(one)] = readers.get(id(one), 0) + 1
    return list(found.values())


def _down(top: relation.Filter, readers: dict[int, int]) -> Iterator[tuple[relation.Scan, Wanted]]:
    """The tables below filters, as far as nobody else reads what is between."""
    waiting: list[tuple[Node, list[bound.Value], Made]] = [(top.input, [top.condition], {})]
    while waiting:
        node, conditions, made = waiting.pop()
        if readers.get(id(node), 0) != 1:
            continue
        if isinstance(node, relation.Filter):
            waiting.append((node.input, [*conditions, node.condition], made))
        elif isinstance(node, relation.Extend):
            waiting.append((node.input, conditions, {**made, **dict(node.made)}))
        elif isinstance(node, relation.Union):
            for part, values in node.parts:
                waiting.append((part, conditions, {**made, **values}))
        elif isinstance(node, relation.Scan):
            reader = _Reader(node, made)
            wanted = all_of([one for value in conditions if (one := reader.wanted(value)) is not None])
            if wanted is not None:
                yield node, wanted


class _Reader:
    def __init__(self, scan: relation.Scan, made: Made) -> None:
        self.columns = {field: name for name, field in scan.columns}
        self.made = made
        self.expressions = Expressions(Statement(Names()), {})

    def wanted(self, value: bound.Value, depth: int = 0) -> Wanted | None:
        """What must be there for the condition to be true; ``None`` for anything."""
        if not isinstance(value, bound.Operation) or depth > _DEEPEST:
            return None
        if value.operator in ("and", "or"):
            parts = [self.wanted(one, depth + 1) for one in _chain(value)]
            return any_of(parts) if value.operator == "or" else all_of([one for one in parts if one is not None])
        sign = value.operator.removesuffix("_cs")
        return self._tested(sign, value.arguments) if sign in _SIDES else None

    def _tested(self, sign: str, arguments: tuple[bound.Value, ...]) -> Wanted | None:
        if sign == "==" and self._column(arguments[0]) is None:
            arguments = arguments[::-1]
        column, source = self._column(arguments[0]), source_of(arguments[0])
        texts = self._texts(arguments[1:]) if column is not None or source is not None else None
        if texts is None or (sign not in ("in", "in~", "has_any", "has_all") and len(texts) != 1):
            return None
        if column is None:
            assert source is not None
            impossible = all(never_within(source.name, text) for text in texts)
            return NEVER if texts and impossible and sign in _SIDES else None
        begins, ends = _SIDES[sign]
        name, dynamic = column
        parts: list[Wanted | None] = []
        for text in texts:
            parts.append(all_of([*terms_within(text, name, begins=begins, ends=ends, dynamic=dynamic)]))
        return all_of([one for one in parts if one is not None]) if sign == "has_all" else any_of(parts)

    def _texts(self, values: tuple[bound.Value, ...]) -> list[str] | None:
        """What is looked for; ``None`` where it is not known, no text, or too much."""
        found: list[object] = []
        for one in values:
            known = self.expressions.known(one)
            if known is None:
                return None
            found += known[0] if isinstance(known[0], list) else [known[0]]
        if len(found) > _MOST:
            return None
        texts = [one for one in found if isinstance(one, str)]
        return texts if len(texts) == len(found) else None

    def _column(self, value: bound.Value) -> tuple[str, bool] | None:
        """The column that a text is, or stands in as JSON, and whether that is so."""
        dynamic = False
        while True:
            if isinstance(value, bound.Use) and isinstance(value.column, Field):
                if value.column not in self.made:
                    break
                value = self.made[value.column]
            elif isinstance(value, bound.Member) and value.value.type.dynamic:
                dynamic, value = True, value.value
            elif isinstance(value, relation.Converted) and single(value.type) is STRING and not dynamic:
                value = value.value
            elif isinstance(value, bound.Call) and value.function.name in ("tostring", "tolower") and not dynamic:
                value = value.arguments[0]
            else:
                return None
        type_, name = single(value.type), self.columns.get(value.column)
        if name is None or (type_ is not STRING and not type_.dynamic) or (dynamic and not type_.dynamic):
            return None
        return name, type_.dynamic


def source_of(value: bound.Value) -> Type | None:
    """The type of what a text is made of, where that is all that it is; ``None`` for texts and dynamic values."""
    inner: bound.Value | None = None
    if isinstance(value, relation.Converted):
        inner = value.value
    elif isinstance(value, bound.Call) and value.function.name == "tostring":
        inner = value.arguments[0]
    if inner is None or single(value.type) is not STRING:
        return None
    found = single(inner.type)
    return None if found is STRING or found.dynamic else found


def _chain(value: bound.Operation) -> Iterator[bound.Value]:
    """What a chain of one sign joins."""
    one: bound.Value = value
    while isinstance(one, bound.Operation) and one.operator == value.operator:
        yield one.arguments[1]
        one = one.arguments[0]
    yield one
