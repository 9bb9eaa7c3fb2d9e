"""ARM templates become the resources they deploy, as far as the files decide it."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import azure
from lockgate.model import SkipKind

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def nothing(path: str) -> None:
    return None


def template(resources, **more) -> bytes:
    return json.dumps({"$schema": SCHEMA, "resources": resources, **more}, indent=1).encode()


def reading(resources, sibling=nothing, **more):
    return azure.read("infra/main.json", template(resources, **more), sibling)


def resource(**more):
    return {"type": "A.B/c", "apiVersion": "2020-01-01", "name": "one", **more}


def value(expression, **more):
    """What one property becomes, and whether it is known."""
    [found] = reading([resource(properties={"x": expression})], **more).objects
    return found.body["properties"]["x"], found.knows("/properties/x")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("plain", "plain"), ("[[x]", "[x]"), ("[x] y", "[x] y"), (5, 5), (None, None),
        ({"a": ["[add(1, 2)]"]}, {"a": [3]}),
        ("[concat('a', 'b', string(1))]", "ab1"), ("[concat(createArray(1), createArray('2'))]", [1, "2"]),
        ("[format('{0}-{1:D3}-{{x}}', 'a', 7)]", "a-007-{x}"), ("[toLower('AbC')]", "abc"),
        ("[if(equals('a', 'A'), 1, if(greater(2, 1), 'yes', 'no'))]", "yes"),
        ("[and(true(), not(false()), or(false(), true()))]", True), ("[coalesce(null(), 'x')]", "x"),
        ("[parameters('P').Deep[1].key]", "v"), ("[variables('V')]", "v-west"), ("[parameters('p').?none]", None),
        ("[tryGet(parameters('p'), 'deep', 9)]", None), ("[contains(parameters('p'), 'DEEP')]", True),
        ("[length(range(1, 3))]", 3), ("[range(1, 3)]", [1, 2, 3]),
        ("[last(split('a,b;c', createArray(',', ';')))]", "c"),
        ("[substring('hello', 1, 3)]", "ell"), ("[padLeft(7, 3, '0')]", "007"), ("[div(-7, 2)]", -3),
        ("[mod(7, 2)]", 1),
        ("[union(createObject('a', 1), createObject('b', createObject('c', 2)))]", {"a": 1, "b": {"c": 2}}),
        ("[intersection(createArray(1, 2), createArray(2, 3))]", [2]), ("[take('abc', 2)]", "ab"),
        ("[skip('abc', 2)]", "c"),
        ("[json('{\"a\": [1]}').a[0]]", 1), ("[base64ToString(base64('ü'))]", "ü"), ("[int('5')]", 5),
        ("[bool('True')]", True),
        ("[empty('')]", True), ("[indexOf('abc', 'C')]", 2), ("[startsWith('abc', 'A')]", True), ("[min(3, 1, 2)]", 1),
        ("[map(createArray(1, 2), lambda('x', add(lambdaVariables('x'), 1)))]", [2, 3]),
        ("[filter(range(0, 5), lambda('x', greater(lambdaVariables('x'), 2)))]", [3, 4]),
        ("[reduce(range(1, 3), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))]", 6),
        ("[toObject(createArray('a'), lambda('k', lambdaVariables('k')), lambda('k', 1))]", {"a": 1}),
        ("[join(createArray('a', 'b'), '+')]", "a+b"), ("[items(createObject('b', 1, 'a', 2))[0].key]", "a"),
        ("[cidrSubnet('10.0.0.0/16', 24, 3)]", "10.0.3.0/24"), ("[cidrHost('10.0.3.0/24', 4)]", "10.0.3.5"),
        ("[my.twice('a')]", "aa"), ("[variables('many')[1]]", "m1"), ("[length(variables('half'))]", 2),
        ("[variables('half')[1]]", "known"),
    ],
)  # fmt: skip
def test_what_the_template_decides_is_evaluated(expression, expected):
    found = value(
        expression,
        parameters={
            "p": {"type": "object", "defaultValue": {"deep": [0, {"Key": "v"}]}},
            "r": {"allowedValues": ["west"]},
        },
        variables={
            "v": "[concat('v-', parameters('r'))]",
            "copy": [{"name": "many", "count": 2, "input": "[concat('m', copyIndex('many'))]"}],
            "half": ["[resourceGroup().name]", "known"],
        },
        functions=[
            {
                "namespace": "my",
                "members": {
                    "twice": {
                        "parameters": [{"name": "t", "type": "string"}],
                        "output": {"value": "[concat(parameters('t'), parameters('t'))]"},
                    }
                },
            }
        ],
    )
    assert found == (expected, True)


@pytest.mark.parametrize(
    "expression",
    [
        "[resourceGroup().location]", "[uniqueString('a')]", "[concat('a', subscription().id)]", "[parameters('none')]",
        "[reference('x').y]", "[utcNow()]", "[variables('loop')]", "[add('a', 1)]", "[substring('a', 5)]",
        "[copyIndex()]",
        "[if(parameters('given'), 1, 2)]", "[broken(", "[no]", "[div(1, 0)]", "[range(0, 99999)]", "[unknown.own('a')]",
        "[parameters('secret')]", "[equals(variables('half'), 1)]", "[concat(createArray(1), 'x')]", "[format('{9}')]",
    ],
)  # fmt: skip
def test_what_only_the_deployment_decides_stays_as_written_and_is_named(expression):
    found = value(
        expression,
        parameters={"given": {"type": "bool"}, "secret": {"type": "secureString"}},
        variables={"loop": "[variables('loop')]", "half": ["[resourceGroup().name]"]},
    )
    assert found == (expression, expression.endswith("(")), "text that does not end as an expression is known text"


def test_only_the_unknown_member_of_a_value_is_named():
    [found] = reading(
        [resource(location="[resourceGroup().location]", properties="[variables('all')]")],
        variables={"all": {"a": 1, "b/c": ["[newGuid()]", 2]}},
    ).objects
    assert found.body["properties"] == {"a": 1, "b/c": ["[newGuid()]", 2]}
    assert found.unresolved == {"/location", "/properties/b~1c/0"}
    known = ["/properties/a", "/properties/b~1c/1", "/type"]
    assert [found.knows(pointer) for pointer in [*known, "/location", "/properties", "/location/deeper"]] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_every_field_knows_its_line():
    content = template([resource(properties={"a": {"b": [1, 2]}})])
    [found] = azure.read("main.json", content, nothing).objects
    lines = content.decode().splitlines()
    assert lines[found.line_of("/properties/a/b/1") - 1].strip() == "2"
    assert found.line_of("/properties/a/b/7") == found.line_of("/properties/a/b")
    assert lines[found.line_of("") - 1].strip() == "{"
    assert found.line_of("/none") == found.line_of("")


def test_comments_are_allowed_and_keep_the_lines():
    text = '// head\n{"$schema": "' + SCHEMA + '", /* a\nb */ "resources": [\n{"type": "A.B/c", "name": "x",}]}'
    [found] = azure.read("main.json", text.encode(), nothing).objects
    assert found.line_of("/name") == 4


def test_loops_make_one_resource_an_iteration():
    loop = {"name": "l", "count": "[parameters('n')]"}
    found = reading(
        [resource(name="[concat('vm', copyIndex(1), '-', copyIndex('l'))]", copy=loop)],
        parameters={"n": {"type": "int", "defaultValue": 3}},
    ).objects
    assert [one.body["name"] for one in found] == ["vm1-0", "vm2-1", "vm3-2"]
    assert all("copy" not in one.body for one in found)
    [unknown] = reading([resource(name="[concat('vm', copyIndex())]", copy=loop)]).objects
    assert unknown.unresolved == {"/name"}
    assert reading([resource(copy={"name": "l", "count": 0})]).objects == ()
    wrong = reading([resource(copy={"name": "l", "count": 801})])
    assert (wrong.objects, [skip.kind for skip in wrong.skips]) == ((), [SkipKind.MALFORMED])


def test_loops_of_a_property_make_an_array_whose_items_stand_on_the_input():
    loops = [
        {"name": "disks", "count": 2, "input": {"lun": "[copyIndex('disks')]", "copy": [
            {"name": "inner", "count": 1, "input": "[copyIndex('inner', 5)]"}]}},
    ]  # fmt: skip
    content = template([resource(properties={"copy": loops, "other": 1})])
    [found] = azure.read("main.json", content, nothing).objects
    assert found.body["properties"] == {"disks": [{"lun": 0, "inner": [5]}, {"lun": 1, "inner": [5]}], "other": 1}
    lines = content.decode().splitlines()
    assert "lun" in lines[found.line_of("/properties/disks/1/lun") - 1]
    assert "copyIndex('inner'" in lines[found.line_of("/properties/disks/1/inner/0") - 1]


def test_a_condition_leaves_out_only_what_nobody_can_switch_on():
    parameters = {"on": {"type": "bool", "defaultValue": False}}
    conditions = {
        "no": False, "never": "[equals(1, 2)]", "by default": "[parameters('on')]",
        "who knows": "[resourceGroup().x]", "yes": True,
    }  # fmt: skip
    resources = [resource(name=name, condition=condition) for name, condition in conditions.items()]
    found = reading(resources, parameters=parameters).objects
    assert [one.body["name"] for one in found] == ["by default", "who knows", "yes"]
    given = {"infra/main.parameters.json": b'{"parameters": {"on": {"value": false}}}'}.get
    assert reading([resource(condition="[parameters('on')]")], given, parameters=parameters).objects == ()


def test_the_parameters_file_beside_it_counts():
    files = {
        "infra/main.parameters.json": b'{"parameters": {"A": {"value": "given"}, "b": {"reference": {"keyVault": {}}}}}'
    }
    parameters = {"a": {"defaultValue": "default"}, "b": {"defaultValue": "default"}}
    properties = {"a": "[parameters('a')]", "b": "[parameters('b')]"}
    [found] = reading([resource(properties=properties)], files.get, parameters=parameters).objects
    assert found.body["properties"] == {"a": "given", "b": "[parameters('b')]"}
    assert found.unresolved == {"/properties/b"}
    assert found.generated_by == "template infra/main.json with infra/main.parameters.json"
    broken = reading([resource()], {"infra/main.parameters.json": b"{"}.get)
    assert [(skip.path, skip.kind) for skip in broken.skips] == [("infra/main.parameters.json", SkipKind.MALFORMED)]


def test_children_are_resources_of_their_own_with_names_in_full():
    grandchild = {"type": "d", "name": "three"}
    children = [
        {"type": "databases", "name": "two", "resources": [grandchild]},
        {"type": "A.B/c/full", "name": "one/full"},
        {"type": "x", "name": "[resourceGroup().name]"},
    ]
    found = reading([resource(resources=children)]).objects
    assert [(one.body["type"], one.body["name"]) for one in found] == [
        ("A.B/c", "one"), ("A.B/c/databases", "one/two"), ("A.B/c/databases/d", "one/two/three"),
        ("A.B/c/full", "one/full"), ("A.B/c/x", "[resourceGroup().name]"),
    ]  # fmt: skip
    assert "resources" not in found[0].body


def test_symbolic_names_and_existing_resources():
    resources = {"a": resource(), "old": resource(existing=True, resources=[{"type": "sub", "name": "new"}])}
    found = reading(resources, languageVersion="2.0").objects
    assert [one.body["type"] for one in found] == ["A.B/c", "A.B/c/sub"]
    assert found[0].line_of("/type") == 5


def deployment(properties):
    return {"type": "Microsoft.Resources/deployments", "name": "d", "properties": properties}


def test_nested_deployments_are_read_in_the_scope_they_name():
    inner = {
        "parameters": {"p": {"defaultValue": "inner"}},
        "resources": [resource(name="[parameters('p')]", properties={"at": "[copyIndex()]"})],
    }
    outer = {"p": {"defaultValue": "outer"}}
    loop = {"name": "l", "count": 1}
    [found] = reading([{**deployment({"template": inner}), "copy": loop}], parameters=outer).objects
    assert (found.body["name"], found.body["properties"]) == ("outer", {"at": 0})
    own = {"template": inner, "expressionEvaluationOptions": {"scope": "Inner"}}
    assert reading([deployment(own)], parameters=outer).objects[0].body["name"] == "inner"
    given = {**own, "parameters": {"p": {"value": "[concat(parameters('p'), '!')]"}}}
    assert reading([deployment(given)], parameters=outer).objects[0].body["name"] == "outer!"


def test_what_stands_elsewhere_is_said():
    links = [{"templateLink": {"uri": "https://x.example/a.json"}}, {}]
    found = reading([deployment(link) for link in links] + [{"name": "no type"}])
    assert [(skip.kind, skip.line) for skip in found.skips] == [
        (SkipKind.UNRESOLVED, 4), (SkipKind.UNRESOLVED, 13), (SkipKind.UNRESOLVED, 18),
    ]  # fmt: skip


def test_an_expression_that_cannot_be_parsed_is_said_once():
    found = reading([resource(properties={"a": "[no]", "b": "[no]"})])
    assert [(skip.kind, skip.line) for skip in found.skips] == [(SkipKind.MALFORMED, 9)]


def test_a_template_cut_in_half_is_a_skip_and_other_json_is_nothing():
    content = template([resource()])
    assert [skip.kind for skip in azure.read("a.json", content[: len(content) // 2], nothing).skips] == [
        SkipKind.MALFORMED
    ]
    for other in (b"{}", b"[", b'{"$schema": "x"}', b""):
        assert azure.read("a.json", other, nothing) == azure.Reading()
    assert azure.read("a.txt", content, nothing) == azure.Reading()


def doubling(first, step):
    return {"v0": first, **{f"v{n}": step.format(f"variables('v{n - 1}')") for n in range(1, 60)}}


@pytest.mark.parametrize(
    "more",
    [
        {"variables": doubling("x", "[concat({0}, {0})]")},
        {"variables": doubling([1], "[createArray({0}, {0})]")},
        {"variables": doubling([1], "[concat({0}, {0})]")},
        {"variables": {"v59": "[map(range(0, 9999), lambda('x', padLeft('', 99999, lambdaVariables('x'))))]"}},
        {"variables": {"v59": "[map(range(0, 9999), lambda('x', map(range(0, 9999), lambda('y', 'z'))))]"}},
        {"variables": {"v59": "[variables('v59')]"}},
        {"variables": {f"v{n}": f"[variables('v{n - 1}')]" for n in range(5000)} | {"v59": "[variables('v4999')]"}},
        {"variables": {"copy": [{"name": "v59", "count": 800, "input": {"copy": [
            {"name": "a", "count": 800, "input": {"copy": [{"name": "b", "count": 800, "input": "x" * 99}]}}]}}]}},
        {"functions": [{"namespace": "f", "members": {"g": {"output": {"value": "[f.g()]"}}}}],
         "variables": {"v59": "[f.g()]"}},
    ],
)  # fmt: skip
def test_bombs_end_soon(more):
    begin = time.process_time()
    found = reading([resource(properties={"x": "[string(variables('v59'))]", "y": "[variables('v59')]"})], **more)
    assert time.process_time() - begin < 8
    assert len(found.objects) <= 1
    if found.objects:
        assert not found.objects[0].knows("/properties/x")
    else:
        assert found.skips[0].kind in (SkipKind.LIMIT, SkipKind.TOO_LARGE)


def test_a_template_nested_too_deeply_is_a_skip():
    deep: object = 1
    for _ in range(99):
        deep = {"a": deep}
    assert [skip.kind for skip in reading([resource(properties=deep)]).skips] == [SkipKind.TOO_LARGE]
    assert reading([resource(properties={"a": "[concat(" * 60 + ")" * 60 + "]"})]).skips


expressions = st.sampled_from(
    ["[parameters('a')]", "[variables('b')]", "[copyIndex()]", "[concat(variables('b'), 'x')]", "[", "x", "[[y]",
     "[createArray(variables('b'), parameters('a'))]", "[resourceGroup().location]", "Microsoft.Resources/deployments"]
)  # fmt: skip
keys = st.sampled_from(["copy", "name", "count", "input", "type", "resources", "properties", "condition", "template"])
values = st.recursive(
    expressions | st.integers(-1, 3) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(keys, values, max_size=6), max_size=3), values, values)
def test_any_template_is_read_or_skipped(resources, parameter, variable):
    found = reading(
        [{"type": "A.B/c", **one} for one in resources],
        parameters={"a": {"defaultValue": parameter}}, variables={"b": variable, "c": variable},
    )  # fmt: skip
    for one in found.objects:
        json.dumps(one.body, allow_nan=False)
        assert one.line_of("/type") > 0


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_skipped(content):
    azure.read("a.json", b'{"$schema": "' + SCHEMA.encode() + b'", "resources": [' + content, nothing)


def test_every_template_of_the_corpus_is_read(corpora):
    folder = corpora / "checkov-fixtures" / "arm"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    readings = [azure.read(str(path.relative_to(folder)), path.read_bytes(), nothing) for path in paths]
    assert len(paths) == 296
    assert sum(bool(reading.objects) for reading in readings) == 291
    assert sum(len(reading.objects) for reading in readings) == 1000
    assert sum(len(one.unresolved) for reading in readings for one in reading.objects) == 1721
    reasons = [skip.reason for reading in readings for skip in reading.skips]
    assert {reason: reasons.count(reason) for reason in reasons} == {
        "an expression that cannot be parsed": 6,
        "a linked template of another place": 2,
        "a deployment without its template": 2,
        "a resource whose type is not known": 1,
    }
    assert all(one.line_of("/type") for reading in readings for one in reading.objects)
