"""JSON Patch does what RFC 6902 and its appendix say, and changes nothing that it was given."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.kubernetes.jsonpatch import PatchError, apply_patch, same


@pytest.mark.parametrize(
    ("document", "operations", "expected"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
        ({"foo": ["a", "b"]}, [{"op": "add", "path": "/foo/1", "value": "x"}], {"foo": ["a", "x", "b"]}),
        ({"foo": ["a"]}, [{"op": "add", "path": "/foo/-", "value": ["b"]}], {"foo": ["a", ["b"]]}),
        ({"foo": ["a"]}, [{"op": "add", "path": "/foo/1", "value": "b"}], {"foo": ["a", "b"]}),
        ({"a": 1}, [{"op": "add", "path": "/a", "value": 2}], {"a": 2}),
        ({"a": 1}, [{"op": "add", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": 1, "b": 2}, [{"op": "remove", "path": "/b"}], {"a": 1}),
        ({"foo": ["a", "b", "c"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["a", "c"]}),
        ({"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}),
        ({"foo": ["a", "b"]}, [{"op": "replace", "path": "/foo/0", "value": 1}], {"foo": [1, "b"]}),
        ({"a": {"b": 1}, "c": {}}, [{"op": "move", "from": "/a/b", "path": "/c/d"}], {"a": {}, "c": {"d": 1}}),
        ({"foo": [1, 2, 3]}, [{"op": "move", "from": "/foo/0", "path": "/foo/2"}], {"foo": [2, 3, 1]}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
        ({"a": [1, "x", True]}, [{"op": "test", "path": "/a", "value": [1.0, "x", True]}], {"a": [1, "x", True]}),
        ({"a/b": 1, "m~n": 2}, [{"op": "test", "path": "/a~1b", "value": 1}], {"a/b": 1, "m~n": 2}),
        ({"~1": 10}, [{"op": "replace", "path": "/~01", "value": 11}], {"~1": 11}),
        ({"": 1}, [{"op": "remove", "path": "/"}], {}),
        # Milder than the RFC, as API servers are.
        ({"a": 1}, [{"op": "replace", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"l": [1, 2]}, [{"op": "replace", "path": "/l/-1", "value": 3}], {"l": [1, 3]}),
        ({"l": [1, 2]}, [{"op": "add", "path": "/l/-1", "value": 3}], {"l": [1, 2, 3]}),
        ({"l": [1, 2]}, [{"op": "remove", "path": "/l/01"}], {"l": [1]}),
        ({"a": 1}, [{"op": "test", "path": "/b", "value": None}], {"a": 1}),
        (
            {"a": 1},
            [
                {"op": "add", "path": "/b", "value": {}},
                {"op": "add", "path": "/b/c", "value": 1},
                {"op": "remove", "path": "/a"},
            ],
            {"b": {"c": 1}},
        ),
    ],
)
def test_a_patch_applies(document: Any, operations: list[dict[str, Any]], expected: Any) -> None:
    before = copy.deepcopy((document, operations))
    assert apply_patch(document, operations) == expected
    assert (document, operations) == before


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "add", "path": "/x/y", "value": 1}, "there is nothing at '/x'"),
        ({"op": "add", "path": "/l/3", "value": 1}, "no position in a list of 2"),
        ({"op": "add", "path": "/l/-4", "value": 1}, "no position"),
        ({"op": "add", "path": "/l/1x", "value": 1}, "no position"),
        ({"op": "add", "path": "/a/b", "value": 1}, "leads through a value that holds nothing"),
        ({"op": "add", "path": "/b"}, "a value is missing"),
        ({"op": "add", "path": "b", "value": 1}, "is no JSON pointer"),
        ({"op": "add", "path": "/~2", "value": 1}, "is no JSON pointer"),
        ({"op": "add", "value": 1}, "None is no JSON pointer"),
        ({"op": "remove", "path": "/b"}, "there is nothing at '/b'"),
        ({"op": "remove", "path": "/l/-"}, "no position"),
        ({"op": "remove", "path": ""}, "the whole object cannot be removed"),
        ({"op": "replace", "path": "/b/c", "value": 1}, "there is nothing at '/b'"),
        ({"op": "replace", "path": "/l/2", "value": 1}, "no position"),
        ({"op": "move", "from": "/b", "path": "/c"}, "there is nothing at '/b'"),
        ({"op": "move", "from": "/o", "path": "/o/p"}, "cannot be moved into itself"),
        ({"op": "copy", "path": "/c"}, "is no JSON pointer"),
        ({"op": "test", "path": "/a", "value": "1"}, "is another"),
        ({"op": "test", "path": "/a", "value": True}, "is another"),
        ({"op": "test", "path": "/b", "value": 1}, "is another"),
        ({"op": "test", "path": "/b/c", "value": None}, "there is nothing"),
        ({"op": "merge", "path": "/a"}, "must be add, remove"),
        ({"path": "/a"}, "must be add, remove"),
    ],
)
def test_an_operation_that_does_not_fit_is_named(operation: dict[str, Any], message: str) -> None:
    document = {"a": 1, "l": [1, 2], "o": {}}
    with pytest.raises(PatchError, match=message) as caught:
        apply_patch(document, [{"op": "test", "path": "/a", "value": 1}, operation])
    assert caught.value.message.startswith("JSON patch operation 1 (")
    assert document == {"a": 1, "l": [1, 2], "o": {}}


def test_an_object_cannot_be_doubled_without_end() -> None:
    operations = [{"op": "copy", "from": "/a", "path": f"/a/k{number}"} for number in range(40)]
    with pytest.raises(PatchError, match="more than 1000000 values"):
        apply_patch({"a": {}}, operations)


PATHS = st.lists(st.sampled_from(["", "a", "b", "0", "1", "-", "~0", "~1x", "01"]), max_size=3).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=6,
)
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": PATHS},
    optional={"from": PATHS, "value": JSON},
)


@settings(deadline=None)
@given(JSON, st.lists(OPERATION, max_size=5))
def test_any_patch_applies_or_is_refused_and_never_changes_its_input(
    document: Any, operations: list[dict[str, Any]]
) -> None:
    before = copy.deepcopy((document, operations))
    with suppress(PatchError):
        apply_patch(document, operations)
    assert same([*before], [document, operations])
