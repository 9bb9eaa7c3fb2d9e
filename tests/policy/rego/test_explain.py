"""A trace shows each line of a rule with what it bound, and stops at the line that nothing fulfils."""

import pytest

from lockgate.policy.rego import RegoError, Source
from lockgate.policy.rego.explain import explain
from lockgate.policy.rego.explain_lines import line_text


def traced(body: str, input=None, *, version="v1", path="data.shop.violation"):
    return explain([Source("shop.rego", f"package shop\n{body}", version)], path, input or {})


def lines(step):
    return [(part.text, part.value, part.decided) for part in step.parts]


def test_every_line_shows_what_it_bound_and_the_rule_holds():
    (step,) = traced(
        'violation contains x if {\n  some x in input.names\n  y := upper(x)\n  y == "B"\n}', {"names": ["a", "b"]}
    )
    assert (step.text, step.value, step.decided) == ("violation (line 2)", True, True)
    assert lines(step) == [("some x in input.names", {"x": "a"}, False), ("y := upper(x)", {"y": "A"}, False),
                           ('y == "B"', True, False)]  # fmt: skip
    assert step.parts[0].note == "first of 2 answers"


def test_the_line_that_nothing_fulfils_decides_and_ends_the_trace():
    (step,) = traced("violation contains x if {\n  x := input.a\n  x > 3\n  x < 9\n}", {"a": 1})
    assert step.value is False
    assert lines(step) == [("x := input.a", {"x": 1}, False), ("x > 3", False, True)]


def test_lines_are_shown_as_they_are_evaluated():
    (step,) = traced("violation contains y if {\n  y = x + 1\n  x = input.a\n  y < 3\n}", {"a": 1})
    assert [part.text for part in step.parts] == ["x = input.a", "y = x + 1", "y < 3"]


def test_functions_are_traced_with_their_arguments():
    body = 'violation contains x if {\n  some x in input.names\n  long(x)\n}\nlong(text) if count(text) > 3\nlong("b")'
    (step,) = traced(body, {"names": ["a", "b"]})
    assert step.value is True
    assert [(part.note, part.value) for part in step.parts[1].parts] == [
        ('of "a"', False), ('of "a": the arguments do not fit', False), ('of "b"', False), ('of "b"', True),
    ]  # fmt: skip


def test_rules_that_a_line_names_are_traced_below_it():
    (step,) = traced("violation contains 1 if not allowed\nallowed if input.admin", {"admin": False})
    (line,) = step.parts
    assert (line.text, line.value) == ("not allowed", True)
    assert [(part.text, part.value, lines(part)) for part in line.parts] == [
        ("allowed (line 3)", False, [("input.admin", False, True)])
    ]


def test_an_else_branch_is_asked_when_what_is_before_it_has_not_held():
    body = "violation contains size\nsize := 1 if input.small\nelse := 2 if input.middle\nelse := 3"
    (step,) = explain([Source("shop.rego", f"package shop\n{body}")], "data.shop.size", {"middle": True})[:1]
    assert (step.text, step.value) == ("size (line 3)", False)
    steps = explain([Source("shop.rego", f"package shop\n{body}")], "data.shop.size", {"middle": True})
    assert [(one.text, one.value) for one in steps] == [("size (line 3)", False), ("else (line 4)", True)]


def test_what_is_called_in_a_library_is_traced_there():
    main = Source("main.rego", "package shop\nimport data.lib.names.long\nviolation contains 1 if long(input.name)")
    lib = Source("lib.rego", "package lib.names\nlong(x) if count(x) > 3")
    (step,) = explain([main, lib], "data.shop.violation", {"name": "ab"})
    assert [(part.text, part.note, part.value) for part in step.parts[0].parts] == [("long (line 2)", 'of "ab"', False)]


def test_a_failing_builtin_and_an_endless_rule_are_told(monkeypatch):
    monkeypatch.setattr("lockgate.policy.rego.explain.STEPS", 2_000)
    (step,) = traced("violation contains x if {\n  some x in numbers.range(1, 100000)\n  x > 99999\n}")
    assert "steps" in step.parts[0].error


def test_the_old_dialect_is_traced_too():
    (step,) = traced('violation[{"msg": m}] { c := input.c[_]; not c.ok; m := sprintf("%v", [c.name]) }',
                     {"c": [{"name": "a"}]}, version="v0")  # fmt: skip
    assert [part.text for part in step.parts] == ["c := input.c[_]", "not c.ok", 'm := sprintf("%v", [c.name])']
    assert step.parts[2].value == {"m": "a"}


def test_modules_that_do_not_compile_are_refused():
    with pytest.raises(RegoError, match="unsafe"):
        traced("violation contains x if y == 1")


@pytest.mark.parametrize(
    ("text", "at", "line"),
    [
        ("a := 1 # why\nb", 0, "a := 1"),
        ("f(x) { a; b }", 10, "b"),
        ("x := {\n  y |\n  z\n}\nw", 0, "x := { y | z }"),
        ("x ==\n  y\nz", 0, "x == y"),
        ('x := "a;b}" ; c', 0, 'x := "a;b}"'),
        ("x := `a\nb`\nc", 0, "x := `a b`"),
    ],
)
def test_a_line_is_shown_as_it_is_written(text, at, line):
    assert line_text(text, at) == line
