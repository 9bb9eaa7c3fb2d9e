"""Compiled expressions: kept as bytes, bounded in steps, shared by threads."""

from __future__ import annotations

import marshal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from lockgate.policy.budget import Budget
from lockgate.policy.cel import CelError, compile_expression, load_expression
from lockgate.policy.errors import BudgetExceededError, PolicyError


def test_a_dumped_expression_computes_the_same_and_fails_the_same() -> None:
    expression = compile_expression("object.a + [1].map(i, i + object.b)[0]", variables=["object"], where="p.yaml")
    again = load_expression(expression.dump())
    assert again.evaluate({"object": {"a": 1, "b": 2}}) == 4
    with pytest.raises(CelError, match="no such key: b") as caught:
        again.evaluate({"object": {"a": 1}})
    assert caught.value.where == "p.yaml"
    assert (again.source, again.kind, again.names) == (expression.source, expression.kind, expression.names)


def test_bytes_of_another_version_are_compiled_anew() -> None:
    version, _, parts, _ = marshal.loads(compile_expression("a.b", variables=["a"], fields={"a": ["b"]}).dump())
    other = load_expression(marshal.dumps((version, "cpython-27", parts, b"")))
    assert other.evaluate({"a": {"b": 3}}) == 3
    assert other.names.fields == (("a", frozenset({"b"})),)


@pytest.mark.parametrize("data", [b"", b"nonsense", marshal.dumps(1), marshal.dumps((1, 2, 3, 4))])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(PolicyError, match="no compiled expression"):
        load_expression(data)


@pytest.mark.parametrize(
    "text",
    [
        "l.all(a, l.all(b, l.all(c, true)))",
        "l.map(a, l.map(b, l.map(c, 1))).size() > 0 || true",
        "lists.range(3000).all(i, lists.range(3000).all(j, true))",
        "l.all(i, text.contains(text + 'x') || true)",
        "l.all(i, big == big)",
        "l.exists(i, 'nothing' in big)",
        "l.exists(i, text.matches('a+b'))",
        "l.all(i, text.replace('a', 'bb') != text)",
        "l.all(i, '%s'.format([big]) != text)",
        "l.all(i, sets.contains(big, big))",
    ],
)
def test_a_loop_ends_with_its_budget(text: str) -> None:
    activation = {"l": list(range(1000)), "text": "a" * 200_000, "big": ["x"] * 20_000}
    expression = compile_expression(text, variables=activation.keys())
    with pytest.raises(BudgetExceededError):
        expression.evaluate(activation, budget=Budget(50_000))


def test_a_value_that_doubles_is_stopped() -> None:
    text = "'" + "x" * 50 + "'"
    for name in "abcdefghijklmnopqrstuvwxyz":
        text = f"cel.bind({name}, {text} + '', {name} + {name})"
    with pytest.raises((CelError, BudgetExceededError)):
        compile_expression(text, variables=[]).evaluate({})


def test_a_failing_binding_is_computed_once() -> None:
    text = "l.all(i, i == 0) && 1 / 0 == 1"
    for name in "abcdefghijklmnopqrst":
        text = f"cel.bind({name}, {text}, ({name} || {name}) || ({name} || {name}))"
    budget = Budget(1000)
    with pytest.raises(CelError, match="divide by zero"):
        compile_expression(text, variables=["l"]).evaluate({"l": [0]}, budget=budget)
    assert budget.left > 900


def test_the_same_evaluation_takes_the_same_steps() -> None:
    expression = compile_expression("l.filter(i, i > 2).map(i, l.exists(j, j == i)).size()", variables=["l"])
    spent = set()
    for _ in range(3):
        budget = Budget()
        assert expression.evaluate({"l": [1, 2, 3, 4]}, budget=budget) == 2
        spent.add(budget.steps - budget.left)
    assert spent == {4 + 2 + 4 + 4}


def test_a_variable_without_a_value_is_said() -> None:
    with pytest.raises(CelError, match="no value was given for the variable 'a'"):
        compile_expression("a", variables=["a"]).evaluate({})
    assert compile_expression("true || a", variables=["a"]).evaluate({}) is True


def test_kinds_are_known_where_the_text_shows_them() -> None:
    kinds = {
        "1": "int", "a == 1": "bool", "'x' + a": "string", "a.b": "any", "[a]": "list", "a ? 1 : 'x'": "any",
        "a.all(i, i)": "bool", "size(a)": "int", "has(a.b)": "bool", "null": "null", "string(a)": "string",
    }  # fmt: skip
    for text, kind in kinds.items():
        assert compile_expression(text, variables=["a"]).kind == kind, text


def test_threads_share_an_expression() -> None:
    expression = compile_expression("l.map(i, i * k).exists(i, i == 40) || l[99] == 1", variables=["l", "k"])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda k: expression.evaluate({"l": list(range(100)), "k": k}), range(200)))
    assert answers == [k > 0 and 40 % k == 0 and 40 // k < 100 for k in range(200)]


def test_what_is_given_is_never_changed() -> None:
    given = {"l": [1], "m": {"a": [2]}}
    expression = compile_expression("(o.l + o.m.a).map(i, i) + o.l + [o.m]", variables=["o"])
    assert expression.evaluate({"o": given}) == [1, 2, 1, {"a": [2]}]
    assert given == {"l": [1], "m": {"a": [2]}}


def test_text_never_becomes_code() -> None:
    for text in ('"\'+__import__(\\"os\\").name+\'"', "'{A}'", "'\\\\'", '\'\\n"""\'', "r'\\'"):
        written = compile_expression(text, variables=[])
        assert isinstance(written.evaluate({}), str)
    for name in ("__import__", "eval", "equal", "B", "A", "boolean", "F_size"):
        with pytest.raises(PolicyError, match="unknown function"):
            compile_expression(f"{name}('x')", variables=["A", "B"])
    assert compile_expression("A + B", variables=["A", "B"]).evaluate({"A": 1, "B": 2}) == 3
    with pytest.raises(CelError, match="no such key: __class__"):
        compile_expression("o.__class__", variables=["o"]).evaluate({"o": {}})


def test_a_loaded_expression_brings_only_the_libraries_that_it_calls() -> None:
    """In a process of its own: here other tests have loaded every library."""
    text = "object.name.matches('^a') && cidr('10.0.0.0/8').containsIP(string(ip('10.1.2.3'))) && [].sortBy(i, i) == []"
    kept = compile_expression(text, variables=["object"])
    assert kept.libraries == {"standard", "addresses"}
    script = (
        "import sys\n"
        "from lockgate.policy.cel import load_expression\n"
        "print(load_expression(bytes.fromhex(sys.argv[1])).evaluate({'object': {'name': 'abc'}}))\n"
        "within = 'lockgate.policy.cel.library.'\n"
        "print(*sorted(name.removeprefix(within) for name in sys.modules if name.startswith(within)))\n"
        "print('lockgate.policy.cel.emit' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, kept.dump().hex()], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["True", "addresses standard", "False"]
