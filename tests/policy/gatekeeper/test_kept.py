"""Answers that are kept are those that would be found anew, and keeping them is bounded and paid for."""

import gc
import json
import random
from typing import Any

import pytest
from tests.policy.gatekeeper.builders import cel, constraint, pod, template
from tests.policy.gatekeeper.copies import mutated
from tests.policy.gatekeeper.library_objects import library_objects
from tests.policy.gatekeeper.pods import pods

from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.kept import Kept
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.violation import Violation

IMAGES = """package probe
violation[{"msg": msg, "details": {"image": c.image}}] {
  c := input.review.object.spec.containers[_]
  not startswith(c.image, input.parameters.prefix)
  msg := sprintf("%v has %v", [c.name, c.image])
}
"""
_ANY_PARAMETERS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _library(*bodies: dict[str, Any]) -> Library:
    library = Library()
    assert library.load(bodies) == []
    return library


def _images(**parameters: Any) -> Library:
    made = template(IMAGES, schema=_ANY_PARAMETERS)
    return _library(made, constraint(parameters={"prefix": "ok/", **parameters}))


def _of(body: dict[str, Any]) -> Review:
    return Review.of_request(
        {"kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "object": body, "uid": "1"}
    )


def _shown(found: list[Violation]) -> str:
    return json.dumps([(one.constraint, one.message, one.details, one.error, one.actions) for one in found])


def test_an_object_that_differs_elsewhere_gets_the_answers_that_are_known() -> None:
    library = _images()
    first = library.evaluate(_of(pod("a")))
    assert [one.message for one in first] == ["main has shop:1"]
    assert len(library.kept) == 1
    assert _shown(library.evaluate(_of(pod("b", labels={"x": "y"})))) == _shown(first)
    assert len(library.kept) == 1


def test_an_object_that_differs_where_it_is_read_is_judged_anew() -> None:
    library, other = _images(), pod()
    library.evaluate(_of(pod()))
    other["spec"]["containers"][0]["image"] = "ok/shop:1"
    assert library.evaluate(_of(other)) == []
    assert len(library.kept) == 2


def test_constraints_of_one_template_with_the_same_parameters_are_judged_once() -> None:
    library = _images()
    library.add_constraint(constraint("twin", parameters={"prefix": "ok/"}, enforcementAction="warn"))
    library.add_constraint(constraint("other", parameters={"prefix": "shop"}))
    found = library.evaluate(_of(pod()))
    assert [(one.constraint_name, one.action) for one in found] == [("probe", "deny"), ("twin", "warn")]
    assert len(library.kept) == 2


def test_a_constraint_that_changes_gets_other_answers() -> None:
    library = _images()
    assert library.evaluate(_of(pod()))
    library.add_constraint(constraint(parameters={"prefix": "shop"}))
    assert library.evaluate(_of(pod())) == []


def test_a_template_that_changes_gets_other_answers() -> None:
    library = _images()
    assert library.evaluate(_of(pod()))
    library.add_template(template(IMAGES.replace("%v has %v", "%v is %v"), schema=_ANY_PARAMETERS))
    assert [one.message for one in library.evaluate(_of(pod()))] == ["main is shop:1"]


def test_the_match_is_asked_whatever_is_known() -> None:
    library = _images()
    assert library.evaluate(_of(pod()))
    library.add_constraint(constraint(parameters={"prefix": "ok/"}, match={"excludedNamespaces": ["harbour"]}))
    assert library.evaluate(_of(pod())) == []


@pytest.mark.parametrize(
    "rego",
    [
        "violation[{\"msg\": \"x\"}] { data.inventory.cluster; input.review.object.spec.containers[_] }",
        "violation[{\"msg\": m}] { input.review.object.spec.containers[_]; m := json.marshal(input.review) }",
        "violation[{\"msg\": m}] { x := input.review; x.object.spec.containers[_]; m := sprintf(\"%v\", [x]) }",
        "violation[{\"msg\": m}] { input.review.object.spec.containers[_]; some k; input[k]; m := k }",
        "violation[{\"msg\": \"x\"}] { c := input.review.object.spec.containers[_]; time.now_ns() > 0; c.image }",
        "violation[{\"msg\": \"x\"}] { p with input as {}; input.review.object.spec.containers[_] }\np { true }",
    ],
)  # fmt: skip
def test_what_hangs_on_more_than_a_part_of_the_review_is_not_kept(rego: str) -> None:
    library = _library(template(f"package probe\n{rego}"), constraint())
    library.evaluate(_of(pod()))
    assert len(library.kept) == 0


_BY_FIELD = """package probe
violation[{"msg": msg}] { found[{"msg": msg, "field": "containers"}] }
violation[{"msg": msg}] { found[{"msg": msg, "field": "initContainers"}] }
found[{"msg": msg, "field": field}] {
  one := input.review.object.spec[field][_]
  msg := sprintf("%v has no limits", [one.name])
}
"""


@pytest.mark.parametrize(("more", "kept"), [
    ("", 1),
    ('violation[{"msg": f}] { found[{"msg": _, "field": f}]; f == "volumes" }', 2),
    ('violation[{"msg": "two"}] { count(found) > 2 }', 2),
    ('violation[{"msg": n}] { n := [v | some field; v := input.review.object.spec[field][_].name][_] }', 2),
])  # fmt: skip
def test_a_field_that_is_asked_for_by_name_alone_is_read_there_alone(more: str, kept: int) -> None:
    library, plain = (_library(template(_BY_FIELD + more), constraint()) for _ in range(2))
    plain.kept = Kept(max_bytes=0)
    for name in ("a", "b"):
        body = pod()
        body["spec"]["volumes"] = [{"name": name}]
        assert _shown(library.evaluate(_of(body))) == _shown(plain.evaluate(_of(body)))
    assert len(library.kept) == kept


def test_errors_are_not_kept() -> None:
    rego = 'package probe\nviolation["text"] { input.review.object.spec.containers[_] }'
    library = _library(template(rego), constraint())
    assert [one.error for one in library.evaluate(_of(pod()))] == ["evaluation"]
    assert len(library.kept) == 0


def test_what_is_known_is_paid_for_as_what_is_found() -> None:
    library = _images()
    body = pod()
    body["spec"]["containers"] = [{"name": f"c{number}", "image": "x"} for number in range(50)]
    enough, little = Limits(each=1000, all=1000), Limits(each=1000, all=60)
    for name in ("one", "two"):
        library.add_constraint(constraint(name, parameters={"prefix": "ok/"}))
    fresh = [_shown(_images_like(library).evaluate(_of(body), limits=little)) for _ in range(2)]
    assert len(library.evaluate(_of(body), limits=enough)) == 150
    assert _shown(library.evaluate(_of(body), limits=little)) == fresh[0] == fresh[1]
    assert "budget" in fresh[0]


@pytest.mark.parametrize("all_steps", range(10, 80, 3))
def test_steps_are_counted_alike_where_some_answers_are_known(all_steps: int) -> None:
    def constraints(*names: str) -> list[dict[str, Any]]:
        return [constraint(name, parameters={"prefix": name}) for name in names]

    made, limits = template(IMAGES, schema=_ANY_PARAMETERS), Limits(each=1000, all=all_steps)
    body = pod()
    body["spec"]["containers"] = [{"name": f"c{number}", "image": "x"} for number in range(9)]
    library = _library(made, *constraints("b", "d"))
    library.evaluate(_of(body))
    for each in constraints("a", "c", "e"):
        library.add_constraint(each)
    fresh = _library(made, *constraints("a", "b", "c", "d", "e"))
    assert _shown(library.evaluate(_of(body), limits=limits)) == _shown(fresh.evaluate(_of(body), limits=limits))


def _images_like(library: Library) -> Library:
    return Library.loaded(library.dump())


def test_a_dumped_library_keeps_too() -> None:
    library = _images_like(_images())
    library.evaluate(_of(pod("a")))
    assert _shown(library.evaluate(_of(pod("b")))) == _shown(_images().evaluate(_of(pod("b"))))
    assert len(library.kept) == 1


def test_what_is_kept_is_bounded() -> None:
    library = _images()
    library.kept = Kept(max_bytes=20_000)
    for number in range(200):
        body = pod()
        body["spec"]["containers"][0]["image"] = f"shop:{number}{'x' * number}"
        assert library.evaluate(_of(body))
        assert library.kept.size <= 20_000
    assert 2 < len(library.kept) < 100
    body["spec"]["containers"][0]["image"] = "x" * 50_000
    before = len(library.kept)
    assert library.evaluate(_of(body)) == library.evaluate(_of(body))
    assert len(library.kept) <= before + 1


def test_the_longest_unused_go_first() -> None:
    kept = Kept(max_bytes=1500)
    for name in (b"a", b"b"):
        group = kept.group(0, name)
        group[1] = ((), 1)
        kept.add([(group, 1)])
    kept.group(0, b"a")
    group = kept.group(0, b"c")
    group[1] = ((), 1)
    kept.add([(group, 1)])
    assert [bool(kept.group(0, name)) for name in (b"a", b"b", b"c")] == [True, False, True]


_BAD = "object.spec.containers.filter(c, !c.image.startsWith('ok/'))"


def test_cel_is_kept_by_what_it_reads() -> None:
    code = cel({
        "expression": "variables.bad.size() == 0",
        "messageExpression": "variables.bad.map(c, c.name).join(',') + ' of ' + request.operation",
    }, variables=[{"name": "bad", "expression": _BAD}])  # fmt: skip
    library = _library(template(code=[code]), constraint())
    assert [one.message for one in library.evaluate(_of(pod("a")))] == ["main of CREATE"]
    assert len(library.kept) == 1
    library.evaluate(_of(pod("b")))
    assert len(library.kept) == 1
    other = pod("a")
    other["spec"]["containers"][0]["name"] = "web"
    assert [one.message for one in library.evaluate(_of(other))] == ["web of CREATE"]
    assert len(library.kept) == 2


@pytest.mark.parametrize("without_cel", [False, True])
def test_the_library_says_the_same_whatever_it_knows_already(
    without_cel: bool, corpora: Any, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    templates, constraints = library_objects(corpora, for_pods=True)
    library, plain = Library(), Library()
    for each in (library, plain):
        for body in templates:
            each.add_template(body, without_cel=without_cel)
        for body in constraints:
            each.add_constraint(body)
    plain.kept = Kept(max_bytes=0)
    dice = random.Random(request.node.name)
    asked = 0
    for body in pods(12, seed=3):
        for _ in range(8):
            body = mutated(body, dice)
            review = _of(body)
            assert _shown(library.evaluate(review)) == _shown(plain.evaluate(review))
            asked += 1
    assert len(plain.kept) == 0
    assert 0 < len(library.kept) < asked * len(constraints) / 2


def test_judging_by_the_library_leaves_nothing_to_the_search_for_cycles(corpora: Any) -> None:
    templates, constraints = library_objects(corpora, for_pods=True)
    library = _library(*templates, *constraints)
    dice = random.Random(7)
    reviews = [_of(mutated(body, dice)) for body in pods(6, seed=5) for _ in range(5)]
    for each in reviews:  # compiles what is compiled when it is first needed
        library.evaluate(each)
    assert min(_left(library, reviews) for _ in range(4)) == 0  # threads of other tests may leave something meanwhile


def _left(library: Library, reviews: list[Review]) -> int:
    """What judging anew leaves to the search for cycles."""
    library.kept = Kept()
    gc.collect()
    gc.disable()
    try:
        for each in reviews:
            library.evaluate(each)
        return gc.collect()
    finally:
        gc.enable()
