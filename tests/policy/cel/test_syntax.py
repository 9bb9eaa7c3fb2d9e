"""What is no CEL is refused with its place, and what is comes back the same from its own text."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.cel import CelError, compile_expression
from lockgate.policy.cel.parser import parse
from lockgate.policy.cel.printer import show
from lockgate.policy.cel.syntax import Chain
from lockgate.policy.errors import PolicyError


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "a value was expected, not the end"),
        ("1 +", 1, 4, "a value was expected, not the end"),
        ("1 1", 1, 3, "an operator or the end was expected, not '1'"),
        ("a\n  .b(", 2, 6, "a value was expected, not the end"),
        ("[1, 2", 1, 6, "',' was expected, not the end"),
        ("{'a' 1}", 1, 6, "':' was expected, not '1'"),
        ("a ? b", 1, 6, "':' was expected, not the end"),
        ("a.", 1, 3, "a field was expected, not the end"),
        ("a.in", 1, 3, "a field was expected, not 'in'"),
        ("'abc", 1, 1, "the text is not closed"),
        ("'a\nb'", 1, 1, "the text is not closed"),
        ("'''abc''", 1, 1, "the text is not closed"),
        ("1 + 1e999", 1, 5, "does not fit a double"),
        ("'\\q'", 1, 2, "the escape is not one of CEL's"),
        ("'\\ud800'", 1, 2, "the escape is not one of CEL's"),
        ("b'\\u0041'", 1, 3, "the escape is not one of CEL's"),
        ("9223372036854775808", 1, 1, "does not fit a 64-bit integer"),
        ("-9223372036854775809", 1, 2, "does not fit a 64-bit integer"),
        ("18446744073709551616u", 1, 1, "does not fit an unsigned 64-bit integer"),
        ("a # b", 1, 3, "'#' begins no token"),
        ("a = b", 1, 3, "'=' begins no token"),
        ("a & b", 1, 3, "'&' begins no token"),
        ("for", 1, 1, "'for' is a reserved word"),
        ("f(1,)", 1, 5, "a value was expected, not ')'"),
        ("has(a)", 1, 1, "has() needs a selection"),
        ("[1].map(a.b, 1)", 1, 11, "map() needs a simple name here"),
        ("[1].all(i, i, true)", 1, 12, "all() names 'i' twice"),
        ("!-a", 1, 2, "a value was expected"),
    ],
)
def test_wrong_syntax_is_underlined(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text, where="policy.yaml")
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.excerpt.splitlines()[-1].index("^") == column - 1


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("objekt.a", "undeclared reference to 'objekt'", "did you mean 'object'?"),
        ("[1].map(i, j)", "undeclared reference to 'j'", ""),
        ("object.startWith('a')", "unknown function 'startWith'", "did you mean 'startsWith'?"),
        ("quantiti('1')", "unknown function 'quantiti'", "did you mean 'quantity'?"),
        ("charAt('a', 1)", "unknown function 'charAt'", "it is called on a value: x.charAt(...)"),
        ("object.replace('a')", "replace() takes 2 or 3 arguments, not 1", ""),
        ("size()", "size() takes 1 argument, not 0", ""),
        ("Foo{a: 1}", "unknown type 'Foo'", ""),
        ("1 && true", "a condition must be a bool, not int", ""),
        ("'a' ? 1 : 2", "a condition must be a bool, not string", ""),
        ("'a'.matches('(')", "RE2 does not read the pattern", ""),
        ("'a'.matches('(?=a)')", "RE2 does not read the pattern", ""),
        ("duration('1y')", "duration() does not read '1y'", ""),
        ("timestamp('today')", "timestamp() does not read 'today'", ""),
        ("duration(1)", "type conversion error from 'int' to 'google.protobuf.Duration'", ""),
        ("duration(-1)", "type conversion error from 'int' to 'google.protobuf.Duration'", ""),
        ("timestamp(253402300800)", "timestamp overflow", ""),
        ("vars.b", "vars has no field 'b'", ""),
        ("has(vars.abd)", "vars has no field 'abd'", "did you mean 'abc'?"),
    ],
)
def test_what_cannot_mean_anything_is_refused_before_it_runs(text: str, message: str, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        compile_expression(text, variables=["object", "vars"], fields={"vars": ["abc"]}, where="p.yaml")
    assert message in caught.value.message
    assert caught.value.hint == hint
    assert caught.value.line == 1
    assert caught.value.where.startswith("p.yaml:1:")


def test_an_expression_that_is_too_deep_or_too_long_is_refused() -> None:
    for deep in (
        "(" * 500 + "1" + ")" * 500,
        "[" * 500,
        "-" * 500 + "a",
        "a" + ".b" * 500,
        "a?b:" * 500 + "c",
        "f(" * 99,
    ):
        with pytest.raises(PolicyError, match="nests deeper"):
            parse(deep)
    with pytest.raises(PolicyError, match="longer than"):
        parse("1" + " " * 100_000)


def test_a_long_chain_is_wide_and_not_deep() -> None:
    for operator, kind in (("&&", "true"), ("||", "false"), ("+", "'ab'")):
        node = parse(f" {operator} ".join([kind] * 5000))
        assert isinstance(node, Chain)
        assert node.height == 2
    assert compile_expression(" + ".join(["'ab'"] * 5000), variables=[]).evaluate({}) == "ab" * 5000
    assert compile_expression(" && ".join(["a"] * 5000), variables=["a"]).evaluate({"a": True}) is True


@pytest.mark.parametrize(
    ("around", "text"),
    [
        ("({})", "1"),
        ("[{}]", "1"),
        ("{{'k': {}}}", "1"),
        ("[1].map(i, {})", "1"),
        ("(true ? {} : 1)", "1"),
        ("dyn({})", "1"),
        ("-({})", "1"),
        ("cel.bind(a, {}, a)", "1"),
        ("cel.bind(a, 1, {})", "1"),
        ("optional.of(1).optMap(v, {})", "1"),
        ("[1].all(i, {})", "true"),
        ("[1].exists(i, j, {})", "1 / 0 == 1"),
        ("(true && {})", "1 / 0 == 1"),
        ("(false || {} || false)", "1 / 0 == 1"),
        ("(1 + 2 * {})", "1"),
        ("(1 - {})", "1"),
        ("([1] + {})", "[1]"),
        ("optional.none().orValue({})", "1 / 0"),
        ("type({}).x", "1"),
        ("[{}][0]", "1"),
    ],
)
def test_the_deepest_expressions_that_parse_also_run(around: str, text: str) -> None:
    levels = 0
    with pytest.raises(PolicyError, match="nests deeper"):
        while True:
            parse(around.format(text))
            text, levels = around.format(text), levels + 1
    assert levels >= 20
    try:
        compile_expression(text, variables=[]).evaluate({})
    except CelError as error:
        assert "too deep" not in error.message  # whatever else is wrong, it is not the depth


TEXT = st.text(st.sampled_from("ab.?:[]{}()!-+*/%<>=&|,'\"\\0123456789uexr \n`#"), max_size=40) | st.text(max_size=30)
PIECES = st.lists(
    st.sampled_from(
        ["a", "b.c", "has(", ")", "all(", "(", "[", "]", "{", "}", ",", ":", "?", "&&", "||", "+", "==", "1", "'s'",
         "in", "map(i,", "cel.bind(x,", "Object{", ".?d", "!", "-", "1u", "b'x'", "null", "optMap(v,", "."]
    ),
    max_size=20,
).map(" ".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(TEXT | PIECES)
def test_any_text_is_an_expression_or_a_policy_error(text: str) -> None:
    try:
        expression = compile_expression(text, variables=None, structs=["Object"])
    except PolicyError as error:
        assert error.message
        return
    with suppress(CelError):
        expression.evaluate({})


NAMES = st.sampled_from(["a", "b", "object", "_x"])
LEAVES = st.one_of(
    NAMES,
    st.integers(0, 2**63 - 1).map(str),
    st.integers(0, 2**64 - 1).map(lambda number: f"{number}u"),
    st.floats(0, allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=5).map(lambda text: '"' + text.translate({34: "'", 92: "/", 10: " ", 13: " "}) + '"'),
    st.binary(max_size=3).map(lambda data: "b'" + "".join(f"\\x{byte:02x}" for byte in data) + "'"),
    st.sampled_from(["true", "false", "null", "-1", "-0.5", "[]", "{}"]),
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two, three = st.tuples(inner, inner), st.tuples(inner, inner, inner)
    operator = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "&&", "||"])
    return st.one_of(
        st.tuples(inner, operator, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(inner, operator, inner).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]}"),
        three.map(lambda parts: f"(({parts[0]}) ? ({parts[1]}) : {parts[2]})"),
        inner.map(lambda part: f"!({part})"),
        inner.map(lambda part: f"-({part})"),
        inner.map(lambda part: f"({part}).f"),
        inner.map(lambda part: f"({part}).?f"),
        two.map(lambda parts: f"({parts[0]})[{parts[1]}]"),
        two.map(lambda parts: f"({parts[0]})[?{parts[1]}]"),
        two.map(lambda parts: f"[{parts[0]}, ?{parts[1]}]"),
        two.map(lambda parts: f"{{{parts[0]}: {parts[1]}}}"),
        two.map(lambda parts: f"({parts[0]}).all(i, {parts[1]})"),
        two.map(lambda parts: f"({parts[0]}).map(i, {parts[1]})"),
        three.map(lambda parts: f"({parts[0]}).map(i, {parts[1]}, {parts[2]})"),
        three.map(lambda parts: f"({parts[0]}).transformMap(i, j, {parts[1]}, {parts[2]})"),
        two.map(lambda parts: f"cel.bind(v, {parts[0]}, {parts[1]})"),
        two.map(lambda parts: f"({parts[0]}).optMap(v, {parts[1]})"),
        two.map(lambda parts: f"Object{{a: {parts[0]}, ?b: {parts[1]}}}"),
        two.map(lambda parts: f"({parts[0]}).replace({parts[1]}, 'x')"),
        inner.map(lambda part: f"has(({part}).g)"),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(LEAVES, _grown, max_leaves=12))
def test_an_expression_printed_and_parsed_is_the_same(text: str) -> None:
    node = parse(text)
    assert parse(show(node)) == node
