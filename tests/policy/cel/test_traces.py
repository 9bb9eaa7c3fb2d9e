"""What a program of expressions reads of its variables, told from its text."""

import pytest

from lockgate.policy.cel.program import parse_program
from lockgate.policy.cel.traces import place, traced
from lockgate.policy.reads import ANY, ITEM, KEYS, NOWHERE

NAMES = frozenset(("object", "oldObject", "request"))
GIVEN = {"params": NOWHERE, "any": place("object").joined(place("oldObject"))}


def _read(expression: str, **variables: str) -> set[str] | None:
    source = {
        "validations": [{"expression": expression}],
        "variables": [{"name": name, "expression": text} for name, text in variables.items()],
    }
    found = traced(parse_program(source, variables=NAMES, given=GIVEN), variables=NAMES, given=GIVEN)
    if found is None:
        return None
    paths = {path for path, _ in found}
    return {
        ".".join({ANY: "*", ITEM: "[]", KEYS: "{}"}.get(part, part) for part in path) + ("!" if whole else "")
        for path, whole in found
        if whole or not any(other[: len(path)] == path != other for other in paths)
    } - {"object", "oldObject"}


@pytest.mark.parametrize(
    ("expression", "variables", "reads"),
    [
        ("has(object.a)", {}, {"object.a"}),
        ("object.a == 'x'", {}, {"object.a"}),
        ("object.a == object.b", {}, {"object.a!", "object.b!"}),
        ("object.a.all(c, c.n == 1)", {}, {"object.a.{}", "object.a.[].n"}),
        ("object.a.filter(c, has(c.k)).map(c, c.n).size() > 0", {},
         {"object.a.{}", "object.a.[].k", "object.a.[].n"}),
        ("variables.l.exists(c, c.n > 'x')", {"l": "object.a + object.b"},
         {"object.a.{}", "object.b.{}", "object.a.[].n!", "object.b.[].n!"}),
        ("variables.any.a > 1", {}, {"object.a!", "oldObject.a!"}),
        ("object.a[object.k] == null", {}, {"object.a.*", "object.k!"}),
        ("object.?a.orValue([]).all(c, c in ['x'])", {}, {"object.a.{}", "object.a.[]!"}),
        ("'x' in object.a", {}, {"object.a.{}"}),
        ("['x', 'y'].exists(k, k in object.a)", {}, {"object.a.{}"}),
        ("[dyn(['x']), dyn('y')].exists(k, k in object.a)", {}, {"object.a!"}),
        ("['x'].exists(k, cel.bind(k, [k], k in object.a))", {}, {"object.a!"}),
        ("object.k in object.a", {}, {"object.a!", "object.k!"}),
        ("'x' in [object.a]", {}, {"object.a!"}),
        ("cel.bind(x, object.a, x.b && x.c)", {}, {"object.a.b!", "object.a.c!"}),
        ("object.a.all(k, v, k != v.n)", {}, {"object.a.*.n!"}),
        ("{'a': object.a}['a'].b == 1", {}, {"object.a.b"}),
        ("variables.params.x == 1", {}, set()),
        ("bool(request.name == 'x' ? object.a : object.b)", {}, {"request.name", "object.a!", "object.b!"}),
    ],
)  # fmt: skip
def test_reads_are_followed_through_macros_and_variables(
    expression: str, variables: dict[str, str], reads: set[str]
) -> None:  # fmt: skip
    assert _read(expression, **variables) == reads


def test_it_is_said_where_it_cannot_be_told() -> None:
    assert _read("variables.all(v, v != 'x')", x="object.a") is None
