"""Programs: kept and loaded again, asked ad hoc, stopped by their budget."""

import marshal
from typing import Any

import pytest

from lockgate.policy.budget import Budget
from lockgate.policy.errors import BudgetExceededError, EvaluationError
from lockgate.policy.rego import (
    UNDEFINED,
    Program,
    RegoError,
    RegoEvaluationError,
    Source,
    compile_modules,
)
from lockgate.policy.rego.builtins.contract import LimitError

POLICY = Source(
    "a.rego",
    """package a
import data.lib.f
p contains msg if { some x in input.xs; f(x) > 1; msg := sprintf("%v", [x]) }
big := 123456789012345678901234567890
keys := {true: 1, [1]: 2}
""",
)
LIBRARY = Source("lib.rego", "package lib\nf(x) := x * 2")


def test_a_dumped_program_answers_like_the_one_it_was() -> None:
    program = compile_modules([POLICY, LIBRARY])
    loaded = Program.load(program.dump())
    for path in ("data.a.p", "data.a.big", "data.a.keys", "data"):
        assert loaded.evaluate(path, {"xs": [1, 0]}) == program.evaluate(path, {"xs": [1, 0]})
    assert loaded.query("data.a.p[x]", {"xs": [1]}) == [{"x": "1"}]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ('sprintf("%v %s", [2e308, 2e308])', "2e308 2e308"),
        ('sprintf("%d", [2e308])', "%!d(string=2e308)"),
        ('sprintf("%v", [1e23])', "1e+23"),
        ('sprintf("%v", [[2e308]])', "[2e308]"),
        ("json.marshal([2e308, -2e308])", "[2e308,-2e308]"),
        ("yaml.marshal([2e308])", "- 2e308\n"),
        ("format_int(1e400, 10)", "1" + "0" * 400),
        ("count({1e400, 10e399, 1e401})", 2),
        ("[2e308 == 20e307, 2e308 > 1e308, -2e308 < 0, is_number(2e308)]", [True] * 4),
        ("2e308 - 1e308 == 1e308", True),
    ],
)
def test_numbers_that_no_double_comes_near_are_numbers(expression: str, answer: object) -> None:
    program = compile_modules([Source("a.rego", f"package a\nx := {expression}")])
    for one in (program, Program.load(program.dump())):
        assert one.evaluate("data.a.x") == answer


@pytest.mark.parametrize("content", [b"", b"text", marshal.dumps(("other", 1)), marshal.dumps((("x", 9), 0, 0, 0, 0))])
def test_a_program_of_another_version_is_not_loaded(content: bytes) -> None:
    with pytest.raises(ValueError, match="dumped"):
        Program.load(content)


def test_a_query_binds_what_it_names() -> None:
    program = compile_modules([POLICY, LIBRARY])
    assert program.query("x = input.xs[i]; data.lib.f(x, y)", {"xs": [5]}) == [{"i": 0, "x": 5, "y": 10}]
    assert program.query("data.a.nothing") == []
    assert program.query("1 == 1") == [{}]


def test_a_query_may_replace_functions_of_the_program() -> None:
    program = compile_modules([POLICY, LIBRARY])
    assert program.query("data.a.p[x] with data.lib.f as 7", {"xs": [0]}) == [{"x": "0"}]
    assert program.query("data.a.p[x]", {"xs": [0]}) == []


def test_a_wrong_query_is_refused() -> None:
    program = compile_modules([])
    for text in ("x", "x := ", "foo(1)", "http.send({})"):
        with pytest.raises(RegoError):
            program.query(text)
    with pytest.raises(RegoError):
        program.evaluate("a.b")


def test_a_path_may_lead_into_a_value_or_base_documents() -> None:
    program = compile_modules([Source("a", 'package a\no := {"k": {"l": 1}}')])
    assert program.evaluate("data.a.o.k.l") == 1
    assert program.evaluate("data.a.o.x.l") is UNDEFINED
    assert program.evaluate("data.b.c", data={"b": {"c": 2}}) == 2


ENDLESS = [
    "p := count([1 | some a in input.xs; some b in input.xs; some c in input.xs; a + b + c > 0])",
    "p := numbers.range(1, 1000000000)",
    "f0(x) := x + 1\n" + "\n".join(f"f{n}(x) := f{n - 1}(x) + f{n - 1}(x)" for n in range(1, 40)) + "\np := f39(1)",
    "p if { every a in input.xs { every b in input.xs { every c in input.xs { a + b + c >= 0 } } } }",
]


@pytest.mark.parametrize("policy", ENDLESS)
def test_work_without_bounds_ends(policy: str) -> None:
    program = compile_modules([Source("a", f"package a\n{policy}")])
    with pytest.raises((BudgetExceededError, LimitError)):
        program.evaluate("data.a.p", {"xs": list(range(1000))}, budget=Budget(200_000))


def test_text_that_doubles_is_bounded() -> None:
    lines = "\n".join(f'x{n} := concat("", [x{n - 1}, x{n - 1}])' for n in range(1, 60))
    program = compile_modules([Source("a", f'package a\nx0 := "ab"\n{lines}')])
    with pytest.raises(LimitError, match="longer than"):
        program.evaluate("data.a.x59")


def test_numbers_that_square_are_bounded() -> None:
    lines = "\n".join(f"x{n} := x{n - 1} * x{n - 1}" for n in range(1, 60))
    program = compile_modules([Source("a", f"package a\nx0 := 12345\n{lines}")])
    with pytest.raises(LimitError, match="too big"):
        program.evaluate("data.a.x59")


@pytest.mark.parametrize("line", ["bits.lsh(1, input.n) > 0", "count(numbers.range(1, input.n)) > 0"])
def test_what_is_too_large_for_a_builtin_is_an_error_and_never_undefined(line: str) -> None:
    """An input that a policy would deny must not be let through because a bound of ours made a call undefined."""
    program = compile_modules([Source("a", f"package a\nviolation contains 1 if {{ {line} }}")])
    assert list(program.evaluate("data.a.violation", {"n": 40})) == [1]
    with pytest.raises(EvaluationError):
        program.evaluate("data.a.violation", {"n": 10_000_000_000})


def test_rules_that_ask_each_other_a_thousand_deep_are_an_error_of_the_evaluation() -> None:
    rules = "\n".join(f"p{n} := p{n + 1}" for n in range(1500))
    program = compile_modules([Source("a", f"package a\n{rules}\np1500 := 1")])
    with pytest.raises(EvaluationError, match="nests too deeply"):
        program.evaluate("data.a.p0")


def test_a_failing_builtin_is_undefined_unless_strict() -> None:
    program = compile_modules([Source("a.rego", 'package a\n\np := to_number("x")')])
    assert program.evaluate("data.a.p") is UNDEFINED
    with pytest.raises(RegoEvaluationError, match=r"a\.rego:3: eval_builtin_error: to_number"):
        program.evaluate("data.a.p", strict=True)


def test_inputs_are_left_as_they_were() -> None:
    program = compile_modules([Source("a", "package a\np := x if { x := input.o with input.o.k as 2 }")])
    given: dict[str, Any] = {"o": {"k": 1}}
    assert program.evaluate("data.a.p", given) == {"k": 2}
    assert given == {"o": {"k": 1}}


def test_text_of_a_policy_never_becomes_code() -> None:
    hostile = "'); import os; os.abort() #"
    program = compile_modules([Source("a", 'package a\np := x if { x := input["' + hostile + '"]["\\n__import__"] }')])
    assert program.evaluate("data.a.p", {hostile: {"\n__import__": 1}}) == 1
