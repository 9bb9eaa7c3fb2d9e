"""``with``: the state in which documents and functions are replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lockgate.policy.rego.run.documents import base_document
from lockgate.policy.rego.run.state import State, Tables, U
from lockgate.policy.rego.values import key_of


def replace(state: State, number: int, values: Sequence[Any]) -> State:
    """The state in which a ``with`` holds. Rules are evaluated anew in it."""
    tables = state.tables
    made = State(
        tables, state.input, state.data, budget=state.budget, surroundings=state.surroundings, strict=state.strict
    )  # fmt: skip
    made.mocks = state.mocks
    pins = state.pins
    at = 0
    for kind, target, *more in tables.replacements[number]:
        if kind == "mock":
            mock, used = _mock(tables, more[0], values[at : at + 1])
            made.mocks = {**made.mocks, target: mock}
            at += used
            continue
        if kind == "input":
            made.input = _put_at(made.input, target, values[at])
        else:
            made.data = _put_at(made.data, target, values[at])
            pins = pins | frozenset(more[0])
        at += 1
    made.pins = pins
    for unit in pins:
        made.memo[unit] = base_document(made, tables.unit_paths[unit])
    state.budget.spend()
    return made


def _put_at(value: Any, path: Sequence[Any], new: Any) -> Any:
    if not path:
        return new
    key = key_of(path[0])
    made = dict(value) if value.__class__ is dict else {}
    made[key] = _put_at(made.get(key, U), path[1:], new)
    return made


def _mock(tables: Tables, how: tuple[Any, ...], values: Sequence[Any]) -> tuple[Callable[..., Any], int]:
    if how[0] == "function":
        unit = tables.functions[how[1]]
        return lambda state, *args: unit(_unmocked(state), *args), 0
    if how[0] == "builtin":
        function = tables.builtins[how[1]]
        if how[1] in tables.with_context:
            return lambda state, *args: function(state.context, *args), 0
        return lambda state, *args: function(*args), 0
    value = values[0]
    return lambda state, *args: value, 1


def _unmocked(state: State) -> State:
    """The state in which a replacement runs: it sees the functions themselves."""
    made = State(
        state.tables, state.input, state.data, budget=state.budget, surroundings=state.surroundings, strict=state.strict
    )  # fmt: skip
    made.pins = state.pins
    for unit in made.pins:
        made.memo[unit] = state.memo[unit]
    return made
