"""What a tree reads: the order of its nodes, the fields that each must give, and what is evaluated before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockgate.kql import bound, relation
from lockgate.kql.keywords import words
from lockgate.kql.relation import Field, Node

INDIFFERENT = words(
    """count cnt countif sum sumif avg avgif min minif max maxif dcount dcountif count_distinct count_distinctif stdev
    stdevif stdevp variance varianceif variancep variancepif percentile percentiles percentiles_array hll hll_if tdigest
    hll_merge tdigest_merge merge_tdigest binary_all_and binary_all_or binary_all_xor"""
)
"""Aggregates to which the order of the rows is all the same."""


def leaves(value: bound.Value) -> Iterator[bound.Value]:
    """The fields, and what stands for other relations, in a value."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bound.Use | relation.Slot | relation.Collected):
            yield one
        elif isinstance(one, bound.Call | bound.Operation):
            waiting += one.arguments
        elif isinstance(one, bound.Member):
            waiting.append(one.value)
            if isinstance(one.key, bound.Value):
                waiting.append(one.key)
        elif isinstance(one, relation.Converted | relation.Captures | relation.Picked):
            waiting.append(one.value)
        elif isinstance(one, relation.Within):
            yield one
            waiting.append(one.value)
        elif isinstance(one, bound.Columns):
            continue


def fields(values: Iterable[bound.Value]) -> set[Field]:
    """The fields that values read."""
    return {
        leaf.column
        for value in values
        for leaf in leaves(value)
        if isinstance(leaf, bound.Use) and isinstance(leaf.column, Field)
    }


def values_of(node: Node) -> Iterator[bound.Value]:
    """The values in a node."""
    if isinstance(node, relation.Filter):
        yield node.condition
    elif isinstance(node, relation.Extend | relation.Unnest):
        yield from (value for _, value in node.made)
    elif isinstance(node, relation.Aggregate):
        yield from (value for _, value in node.groups)
        for part in node.parts:
            yield part.call
            if part.value is not None:
                yield part.value
    elif isinstance(node, relation.Values):
        yield from (value for row in node.rows for value in row)
    elif isinstance(node, relation.Series):
        yield from (node.first, node.last, node.step)
    elif isinstance(node, relation.Join):
        yield from (value for pair in node.keys for value in pair)
    elif isinstance(node, relation.Union):
        yield from (value for _, values in node.parts for value in values.values())
    elif isinstance(node, relation.Limit):
        yield node.count
    elif isinstance(node, relation.Window):
        yield from node.arguments


def lates(node: Node) -> Iterator[relation.Slot | relation.Collected]:
    """What must be evaluated before the statement in which the node stands."""
    for value in values_of(node):
        for leaf in leaves(value):
            if isinstance(leaf, relation.Slot | relation.Collected):
                yield leaf


def ordered(root: Node, stops: Iterable[int] = ()) -> list[Node]:
    """The nodes below ``root``, each after those that it reads; not below those of ``stops`` or a cut."""
    known, halted = set[int](), set(stops)
    found: list[Node] = []
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            found.append(node)
            continue
        if id(node) in known:
            continue
        known.add(id(node))
        waiting.append((node, True))
        if id(node) not in halted and not isinstance(node, relation.Cut):
            waiting += [(one, False) for one in reversed(node.inputs)]
    return found


def provided(nodes: list[Node]) -> dict[int, set[Field]]:
    """The fields that each node can give. ``nodes`` in the order of :func:`ordered`."""
    found: dict[int, set[Field]] = {}
    for node in nodes:
        found[id(node)] = _given(node, found)
    return found


def _given(node: Node, known: dict[int, set[Field]]) -> set[Field]:
    if isinstance(node, relation.Scan):
        return {field for _, field in node.columns}
    if isinstance(node, relation.Values):
        return {*node.fields, *((node.position,) if node.position else ())}
    if isinstance(node, relation.Series):
        return {node.field}
    if isinstance(node, relation.Aggregate):
        return {field for field, _ in node.groups} | {one.field for one in node.parts}
    if isinstance(node, relation.Union):
        return set(node.fields)
    if isinstance(node, relation.Again):
        return {new for new, _ in node.renamed}
    if isinstance(node, relation.Cut):
        return {field for _, field in node.fields} | {node.position, *node.partition}
    if isinstance(node, relation.Outside):
        return {field for _, field in node.fields}
    if isinstance(node, relation.Join):
        left = known[id(node.left)]
        if node.kind in ("semi", "anti"):
            return left
        return left | known[id(node.right)] | {new for new, _ in node.missing}
    inner = known.get(id(node.inputs[0]), set())
    if isinstance(node, relation.Extend):
        return inner | {field for field, _ in node.made}
    if isinstance(node, relation.Unnest):
        return inner | {field for field, _ in node.made} | {node.index}
    if isinstance(node, relation.Number | relation.Window):
        return inner | {node.field}
    return inner


def needed(
    nodes: list[Node], given: dict[int, set[Field]], wanted: dict[int, set[Field]]
) -> dict[int, set[Field]]:  # fmt: skip
    """The fields that each node must give, so that its readers have theirs; ``wanted``: what is asked of the roots."""
    found = {id(node): set(wanted.get(id(node), ())) for node in nodes}
    for node in reversed(nodes):
        own = found[id(node)]
        for input_, fields_ in _asked(node, own, given):
            if id(input_) in found:
                found[id(input_)] |= fields_
        for value in values_of(node):
            for leaf in leaves(value):
                if isinstance(leaf, relation.Within) and id(leaf.node) in found:
                    found[id(leaf.node)].add(leaf.field)
    return found


def _asked(node: Node, own: set[Field], given: dict[int, set[Field]]) -> Iterator[tuple[Node, set[Field]]]:
    if isinstance(node, relation.Filter):
        yield node.input, own | fields([node.condition])
    elif isinstance(node, relation.Extend):
        kept = [(field, value) for field, value in node.made if field in own]
        yield node.input, (own - {field for field, _ in kept}) | fields(value for _, value in kept)
    elif isinstance(node, relation.Aggregate):
        yield node.input, _of_aggregate(node, own)
    elif isinstance(node, relation.Join):
        asked = own | {old for new, old in node.missing if new in own}
        left = fields(value for value, _ in node.keys)
        right = fields(value for _, value in node.keys)
        yield node.left, (asked & given.get(id(node.left), set())) | left
        yield node.right, (asked & given.get(id(node.right), set())) | right
    elif isinstance(node, relation.Union):
        for input_, values in node.parts:
            yield input_, fields(value for field, value in values.items() if field in own)
    elif isinstance(node, relation.Limit):
        yield node.input, own | fields(key.value for key in node.order)
    elif isinstance(node, relation.Number | relation.Window):
        if node.field not in own:
            yield node.input, own
            return
        arguments = node.arguments if isinstance(node, relation.Window) else ()
        read = fields((*arguments, *node.partition, *(key.value for key in node.order)))
        yield node.input, (own - {node.field}) | read
    elif isinstance(node, relation.Unnest):
        made = {field for field, _ in node.made} | {node.index}
        yield node.input, (own - made) | fields(value for _, value in node.made)
    elif isinstance(node, relation.Unique):
        yield node.input, own | fields(node.keys)
    elif isinstance(node, relation.Again):
        yield node.input, {old for new, old in node.renamed if new in own}
    elif isinstance(node, relation.Kept):
        yield node.input, own


def _of_aggregate(node: relation.Aggregate, own: set[Field]) -> set[Field]:
    read = fields(value for _, value in node.groups)
    for part in node.parts:
        if part.field in own:
            read |= fields(one for one in part.call.arguments if not isinstance(one, bound.Columns))
            if part.value is not None:
                read |= fields([part.value])
            if node.position is not None and part.call.function.name not in INDIFFERENT:
                read.add(node.position)
    return read
