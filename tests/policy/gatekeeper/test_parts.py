"""Reviews taken apart: what is known of one copy of an object holds for another where they are the same."""

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.gatekeeper.builders import cel, constraint, pod, template
from tests.policy.gatekeeper.copies import request_about_a_copy
from tests.policy.gatekeeper.library_objects import library_objects
from tests.policy.gatekeeper.pods import pods

from lockgate.policy.gatekeeper.apart import Parts
from lockgate.policy.gatekeeper.inventory import Inventory
from lockgate.policy.gatekeeper.kept import Kept
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.parts import PARTS, parts_of, steady
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.violation import Violation
from lockgate.policy.reads import ANY

_POD = {"group": "", "version": "v1", "kind": "Pod"}


def _review(body: Any, **more: Any) -> Review:
    request = {"kind": _POD, "operation": "CREATE", "object": body, "uid": "1", **more}
    return Review.of_request(request)


def _library(rego: str, **spec: Any) -> Library:
    library = Library()
    assert library.load([template(f"package probe\n{rego}"), constraint(**spec)]) == []
    return library


def _shown(found: list[Violation]) -> str:
    return json.dumps([(one.constraint, one.message, one.details, one.error, one.actions) for one in found])


def _read(*paths: tuple[str, ...]) -> set[tuple[str | None, ...]]:
    return {PARTS[number][0] for number in parts_of((path, True) for path in paths)}


def test_a_read_meets_the_parts_that_it_is_in_or_that_are_in_it() -> None:
    assert _read(("object", "spec", "hostPID")) == set()
    assert _read(("object", "metadata", "labels", "app")) == {("object", "metadata", "labels")}
    assert _read(("operation",), ("userInfo", "groups")) == {("operation",), ("userInfo",)}
    assert len(_read(("object",))) == 20
    assert _read(("oldObject", "spec", "hostPID")) == {("oldObject",)}
    assert _read(("oldObject", "status", "phase")) == {("oldObject",), ("oldObject", "status")}
    assert parts_of([(("object", "metadata"), False)]) == ()  # its type alone
    assert parts_of([(("object", "spec", ANY, ANY, "name"), False)]) != ()


def test_copies_differ_in_their_parts_alone() -> None:
    one, other = pod("a"), pod("b", labels={"x": "y"})
    one["status"], other["metadata"]["generateName"] = {"phase": "Running"}, "b-"
    for body, name in ((one, "v-1"), (other, "v-2")):
        body["spec"]["volumes"] = [{"name": name, "emptyDir": {}}]
        body["spec"]["containers"][0]["volumeMounts"] = [{"name": name, "mountPath": "/v"}]
    first, second = Parts(_review(one)), Parts(_review(other, uid="2", dryRun=True))
    assert first.key(1, ()) == second.key(1, ()) is not None
    numbers = parts_of([(("object", "metadata", "name"), True), (("object", "spec", "volumes"), True)])
    alike = [first.key(1, (number,)) == second.key(1, (number,)) for number in numbers]
    assert alike == [False, True, False]  # the names of volumes are others, where they stand is not
    assert first.key(1, ()) != first.key(2, ())
    other["spec"]["hostPID"] = False
    assert first.key(1, ()) != Parts(_review(other)).key(1, ())


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "a", "b"]))
_NAMED = st.fixed_dictionaries({}, optional={"name": _SCALARS, "path": _SCALARS})
_LISTS = st.one_of(_SCALARS, st.lists(st.one_of(_SCALARS, _NAMED), max_size=2))
_MOUNTING = st.fixed_dictionaries({}, optional={"name": _SCALARS, "volumeMounts": _LISTS})
_CONTAINERS = st.one_of(_SCALARS, st.lists(st.one_of(_SCALARS, _MOUNTING), max_size=2))
_SPECS = st.one_of(_SCALARS, st.fixed_dictionaries({}, optional={
    "volumes": _LISTS, "containers": _CONTAINERS, "initContainers": _CONTAINERS, "hostname": _SCALARS,
}))  # fmt: skip
_METADATA = st.one_of(_SCALARS, st.dictionaries(st.sampled_from(["name", "labels", "uid", "x"]), _SCALARS, max_size=3))
_BODIES = st.fixed_dictionaries({}, optional={"metadata": _METADATA, "spec": _SPECS, "status": _SCALARS})
_EVERY = tuple(range(len(PARTS)))


@settings(max_examples=400, deadline=None)
@given(_BODIES, _BODIES)
def test_reviews_with_all_parts_alike_are_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    made = [Review(object=body, operation="CREATE") for body in (one, other)]
    alike = Parts(made[0]).key(0, _EVERY) == Parts(made[1]).key(0, _EVERY)
    assert not alike or json.dumps(one) == json.dumps(other)
    old = [Review(object={}, old_object=body, operation="UPDATE") for body in (one, other)]
    alike = Parts(old[0]).key(0, _EVERY) == Parts(old[1]).key(0, _EVERY)
    assert not alike or json.dumps(one) == json.dumps(other)
    assert Parts(made[0]).key(0, _EVERY) == Parts(Review(object=copy.deepcopy(one), operation="CREATE")).key(0, _EVERY)


@settings(max_examples=400, deadline=None)
@given(_BODIES, _BODIES, st.lists(st.sampled_from(_EVERY), unique=True))
def test_what_is_alike_together_is_alike_in_every_part(one: Any, other: Any, some: list[int]) -> None:
    parts = steady(sorted(some))
    for fields in ({"object": one}, {"object": {}, "old_object": one}):
        first = Parts(Review(operation="UPDATE", **fields))
        fields = {name: other if value is one else value for name, value in fields.items()}
        second = Parts(Review(operation="UPDATE", **fields))
        if first.joint(1, parts) == second.joint(1, parts):
            assert first.key(1, parts) == second.key(1, parts)
        assert first.joint(1, parts) == Parts(first._review).joint(1, parts) != first.joint(2, parts)


def test_parts_that_are_not_asked_for_are_not_looked_at() -> None:
    one, other = pod("a"), pod("b", labels={"x": "y"})
    one["status"], other["metadata"]["creationTimestamp"] = {"phase": "Running"}, "2026-01-01T00:00:00Z"
    for body, name in ((one, "v-1"), (other, "v-2")):
        body["spec"]["volumes"] = [{"name": name, "emptyDir": {}}]
    first, second = Parts(_review(one)), Parts(_review(other, uid="2", dryRun=True))
    assert first.joint(1, ()) == second.joint(1, ()) is not None
    for path in (("name",), ("labels",), ("creationTimestamp",)):
        parts = parts_of([(("object", "metadata", *path), True)])
        assert first.joint(1, parts) != second.joint(1, parts)


def test_the_very_verdicts_come_back_for_a_copy() -> None:
    library = _library('violation[{"msg": c.image}] { c := input.review.object.spec.containers[_] }')
    first = library.judged(_review(pod("a")))
    assert library.judged(_review(pod("b"), userInfo={"username": "x"}, uid="2")) is first
    assert library.judged(_review(pod("a"), oldObject=pod("a"), operation="UPDATE")) is first
    other = pod("a")
    other["spec"]["containers"][0]["image"] = "else"
    assert [one.message for one in library.judged(_review(other)).violations] == ["else"]
    library.add_constraint(constraint("second"))
    assert len(library.judged(_review(pod("a"))).violations) == 2


def test_the_inventory_is_a_part() -> None:
    rego = 'violation[{"msg": n}] { data.inventory.cluster.v1.Namespace[n]; input.review.object.spec.hostPID }'
    library = _library(rego)
    body = pod()
    body["spec"]["hostPID"] = True

    def namespace(name: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}

    assert library.evaluate(_review(body)) == []
    for name in ("a", "b"):
        library.inventory.add(namespace(name))
        assert name in [one.message for one in library.evaluate(_review(body))]
    assert library.judged(_review(body)) is library.judged(_review(body))
    library.inventory.remove(namespace("a"))
    assert [one.message for one in library.evaluate(_review(body))] == ["b"]
    library.inventory = Inventory()
    assert library.evaluate(_review(body)) == []


def test_a_namespace_that_is_relabelled_is_matched_anew() -> None:
    library = _library('violation[{"msg": "x"}] { input.review.object.spec }',
                       match={"namespaceSelector": {"matchLabels": {"a": "b"}}})  # fmt: skip
    for labels, count in (({"a": "b"}, 1), ({"a": "c"}, 0), ({"a": "b"}, 1)):
        place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "harbour", "labels": labels}}
        found = library.evaluate(_review(pod(), namespace="harbour").in_namespace(place))
        assert [one.message for one in found] == ["x"] * count
    assert [one.error for one in library.evaluate(_review(pod()))] == ["match"]
    assert [one.error for one in library.evaluate(_review(pod()))] == ["match"]


def test_the_object_of_cel_is_gone_on_delete() -> None:
    code = cel({"expression": "object == null", "message": "there"})
    library = Library()
    library.load([template(code=[code]), constraint()])
    body = pod()
    for request, count in (({"object": body}, 1), ({"operation": "DELETE", "object": None, "oldObject": body}, 0)) * 2:
        assert len(library.evaluate(_review(**{"body": None, **request}))) == count


@pytest.mark.parametrize("without_cel", [False, True])
def test_copies_are_told_what_they_would_be_told_alone(
    without_cel: bool, corpora: Any, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    templates, constraints = library_objects(corpora, for_pods=True)
    dice = random.Random(request.node.name)
    kept, plain = Library(), Library()
    matches = [{}, {"namespaces": ["n"]}, {"name": "a*"}, {"labelSelector": {"matchLabels": {"owner": "x"}}},
               {"namespaceSelector": {"matchLabels": {"team": "x"}}}, {"scope": "Cluster"}]  # fmt: skip
    for body in constraints:
        body["spec"]["match"] = dice.choice(matches)
    for each in (kept, plain):
        for body in templates:
            each.add_template(body, without_cel=without_cel)
        for body in constraints:
            each.add_constraint(body)
    plain.kept = Kept(max_bytes=0)
    told = 0
    for body in pods(6, seed=5):
        for turn in range(16):
            place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {
                "team": dice.choice(["x", "y"])}}}  # fmt: skip
            review = Review.of_request(request_about_a_copy(body, dice)).in_namespace(dice.choice([place, None]))
            if turn == 8:
                for each in (kept, plain):
                    each.inventory.add(body)
            found = kept.evaluate(review)
            assert _shown(found) == _shown(plain.evaluate(review))
            told += len(found)
    assert told > 500
    groups = max(len(plan.groups) for plan in kept._plans.values())
    assert len(kept.kept.wholes) < 0.8 * 96 * groups  # the others were known
