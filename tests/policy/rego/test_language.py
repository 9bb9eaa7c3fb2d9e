"""What Rego means, trap by trap: each test is a policy, an input, and the value that OPA gives."""

from typing import Any

import pytest

from lockgate.policy.rego import UNDEFINED, RegoEvaluationError, Source, compile_modules, plain


def value(policy: str, input: Any = UNDEFINED, *, rule: str = "p", data: Any = None, version: str = "v1") -> Any:
    """The plain value of ``rule`` in a module of package ``t``."""
    program = compile_modules([Source("t.rego", f"package t\n{policy}", version)])
    found = program.evaluate(f"data.t.{rule}", input, data)
    return found if found is UNDEFINED else plain(found)


def test_an_undefined_argument_inside_not_makes_the_body_undefined() -> None:
    policy = 'f(x) if x == "a"\np if not f(input.x)'
    assert value(policy, {}) is UNDEFINED
    assert value(policy, {"x": "b"}) is True


def test_an_undefined_side_of_equality_inside_not_does_not() -> None:
    assert value('p if not input.x == "a"', {}) is True


def test_order_comparisons_inside_not_hoist_like_calls() -> None:
    assert value("p if not input.x > 1", {}) is UNDEFINED


@pytest.mark.parametrize("falsy", [0, "", None, [], {}])
def test_only_false_and_undefined_fail_a_line(falsy: Any) -> None:
    assert value("p if input.x", {"x": falsy}) is True
    assert value("p if input.x", {"x": False}) is UNDEFINED


def test_booleans_are_no_numbers() -> None:
    assert value("p if input.x == 1", {"x": True}) is UNDEFINED
    assert value("p if input.x == true", {"x": 1}) is UNDEFINED
    assert value("p := {1, true, 0, false}") == [False, True, 0, 1]
    assert value("p if [1] == [true]") is UNDEFINED
    assert value('p := {true: "a", 1: "b"}') == {"true": "a", "1": "b"}


def test_one_and_one_point_zero_are_one_number() -> None:
    assert value("p := {1, 1.0}") == [1]
    assert value("p if input.x == 1", {"x": 1.0}) is True


def test_lines_are_reordered_so_that_variables_are_bound() -> None:
    assert value("p if { not q[x]; x = 3 }\nq contains 2") is True
    assert value("p := y if { y = x + 1; x = 2 }") == 3


def test_unification_goes_both_ways_and_into_collections() -> None:
    assert value('p := [x, y] if [x, {"a": 2}] = [1, {"a": y}]') == [1, 2]
    assert value("p := x if { [x, 1] = [2, y]; y == 1 }") == 2


def test_assignment_shadows_rules_and_imports() -> None:
    assert value("q := 1\np := q if { q := 2 }") == 2


def test_each_wildcard_is_a_variable_of_its_own() -> None:
    rows = {"a": [1, 2], "b": [2, 3]}
    assert value("p if input.a[_] == input.b[_]", rows) is True
    assert value("p if { some i; input.a[i] == input.b[i] }", rows) is UNDEFINED


def test_a_set_rule_collects_every_answer_once() -> None:
    assert value("p contains x if { some x in input.xs }", {"xs": [3, 1, 3]}) == [1, 3]


def test_a_complete_rule_with_two_answers_is_an_error() -> None:
    with pytest.raises(RegoEvaluationError, match=r"eval_conflict_error: rule data\.t\.p"):
        value("p := x if { some x in input.xs }", {"xs": [1, 2]})


def test_an_object_rule_with_two_values_for_a_key_is_an_error() -> None:
    with pytest.raises(RegoEvaluationError, match="object keys must be unique"):
        value('p[k] := x if { k := "a"; some x in input.xs }', {"xs": [1, 2]})


def test_else_runs_only_when_the_body_has_no_answer() -> None:
    policy = 'p := 1 if { input.x } else := 2 if { input.y } else := "none"'
    assert [value(policy, i) for i in ({"x": 1, "y": 1}, {"y": 1}, {})] == [1, 2, "none"]


def test_default_is_for_when_nothing_holds() -> None:
    assert value("default p := false\np if input.x", {}) is False
    assert value("default f(_) := 7\nf(x) := 1 if x == 1\np := [f(1), f(2)]") == [1, 7]


def test_arguments_of_functions_are_patterns() -> None:
    policy = 'f("a", [x, _]) := x\nf("b", y) := y\np := [f("a", [1, 2]), f("b", 3)]'
    assert value(policy) == [1, 3]


def test_a_rule_written_as_a_function_without_arguments_is_its_value_called_or_named() -> None:
    policy = "f() = out { out = input.x }\ng() { true }\np = [f, f(), g()] { g() }"
    assert value(policy, {"x": 7}, version="v0") == [7, 7, True]
    assert value("f() := 7\np := f + f()") == 14


def test_with_evaluates_anew_whatever_reads_what_it_replaces() -> None:
    policy = "q := input.x + data.y\np := [q, q2] if { q2 := q with input.x as 10 with data.y as 20 }"
    assert value(policy, {"x": 1}, data={"y": 2}) == [3, 30]


def test_with_replaces_functions_and_builtins() -> None:
    policy = "f(_) := 1\ng(_) := 2\np := [x, y] if { x := f(0) with f as g; y := count([]) with count as 5 }"
    assert value(policy) == [2, 5]


def test_types_are_ordered() -> None:
    policy = 'p := sort([{1}, {"a": 1}, [1], "a", 1, true, null])'
    assert value(policy) == [None, True, 1, "a", [1], {"a": 1}, [1]]


def test_sets_and_objects_are_walked_in_order_where_it_shows() -> None:
    assert value("p := [x | some x in {3, 1, 2}]") == [1, 2, 3]
    assert value("p := [k | input.m[k]]", {"m": {"b": 1, "a": 1}}) == ["a", "b"]


def test_indexes_outside_an_array_are_undefined() -> None:
    assert value("p := input.a[2]", {"a": [1, 2]}) is UNDEFINED
    assert value("p := input.a[i] if { i := 0 - 1 }", {"a": [1, 2]}) is UNDEFINED
    assert value("p := input.a[0]", {"a": "text"}) is UNDEFINED


def test_a_set_answers_with_its_member() -> None:
    assert value('s := {"x", 2}\np := [s.x, s[2]]') == ["x", 2]


def test_every_needs_all_and_is_true_of_nothing() -> None:
    policy = "p if { every _, v in input.m { v > 1 } }"
    assert value(policy, {"m": {"a": 2}}) is True
    assert value(policy, {"m": {"a": 2, "b": 1}}) is UNDEFINED
    assert value(policy, {"m": {}}) is True
    assert value(policy, {}) is UNDEFINED


def test_the_same_text_means_different_things_in_each_dialect() -> None:
    assert value('p["x"] { true }', version="v0") == ["x"]
    assert value('p["x"] if { true }') == {"x": True}


def test_old_modules_import_new_keywords() -> None:
    policy = "import future.keywords.in\nimport future.keywords.if\np if { 1 in [1] }"
    assert value(policy, version="v0") is True
    assert value("import rego.v1\np contains 1 if { every x in [] { x } }", version="v0") == [1]


def test_names_with_dots_and_variables_make_documents() -> None:
    policy = 'p.a.b := 1\np.c[x] := y if { some x, y in {"k": 2} }\np.d contains 3'
    assert value(policy) == {"a": {"b": 1}, "c": {"k": 2}, "d": [3]}


def test_computed_and_constant_keys_share_an_object() -> None:
    assert value('p[x] := 1 if { some x in ["a", "b"] }\np.c := 2') == {"a": 1, "b": 1, "c": 2}


def test_packages_merge_with_base_documents() -> None:
    program = compile_modules([Source("a", "package x.a\np := 1"), Source("b", "package x.b\nq contains 1")])
    assert plain(program.evaluate("data.x", data={"x": {"c": 3}})) == {"a": {"p": 1}, "b": {"q": [1]}, "c": 3}
    found = program.query("data.x[i][j] = v", data={"x": {"c": {"k": 3}}})
    assert sorted((f["i"], f["j"]) for f in found) == [("a", "p"), ("b", "q"), ("c", "k")]


def test_modules_import_each_other() -> None:
    program = compile_modules(
        [
            Source("a", "package a\nimport data.lib.f\nimport data.lib as l\np := [f(1), l.f(2)]"),
            Source("lib", "package lib\nf(x) := x * 10"),
        ]
    )
    assert program.evaluate("data.a.p") == [10, 20]


def test_template_strings_show_what_is_undefined() -> None:
    assert value('p := $"{input.a} and {input.b}"', {"a": 1}) == "1 and <undefined>"


def test_and_or_and_bodies_of_not_are_understood_once_imported() -> None:
    policy = "import future.keywords.and\nimport future.keywords.or\nimport future.keywords.not\n"
    assert value(policy + "p if { input.a or input.b and input.c }", {"b": 1, "c": 1}) is True
    assert value(policy + "p if not { x := input.a; x > 1 }", {"a": 1}) is True


def test_deeply_nested_loops_go_on_in_functions() -> None:
    names = [f"x{n}" for n in range(30)]
    body = "; ".join(f"some {name} in [{n}, {n + 1}]; {name} > {n}" for n, name in enumerate(names))
    assert value(f"p := [{', '.join(names)}] if {{ {body} }}") == list(range(1, 31))
    inner = "input.x"
    for _ in range(20):
        inner = f"count([y | y := {inner}])"
    assert value(f"p := {inner}", {"x": 1}) == 1


def test_print_tells_undefined_arguments() -> None:
    program = compile_modules([Source("a", 'package a\np if { print("x is", input.x, [1, {2}]) }')])
    prints: list[str] = []
    assert program.evaluate("data.a.p", {}, prints=prints) is True
    assert prints == ["x is <undefined> [1, {2}]"]


def test_what_holds_nothing_is_missing_below_a_rule_with_computed_keys() -> None:
    rules = "p.a.x contains 1 if input.x\np.a.y contains 2 if input.y\np.b.c := 3 if input.x\n"
    assert value(rules, {"y": 1}) == {"a": {"x": [], "y": [2]}, "b": {}}
    computed = rules + "p[k].z contains 4 if k := input.k\nq := p.a.x\nkeys := [k | p[k]]"
    assert value(computed, {"y": 1}) == {"a": {"y": [2]}}
    assert value(computed, {"y": 1}, rule="q") is UNDEFINED
    assert value(computed, {"y": 1}, rule="keys") == ["a"]
    assert value(computed, {"k": "a", "x": 1}) == {"a": {"x": [1], "z": [4]}, "b": {"c": 3}}


def test_a_key_that_is_no_string_is_written_as_go_writes_json() -> None:
    assert value('p := {["<a>"]: 1, "<b>": 2}') == {'["\\u003ca\\u003e"]': 1, "<b>": 2}
