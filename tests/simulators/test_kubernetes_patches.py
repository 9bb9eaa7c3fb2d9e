"""The patches, against the standards and against another author's JSON Patch."""

import copy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.kubernetes.patches import PatchError, json_patch, merge_patch, strategic_merge

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab~/", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner, max_size=3),
    max_leaves=10,
)
_OBJECT = st.dictionaries(st.text("ab~/", max_size=2), _JSON, max_size=3)


@given(_OBJECT, _OBJECT)
def test_a_json_patch_that_another_library_made_leads_where_it_says(before, after):
    kept = copy.deepcopy(before)
    assert json_patch(before, jsonpatch.make_patch(before, after).patch) == after
    assert before == kept


# RFC 7386, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}), ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}), ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]), ({"a": "foo"}, None, None), ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}), ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)  # fmt: skip
def test_merge_patches_follow_the_examples_of_the_standard(target, patch, result):
    assert merge_patch(target, patch) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/none"}, {"op": "replace", "path": "/none", "value": 1}, {"op": "add", "path": "x"},
        {"op": "test", "path": "/a", "value": 2}, {"op": "add", "path": "/list/9", "value": 1}, {"op": "jump"}, "x",
        {"op": "move", "from": "/none", "path": "/a"}, {"op": "remove", "path": "/list/-1"}, {"op": "add"},
    ],
)  # fmt: skip
def test_an_operation_that_cannot_be_is_refused(operation):
    with pytest.raises(PatchError):
        json_patch({"a": 1, "list": [1]}, [operation])


def test_strategic_merge_knows_directives_orders_and_sets():
    held = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "x": {"k": 1, "l": 2}},
            "metadata": {"finalizers": ["one"]}}  # fmt: skip
    patch = {
        "spec": {"containers": [{"name": "c", "image": "2"}, {"name": "a", "$patch": "delete"}],
                 "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}], "x": {"$patch": "replace", "m": 3}},
        "metadata": {"finalizers": ["two"], "$deleteFromPrimitiveList/finalizers": ["one"]},
    }  # fmt: skip
    merged = strategic_merge(held, patch)
    assert [one["name"] for one in merged["spec"]["containers"]] == ["c", "b"]
    assert merged["spec"]["x"] == {"m": 3}
    assert merged["metadata"]["finalizers"] == ["two"]


def test_strategic_merge_of_service_ports_is_by_port():
    held = {"spec": {"ports": [{"port": 80, "targetPort": 1}, {"port": 443, "targetPort": 2}]}}
    merged = strategic_merge(held, {"spec": {"ports": [{"port": 443, "targetPort": 9}]}})
    assert merged["spec"]["ports"] == [{"port": 80, "targetPort": 1}, {"port": 443, "targetPort": 9}]
