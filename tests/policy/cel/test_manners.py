"""Quick code gives a value only where exact code gives the same one, whatever the types of the variables are."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.budget import Budget
from lockgate.policy.cel import CelError, Duration, Optional, Timestamp, Uint, compile_expression
from lockgate.policy.cel.operators import equal
from lockgate.policy.cel.values import type_name
from lockgate.policy.errors import EvaluationError, PolicyError

SCALARS: list[Any] = [
    0, 1, -1, 2**63 - 1, True, False, None, 0.0, 1.0, 1.5, float("nan"), "", "a", "1", "text", b"", b"a", Uint(0),
    Uint(1), Timestamp(0), Duration(1), Optional(), Optional("a"), Optional({"a": 1}),
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "text"]), inner, max_size=3)
        | st.dictionaries(st.sampled_from([0, 1, 2]), inner, max_size=2)
        | st.dictionaries(st.booleans(), inner, max_size=2)
    ),
    max_leaves=5,
)
LEAVES = st.sampled_from([
    "x", "y", "z", "0", "1", "-1", "1u", "1.0", "true", "false", "null", "'a'", "''", "b'a'", "[]", "[x]",
    "{'a': x}", "[1, true]", "['a', 'text']", "{1: 'a'}", "{true: 'a'}", "duration('1s')", "optional.none()",
    "optional.of(y)",
])  # fmt: skip
BINARY = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "&&", "||"])
MADE = [
    "({0}).a", "has(({0}).a)", "({0}).?a", "({0})['a']", "({0})[{1}]", "({0})[?{1}]", "({0})[0]", "!({0})", "-({0})",
    "size({0})", "({0}).size()", "string({0})", "int({0})", "double({0})", "type({0})", "({0}).startsWith({1})",
    "({0}).endsWith({1})", "({0}).contains({1})", "({0}).all(i, {1})", "({0}).exists(i, i == {1})",
    "({0}).all(i, i in ({1}))", "({0}).map(i, {1})", "({0}).map(i, i.a)", "({0}).filter(i, i != {1})",
    "({0}).exists_one(i, i == {1})", "({0}).exists(i, j, j == {1})", "({0}).transformList(i, j, j)",
    "({0}).transformMap(i, j, {1})", "({0} ? {1} : {2})", "({0} && {1} && {2})", "({0} || {1} || {2})",
    "({0} + {1} + {2})", "({0}) in ['a', 'text']", "({0}) == null", "({0}) == true", "({0}) != 'a'", "({0}) == 1",
    "({0}).orValue({1})", "({0}).?a.?b.orValue({1})", "({0}).?a.b.orValue(1)", "({0}).?a.orValue([])", "has(({0}).a.b)",
    "has(({0}).a)", "({0}).optMap(v, v + {1})", "cel.bind(v, {0}, v == v || {1})", "[{0}, ?{1}]",
    "{{'a': {0}, ?'b': {1}}}", "{{{0}: {1}}}", "({0}).join('')", "({0}).min()", "({0}).sort()", "({0}).indexOf({1})",
    "({0}).replace({1}, {2})", "({0}).matches('a')", "({0}).distinct()", "({0}).flatten()", "'%s'.format([{0}])",
]  # fmt: skip


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    made = st.tuples(st.sampled_from(MADE), inner, inner, inner).map(lambda parts: parts[0].format(*parts[1:]))
    return made | st.tuples(inner, BINARY, inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})")


def run(code: Any, activation: dict[str, Any]) -> tuple[bool, Any]:
    try:
        return True, code(activation, Budget())
    except Exception as error:
        return False, error


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and left != left:
        return isinstance(right, float) and right != right
    if type_name(left) != type_name(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, Optional):
        return left.present == right.present and (not left.present or same(left.value, right.value))
    return equal(left, right)


@settings(max_examples=600, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=6), VALUES, VALUES, VALUES)
def test_quick_code_never_says_what_exact_code_does_not(text: str, x: Any, y: Any, z: Any) -> None:
    try:
        expression = compile_expression(text, variables=["x", "y", "z"])
    except PolicyError:
        return
    activation = {"x": x, "y": y, "z": z}
    quick, said = run(expression.quick, activation)
    try:
        exact = expression._exactly(activation, Budget())
    except EvaluationError:
        assert not quick, f"{text} is {said!r} in quick code and fails in exact code"
        return
    if quick:
        assert same(said, exact), f"{text} is {said!r} in quick code and {exact!r} in exact code"


@settings(max_examples=300, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=6), VALUES, VALUES, VALUES)
def test_an_evaluation_gives_a_value_or_an_error_of_ours(text: str, x: Any, y: Any, z: Any) -> None:
    try:
        compile_expression(text, variables=["x", "y", "z"]).evaluate({"x": x, "y": y, "z": z})
    except (PolicyError, CelError) as error:
        assert error.message
