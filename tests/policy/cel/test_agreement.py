"""Google's own CEL (cel-expr-python) and ours give the same value, or both fail, on generated expressions.

Left out on purpose: what Kubernetes' cel-go does otherwise than cel-cpp (texts of doubles, milliseconds of durations,
``has`` of what can have no fields), and mixed-type comparisons, which cel-expr-python refuses as it is configured.
"""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.cel import Duration, Timestamp, Uint, compile_expression
from lockgate.policy.errors import EvaluationError, PolicyError

cel = pytest.importorskip("cel_expr_python.cel")

VARIABLES: dict[str, Any] = {
    "i": 3,
    "j": -2,
    "big": 2**63 - 1,
    "d": 1.5,
    "s": "text",
    "e": "",
    "t": True,
    "n": None,
    "l": [1, 2, 3],
    "w": ["a", "text"],
    "m": {"a": 1, "s": "text", "l": [0, 5]},
    "o": [{"name": "x", "cpu": 1}, {"name": "y"}],
}


@pytest.fixture(scope="module")
def other() -> Any:
    config = cel.NewEnvConfigFromYaml(
        "name: test\nextensions:\n- name: strings\n- name: math\n- name: optional\n- name: sets\n"
    )
    return cel.NewEnv(config=config, variables=dict.fromkeys(VARIABLES, cel.Type.DYN))


def theirs(env: Any, text: str) -> tuple[str, Any]:
    try:
        found = env.compile(text, disable_check=True).eval(data=VARIABLES)
    except Exception as error:
        return "error", str(error)
    return "error" if found.type() == cel.Type.ERROR else "value", found.plain_value()


def ours(text: str) -> tuple[str, Any]:
    try:
        return "value", compile_expression(text, variables=VARIABLES.keys()).evaluate(VARIABLES)
    except (PolicyError, EvaluationError) as error:
        return "error", str(error)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, Duration):
        return a.nanoseconds // 1000 == b // datetime.timedelta(microseconds=1)
    if isinstance(a, Timestamp):
        return abs(a.nanoseconds / 1e9 - b.timestamp()) < 1e-5
    return (int(a) if isinstance(a, Uint) else a) == b


NUMBERS = st.sampled_from(["i", "j", "big", "0", "1", "-7", "size(l)", "m.a", "m.l[1]", "int('12')", "m.no", "l[7]"])
DOUBLES = st.sampled_from(["d", "0.5", "-2.0", "double(i)", "0.0"])
TEXTS = st.sampled_from(["s", "e", "'te'", "'é😀'", "m.s", "o[0].name", "string(i)", "m.nope"])
LISTS = st.sampled_from(["l", "w", "[]", "[1, 'a', null]", "m.l", "o", "[i, j]"])
BOOLEANS = st.sampled_from(["t", "false", "has(m.a)", "has(m.z)", "'a' in m", "s == 'text'", "m.zz", "i"])


def numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner)
    return pair.map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})")


def texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} + {parts[1]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"{parts[0]}.replace({parts[1]}, {parts[2]})"),
        st.tuples(inner, st.sampled_from("0123")).map(lambda parts: f"{parts[0]}.substring({parts[1]})"),
        inner.map(lambda part: f"{part}.upperAscii()"),
        inner.map(lambda part: f"string({part})"),
    )


def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} + {parts[1]})"),
        inner.map(lambda part: f"{part}.map(x, [x])"),
        inner.map(lambda part: f"{part}.filter(x, x != 1)"),
        inner.map(lambda part: f"{part}.map(x, 'cpu' in x, x.name)"),
        inner.map(lambda part: f"{part}.map(x, x + 1)"),
        inner.map(lambda part: f"[{part}, 1]"),
    )


NUMBER = st.recursive(NUMBERS, numbers, max_leaves=4)
DOUBLE = st.recursive(DOUBLES, numbers, max_leaves=3)
STRING = st.recursive(TEXTS, texts, max_leaves=4)
LIST = st.recursive(LISTS, lists, max_leaves=4)
TESTS = st.sampled_from(["all", "exists", "exists_one"])
COMPARED = st.one_of(
    *(
        st.tuples(kind, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), kind).map(" ".join)
        for kind in (NUMBER, DOUBLE, STRING)
    ),
    st.tuples(LIST, st.sampled_from(["==", "!="]), LIST).map(" ".join),
    st.tuples(st.one_of(NUMBER, STRING), st.just("in"), st.one_of(LIST, st.just("m"))).map(" ".join),
    st.tuples(STRING, st.sampled_from(["startsWith", "endsWith", "contains"]), STRING).map(
        lambda parts: f"{parts[0]}.{parts[1]}({parts[2]})"
    ),
    st.tuples(LIST, TESTS, NUMBER).map(lambda parts: f"{parts[0]}.{parts[1]}(x, x == {parts[2]})"),
    st.tuples(LIST, TESTS).map(lambda parts: f"{parts[0]}.{parts[1]}(x, x.cpu > 0)"),
)
BOOLEAN = st.recursive(
    st.one_of(BOOLEANS, COMPARED.map(lambda text: f"({text})")),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' && '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' || '.join(parts)})"),
        inner.map(lambda part: f"!{part}"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
    ),
    max_leaves=6,
)
ANY = st.one_of(BOOLEAN, NUMBER, DOUBLE, STRING, LIST)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(text=ANY)
def test_generated_expressions_agree(other: Any, text: str) -> None:
    there, here = theirs(other, text), ours(text)
    assert here[0] == there[0], f"{text}: ours {here}, theirs {there}"
    if here[0] == "value":
        assert same(here[1], there[1]), f"{text}: ours {here[1]!r}, theirs {there[1]!r}"


@pytest.mark.parametrize(
    "text",
    [
        "timestamp('2024-02-29T23:59:59.5Z') + duration('1h1.5s')",
        "timestamp('2024-02-29T23:59:59Z').getDayOfYear('Asia/Tokyo')",
        "timestamp('0001-01-01T00:00:00Z') - duration('1s')",
        "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
        "duration('-1.5h') - duration('1ms')",
        "duration('1h').getMinutes()",
        "timestamp('2024-01-01T00:00:00+05:30').getHours()",
        "'%s %d %.2f %x'.format(['a', i, d, 255])",
        "'a,b,,c'.split(',')",
        "['a', 'b'].join('/')",
        "optional.of(m).a.orValue(2)",
        "m.?nothing.orValue(7)",
        "[?m.?nothing, ?m.?a]",
        "math.greatest(1, i, j)",
        "sets.contains(l, [1, 2])",
        "sets.equivalent([1, 1], [1])",
        "uint(i) * 3u - 9u",
        "1u - 2u",
        "b'abc' + b'\\xff'",
        "bytes(s) == b'text'",
        "-9223372036854775808 / -1",
        "-9223372036854775808 % -1",
        "int(d * 1e18)",
        "int(-0.9)",
        "{'a': 1, 'b': [n]}",
        "{i: s, j: e}[3]",
        "type(l) == list",
        "l.exists_one(x, x / (x - 1) == 2)",
        "l.exists(x, 6 / (x - 2) == 6)",
        "l.all(x, 6 / (x - 2) == 5)",
    ],
)
def test_chosen_expressions_agree(other: Any, text: str) -> None:
    there, here = theirs(other, text), ours(text)
    assert here[0] == there[0], f"ours {here}, theirs {there}"
    if here[0] == "value":
        assert same(here[1], there[1]), f"ours {here[1]!r}, theirs {there[1]!r}"
