"""Documents under ``data``: base documents, and over them what rules give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lockgate.policy.rego.run.lookups import get, opairs, pairs
from lockgate.policy.rego.run.state import CONFLICT, NodeTable, RegoEvaluationError, State, U, X
from lockgate.policy.rego.values import Set, equal, key_of, keys_in_order, value_of_key


class Cursor:
    """A place in the tree of rules on the way of a reference with computed parts."""

    __slots__ = ("node",)

    def __init__(self, node: int) -> None:
        self.node = node


def unit_value(state: State, unit: int) -> Any:
    """The value of a unit, evaluated once."""
    value = state.memo[unit]
    return state.tables.functions[unit](state) if value is X else value


def _overlaid(state: State, over: Any, under: Any) -> Any:
    """Two documents for one place. Objects that rules build up are merged, and so are sets; values must be equal."""
    if over is U:
        return under
    if under is U or over is under:
        return over
    if id(over) in state.made and id(under) in state.made:
        if over.__class__ is Set and under.__class__ is Set:
            union = over | under
            state.made.add(id(union))
            return union
        if over.__class__ is dict and under.__class__ is dict:
            merged = dict(under)
            state.made.add(id(merged))
            for key, value in over.items():
                merged[key] = _overlaid(state, value, merged[key]) if key in merged else value
            return merged
    if equal(over, under):
        return over
    raise RegoEvaluationError("object keys must be unique", CONFLICT)


def _dynamic(state: State, node: NodeTable) -> Any:
    """What object rules above give this place."""
    found: Any = U
    for unit, depth in node.dynamic:
        value = unit_value(state, unit)
        state.made.add(id(value))
        for key in node.path[depth:]:
            value = value.get(key, U) if value.__class__ is dict else U
        found = _overlaid(state, value, found)
    return found


def document(state: State, index: int) -> Any:
    """Everything at a place: base documents, and over them what rules give.

    Below a rule with computed keys all rules by name are part of its object, so that what holds nothing is not there.
    """
    node = state.tables.nodes[index]
    if node.kind == "function":
        return U
    if node.kind in ("complete", "set"):
        value = unit_value(state, node.unit)
        if node.dynamic:
            if node.kind == "set":
                state.made.add(id(value))
            value = _overlaid(state, value, _dynamic(state, node))
            if node.kind == "set" and not value:
                return U
        return value
    state.budget.spend()
    base = base_document(state, node.path)
    made: dict[Any, Any] = {}
    for key, child in node.children.items():
        value = document(state, child)
        if value is not U:
            made[key] = value
    virtual: Any = made
    state.made.add(id(made))
    if node.unit >= 0:
        virtual = _overlaid(state, _own(state, node), made)
    if node.dynamic:
        virtual = _overlaid(state, _dynamic(state, node), virtual)
        if not virtual and base is U:
            return U
    return virtual if base.__class__ is not dict else _withbase_document(state, base, virtual)


def _own(state: State, node: NodeTable) -> Any:
    """What the object rules of a place itself give."""
    value = unit_value(state, node.unit)
    state.made.add(id(value))
    return value


def _withbase_document(state: State, base: dict[Any, Any], virtual: Any) -> Any:
    """Base documents and what rules give, together. A base document hides a rule's value in a whole document."""
    if virtual.__class__ is not dict:
        return virtual
    merged = {**virtual, **base}
    for key, value in base.items():
        if value.__class__ is dict and virtual.get(key).__class__ is dict:
            merged[key] = _withbase_document(state, value, virtual[key])
    state.made.add(id(merged))
    return merged


def computed(state: State, index: int, key: Any) -> Any:
    """What computed keys give at a key, in key form, at which no rule stands by name."""
    node = state.tables.nodes[index]
    value: Any = U
    if node.unit >= 0 and node.kind != "function":
        value = get_key(unit_value(state, node.unit), key)
    if node.dynamic:
        value = _overlaid(state, value, get_key(_dynamic(state, node), key))
    return value


def get_key(value: Any, key: Any) -> Any:
    """``value[key]`` for a key in key form."""
    return get(value, value_of_key(key))


def base_document(state: State, path: Sequence[Any]) -> Any:
    value = state.data
    for key in path:
        value = value.get(key, U) if value.__class__ is dict else U
    return value


def step(state: State, at: Any, key: Any) -> Any:
    """One key further, from a place or a value."""
    if at.__class__ is not Cursor:
        return get(at, key)
    node = state.tables.nodes[at.node]
    if node.kind in ("complete", "set"):
        return get(document(state, at.node), key)
    name = key if key.__class__ is str else key_of(key)
    child = node.children.get(name)
    if child is not None:
        return Cursor(child)
    if node.unit >= 0 or node.dynamic:
        return computed(state, at.node, name)
    return get(base_document(state, node.path), key)


def steps(state: State, at: Any, in_key_order: bool) -> Iterable[tuple[Any, Any]]:
    """All keys at a place or of a value."""
    if at.__class__ is not Cursor:
        return opairs(state, at) if in_key_order else pairs(state, at)
    node = state.tables.nodes[at.node]
    if node.kind in ("complete", "set"):
        value = document(state, at.node)
        return opairs(state, value) if in_key_order else pairs(state, value)
    found: dict[Any, Any] = {}
    base = base_document(state, node.path)
    if base.__class__ is dict:
        found.update(base)
    if node.unit >= 0 and node.kind == "object":
        found.update(unit_value(state, node.unit))
    if node.dynamic:
        value = _dynamic(state, node)
        if value.__class__ is dict:
            found.update(value)
    for key, child in node.children.items():
        if state.tables.nodes[child].kind != "function":
            found[key] = Cursor(child)
    state.budget.spend(len(found))
    keys = keys_in_order(found) if in_key_order else list(found)
    return [(value_of_key(key), found[key]) for key in keys]


def settled(state: State, at: Any) -> Any:
    """The value that a reference ends at."""
    return document(state, at.node) if at.__class__ is Cursor else at
