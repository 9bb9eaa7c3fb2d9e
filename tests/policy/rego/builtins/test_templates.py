"""Templates: what is refused and why, the bounds, and that any text renders or is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.budget import Budget
from lockgate.policy.errors import BudgetExceededError
from lockgate.policy.rego.builtins.contract import BuiltinError, Context
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.values import Set

PIECES = [
    "{{",
    "}}",
    "{{-",
    ".",
    ".name",
    ".map.a",
    "$x",
    ":=",
    "|",
    "(",
    ")",
    "if",
    "range",
    "else",
    "end",
    "with",
    "print",
    "and",
    "eq",
    "index",
    "slice",
    "printf",
]
PIECES += [" -}}", " ", '"%d%v"', "1", "-2", "1.5", "nil", "true", "/*", "*/", "$x := .list", "break"]
DATA = {"name": "hello", "count": 3, "none": None, "list": ["a", 1], "map": {"b": 2, "a": {"c": True}}}


def render(template: str, data: Any = DATA, steps: int = 1_000_000) -> str:
    function = BUILTINS["strings.render_template"].function
    assert function is not None
    return str(function(Context(budget=Budget(steps)), template, data))


class TestRendering:
    @pytest.mark.parametrize(
        ("template", "text"),
        [
            ("{{.name}} {{.count}} {{.none}} {{.list}} {{.map}}", "hello 3 <undefined> [a 1] map[a:map[c:true] b:2]"),
            ("{{range $i, $e := .list}}{{if $i}},{{end}}{{$e}}{{end}}", "a,1"),
            ("{{with .map.a}}{{.c}}{{$.name}}{{end}}", "truehello"),
            ("a {{- /* gone */ -}} b", "ab"),
            ('{{.name | printf "%q"}} {{printf "%t %v" true .list}}', '"hello" true [a 1]'),
            ("{{.no.such.field}}", "<undefined>"),
        ],
    )
    def test_data_is_filled_in(self, template: str, text: str) -> None:
        assert render(template) == text


class TestRefusals:
    @pytest.mark.parametrize(
        ("template", "reason"),
        [
            ('x\n{{define "T"}}', "template:2: define is not supported"),
            ("{{call .name}}", "call is not supported"),
            ("{{nope}}", "function 'nope' not defined"),
            ("{{$x}}", r"undefined variable '\$x'"),
            ("{{if .name}}", "unexpected EOF"),
            ("{{end}}", "unexpected {{end}}"),
            ("{{.name", "unclosed action"),
            ("{{/* x", "unclosed comment"),
            ("{{.none.x}}", "can't evaluate field x in <nil>"),
            ("{{eq .count 3}}", "incompatible types for comparison"),
            ('{{printf "%d" .name}}', "does not fit its values"),
            ("{{007}}", "the number 007 is not supported"),
            ("{{range .name}}{{end}}", "range can't iterate over hello"),
        ],
    )
    def test_what_is_not_understood_is_an_error(self, template: str, reason: str) -> None:
        with pytest.raises(BuiltinError, match=reason):
            render(template)

    @pytest.mark.parametrize("value", [Set([1]), {1: 2}, [{"a": Set()}]])
    def test_data_that_json_does_not_have_is_an_error(self, value: Any) -> None:
        with pytest.raises(BuiltinError, match="the variables hold a"):
            render("no action", {"value": value})

    def test_nesting_and_loops_are_bounded(self) -> None:
        with pytest.raises(BuiltinError, match="more than 50 levels of nesting"):
            render("{{if true}}" * 60 + "{{end}}" * 60)
        with pytest.raises(BuiltinError, match="more than 50 levels of nesting"):
            render("{{" + "(" * 60 + "1" + ")" * 60 + "}}")
        with pytest.raises(BudgetExceededError):
            render("{{range 99999999}}x{{end}}")
        with pytest.raises(BuiltinError, match="more than 1000 variables"):
            render("{{$x := 1}}" * 1_100)


class TestAnyText:
    @given(st.lists(st.sampled_from(PIECES), max_size=16))
    def test_a_template_renders_or_is_refused_with_a_reason(self, parts: list[str]) -> None:
        for template in ("".join(parts), "{{" + " ".join(parts) + "}}"):
            try:
                assert isinstance(render(template, steps=10_000), str)
            except (BuiltinError, BudgetExceededError) as error:
                assert str(error)
