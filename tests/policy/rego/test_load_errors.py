"""What keeps a policy from being used is told with OPA's code, at its place, underlined."""

import pytest

from lockgate.policy.errors import PolicyError
from lockgate.policy.rego import DEFAULT_REFUSED, RegoError, Source, compile_modules

WRONG = [
    ("rego_parse_error", "p if { x = }"),
    ("rego_parse_error", "p { true }"),
    ("rego_parse_error", "p contains"),
    ("rego_parse_error", 'p := "no end'),
    ("rego_parse_error", "p := 01"),
    ("rego_parse_error", "default p"),
    ("rego_parse_error", "p if { some x in }"),
    ("rego_parse_error", "import foo.bar"),
    ("rego_parse_error", "p := [1, 2"),
    ("rego_parse_error", "every := 1"),
    ("rego_compile_error", "p if { x := 1; x := 2 }"),
    ("rego_compile_error", "p if { y = x; x := 1; y }"),
    ("rego_compile_error", "f(x) := 1 if { x := 2 }"),
    ("rego_compile_error", "p if { not x := 1 }"),
    ("rego_compile_error", "import data.a.x\nimport data.b.x\np := x"),
    ("rego_compile_error", "p if { q with input.x as 1 with data.t.q.z as 2 }\nq := 1"),
    ("rego_compile_error", "input := 1"),
    ("rego_unsafe_var_error", "p if { x > 1 }"),
    ("rego_unsafe_var_error", "p := x if { true }"),
    ("rego_unsafe_var_error", "p if { not q[x] }\nq contains 1"),
    ("rego_unsafe_var_error", "p := [x | y := 1]"),
    ("rego_recursion_error", "p if { q }\nq if { p }"),
    ("rego_recursion_error", "f(x) := g(x)\ng(x) := f(x)"),
    ("rego_recursion_error", "p if { data.t[_] }"),
    ("rego_recursion_error", "f(x) := 1 if { x == f }"),
    ("rego_recursion_error", "g := 1\np := 1 if { count([]) == 0 with p as g }"),
    ("rego_type_error", "p if { nothing(1) }"),
    ("rego_type_error", "p if { count() > 1 }"),
    ("rego_type_error", "f(x) := 1\np := f(1, 2, 3)"),
    ("rego_type_error", "p := 1\np contains 2"),
    ("rego_type_error", "default p := 1\ndefault p := 2"),
    ("rego_type_error", "f(x) := 1\nf(x, y) := 1"),
    ("rego_type_error", "p := 1\np.q := 2"),
    ("rego_type_error", "p := print(1)"),
    ("rego_type_error", "p if { any([true]) }"),
]


@pytest.mark.parametrize(("code", "policy"), WRONG)
def test_each_mistake_has_its_code(code: str, policy: str) -> None:
    with pytest.raises(RegoError) as caught:
        compile_modules([Source("t.rego", f"package t\n{policy}")])
    assert caught.value.rego_code == code, str(caught.value)
    assert caught.value.line >= 1
    assert caught.value.where.startswith("t.rego")


def test_the_place_is_underlined() -> None:
    with pytest.raises(PolicyError) as caught:
        compile_modules([Source("t.rego", "package t\n\np if {\n\tfoo(input.x)\n}")])
    assert (caught.value.line, caught.value.column) == (4, 2)
    assert caught.value.excerpt == " foo(input.x)\n ^"
    assert "undefined function foo" in str(caught.value)


def test_several_problems_are_told_at_once() -> None:
    policy = "\n".join(f"p{n} if {{ f{n}(1) }}" for n in range(30))
    with pytest.raises(RegoError) as caught:
        compile_modules([Source("t.rego", f"package t\n{policy}")])
    assert len(caught.value.problems) == 10


@pytest.mark.parametrize("name", sorted(DEFAULT_REFUSED))
def test_functions_that_reach_the_network_are_refused_when_loaded(name: str) -> None:
    with pytest.raises(RegoError, match=f"the function {name} is refused") as caught:
        compile_modules([Source("t.rego", f"package t\np := {name}({{}})")])
    assert caught.value.line == 2


def test_the_network_is_among_them() -> None:
    assert {"http.send", "net.lookup_ip_addr"} <= DEFAULT_REFUSED


def test_functions_of_gatekeeper_that_ask_a_provider_are_refused() -> None:
    with pytest.raises(RegoError, match="external_data is refused"):
        compile_modules([Source("t.rego", 'package t\np := external_data({"provider": "x"})')])


def test_the_caller_may_refuse_more() -> None:
    with pytest.raises(RegoError, match=r"time\.now_ns is refused"):
        compile_modules([Source("t.rego", "package t\np := time.now_ns()")], refuse={"time.now_ns"})


@pytest.mark.parametrize(
    "text",
    [
        "p := " + "[" * 5000,
        "p := " + "[" * 5000 + "]" * 5000,
        "p := " + "(" * 3000 + "1" + ")" * 3000,
        "p := " + "{1 | " * 300 + "true" + "}" * 300,
        "p := " + " + ".join(["1"] * 5000),
        "p := " + "-" * 5000 + "1",
        "p := x" + "[x" * 2000 + "]" * 2000,
        "p := f(" * 2000,
        'p := $"' + '{$"' * 100,
        "p if { " + "not " * 3000 + "x }",
        "p := 1 if { false } " + "else := 2 if { false } " * 2000,
        "p := " + "9" * 5000,
        "p := 1e999999",
    ],
)
def test_text_without_bounds_is_refused_with_a_clear_error(text: str) -> None:
    with pytest.raises(PolicyError):
        compile_modules([Source("t.rego", f"package t\n{text}")])


def test_a_source_must_say_its_dialect() -> None:
    with pytest.raises(ValueError, match="version v0 or v1"):
        compile_modules([Source("t.rego", "package t", "v7")])


STRICT = [
    ("import data.foo\np := 1", "import data.foo unused"),
    ("p if { x := 1; true }", "assigned var x unused"),
    ("f(x) := 1\np := f(1)", "unused argument x"),
]


@pytest.mark.parametrize(("policy", "message"), STRICT)
def test_strictness_refuses_what_is_never_used(policy: str, message: str) -> None:
    source = Source("t.rego", f"package t\n{policy}")
    compile_modules([source])
    with pytest.raises(RegoError, match=message):
        compile_modules([source], strict=True)


def test_strictness_holds_old_modules_to_the_new_rules() -> None:
    source = Source("t.rego", "package t\nimport data.x.foo\nimport data.y.foo\np { any([foo]) }", "v0")
    compile_modules([source])
    with pytest.raises(RegoError, match="import must not shadow"):
        compile_modules([source], strict=True)


@pytest.mark.parametrize("policy", ["p if { some x; true }", "p if { every x in [1] { true } }", "p := [1 | some y]"])
def test_what_some_and_every_declare_must_be_used(policy: str) -> None:
    with pytest.raises(RegoError, match=r"declared var \w unused"):
        compile_modules([Source("t.rego", f"package t\n{policy}")])


def test_entries_must_be_defined() -> None:
    source = Source("t.rego", "package t.u\nviolation contains 1")
    compile_modules([source], entries=["data.t.u.violation", "data.t"])
    with pytest.raises(RegoError, match=r"nothing is defined at the entry data\.t\.violation"):
        compile_modules([source], entries=["data.t.violation"])
