"""Overlays are built as kustomize builds them, and what cannot be built is said."""

import importlib.util
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import kustomize, manifests
from lockgate.model import SkipKind
from lockgate.sources.repository.tree import TreeSource

_SPEC = importlib.util.spec_from_file_location("kustomize_trees", Path(__file__).with_name("trees.py"))
trees = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(trees)


def build(files: dict[str, str | bytes], path: str = "overlay/kustomization.yaml"):
    held = {name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}
    return kustomize.read(path, held[path], held.get)


def ordered(bodies):
    return sorted((json.loads(json.dumps(body)) for body in bodies), key=lambda body: json.dumps(body, sort_keys=True))


def identity(body):
    return body["kind"], body["metadata"].get("namespace"), body["metadata"]["name"]


@pytest.mark.parametrize("name", trees.TREES)
def test_an_overlay_is_what_kustomize_itself_builds(name, tmp_path):
    binary = shutil.which(os.environ.get("LOCKGATE_KUSTOMIZE") or "kustomize")
    if binary is None:
        pytest.skip("the program kustomize is not installed (LOCKGATE_KUSTOMIZE or PATH)")
    for path, text in trees.TREES[name].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = [binary, "build", str(tmp_path / "overlay")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr.decode()
    theirs = {identity(one.body): one.body for one in manifests.read("out.yaml", done.stdout, rendered=True).objects}
    reading = build(trees.TREES[name])
    ours = {identity(one.body): one.body for one in reading.objects}
    assert reading.skips == ()
    assert sorted(map(str, ours)) == sorted(map(str, theirs))
    for key, body in theirs.items():
        assert ours[key] == body, key


def test_objects_stand_where_their_base_stands():
    reading = build(trees.TREES["namespace and prefix"])
    web = next(one for one in reading.objects if one.body["kind"] == "Deployment")
    assert (web.path, web.generated_by, web.line_of("/spec/replicas")) == (
        "base/deployment.yaml", "kustomize overlay", 6,
    )  # fmt: skip
    made = next(one for one in reading.objects if one.body["kind"] == "Secret")
    assert (made.path, made.line_of("/data")) == ("base/kustomization.yaml", 1)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("resources: ['https://x.example/a?ref=v1']", SkipKind.UNRESOLVED),
        ("resources: ['github.com/x/y']", SkipKind.UNRESOLVED),
        ("resources: [none.yaml]", SkipKind.UNRESOLVED),
        ("resources: ['../../outside']", SkipKind.UNRESOLVED),
        ("resources: ['/etc']", SkipKind.UNRESOLVED),
        ("components: [none]", SkipKind.UNRESOLVED),
        ("patches: [{path: none.yaml}]", SkipKind.UNRESOLVED),
        ("helmCharts: [{name: x}]", SkipKind.UNSUPPORTED),
        ("vars: [{name: x}]", SkipKind.UNSUPPORTED),
        ("transformers: [x.yaml]", SkipKind.UNSUPPORTED),
        ("generators: [x.yaml]", SkipKind.UNSUPPORTED),
        ("resources: [.]", SkipKind.LIMIT),
        ("configMapGenerator: [{name: x, files: [none]}]", SkipKind.MALFORMED),
        ("configMapGenerator: [{name: x, behavior: merge}]", SkipKind.MALFORMED),
        ("replacements: [{source: {kind: X}}]", SkipKind.MALFORMED),
        ("patches: [{patch: '[{op: add, path: /x}]'}]", SkipKind.MALFORMED),
        ("patches: [{patch: 'kind: X'}]", SkipKind.MALFORMED),
        ("- a", SkipKind.MALFORMED),
        ("a: [", SkipKind.MALFORMED),
    ],
)
def test_what_cannot_be_built_is_said(text, kind):
    reading = build({"overlay/kustomization.yaml": text})
    assert [skip.kind for skip in reading.skips] == [kind]
    assert reading.objects == ()


def test_what_can_be_built_is_built_beside_it():
    files = trees.overlay("patches:\n- path: none.yaml\nnamePrefix: p-\n")
    reading = build(files)
    assert [skip.reason for skip in reading.skips] == ["a patch that is not in the tree"]
    assert any(one.body["metadata"]["name"] == "p-web" for one in reading.objects)


def test_a_component_alone_gives_nothing_and_names_are_known():
    assert build({"overlay/kustomization.yaml": "kind: Component\nresources: [x]\n"}).objects == ()
    assert kustomize.is_kustomization("a/kustomization.yml")
    assert not kustomize.is_kustomization("a/kustomize.yaml")


def test_overlays_that_multiply_end():
    files = {f"o{n}/kustomization.yaml": "resources: [" + f"../o{n + 1}, " * 9 + "]" for n in range(15)}
    files["overlay/kustomization.yaml"] = "resources: [../o0]"
    begin = time.process_time()
    assert build(files).skips
    assert time.process_time() - begin < 10


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {a: {b: c}}\n"


@pytest.mark.parametrize(
    "spec",
    [
        {"patches": [{"target": {"kind": "Pod"}, "patch": json.dumps(
            [{"op": "copy", "from": "/spec", "path": f"/spec/x{n}"} for n in range(60)])}]},
        {"replacements": [{"source": {"kind": "Pod", "fieldPath": "spec"}, "targets": [
            {"select": {"kind": "Pod"}, "fieldPaths": [f"spec.x{n}"], "options": {"create": True}}]}
            for n in range(60)]},
        {"commonLabels": {f"k{n}": "v" * 50 for n in range(5000)}},
    ],
)  # fmt: skip
def test_values_that_double_end_in_a_limit(spec):
    pods = "---\n".join(POD.replace("name: p", f"name: p{n}") for n in range(1000 if "commonLabels" in spec else 1))
    files = {"overlay/kustomization.yaml": json.dumps({"resources": ["pods.yaml"], **spec}), "overlay/pods.yaml": pods}
    begin = time.process_time()
    reading = build(files)
    assert time.process_time() - begin < 20
    assert {skip.kind for skip in reading.skips} <= {SkipKind.LIMIT, SkipKind.TOO_LARGE}
    assert reading.skips


def test_what_an_anchor_shares_is_changed_once():
    text = POD + "other: &m {containers: [{image: a}]}\nmore: *m\n"
    files = {
        "overlay/kustomization.yaml": "resources: [p.yaml]\nimages: [{name: a, newName: a/b}]\n",
        "overlay/p.yaml": text,
    }
    [found] = build(files).objects
    assert found.body["more"] == found.body["other"] == {"containers": [{"image": "a/b"}]}


def test_links_and_paths_that_leave_the_tree_are_refused(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pod.yaml").write_text(POD)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "linked.yaml").symlink_to(outside / "pod.yaml")
    (tree / "folder").symlink_to(outside)
    text = b"resources: [linked.yaml, folder/pod.yaml, ../outside/pod.yaml, folder]\n"
    (tree / "kustomization.yaml").write_bytes(text)
    reading = kustomize.read("kustomization.yaml", text, TreeSource(tree).sibling)
    assert (reading.objects, [skip.kind for skip in reading.skips]) == ((), [SkipKind.UNRESOLVED])


keys = st.sampled_from(
    ["resources", "patches", "patch", "target", "kind", "name", "namespace", "namePrefix", "commonLabels", "labels",
    "pairs",
     "images", "newTag", "replicas", "count", "configMapGenerator", "literals", "replacements", "source", "targets",
     "fieldPaths", "select", "options", "patchesJson6902", "components", "metadata", "spec", "path", "op", "value"]
)  # fmt: skip
leaves = st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from(
    ["web", "../base", "a.yaml", "Deployment", "a=b", "spec.replicas", "/spec/x", "[", "add", "x: y",
    "[{op: add, path: /a}]"]
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, values, max_size=6), values)
def test_any_kustomization_is_built_or_skipped(spec, more):
    files = {**trees.BASE, "overlay/kustomization.yaml": json.dumps({"resources": ["../base"], **spec})}
    files["overlay/a.yaml"] = json.dumps(more)
    for one in build(files).objects:
        json.dumps(one.body, allow_nan=False)


patches = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["web", "delete", "replace"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["spec", "template", "containers", "env", "name", "$patch", "ports", "port", "finalizers",
        "metadata"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(patches)
def test_any_patch_is_applied_or_skipped(patch):
    entry = {"target": {"kind": "Deployment"}, "patch": json.dumps(patch)}
    build({**trees.BASE, "overlay/kustomization.yaml": json.dumps({"resources": ["../base"], "patches": [entry]})})
