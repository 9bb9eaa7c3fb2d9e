"""What a policy reads of its input, told from its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.errors import EvaluationError
from lockgate.policy.reads import ANY, KEYS
from lockgate.policy.rego import Program, Source, compile_modules, plain
from lockgate.policy.views import view_of


def _program(body: str) -> Program:
    return compile_modules([Source("t", f"package t\nimport rego.v1\n{body}", "v1")], entries=("data.t.p",))


def _read(body: str) -> set[str] | None:
    """``a.*.b!``: the longest reads, with a mark where the whole is read."""
    found = _program(body).reads("data.t.p")
    if found is None:
        return None
    paths = {path for path, _ in found}
    return {
        ".".join({ANY: "*", KEYS: "{}"}.get(part, part) for part in path) + ("!" if whole else "")
        for path, whole in found
        if whole or not any(other[: len(path)] == path != other for other in paths)
    }


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ("p contains 1 if input.a.b", {"a.b"}),
        ("p contains 1 if input.a.b == 2", {"a.b!"}),
        ("p contains x if { some c in input.a; x := c.n }", {"a.*.n!"}),
        ("p contains x if { some c in input.a; c.k; x := c.n }", {"a.*.k", "a.*.n!"}),
        ("p contains c if some c in input.a", {"a.*!"}),
        ("p contains k if some k, _ in input.a", {"a.*"}),
        ("s contains c if some c in input.a\np contains x if { some c in s; x := c.n }", {"a.*.n!"}),
        ("s contains c if some c in input.a\np contains x if x := [c.n | some c in s]", {"a.*!", "a.*.n!"}),
        ("s contains c if some c in input.a\np contains x if x := count(s)", {"a.*!"}),
        ("f(o) if o.x.y\np contains 1 if f(input.a)", {"a.x.y"}),
        ("f(o, k) if o[k]\np contains 1 if f(input.a, input.k)", {"a.{}", "k!"}),
        ("p contains k if input.a[k]", {"a.{}"}),
        ("p contains k if { some k; input.a[_][k] }", {"a.*.{}"}),
        ("p contains x if { x := input.a[_] }", {"a.*!"}),
        ("p contains k if { input.a[k] == 1 }", {"a.*!"}),
        ("s contains c if some c in input.a\np contains 1 if s[input.k]", {"a.*!", "k!"}),
        ('p contains x if x := object.get(input, ["a", "b"], 1)', {"a.b!"}),
        ('p contains x if { o := object.get(input, "a", {}); x := o.b }', {"a.b!"}),
        ("p contains 1 if every c in input.a { c.ok }", {"a.*.ok"}),
        ("p contains 1 if not input.a.b", {"a.b"}),
        ('p contains x if { [x, "k"] = input.a }', {"a!", "a.*!"}),
        ("p contains x if { o := {\"c\": input.a}; x := o.c.n }", {"a!", "a.n!"}),
        ("p if input.a > 1 else := false if input.b", {"a!", "b"}),
        ("default p := 7\np := 1 if input.a", {"a"}),
        ("p contains x if x := {k: v | some k, v in input.a}", {"a.*!"}),
        ("p contains 1 if input[input.k]", {"{}", "k!"}),
    ],
)  # fmt: skip
def test_reads_are_followed_through_names_rules_and_functions(body: str, reads: set[str]) -> None:
    assert _read(body) == reads


@pytest.mark.parametrize(("body", "found"), [
    ("p contains 1 if data.inventory.x", {"data.inventory!"}),
    ("p contains 1 if data.base[input.k]", {"data.base!", "k!"}),
    ("p contains n if data.inventory.namespace[input.a][_].b[n].spec.c == input.d.e[_].f", None),
])  # fmt: skip
def test_what_stands_beside_the_input_is_read_as_if_it_stood_in_it(body: str, found: set[str] | None) -> None:
    read = _read(body)
    assert read is not None
    if found is None:
        assert {"data.inventory!", "a!", "d.e.*.f!"} <= read
    else:
        assert read == found


@pytest.mark.parametrize(
    "body",
    [
        "p contains 1 if time.now_ns() > input.a",
        'p contains x if x := rand.intn("a", 2)',
        "q if input.a\np contains 1 if q with input.a as 1",
        "o[k].x := 1 if some k in input.a\np contains 1 if o.b.x",
        "p contains 1 if opa.runtime().env",
    ],
)
def test_it_is_said_where_it_cannot_be_told(body: str) -> None:
    assert _read(body) is None


def test_all_of_the_input_is_all_of_it() -> None:
    assert _read("p contains input") == {"!"}
    assert _read("f(x) := x\np contains 1 if f(input) == 1") == {"!"}


POLICIES = [
    "p contains x if { some c in input.a; c.k; x := c.n }",
    "s contains c if some c in input.a\ns contains c if some c in input.b\n"
    "p contains x if { some c in s; not c.k; x := c.n }",
    'f(o, k) := v if { v := object.get(o, k, "none") }\np contains f(c, "n") if some c in input.a',
    'p contains m if { some k, v in input.a; is_string(v.n); m := sprintf("%v %v", [k, v.n]) }',
    "p contains x if { c := input.b[_]; x := [d.n | some d in input.a; d.k == c.k] }",
    'p contains m if { m := concat(",", [c.n | some c in input.a; not c.k]) }',
    "v[c.n] := c.k if some c in input.a\np contains x if { some n, k in v; k; x := n }",
    "p contains count(c.k) if { some c in input.a; every d in input.b { d.n != c.n } }",
    'g contains {"c": c, "from": n} if { some n in ["a", "b"]; some c in input[n] }\n'
    "p contains x if { some e in g; e.c.k; x := e.from }",
]  # fmt: skip
PROGRAMS = [_program(body) for body in POLICIES]
ITEMS = st.dictionaries(
    st.sampled_from(["n", "k", "other"]),
    st.sampled_from(["x", "y", 1, True, False, None, [1], {"z": 1}, []]),
    max_size=3,
)
INPUTS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.lists(ITEMS, max_size=2) | st.dictionaries(st.sampled_from("mn"), ITEMS),
    max_size=3,
)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_inputs_that_look_the_same_get_the_same_answer(program: Program, data: st.DataObject) -> None:
    reads = program.reads("data.t.p")
    assert reads is not None
    view = view_of(reads)
    assert view is not None
    one, two = data.draw(INPUTS), data.draw(INPUTS)
    for key in data.draw(st.lists(st.sampled_from(["a", "b"]), max_size=2)):
        two = {**two, key: _with_noise(one.get(key), data.draw(st.integers(0, 2)))}
    if view.digest(one) == view.digest(two):
        assert _answer(program, one) == _answer(program, two)


def _answer(program: Program, body: object) -> object:
    """What it says, or why it fails."""
    try:
        return plain(program.evaluate("data.t.p", body))
    except EvaluationError as error:
        return str(error)


def _with_noise(value: object, number: int) -> object:
    """The same, with something else in each member."""
    if isinstance(value, list):
        return [{**item, "other": number} for item in value]
    if isinstance(value, dict):
        return {key: {**item, "other": number} for key, item in value.items()}
    return value
