"""Definitions that begin with the same lines share them, and answer as each would alone."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockgate.policy.budget import Budget
from lockgate.policy.rego import RegoError, Source, compile_modules, plain

LINES = (
    "{0} := input.xs[_]", "{0} := input.xs[{1}]", "not {0}.off", "{0}.n > 1", "{1} := {0}.n", "{1} == {0}.n",
    "{2} := input.limit", "{0}.n < input.limit", "not exempt({0})", "[{1}, {2}] = [{0}.n, input.limit]", "input.on",
    "count([1 | {0}.n]) > 0", "every y in input.ys {{ y != {0}.n }}", 'startswith({0}.name, "a")',
)  # fmt: skip
HEADS = ("{0}.n", '{{"n": {0}.n}}', '{{"n": {0}.name, "of": input.limit}}')
HELPERS = 'exempt(x) if x.name == "skip"\n'
BODIES = st.lists(st.lists(st.integers(1, len(LINES) - 1), max_size=4), min_size=2, max_size=5)
ITEMS = st.fixed_dictionaries(
    {}, optional={"n": st.integers(0, 4), "name": st.sampled_from(["a", "ab", "skip", 7]), "off": st.booleans()}
)
INPUTS = st.fixed_dictionaries(
    {"xs": st.lists(ITEMS, max_size=3)},
    optional={"limit": st.integers(0, 4), "on": st.booleans(), "ys": st.lists(st.integers(0, 3), max_size=2)},
)


def _definition(name: str, lines: list[int], number: int, names: str) -> str | None:
    """A definition with names of its own for its variables."""
    given = [f"{names}{at}" for at in range(3)]
    used = [LINES[at] for at in (0, *lines)]
    if len([line for line in used if line.startswith(("{1} :=", "[{1}"))]) > 1:
        return None
    body = "; ".join(line.format(*given) for line in used)
    return f"{name} contains {HEADS[number % len(HEADS)].format(*given)} if {{ {body} }}\n"


@settings(max_examples=250, deadline=None)
@given(BODIES, INPUTS)
def test_a_set_is_the_union_of_its_definitions(bodies: list[list[int]], value: dict[str, Any]) -> None:
    together = [_definition("p", lines, at, "abcde"[at]) for at, lines in enumerate(bodies)]
    apart = [_definition(f"p{at}", lines, at, "x") for at, lines in enumerate(bodies)]
    whole = [text for text in together if text is not None]
    text = f"package t\n{HELPERS}{''.join(whole)}{''.join(text for text in apart if text is not None)}"
    try:
        program = compile_modules([Source("t", text, "v1")])
    except RegoError:  # a variable that nothing binds
        assume(False)
    assume(whole)
    found = plain(program.evaluate("data.t.p", value))
    each = [plain(program.evaluate(f"data.t.p{at}", value)) for at, text in enumerate(apart) if text is not None]
    joined: list[Any] = []
    for members in each:
        joined += [member for member in members if member not in joined]
    assert len(found) == len(joined)
    assert all(member in joined for member in found), (text, found, joined)


def test_a_line_that_definitions_share_is_evaluated_once() -> None:
    text = f"package t\n{HELPERS}p contains c.n if {{ c := input.xs[_]; not exempt(c); c.n > 1 }}\n"
    text += "p contains d.name if { d := input.xs[_]; not exempt(d); d.off }\n"
    program = compile_modules([Source("t", text, "v1")])
    assert program.source.count(".get('xs', U)") == 1
    budget = Budget(100)
    found = program.evaluate("data.t.p", {"xs": [{"n": 2, "name": "b", "off": True}]}, budget=budget)
    assert sorted(map(str, plain(found))) == ["2", "b"]
    assert budget.spent == 3


@pytest.mark.parametrize("first", ['print("x")', "input.a with input.a as 1", "[1 | input.a]"])
def test_lines_that_cannot_be_compared_stay_apart(first: str) -> None:
    text = f"package t\np contains 1 if {{ {first}; input.b }}\np contains 2 if {{ {first}; input.c }}\n"
    program = compile_modules([Source("t", text, "v1")])
    assert plain(program.evaluate("data.t.p", {"a": 1, "b": 1, "c": 1})) == [1, 2]
    assert plain(program.evaluate("data.t.p", {"a": 1, "c": 1})) == [2]
