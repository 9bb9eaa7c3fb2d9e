"""What is kept from one evaluation to the next is what cannot have changed."""

from typing import Any

import pytest

from lockgate.policy.rego import Program, Source, compile_modules, plain

_POLICY = """
package t
items[c] { c := input.review.items[_] }
named[c.name] = c { c := items[_] }
nested[c.name].deep = c { c := items[_] }
wanted = x { x := input.parameters.wanted }
found[m] { c := items[_]; c.name == wanted; m := c }
whole = input
dynamic = x { k := "review"; x := input[k] }
head = input.parameters.wanted { true }
inside = x { x := [c | c := input.parameters.wanted] }
replaced = x { x := items with input.parameters as 1 }
asks = x { x := count(found) }
lib(x) { x == input.parameters.wanted }
calls { lib("b") }
negated { not input.parameters.wanted }
"""
_VARYING = frozenset(("parameters",))


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_modules([Source("t", _POLICY, "v0")])


def test_only_rules_that_never_reach_a_varying_field_are_kept(program: Program) -> None:
    kept = program.memory(_VARYING).units
    names = {".".join(path) for path, *_ in (program._compiled.units[unit] for unit in kept)}
    assert names == {"t.items", "t.named", "t.replaced"}


def _input(wanted: Any) -> dict[str, Any]:
    return {"review": {"items": [{"name": "a"}, {"name": "b"}]}, "parameters": {"wanted": wanted}}


def test_evaluations_with_a_memory_answer_like_those_without(program: Program) -> None:
    memory = program.memory(_VARYING)
    for wanted in ("a", "b", None, "a"):
        whole = plain(program.evaluate("data.t", _input(wanted)))
        assert plain(program.evaluate("data.t", _input(wanted), memory=memory)) == whole


def test_a_memory_spares_the_steps_of_what_it_keeps(program: Program) -> None:
    from lockgate.policy.budget import Budget

    memory = program.memory(_VARYING)
    spent = []
    for _ in range(2):
        budget = Budget(1000)
        program.evaluate("data.t.found", _input("a"), budget=budget, memory=memory)
        spent.append(budget.steps - budget.left)
    assert spent[1] < spent[0]


def test_what_was_dumped_keeps_the_same(program: Program) -> None:
    assert Program.load(program.dump()).memory(_VARYING).units == program.memory(_VARYING).units
