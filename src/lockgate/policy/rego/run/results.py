"""How the answers of rules come together: one value, entries of an object, members of a set; and ``print``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lockgate.policy.rego.run.state import CONFLICT, RegoEvaluationError, State, U, document_name
from lockgate.policy.rego.values import Set, equal, in_order, key_of, render


def say(state: State, parts: Sequence[Any]) -> None:
    """Print: each part is the set of an argument's values, empty when it is undefined."""
    prints = state.surroundings.prints
    if prints is None:
        return
    lines: list[list[str]] = [[]]
    for part in parts:
        shown = [render(value) for value in in_order(part)] or ["<undefined>"]
        state.budget.spend(len(lines) * len(shown))
        lines = [[*line, text] for line in lines for text in shown]
    for line in lines:
        prints.append(" ".join(line))


def agreed(state: State, unit: int, known: Any, value: Any) -> Any:
    """The value of a rule that has two answers, which must be the same."""
    if known is U or known is value or equal(known, value):
        return value if known is U else known
    table = state.tables
    name = document_name(table.unit_paths[unit])
    if any(node.unit == unit and node.kind == "function" for node in table.nodes):
        raise RegoEvaluationError(f"function {name} produced conflicting values for the same inputs", CONFLICT)
    raise RegoEvaluationError(f"rule {name} produced conflicting values", CONFLICT)


def put(made: dict[Any, Any], key: Any, value: Any) -> None:
    """An entry of an object comprehension."""
    name = key if key.__class__ is str else key_of(key)
    if name in made and not equal(made[name], value):
        raise RegoEvaluationError("object keys must be unique", CONFLICT)
    made[name] = value


def enter(state: State, unit: int, made: dict[Any, Any], key: Any, value: Any) -> None:
    """An entry of an object rule; the key is in key form."""
    known = made.get(key, U)
    if known is not U and not equal(known, value):
        raise _not_unique(state, unit)
    made[key] = value


def insert(state: State, unit: int, made: dict[Any, Any], keys: tuple[Any, ...], value: Any) -> None:
    """An entry deeper inside an object rule."""
    for key in keys[:-1]:
        made = _inner(state, unit, made, key)
    known = made.get(keys[-1], U)
    if known is not U and not equal(known, value):
        raise _not_unique(state, unit)
    made[keys[-1]] = value


def include(state: State, unit: int, made: dict[Any, Any], keys: tuple[Any, ...], value: Any) -> None:
    """A member of a set inside an object rule."""
    for key in keys[:-1]:
        made = _inner(state, unit, made, key)
    known = made.get(keys[-1], U)
    if known is U:
        known = made[keys[-1]] = Set()
        state.made.add(id(known))
    elif id(known) not in state.made or known.__class__ is not Set:
        raise _not_unique(state, unit)
    known.add(value)


def _inner(state: State, unit: int, made: dict[Any, Any], key: Any) -> dict[Any, Any]:
    known = made.get(key, U)
    if known is U:
        fresh: dict[Any, Any] = {}
        made[key] = fresh
        state.made.add(id(fresh))
        return fresh
    if id(known) not in state.made:
        raise _not_unique(state, unit)
    return known  # type: ignore[no-any-return]


def _not_unique(state: State, unit: int) -> RegoEvaluationError:
    return RegoEvaluationError(f"object keys must be unique ({document_name(state.tables.unit_paths[unit])})", CONFLICT)
