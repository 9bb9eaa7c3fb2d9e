"""Bicep files become the resources they deploy, evaluated as ARM templates are."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import azure
from lockgate.model import SkipKind

STORE = "resource st 'A.B/c@2020-01-01' = {\n  name: 'one'\n"


def nothing(path: str) -> None:
    return None


def reading(text: str, files=None, path="infra/main.bicep"):
    return azure.read(path, text.encode(), (files or {}).get)


def value(expression: str, head: str = ""):
    """What one property becomes, and whether it is known."""
    [found] = reading(f"{head}\n{STORE}  properties: {{\n    x: {expression}\n  }}\n}}\n").objects
    return found.body["properties"]["x"], found.knows("/properties/x")


HEAD = """
param p object = {
  deep: [ 0, { Key: 'v' } ]
}
param r string = 'west'
param maybe string?
param given string
var v = 'v-${r}'
var list = [
  'a'
  'b'   // a note
]
func twice(t string) string => '${t}${t}'
resource old 'A.B/c@1' existing = {
  name: 'old-${r}'
}
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'it\\'s \\${x} \\u{41}\\n'", "it's ${x} A\n"), ("'''\n${a}\n'''", "${a}\n"), ("'[x]'", "[x]"),
        ("'[[x]'", "[[x]"),
        ("-3", -3), ("true", True), ("null", None), ("1 + 2 * 3", 7), ("7 % 4 - -1", 4), ("v", "v-west"),
        ("'{a} ${v} {0}'", "{a} v-west {0}"), ("p.deep[1].key", "v"), ("p.?none.?more ?? 'x'", "x"),
        ("p.deep[?9]", None),
        ("maybe", None), ("r == 'west' && !false || false ? { a: v } : null", {"a": "v-west"}), ("r =~ 'WEST'", True),
        ("r !~ 'WEST'", False), ("r != 'west'", False), ("1 < 2 && 2 >= 2", True), ("twice('ab')", "abab"),
        ("old.name", "old-west"), ("old.type", "A.B/c"), ("sys.concat('a', 'b')", "ab"), ("any(v)", "v-west"),
        ("[for (x, i) in list: '${i}${x}']", ["0a", "1b"]), ("[for x in list: { n: x }]", [{"n": "a"}, {"n": "b"}]),
        ("map(list, x => x == 'a' ? '${x}!' : x)", ["a!", "b"]), ("map(p.deep, x => x)", [0, {"Key": "v"}]),
        ("filter([{ n: 1 }, { n: 2 }], x => x.n > 1)[0].n", 2), ("reduce([1, 2], 0, (a, b) => a + b)", 3),
        ("{ ...p, '${r}x': 1, 'b-c': 2 }", {"deep": [0, {"Key": "v"}], "westx": 1, "b-c": 2}),
        ("[ ...list, 'c' ]", ["a", "b", "c"]), ("(1 + 2)", 3), ("{ a: [ { b: v } ] }", {"a": [{"b": "v-west"}]}),
        ("'...'", "..."), ("length(list)", 2), ("toLower('X')", "x"), ("json('{\"a\": 1}').a", 1),
    ],
)  # fmt: skip
def test_what_the_file_decides_is_evaluated(expression, expected):
    assert value(expression, HEAD) == (expected, True)


@pytest.mark.parametrize(
    "expression",
    [
        "given", "resourceGroup().location", "old.properties.x", "undeclared", "'${given}-x'", "v + 1",
        "list[7]",
        "az.subscription().id", "[for x in given: x]", "{ ...given }", "uniqueString(v)", "old::child.name",
    ],
)  # fmt: skip
def test_what_only_the_deployment_decides_stays_as_written_and_is_named(expression):
    assert value(expression, HEAD) == (expression, False)


def test_the_id_of_a_resource_of_the_file_says_which_resource_it_is():
    assert value("old.id", HEAD) == ("[resourceId('A.B/c', 'old-west')]", False)


def test_only_the_unknown_member_is_named_and_every_field_knows_its_line():
    text = f"{STORE}  properties: {{\n    a: [\n      1\n      resourceGroup().id\n    ]\n  }}\n}}\n"
    [found] = reading(text).objects
    assert found.body == {
        "type": "A.B/c", "apiVersion": "2020-01-01", "name": "one", "properties": {"a": [1, "resourceGroup().id"]},
    }  # fmt: skip
    assert found.unresolved == {"/properties/a/1"}
    lines = [found.line_of(p) for p in ("", "/type", "/name", "/properties/a/1", "/properties/none", "/none")]
    assert lines == [1, 1, 2, 6, 3, 1]


def test_loops_over_literals_make_one_resource_an_iteration():
    text = """var names = ['a', 'b']
resource r 'A.B/c@1' = [for (n, i) in names: if (n != 'x') {
  name: '${n}${i}'
  properties: {
    disks: [for j in range(0, 2): {
      lun: j
    }]
  }
}]
resource u 'A.B/c@1' = [for n in unknown: {
  name: n
}]
"""
    found = reading(text).objects
    assert [(one.body["name"], one.unresolved) for one in found] == [("a0", set()), ("b1", set()), ("n", {"/name"})]
    assert found[0].body["properties"]["disks"] == [{"lun": 0}, {"lun": 1}]
    assert [found[0].line_of(p) for p in ("/name", "/properties/disks/1/lun", "/properties/disks")] == [3, 6, 5]


def test_conditions_children_and_parents():
    text = """param on bool = false
resource a 'A.B/c@1' = if (on) {
  name: 'a'
  resource child 'd' = {
    name: 'b'
  }
}
resource never 'A.B/c@1' = if (false) {
  name: 'never'
}
resource e 'A.B/c/e@2' = {
  parent: a
  name: 'x'
}
resource f 'A.B/c/e/f@2' = {
  parent: e
  name: 'y'
}
resource old 'A.B/c@1' existing = {
  name: 'old'
  resource inner 'd' = {
    name: 'z'
  }
}
"""
    found = reading(text).objects
    assert [(one.body["type"], one.body["name"]) for one in found] == [
        ("A.B/c", "a"), ("A.B/c/d", "a/b"), ("A.B/c/e", "a/x"), ("A.B/c/e/f", "a/x/y"), ("A.B/c/d", "old/z"),
    ]  # fmt: skip
    assert found[1].line_of("/name") == 5
    assert "parent" not in found[2].body


def test_modules_of_the_tree_are_followed_with_their_parameters():
    inner = "param n string\nparam d string = 'default'\n" + STORE.replace("'one'", "'${n}-${d}'") + "}\n"
    files = {"shared/m.bicep": inner.encode(), "infra/t.json": json.dumps({
        "$schema": "x/deploymentTemplate.json#", "parameters": {"n": {"type": "string"}},
        "resources": [{"type": "A.B/json", "name": "[parameters('n')]"}]}).encode()}  # fmt: skip
    text = """module m '../shared/m.bicep' = [for x in ['a', 'b']: {
  name: 'm'
  params: {
    n: x
  }
}]
module t 't.json' = {
  name: 't'
  params: {
    n: 'from bicep'
  }
}
module no 'x.bicep' = if (false) {
  name: 'x'
}
module far 'br:example/x:v1' = {
  name: 'x'
}
module out '../../x.bicep' = {
  name: 'x'
}
"""
    found = reading(text, files)
    assert [(one.path, one.body["name"], one.line_of("/name"), one.generated_by) for one in found.objects] == [
        ("shared/m.bicep", "a-default", 4, "module shared/m.bicep of infra/main.bicep"),
        ("shared/m.bicep", "b-default", 4, "module shared/m.bicep of infra/main.bicep"),
        ("infra/t.json", "from bicep", 1, "module infra/t.json of infra/main.bicep"),
    ]
    assert [(skip.kind, skip.line) for skip in found.skips] == [
        (SkipKind.UNRESOLVED, 13), (SkipKind.UNRESOLVED, 16), (SkipKind.UNRESOLVED, 19),
    ]  # fmt: skip


def test_modules_that_contain_themselves_or_multiply_end():
    itself = {"infra/main.bicep": b"module m 'main.bicep' = {\n  name: 'm'\n}\n"}
    assert [skip.kind for skip in reading(itself["infra/main.bicep"].decode(), itself).skips] == [SkipKind.LIMIT]
    many = {f"infra/m{n}.bicep": (f"module a 'm{n + 1}.bicep' = {{\n name: 'a'\n}}\n" * 9).encode() for n in range(9)}
    assert reading(many["infra/m0.bicep"].decode(), many).skips


def test_a_broken_declaration_costs_only_itself():
    text = STORE + "}\nresource bad 'A.B/c@1' = {\n  name: 'x'\n  y: = 3\n}\nextension kubernetes\n" + STORE + "}\n"
    found = reading(text)
    assert len(found.objects) == 2
    assert [(skip.kind, skip.line, skip.family) for skip in found.skips] == [(SkipKind.MALFORMED, 6, "policy")]


@pytest.mark.parametrize(
    "text",
    [
        "var a = " + "(" * 5000 + "1" + ")" * 5000, "var a = " + "[" * 20000, "var a = " + "!" * 20000 + "b",
        "var a = " + "{ b: " * 3000 + "1" + "}" * 3000, "var a = b" + ".c" * 20000, "var a = '" + "${'" * 5000,
        "var a = " + "1 + " * 20000 + "1", "@a(" * 5000, "var a = x => " * 3000 + "x", "resource " * 20000,
        "var a = " + "b ? " * 3000, "var a = '" + "\\" * 100_001, "x" * 2_200_000,
    ],
)  # fmt: skip
def test_bombs_end_soon(text):
    begin = time.process_time()
    found = reading(text + "\n" + STORE + "  properties: a\n}\n")
    assert time.process_time() - begin < 8
    assert found.skips or len(found.objects) == 1


def test_syntax_that_takes_too_long_to_mend_is_a_limit():
    [skip] = reading("resource a " * 20000).skips
    assert skip.kind is SkipKind.LIMIT


words = st.sampled_from(
    ["resource a 'A.B/c@1' = ", "param p string = ", "var v = ", "module m 'm.bicep' = ", "{\n", "}\n", "name: ",
    "[", "]",
     "for x in ", "if (", ")", "'a'", "'${v}'", "...", "v", ".b", "=>", "? 1 : 2", "\n", "existing ", "parent: a\n",
     "::", "1"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(words, max_size=30).map("".join))
def test_any_text_is_read_or_skipped(text):
    for one in reading(text + "\n" + STORE + "}\n", {"infra/m.bicep": text.encode()}).objects:
        json.dumps(one.body, allow_nan=False)
        assert one.line_of("/type") > 0


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_skipped(content):
    azure.read("a.bicep", content, nothing)


def test_every_bicep_file_of_the_corpus_is_read(corpora):
    folder = corpora / "checkov-fixtures" / "bicep"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    readings = [azure.read(str(path.relative_to(folder)), path.read_bytes(), nothing) for path in paths]
    assert (len(paths), sum(path.suffix == ".bicep" for path in paths)) == (27, 24)
    assert sum(bool(reading.objects) for reading in readings) == 23, "one file declares parameters alone"
    assert sum(len(reading.objects) for reading in readings) == 83
    assert sum(len(one.unresolved) for reading in readings for one in reading.objects) == 212
    assert [skip for reading in readings for skip in reading.skips] == []
    assert all(one.line_of("/type") for reading in readings for one in reading.objects)


@pytest.mark.parametrize(
    "content",
    [b"resource sa 'Microsoft.Storage/storageAccounts@2021-01-01' = {\n name: ((((((", b"resource a '" + b"(" * 5000],
)
def test_a_file_in_which_nothing_can_be_made_out_is_a_skip(content: bytes) -> None:
    reading = azure.read("a.bicep", content, lambda path: None)
    assert [(skip.kind, skip.line) for skip in reading.skips] == [(SkipKind.MALFORMED, 1)]
