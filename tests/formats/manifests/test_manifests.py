"""Manifests are recognised by what they say, read as Kubernetes reads them, and each field knows its line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import manifests
from lockgate.model import SkipKind

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def body(text: str, **more):
    [found] = manifests.read("a.yaml", (POD + text).encode(), **more).objects
    return found.body


def skips(content: str | bytes, path: str = "a.yaml"):
    content = content.encode() if isinstance(content, str) else content
    return [(skip.kind.value, skip.line) for skip in manifests.read(path, content).skips]


def test_each_document_of_a_stream_is_an_object_on_its_lines():
    reading = manifests.read(
        "deploy/a.yaml",
        b"# head\n---\n" + POD.encode() + b"---\n# note\n\napiVersion: v1\nkind: Service\nspec:\n  a: 1\n",
    )
    assert [(found.form, found.body["kind"], found.path) for found in reading.objects] == [
        ("kubernetes", "Pod", "deploy/a.yaml"), ("kubernetes", "Service", "deploy/a.yaml"),
    ]  # fmt: skip
    pod, service = reading.objects
    assert [pod.line_of(p) for p in ("", "/kind", "/metadata/name", "/spec/none")] == [3, 4, 5, 3]
    assert [service.line_of(p) for p in ("", "/spec/a", "/spec/b")] == [9, 12, 11]
    assert reading.skips == ()


def test_json_and_flow_style_and_windows_lines_are_manifests_too():
    text = json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"a/b~c": [{"x": 1}, {"x": 2}], "5": 1}}, indent=1)
    [found] = manifests.read("a.json", b"\xef\xbb\xbf\n" + text.encode()).objects
    assert found.line_of("/spec/a~1b~0c/1/x") == next(n for n, line in enumerate(text.splitlines(), 2) if "2" in line)
    assert found.line_of("/spec/5") == len(text.splitlines()) - 1
    assert found.line_of("") == 2
    [flow] = manifests.read("a.yaml", b"{apiVersion: v1,\n kind: Pod}").objects
    assert flow.line_of("/kind") == 2
    [windows] = manifests.read("a.yaml", b"---\r\napiVersion: v1\r\n---\r\napiVersion: v1\r\nkind: Pod\r\n").objects
    assert windows.line_of("/kind") == 5


def test_utf_16_is_read():
    [found] = manifests.read("a.yaml", ("\ufeff" + POD).encode("utf-16-le")).objects
    assert found.body["kind"] == "Pod"


def test_a_list_is_taken_apart_and_its_members_stand_on_their_own_lines():
    text = """apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
- apiVersion: v1
  kind: List
  items:
  - {apiVersion: v1, kind: Secret}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: c}
"""
    found = manifests.read("a.yaml", text.encode()).objects
    assert [(one.body["kind"], one.line_of("/kind")) for one in found] == [("Pod", 5), ("Secret", 9), ("ConfigMap", 13)]
    assert found[2].body["apiVersion"] == "v1"


def test_a_list_nested_ten_thousand_times_in_json_is_one_skip():
    deep = '{"apiVersion":"v1","kind":"List","items":[' * 10_000 + "]}" * 10_000
    reading = manifests.read("a.json", deep.encode())
    assert reading.objects == ()
    assert [skip.kind for skip in reading.skips] == [SkipKind.TOO_LARGE]


def test_scalars_are_what_sigs_k8s_io_yaml_makes_of_them():
    text = """
spec: {a: yes, b: on, c: y, d: N, e: "yes", f: 010, g: 0o17, h: 1:30, i: 1_000, j: 2020-01-01, k: ~, l: 1.0, m: 1e3,
  aa: 0x1F, o: .5, p: 0b11, q: !!str 5, r: !!binary aGk=, s: -0b11, t: 1.5.0, u: 0.1.2, v: '', w: , x: 09, z: +1}
"""
    assert body(text)["spec"] == {
        "a": True, "b": True, "c": True, "d": False, "e": "yes", "f": 8, "g": 15, "h": "1:30", "i": 1000,
        "j": "2020-01-01", "k": None, "l": 1, "m": 1000, "aa": 31, "o": 0.5, "p": 3, "q": "5", "r": "hi", "s": -3,
        "t": "1.5.0", "u": "0.1.2", "v": "", "w": None, "x": 9, "z": 1,
    }  # fmt: skip
    assert body("spec: {l: 1.0}")["spec"]["l"].__class__ is int


def test_keys_are_text_as_json_has_them():
    assert body("data: {on: 1, 5: 2, 1.5: 3, n: 4, 'no': 5}")["data"] == {
        "true": 1,
        "5": 2,
        "1.5": 3,
        "false": 4,
        "no": 5,
    }
    assert skips(POD + "data: {~: 1}") == [("unsupported", 4)]
    assert skips(POD + "data: {[a]: 1}") == [("unsupported", 4)]
    assert skips(POD + "data: {a: .nan}") == [("unsupported", 4)]


def test_anchors_and_merges_keep_their_meaning_and_their_lines():
    text = """
base: &base
  image: a
  tag: b
one:
  <<: *base
  tag: c
two:
  tag: c
  <<: [*base, {image: z, more: 1}]
three: *base
"""
    [found] = manifests.read("a.yaml", (POD + text).encode()).objects
    assert found.body["one"] == {"image": "a", "tag": "c"}
    assert found.body["two"] == {"image": "a", "tag": "b", "more": 1}, "a merge overrides what stands before it"
    assert found.body["three"] == {"image": "a", "tag": "b"}
    lines = [found.line_of(p) for p in ("/one/image", "/one/tag", "/two/tag", "/two/more", "/two/image", "/three/tag")]
    assert lines == [6, 10, 7, 13, 6, 7]
    assert found.line_of("/three") == 14


def test_merges_that_chain_two_thousand_times_are_read_within_the_limit_of_recursion():
    lines = ["l0: &l0 {a: 1}"] + [f"l{n}: &l{n} {{<<: *l{n - 1}, k{n}: 1}}" for n in range(1, 700)]
    [found] = manifests.read("a.yaml", (POD + "\n".join(lines)).encode()).objects
    assert found.body["l699"]["a"] == 1
    assert found.line_of("/l699/a") == 4


def test_a_repeated_key_is_said_and_the_last_one_counts():
    assert skips(POD + "spec:\n  a: 1\n  a: 2\n") == [("malformed", 6)]
    assert body("spec:\n  a: 1\n  a: 2\n")["spec"] == {"a": 2}
    reading = manifests.read("a.json", b'{"apiVersion": "v1", "kind": "Pod",\n "a": 1,\n "a": 2}')
    assert [(skip.kind.value, skip.line) for skip in reading.skips] == [("malformed", 3)]
    assert reading.objects[0].body["a"] == 2


def test_a_broken_document_costs_only_itself():
    text = POD + "---\nfoo: [\n---\n" + POD.replace("Pod", "Service") + "---\nkind: Pod\napiVersion: {\n"
    reading = manifests.read("a.yaml", text.encode())
    assert [found.body["kind"] for found in reading.objects] == ["Pod", "Service"]
    assert [(skip.kind.value, skip.line, skip.family) for skip in reading.skips] == [
        ("malformed", 13, "policy")
    ]  # fmt: skip


def test_a_broken_neighbour_is_said_where_the_file_holds_manifests():
    assert skips(POD + "---\nkind of: [\n") == [("malformed", 6)]
    assert skips("foo: [\n") == []
    assert skips("# apiVersion\nfoo: [\n") == []


def test_a_template_is_left_to_helm():
    reading = manifests.read("a.yaml", b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n")
    assert (reading.objects, reading.template) == ((), True)
    assert [skip.kind for skip in reading.skips] == [SkipKind.UNRESOLVED]
    inside = manifests.read("chart/templates/a.yaml", (POD + "x: '{{ .Values.x }}'\n").encode())
    assert (inside.objects, inside.template) == ((), True)
    quoted = manifests.read("rules/a.yaml", (POD + "x: '{{ $labels.x }}'\n").encode())
    assert (len(quoted.objects), quoted.template, quoted.skips) == (1, False, ())


def test_other_files_give_nothing_at_all():
    for text in ("a: 1", "apiVersion: 1\nkind: Pod", "- apiVersion", "kind: x", "", "apiVersion: v1\nkind: ''"):
        reading = manifests.read("a.yaml", text.encode())
        assert (reading.objects, reading.skips) == ((), ())
    kustomization = b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    assert manifests.read("kustomization.yaml", kustomization).objects == ()


def test_a_manifest_without_its_version_is_said():
    assert skips(POD + "---\nkind: Pod\nmetadata: {name: b}\n") == [("malformed", 5)]


@pytest.mark.parametrize(
    "content",
    [
        POD.encode() + b"a:\n" + b"- " * 5000,
        POD.encode() + b"l0: &l0 [x, x, x, x, x, x, x, x, x]\n"
        + b"\n".join(b"l%d: &l%d [%s]" % (n, n, b", ".join([b"*l%d" % (n - 1)] * 9)) for n in range(1, 12)),
        b'{"apiVersion":"v1","kind":"Pod","a":' + b"[" * 5000,
        POD.encode() + b"x" * (manifests.MAX_BYTES),
    ],
)  # fmt: skip
def test_bombs_are_one_skip(content):
    reading = manifests.read("a.yaml", content)
    assert reading.objects == ()
    assert [skip.kind for skip in reading.skips] == [SkipKind.TOO_LARGE]


def test_aliases_are_counted_over_all_documents():
    document = POD + "l0: &l0 [" + "x, " * 999 + "]\nl1: [" + "*l0, " * 999 + "]\n---\n"
    reading = manifests.read("a.yaml", document.encode() * 4)
    assert len(reading.objects) == 1
    assert {skip.kind for skip in reading.skips} == {SkipKind.TOO_LARGE}


pieces = st.sampled_from(
    ["apiVersion: v1\n", "kind: Pod\n", "kind: List\n", "items:\n", "- ", "a: ", "&x ", "*x", "<<: ", "{", "}", "[",
     "]", "\n---\n", "...\n", "{{ x }}", "'", '"', "\n", "  ", "b", "%YAML 1.1\n", ": ", "#", "\t", "|\n", "!!int "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=40).map("".join))
def test_any_text_is_read_or_skipped_and_every_field_has_a_line(text):
    content = ("apiVersion: v1\nkind: Pod\n" + text).encode()
    lines = content.count(b"\n") + 1
    for found in manifests.read("a.yaml", content).objects:
        json.dumps(found.body, allow_nan=False)
        for key in found.body:
            assert 1 <= found.line_of("/" + key.replace("~", "~0").replace("/", "~1")) <= lines


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_skipped(content):
    manifests.read("a.yaml", b"apiVersion: v1\nkind: Pod\n" + content)
    manifests.read("a.json", b'{"apiVersion": "v1", "kind": "Pod", ' + content)


def test_every_manifest_of_the_corpus_is_read(corpora):
    folder = corpora / "checkov-fixtures" / "kubernetes"
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and manifests.wants(path.name))
    readings = [manifests.read(str(path.relative_to(folder)), path.read_bytes()) for path in paths]
    assert len(paths) == 216
    assert sum(len(reading.objects) for reading in readings) == 253
    assert [skip for reading in readings for skip in reading.skips] == []
    silent = [path.name for path, reading in zip(paths, readings, strict=True) if not reading.objects]
    assert silent == ["expected.yaml"] * 4 + ["normal.json"]
    assert all(found.line_of("/metadata/name") for reading in readings for found in reading.objects)
