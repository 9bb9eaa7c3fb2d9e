"""Which objects a constraint is for, against a model that reads the documentation's table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.gatekeeper.builders import namespace, pod

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.fields import Field
from lockgate.policy.gatekeeper.match import MatchError, Place, parse_match
from lockgate.policy.gatekeeper.review import Origin, candidate_of
from lockgate.policy.gatekeeper.wildcard import matches

_HARBOUR = namespace("harbour", tier="gold")


def _covers(spec: Any, body: dict[str, Any], place: Any = None, source: Origin = Origin.ORIGINAL) -> bool:
    match = parse_match(Field(spec, owner="test"))
    return match.covers(candidate_of(body), Place.of(place), source)


def test_an_empty_match_covers_everything() -> None:
    for spec in (None, {}, {"kinds": [], "namespaces": [], "name": "", "scope": "*"}):
        assert _covers(spec, pod())
        assert _covers(spec, namespace())


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([{"apiGroups": [""], "kinds": ["Pod"]}], True),
        ([{"apiGroups": ["*"], "kinds": ["*"]}], True),
        ([{"kinds": ["Pod"]}], True),
        ([{"apiGroups": ["apps"], "kinds": ["Pod"]}], False),
        ([{"apiGroups": ["apps"], "kinds": ["Deployment"]}, {"apiGroups": [""]}], True),
        ([{"apiGroups": [""], "kinds": ["pod"]}], False),
    ],
)
def test_any_entry_of_kinds_suffices_and_empty_lists_are_wildcards(kinds: Any, expected: bool) -> None:
    assert _covers({"kinds": kinds}, pod()) is expected


@pytest.mark.parametrize(
    ("scope", "of_pod", "of_namespace", "of_node"),
    [
        ("Namespaced", True, False, False),
        ("Cluster", False, True, True),
        ("*", True, True, True),
        ("namespaced", True, True, True),
    ],
)
def test_scope_tells_cluster_from_namespace(scope: str, of_pod: bool, of_namespace: bool, of_node: bool) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}}
    assert [_covers({"scope": scope}, body) for body in (pod(), namespace(), node)] == [of_pod, of_namespace, of_node]


def test_an_object_that_does_not_say_its_namespace_goes_by_the_one_of_the_request() -> None:
    body = pod(namespace="")
    assert _covers({"namespaces": ["harbour"]}, body, _HARBOUR)
    assert not _covers({"excludedNamespaces": ["har*"]}, body, _HARBOUR)
    assert _covers({"scope": "Namespaced"}, body, _HARBOUR)


def test_a_namespace_is_compared_by_its_own_name() -> None:
    assert _covers({"namespaces": ["harbour"]}, namespace("harbour"))
    assert not _covers({"namespaces": ["harbour"]}, namespace("dock"))
    assert not _covers({"excludedNamespaces": ["har*"]}, namespace("harbour"))


def test_other_cluster_scoped_objects_pass_every_namespace_list() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}}
    assert _covers(
        {"namespaces": ["harbour"], "excludedNamespaces": ["*"], "namespaceSelector": {"matchLabels": {"a": "b"}}}, node
    )


def test_a_namespace_of_another_group_is_no_namespace() -> None:
    body = {"apiVersion": "tenancy.example/v1", "kind": "Namespace", "metadata": {"name": "dock"}}
    assert _covers({"namespaces": ["harbour"]}, body)


def test_selectors_read_the_labels_of_object_and_namespace() -> None:
    body = pod(labels={"app": "shop"})
    assert _covers({"labelSelector": {"matchLabels": {"app": "shop"}}}, body)
    assert not _covers({"labelSelector": {"matchLabels": {"app": "till"}}}, body)
    assert _covers({"namespaceSelector": {"matchLabels": {"tier": "gold"}}}, body, _HARBOUR)
    assert not _covers(
        {"namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}, body, _HARBOUR
    )
    assert _covers({"namespaceSelector": {"matchLabels": {"tier": "gold"}}}, _HARBOUR)


def test_an_unknown_namespace_is_an_error_and_no_miss() -> None:
    with pytest.raises(MatchError, match="missing Namespace"):
        _covers({"namespaceSelector": {"matchLabels": {"tier": "gold"}}}, pod())


def test_an_unknown_namespace_does_not_matter_when_the_labels_already_miss() -> None:
    spec = {"labelSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {"matchLabels": {"tier": "gold"}}}
    assert not _covers(spec, pod())


def test_a_name_with_a_star_covers_names_that_are_still_to_be_generated() -> None:
    generated = pod(name="", generateName="shop-")
    assert _covers({"name": "shop-*"}, generated)
    assert not _covers({"name": "*-shop"}, generated)
    assert not _covers({"name": "till"}, pod())


def test_source_tells_what_was_written_from_what_was_expanded() -> None:
    for source, original, generated in (("All", True, True), ("Original", True, False), ("Generated", False, True)):
        assert _covers({"source": source}, pod()) is original
        assert _covers({"source": source}, pod(), source=Origin.GENERATED) is generated


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"namespace": ["harbour"]}, "match.namespace"),
        ({"kinds": [{"groups": []}]}, "kinds[0].groups"),
        ({"namespaces": ["Harbour"]}, "namespaces[0]"),
        ({"namespaces": ["a*b"]}, "namespaces[0]"),
        ({"source": "Somewhere"}, "source"),
        ({"kinds": "Pod"}, "kinds"),
        ({"kinds": [{"kinds": [1]}]}, "kinds[0].kinds[0]"),
        ({"labelSelector": {"matchLabel": {}}}, "labelSelector"),
        ({"name": 3}, "name"),
    ],
)
def test_a_match_that_would_select_something_else_than_meant_is_refused_with_its_place(spec: Any, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_match(Field(spec, owner="Probe/one", path="match"))
    assert place in caught.value.where


_PATTERNS = st.sampled_from(["*", "harbour", "har*", "*bour", "*arb*", "dock", "kube-*"])
_NAMESPACES = st.sampled_from(["harbour", "dock", "kube-system", ""])


@given(
    namespaces=st.lists(_PATTERNS, max_size=2),
    excluded=st.lists(_PATTERNS, max_size=2),
    name=st.sampled_from(["", "shop", "s*", "*p"]),
    scope=st.sampled_from(["", "Cluster", "Namespaced"]),
    kind=st.sampled_from(["Pod", "Namespace", "Node"]),
    where=_NAMESPACES,
)
def test_matchers_are_joined_by_and(
    namespaces: list[str], excluded: list[str], name: str, scope: str, kind: str, where: str
) -> None:
    metadata = {"name": "shop", **({"namespace": where} if where and kind == "Pod" else {})}
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    compared = "shop" if kind == "Namespace" else metadata.get("namespace")
    expected = (
        (not namespaces or compared is None or any(matches(pattern, compared) for pattern in namespaces))
        and not (compared is not None and any(matches(pattern, compared) for pattern in excluded))
        and (not name or matches(name, "shop"))
        and (scope != "Cluster" or "namespace" not in metadata)
        and (scope != "Namespaced" or "namespace" in metadata)
    )
    spec = {"namespaces": namespaces, "excludedNamespaces": excluded, "name": name, "scope": scope}
    assert _covers(spec, body) is expected
