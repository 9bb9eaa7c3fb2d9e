"""What holds for any text and any order of lines."""

import contextlib
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.budget import Budget
from lockgate.policy.errors import EvaluationError, PolicyError
from lockgate.policy.rego import Program, Source, compile_modules
from lockgate.policy.rego.values import equal

NAMES = "package p import data input some every in if contains not with as else default null true false x y _ f count"
SIGNS = '( ) [ ] { } : := = == != < | & + - * / % , ; . "s" `r` 1 1.5 -2 set() $"a{x}"'
WORDS = [*NAMES.split(), *SIGNS.split(), "\n"]

POLICIES = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), POLICIES), st.sampled_from(["v0", "v1"]), st.booleans())
def test_any_text_is_a_program_or_a_policy_error(text: str, version: str, headed: bool) -> None:
    with contextlib.suppress(PolicyError, EvaluationError):
        program = compile_modules([Source("any", "package p\n" * headed + text, version)])
        program.evaluate("data", {"x": 1}, budget=Budget(10_000))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=80), POLICIES))
def test_any_text_is_a_query_or_a_policy_error(text: str) -> None:
    with contextlib.suppress(PolicyError, EvaluationError):
        EMPTY.query(text, {"x": 1}, budget=Budget(10_000))


EMPTY = compile_modules([])

LINES = (
    "some a in input.xs",
    "b = a + 1",
    "c = input.ys[b]",
    "not c == 0",
    "d = [e | some e in input.xs; e < a]",
    "count(d) >= 0",
    "[g, h] = [b, a]",
    "g > h",
    'k = {"a": a, "c": c}',
)
INPUTS = st.fixed_dictionaries(
    {"xs": st.lists(st.integers(-1, 4), max_size=5), "ys": st.lists(st.integers(0, 3), max_size=6)}
)


@settings(max_examples=60, deadline=None)
@given(st.permutations(LINES), INPUTS)
def test_lines_in_any_order_mean_the_same(lines: list[str], given_input: dict[str, Any]) -> None:
    # `some` declares, so it stays where names are first seen; everything else may move.
    rest = [line for line in lines if not line.startswith("some")]
    assert equal(answers([LINES[0], *rest], given_input), answers(list(LINES), given_input))


def answers(lines: list[str], given_input: dict[str, Any]) -> Any:
    """The members of a set rule with these lines as its body."""
    body = "\n ".join(lines)
    return compile_modules([Source("t", f"package t\np contains k if {{\n {body}\n}}")]).evaluate(
        "data.t.p", given_input
    )


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(-2, 2, width=16), st.text("ab", max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)),
    max_leaves=6,
)
COMPARE = compile_modules(
    [
        Source(
            "t",
            """package t
import rego.v1
same if input.a == input.b
unified if input.a = input.b
member if input.a in {input.b}
key if {input.b: 1}[input.a]
smaller if input.a < input.b
larger if input.b < input.a
array if [input.a] == [input.b]
object if {"k": input.a} == {"k": input.b}
difference if count({input.a} - {input.b}) == 0
""",
        )
    ]
)


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES)
def test_equality_is_one_thing_everywhere(a: Any, b: Any) -> None:
    found = COMPARE.evaluate("data.t", {"a": a, "b": b})
    same = "same" in found
    assert same == equal(a, b)
    assert same == all(name in found for name in ("unified", "member", "key", "array", "object", "difference"))
    assert same == any(name in found for name in ("unified", "member", "key", "array", "object", "difference"))
    assert same != ("smaller" in found or "larger" in found)
    assert not ("smaller" in found and "larger" in found)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_a_dumped_program_is_damaged_into_an_error_or_not_at_all(seed: int) -> None:
    content = bytearray(EMPTY.dump())
    dice = random.Random(seed)
    content = content[: dice.randrange(60)]
    try:
        Program.load(bytes(content))
    except ValueError:
        return
    raise AssertionError("half a program was loaded")
