"""Whatever an object holds, judging, mutating and expanding it answers or says why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.corpora import CORPORA
from tests.policy.gatekeeper.builders import mutator
from tests.policy.gatekeeper.library_objects import library_objects

from lockgate.policy.errors import EvaluationError
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.mutation import Mutators, parse_mutator
from lockgate.policy.gatekeeper.review import Review, ReviewError
from lockgate.policy.gatekeeper.violation import Violation

_FIELDS = (
    "metadata", "spec", "labels", "annotations", "name", "namespace", "containers", "initContainers", "image", "ports",
    "hostPort", "resources", "limits", "cpu", "memory", "securityContext", "runAsUser", "capabilities", "add", "drop",
    "seccompProfile", "type", "volumes", "hostPath", "path", "rules", "host", "tls", "selector", "replicas", "sysctls",
)  # fmt: skip
_REQUEST = ("object", "oldObject", "operation", "kind", "name", "userInfo")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5)
    | st.sampled_from(["1Gi", "100m", "nginx:latest", "*", "localhost/x", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@pytest.fixture(scope="module")
def library() -> Library:
    if not CORPORA.is_dir():
        pytest.skip(f"no corpora at {CORPORA}: set LOCKGATE_CORPORA")
    made = Library()
    templates, constraints = library_objects(CORPORA)
    for body in constraints:
        body.get("spec", {}).pop("match", None)
    assert made.load([*templates, *constraints]) == []
    return made


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(metadata=_VALUES, spec=_VALUES, old=_VALUES, kind=st.sampled_from(["Pod", "Service", "Ingress", "Deployment"]))
def test_every_library_policy_answers(library: Library, metadata: Any, spec: Any, old: Any, kind: str) -> None:
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    request = {
        "kind": {"group": "", "version": "v1", "kind": kind},
        "operation": "UPDATE",
        "object": body,
        "oldObject": {**body, "spec": old},
    }
    found = library.evaluate(Review.of_request(request))
    assert all(isinstance(each, Violation) and isinstance(each.message, str) for each in found)


@settings(max_examples=100, deadline=None)
@given(
    request_=st.dictionaries(st.sampled_from(["object", "oldObject", "operation", "kind", "name", "userInfo"]), _VALUES)
)
def test_every_request_is_a_review_or_refused(request_: Any) -> None:
    try:
        review = Review.of_request(request_)
    except ReviewError:
        return
    assert Library().evaluate(review) == []


_MUTATORS = Mutators(
    map(
        parse_mutator,
        [
            mutator("Assign", "a", "spec.containers[name: *].securityContext.runAsUser", assign={"value": 1}),
            mutator("Assign", "b", "spec.volumes[name: x].hostPath.path", assign={"fromMetadata": {"field": "name"}}),
            mutator("AssignMetadata", "c", "metadata.labels.name", assign={"value": "x"}),
            mutator("ModifySet", "d", "spec.containers[name: *].capabilities.add", values={"fromList": [1]}),
            mutator("AssignImage", "e", "spec.containers[name: *].image", assignDomain="mirror.example.com"),
        ],
    )
)


@settings(max_examples=100, deadline=None)
@given(metadata=_VALUES, spec=_VALUES)
def test_every_pod_is_mutated_or_refused(metadata: Any, spec: Any) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    review = Review.of_object(body, operation="CREATE")
    try:
        made = _MUTATORS.mutate(review)
    except EvaluationError:
        return
    again = _MUTATORS.mutate(Review.of_object(made.object, operation="CREATE"))
    assert again.patch == ()
