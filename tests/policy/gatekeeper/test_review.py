"""Reviews of requests and of bare objects."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import namespace, pod

from lockgate.policy.gatekeeper.review import Review, ReviewError


def _request(**fields: Any) -> dict[str, Any]:
    return {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "name": "shop",
        "namespace": "harbour",
        "userInfo": {"username": "ada"},
        "object": pod(),
        **fields,
    }


def test_rego_sees_a_request_as_gatekeeper_writes_it() -> None:
    review = Review.of_request(_request(dryRun=True), namespace=namespace())
    assert review.rego_input() == {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "", "resource": ""},
        "name": "shop",
        "namespace": "harbour",
        "operation": "CREATE",
        "userInfo": {"username": "ada"},
        "object": pod(),
        "oldObject": None,
        "dryRun": True,
        "options": None,
        "namespaceObject": namespace(),
    }


def test_rego_sees_a_bare_object_as_an_audit_without_a_request() -> None:
    seen = Review.of_object(pod()).rego_input()
    assert (seen["operation"], seen["userInfo"], seen["namespaceObject"]) == ("", {}, {})
    assert (seen["name"], seen["namespace"], seen["kind"]["kind"]) == ("shop", "harbour", "Pod")
    assert "dryRun" not in seen


def test_on_delete_rego_finds_the_old_object_in_both_places_and_cel_in_one() -> None:
    review = Review.of_request(_request(operation="DELETE", object=None, oldObject=pod()))
    seen = review.rego_input()
    assert seen["object"] == seen["oldObject"] == pod()
    assert review.object is None
    assert [candidate.name for candidate in review.candidates] == ["shop"]


@pytest.mark.parametrize(
    "request_",
    [
        None,
        "text",
        {},
        _request(object=None),
        _request(object=[1]),
        _request(object="text"),
        _request(operation="DELETE"),
        _request(operation="PATCH"),
        _request(name=7),
        _request(kind="Pod"),
        _request(kind={"kind": 1}),
        _request(userInfo=[]),
        _request(dryRun="yes"),
        _request(namespace=["a"]),
        _request(options=3),
    ],
)
def test_a_request_that_cannot_be_read_is_an_error(request_: Any) -> None:
    with pytest.raises(ReviewError):
        Review.of_request(request_)


@pytest.mark.parametrize(
    "body", [None, 3, [], {}, {"kind": "Pod"}, {"apiVersion": "v1"}, {"apiVersion": 1, "kind": []}]
)
def test_what_is_no_object_is_an_error(body: Any) -> None:
    with pytest.raises(ReviewError):
        Review.of_object(body)


def test_an_object_that_nests_without_end_is_an_error() -> None:
    body = pod()
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    body["spec"]["deep"] = deep
    with pytest.raises(ReviewError, match="nested deeper"):
        Review.of_object(body)


@pytest.mark.parametrize("metadata", [None, 3, [], {"labels": "a", "name": {}, "namespace": None}])
def test_metadata_of_a_wrong_type_reads_as_empty(metadata: Any) -> None:
    candidate = Review.of_object({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).candidates[0]
    assert (candidate.name, candidate.namespace, candidate.labels) == ("", "", {})
