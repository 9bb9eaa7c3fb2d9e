"""Builtins that are written as Python expressions answer as their functions do, and functions that are kept as anew."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.budget import Budget
from lockgate.policy.errors import BudgetExceededError, EvaluationError
from lockgate.policy.rego import UNDEFINED, Program, Source, compile_modules, plain
from lockgate.policy.rego.builtins.contract import BuiltinError
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.values import Set, equal

CALLS = {
    "is_string": ("is_string(a)", 1), "is_number": ("is_number(a)", 1), "is_boolean": ("is_boolean(a)", 1),
    "is_array": ("is_array(a)", 1), "is_object": ("is_object(a)", 1), "is_null": ("is_null(a)", 1),
    "startswith": ("startswith(a, b)", 2), "endswith": ("endswith(a, b)", 2), "contains": ("contains(a, b)", 2),
    "trim_prefix": ("trim_prefix(a, b)", 2), "trim_suffix": ("trim_suffix(a, b)", 2), "count": ("count(a)", 1),
    "lower": ("lower(a)", 1), "upper": ("upper(a)", 1), "regex.match": ("regex.match(a, b)", 2),
    "minus": ("a - b", 2), "plus": ("a + b", 2), "lt": ("a < b", 2), "gte": ("a >= b", 2),
}  # fmt: skip
CONSTANT = {
    "split": ('split(a, "/")', ("/",)),
    "replace": ('replace(a, "ab", "x")', ("ab", "x")),
    "object.get": ('object.get(a, "k", 7)', ("k", 7)),
    "substring": ("substring(a, 1, -1)", (1, -1)),
    "sprintf": ('sprintf("<%v> %s!", [a, a])', None),
}
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3, allow_nan=False),
    st.sampled_from(["", "a", "ab", "abab/x", "É/ß", "^a", "k"]), st.text(max_size=4),
)  # fmt: skip
VALUES = st.one_of(ATOMS, st.lists(ATOMS, max_size=2), st.dictionaries(st.sampled_from(["k", "l"]), ATOMS, max_size=2))


def _program(expression: str) -> Program:
    text = f"package t\na := input.a\nb := input.b\np := x if {{ a; b; x := {expression} }}\n"
    text += f"p := x if {{ not a; b; x := {expression} }}\np := x if {{ a; not b; x := {expression} }}\n"
    text += f"p := x if {{ not a; not b; x := {expression} }}\nyes if {expression}\nno if not {expression}\n"
    return compile_modules([Source("t", text, "v1")])


PROGRAMS = {name: _program(call[0]) for name, call in {**CALLS, **CONSTANT}.items()}


def _expected(name: str, a: Any, b: Any) -> Any:
    if name == "sprintf":
        args: tuple[Any, ...] = ("<%v> %s!", [a, a])
    elif name in CONSTANT:
        args = (a, *(CONSTANT[name][1] or ()))
    else:
        args = (a, b)[: CALLS[name][1]]
    function = BUILTINS[name].function
    assert function is not None
    try:
        return function(*args)
    except BuiltinError:
        return UNDEFINED


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_a_call_answers_as_the_function_of_the_builtin(name: str, a: Any, b: Any) -> None:
    program, given_ = PROGRAMS[name], {"a": a, "b": b}
    wanted = _expected(name, a, b)
    found = program.evaluate("data.t.p", given_)
    assert (found is UNDEFINED and wanted is UNDEFINED) or equal(found, wanted), (found, wanted)
    holds = wanted is not UNDEFINED and wanted is not False
    assert program.evaluate("data.t.yes", given_) is (True if holds else UNDEFINED)
    assert program.evaluate("data.t.no", given_) is (UNDEFINED if holds else True)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@settings(max_examples=30, deadline=None)
@given(VALUES, VALUES)
def test_a_call_that_fails_is_an_error_to_a_strict_caller(name: str, a: Any, b: Any) -> None:
    if _expected(name, a, b) is UNDEFINED and BUILTINS[name].kind == "pure":
        with pytest.raises(EvaluationError):
            PROGRAMS[name].evaluate("data.t.yes", {"a": a, "b": b}, strict=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, max_size=6))
def test_a_set_of_values_is_the_set_of_its_members(values: list[Any]) -> None:
    late, early = Set.of_values(list(values)), Set(values)
    assert late == early
    assert len(late) == len(early)
    assert all(value in late for value in values)
    assert plain(Set.of_values(list(values))) == plain(early)


KEPT = """package t
size(text) := n if { p := split(text, "-"); q := replace(p[0], "x", ""); n := to_number(q) * 3; n > -count(text) }
all contains n if { some text in input.texts; n := size(text) }
twice := size(input.text)
"""


@pytest.fixture(scope="module")
def kept() -> Program:
    return compile_modules([Source("t", KEPT, "v1")])


def test_a_function_of_strings_is_asked_once_and_takes_the_same_steps(kept: Program) -> None:
    assert "keep(" in kept.source
    spent = []
    for _ in range(3):
        budget = Budget(1000)
        assert kept.evaluate("data.t.twice", {"text": "x4-b"}, budget=budget) == 12
        spent.append(budget.spent)
    assert len(set(spent)) == 1


def test_what_is_kept_is_paid_for(kept: Program) -> None:
    texts = {"texts": [f"{number}-a" for number in range(50)]}
    kept.evaluate("data.t.all", texts)
    with pytest.raises(BudgetExceededError):
        kept.evaluate("data.t.all", texts, budget=Budget(60))


def test_what_failed_quietly_still_fails_for_a_strict_caller(kept: Program) -> None:
    assert kept.evaluate("data.t.twice", {"text": "no number"}) is UNDEFINED
    with pytest.raises(EvaluationError, match="to_number"):
        kept.evaluate("data.t.twice", {"text": "no number"}, strict=True)


def test_what_is_kept_stays_small(kept: Program) -> None:
    for number in range(2000):
        kept.evaluate("data.t.twice", {"text": f"{number}-{'a' * (number % 300)}"})
    (known,) = [value for name, value in kept._namespace.items() if name.startswith("M")]
    assert len(known) <= 512
    assert all(len(key) <= 128 for key in known)


def test_a_table_of_strings_answers_like_its_definitions() -> None:
    text = 'package t\nf("a") := 1\nf("b") := 2\nf("c") := 3\ng("a") := 1\ng("a") := 2\np := f(input.k)\nq := g("a")\n'
    program = compile_modules([Source("t", text, "v1")])
    assert [program.evaluate("data.t.p", {"k": key}) for key in ("a", "c", "d", 1, None)] == [
        1, 3, UNDEFINED, UNDEFINED, UNDEFINED,
    ]  # fmt: skip
    with pytest.raises(EvaluationError, match="conflict"):
        program.evaluate("data.t.q", {})
