"""Which columns of which stored tables a query reads, whatever the engine."""

from __future__ import annotations

from lockgate.kql import relation
from lockgate.kql.emit import needs
from lockgate.kql.lower import Lowered
from lockgate.kql.relation import Field, Node


def read_columns(lowered: Lowered) -> dict[str, list[str]]:
    """Of each table the names of the columns, tables in the order in which the query comes to them."""
    found: dict[str, dict[str, None]] = {}
    waiting: list[tuple[Node, set[Field]]] = []
    for one in reversed(lowered.results):
        waiting.append((one.node, {field for _, field in one.columns} | needs.fields(key.value for key in one.order)))
    known: set[tuple[int, frozenset[Field]]] = set()
    while waiting:
        root, wanted = waiting.pop()
        if (id(root), frozenset(wanted)) in known:
            continue
        known.add((id(root), frozenset(wanted)))
        nodes = needs.ordered(root)
        needed = needs.needed(nodes, needs.provided(nodes), {id(root): wanted})
        for node in nodes:
            if isinstance(node, relation.Scan):
                own = found.setdefault(node.table, {})
                own |= {name: None for name, field in node.columns if field in needed[id(node)]}
            waiting += [(late.node, {late.field}) for late in needs.lates(node)]
            if isinstance(node, relation.Cut):
                waiting += [
                    (one.node, {field for _, field in one.columns} | set(one.partition)
                     | needs.fields(key.value for key in one.order))
                    for one in node.sources
                ]  # fmt: skip
    return {table: list(columns) for table, columns in found.items()}
