"""A document as a policy sees it: what is read decides, and nothing else."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.policy.reads import ANY, WHOLE, Origin, Read, Reads, UntraceableError, made_of
from lockgate.policy.views import View, view_of

KEYS = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(st.sampled_from(["a", "b", "c", ANY]), max_size=3).map(tuple)
READS = st.lists(st.tuples(PATHS, st.booleans()), max_size=4)
ATOMS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, "", "x"])
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=3)


def _view(reads: list[Read]) -> View:
    found = view_of(reads)
    assert found is not None
    return found


def _seen(value: Any, path: tuple[str | None, ...], whole: bool) -> Any:
    """What one read tells of a value, spelt out: the type on the way, and at the end the shape or everything."""
    shape = (type(value).__name__, value if not isinstance(value, (dict, list)) else None)
    if not path:
        return (shape, repr(value) if whole else None)
    if path[0] is ANY:
        if isinstance(value, dict):
            return (shape, [(key, _seen(item, path[1:], whole)) for key, item in value.items()])
        return (shape, [_seen(item, path[1:], whole) for item in value] if isinstance(value, list) else None)
    if isinstance(value, dict) and path[0] in value:
        return (shape, _seen(value[path[0]], path[1:], whole))
    return (shape, None)


@settings(max_examples=300, deadline=None)
@given(READS, DOCUMENTS, DOCUMENTS)
def test_documents_that_look_the_same_are_the_same_where_they_are_read(reads: Any, one: Any, two: Any) -> None:
    view = _view(reads)
    if view.digest(one) == view.digest(two):
        for path, whole in reads:
            assert _seen(one, path, whole) == _seen(two, path, whole)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.just(("a", ANY, "b")) | st.just(("b",)), st.booleans()), min_size=1, max_size=2), VALUES)
def test_what_is_not_read_does_not_show(reads: Any, extra: Any) -> None:
    view = _view(reads)
    document: dict[str, Any] = {"a": [{"b": 1}, {"b": {}}], "b": "x"}
    other = copy.deepcopy(document)
    other["c"] = extra
    other["a"][0]["c"] = extra
    assert view.digest(document) == view.digest(other)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1, True), (0, False), (1, 1.0), (None, "null"), (None, float("nan")), (float("nan"), float("inf")), ([], {}),
        ([0], None), ({}, None), ("", None), ([None], [[]]), ("1", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("reads", [[(("a",), True)], [(("a",), False)], [(("a", ANY), False)]])
def test_values_of_other_types_are_told_apart(one: Any, two: Any, reads: list[Read]) -> None:
    view = _view(reads)
    lists_only = isinstance(one, list) and isinstance(two, list)
    assert view.digest({"a": one}) != view.digest({"a": two}) or (lists_only and not reads[0][1])


def test_what_is_no_json_has_no_digest() -> None:
    view = _view([(("a",), True)])
    assert view.digest({"a": 1 << 70}) is None
    assert view.digest({"a": "\ud800"}) is None
    assert view.digest({"a": {1: 2}}) is None
    assert view.digest({"a": object()}) is None


def test_long_documents_have_short_digests() -> None:
    view = _view([(("a",), True)])
    long = view.digest({"a": "x" * 5000})
    assert long is not None
    assert len(long) < 40
    assert long != view.digest({"a": "x" * 5001})


def test_a_view_is_made_again_from_its_code() -> None:
    view = _view([(("a", ANY, "b"), True), (("a", "b"), False)])
    assert View(view.code).digest({"a": {"b": [1]}}) == view.digest({"a": {"b": [1]}})


def test_keys_are_never_code() -> None:
    view = _view([(("a'] = 1; raise KeyError #", ANY, '"\n'), True)])
    assert view.digest({"a'] = 1; raise KeyError #": [{'"\n': 1}]}) != view.digest({})


def test_too_many_reads_have_no_view() -> None:
    assert view_of([((f"k{number}",), True) for number in range(1000)]) is None


def test_an_origin_that_may_be_anywhere_is_given_up() -> None:
    found = Origin()
    with pytest.raises(UntraceableError):
        for number in range(100):
            found = found.joined(Origin(frozenset({(str(number),)})))


def test_a_very_deep_place_is_read_whole() -> None:
    reads, origin = Reads(), Origin(frozenset({()}))
    for _ in range(30):
        origin = reads.member(origin, "a")
    assert max(len(path) for path, _, _ in reads.found()) <= 10
    assert (("a",) * 10, WHOLE) in [(path, level) for path, level, _ in reads.found()]


def test_collections_within_collections_end() -> None:
    origin = Origin(frozenset({("a",)}))
    with pytest.raises(UntraceableError):
        for _ in range(100):
            origin = made_of([origin])
