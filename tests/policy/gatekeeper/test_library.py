"""Templates and constraints together judge reviews, and what they cannot judge they say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import cel, constraint, namespace, pod, template

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.case import Limits
from lockgate.policy.gatekeeper.constraint import AUDIT, POINTS, WEBHOOK
from lockgate.policy.gatekeeper.library import Library
from lockgate.policy.gatekeeper.review import Review
from lockgate.policy.gatekeeper.violation import Violation

_LABELS_SCHEMA = {"type": "object", "properties": {"labels": {"type": "array", "items": {"type": "string"}}}}
_LABELS = """
package probe

violation[{"msg": msg, "details": {"missing": missing}}] {
  wanted := {label | label := input.parameters.labels[_]}
  found := {label | input.review.object.metadata.labels[label]}
  missing := wanted - found
  count(missing) > 0
  msg := sprintf("missing labels: %v", [missing])
}
"""


def _library(*objects: Any, **options: Any) -> Library:
    library = Library(**options)
    assert library.load(objects) == []
    return library


def _messages(library: Library, body: Any, **review: Any) -> list[str]:
    return [each.message for each in library.evaluate(Review.of_object(body, **review))]


def test_rego_says_what_is_wrong_with_details_as_plain_json() -> None:
    library = _library(template(_LABELS, schema=_LABELS_SCHEMA), constraint(parameters={"labels": ["owner", "app"]}))
    assert library.evaluate(Review.of_object(pod(labels={"app": "x"}))) == [
        Violation("Probe", "probe", ("deny",), 'missing labels: {"owner"}', {"missing": ["owner"]})
    ]
    assert library.evaluate(Review.of_object(pod(labels={"app": "x", "owner": "ada"}))) == []


def test_cel_says_what_is_wrong_in_the_computed_the_written_or_a_made_up_message() -> None:
    false = "variables.anyObject.metadata.name == variables.params.name"
    source = cel(
        {"expression": false, "messageExpression": "'name ' + variables.anyObject.metadata.name", "message": "written"},
        {"expression": false, "messageExpression": "'two\\nlines'", "message": " written "},
        {"expression": false, "messageExpression": "variables.params.absent", "message": "written, too"},
        {"expression": f" {false} "},
        {"expression": "object.kind == 'Pod' && oldObject == null && request.operation == ''"},
    )
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    library = _library(template(schema=schema, code=[source]), constraint(parameters={"name": "till"}))
    assert _messages(library, pod()) == ["name shop", "written", "written, too", f"failed expression: {false}"]
    assert _messages(library, pod("till")) == []


def test_cel_finds_the_old_object_of_a_delete() -> None:
    source = cel({"expression": "object == null && variables.anyObject.metadata.name == oldObject.metadata.name"})
    library = _library(template(code=[source]), constraint())
    assert _messages(library, pod(), operation="DELETE") == []


def test_variables_read_those_before_them_and_those_of_gatekeeper() -> None:
    variables = [
        {"name": "a", "expression": "variables.params == null ? 1 : 0"},
        {"name": "b", "expression": "variables.a + 2"},
    ]
    source = cel({"expression": "variables.b == 3 && has(variables.a)", "message": "b"}, variables=variables)
    assert _messages(_library(template(code=[source]), constraint()), pod()) == []
    source = cel(variables=list(reversed(variables)))
    assert len(Library().load([template(code=[source])])) == 1


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["true", "true"], ["no"]),
        (["true", "false"], []),
        (["bool(object.nothing)", "false"], []),
        (["bool(object.nothing)", "true"], ["error"]),
    ],
)
def test_match_conditions_decide_whether_anything_is_asked(conditions: list[str], expected: list[str]) -> None:
    named = [{"name": f"c{index}", "expression": text} for index, text in enumerate(conditions)]
    library = _library(
        template(code=[cel({"expression": "false", "message": "no"}, matchCondition=named)]), constraint()
    )
    found = library.evaluate(Review.of_object(pod()))
    assert ["error" if each.error else each.message for each in found] == expected


def test_an_expression_that_fails_counts_unless_the_template_ignores_failures() -> None:
    failing = {"expression": "bool(object.spec.nothing.deeper)"}
    library = _library(template(code=[cel(failing)]), constraint())
    (found,) = library.evaluate(Review.of_object(pod()))
    assert found.error and not found.denies
    library = _library(template(code=[cel(failing, {"expression": "false"}, failurePolicy="Ignore")]), constraint())
    assert _messages(library, pod()) == ["failed expression: false"]


def test_only_constraints_that_match_are_asked_for_the_object_or_what_it_was() -> None:
    library = _library(
        template('package probe\nviolation[{"msg": "found"}] { true }'),
        constraint("pods", match={"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "namespaces": ["dock"]}),
        constraint("apps", match={"kinds": [{"apiGroups": ["apps"]}]}),
        constraint("all", match={"labelSelector": {"matchLabels": {"a": "b"}}}),
    )
    assert [each.constraint for each in library.evaluate(Review.of_object(pod(namespace="dock")))] == ["Probe/pods"]
    request = {"operation": "UPDATE", "object": pod(), "oldObject": pod(labels={"a": "b"})}
    assert [each.constraint for each in library.evaluate(Review.of_request(request))] == ["Probe/all"]
    assert [each.name for each in library.matching(Review.of_object(pod(namespace="dock")))] == ["pods"]


def test_a_namespace_that_the_inventory_knows_is_found_and_one_it_does_not_know_is_an_error() -> None:
    library = _library(
        template('package probe\nviolation[{"msg": input.review.namespaceObject.metadata.labels.tier}] { true }'),
        constraint(match={"namespaceSelector": {"matchLabels": {"tier": "gold"}}}),
    )
    (found,) = library.evaluate(Review.of_object(pod()))
    assert (found.error, found.actions) == ("match", ("deny",))
    library.inventory.add(namespace("harbour", tier="gold"))
    assert _messages(library, pod()) == ["gold"]
    assert _messages(library, pod(), namespace=namespace("harbour", tier="iron")) == []


def test_policies_see_the_inventory_as_it_is_when_they_are_asked() -> None:
    library = _library(
        template(
            'package probe\nviolation[{"msg": name}] { data.inventory.namespace[_]["v1"]["Pod"][name] }',
        ),
        constraint(),
    )
    assert _messages(library, pod()) == []
    library.inventory.add(pod("till"))
    library.inventory.add(pod("shop"))
    assert _messages(library, pod()) == ["shop", "till"]
    library.inventory.remove(pod("till"))
    assert _messages(library, pod()) == ["shop"]


def test_each_point_has_its_actions() -> None:
    body = template('package probe\nviolation[{"msg": "found"}] { true }')
    scoped = constraint(
        "scoped",
        enforcementAction="scoped",
        scopedEnforcementActions=[{"action": "warn", "enforcementPoints": [{"name": AUDIT}]}],
    )
    library = _library(body, constraint("plain", enforcementAction="dryrun"), scoped)
    found = {
        point: [(each.constraint_name, each.action) for each in library.evaluate(Review.of_object(pod()), point=point)]
        for point in POINTS
    }
    assert found[AUDIT] == [("plain", "dryrun"), ("scoped", "warn")]
    assert all(found[point] == [("plain", "dryrun")] for point in POINTS if point != AUDIT)


def test_the_webhook_asks_a_template_only_for_its_operations() -> None:
    library = _library(
        template('package probe\nviolation[{"msg": "found"}] { true }', operations=["CREATE"]), constraint()
    )
    assert _messages(library, pod(), operation="CREATE") == ["found"]
    assert _messages(library, pod(), operation="DELETE") == []
    assert library.evaluate(Review.of_object(pod()), point=AUDIT)
    assert WEBHOOK == "validation.gatekeeper.sh"


@pytest.mark.parametrize(
    "rule",
    [
        'violation[{"message": "no msg"}] { true }',
        'violation[{"msg": 7}] { true }',
        'violation["text"] { true }',
        "violation = 7 { true }",
        'violation = ["msg"] { true }',
    ],
)
def test_a_violation_of_another_shape_is_an_error_of_the_template(rule: str) -> None:
    library = _library(template(f"package probe\n{rule}"), constraint())
    (found,) = library.evaluate(Review.of_object(pod()))
    assert found.error and not found.denies


def test_answers_that_say_the_same_are_one() -> None:
    library = _library(
        template('package probe\nviolation[{"msg": "same", "field": x}] { x := [1, 2, 3][_] }'), constraint()
    )
    assert _messages(library, pod()) == ["same"]


_ENDLESS = """
package probe
violation[{"msg": "found"}] { x := numbers.range(1, 1000)[_]; y := numbers.range(1, 1000)[_]; x * y == -1 }
"""


def test_a_policy_that_takes_too_many_steps_is_stopped_and_told_and_the_others_go_on() -> None:
    library = _library(
        template(_ENDLESS),
        template('package second\nviolation[{"msg": "found"}] { true }', kind="Second"),
        constraint(),
        constraint(kind="Second"),
        limits=Limits(each=10_000),
    )
    first, second = library.evaluate(Review.of_object(pod()))
    assert (first.constraint, first.error) == ("Probe/probe", "budget")
    assert (second.constraint, second.message, second.error) == ("Second/probe", "found", "")


def test_all_constraints_together_have_a_limit_too() -> None:
    library = _library(
        template(_ENDLESS), *(constraint(f"c{index}") for index in range(4)), limits=Limits(each=10_000, all=25_000)
    )
    assert [each.error for each in library.evaluate(Review.of_object(pod()))] == ["budget"] * 4


def test_the_budget_holds_even_where_failures_are_ignored() -> None:
    nested = "[1,2,3,4,5,6,7,8,9,10]"
    loop = f"{nested}.all(a, {nested}.all(b, {nested}.all(c, {nested}.all(d, a + b + c + d > 0))))"
    library = _library(
        template(code=[cel({"expression": loop}, failurePolicy="Ignore")]), constraint(), limits=Limits(each=500)
    )
    assert [each.error for each in library.evaluate(Review.of_object(pod()))] == ["budget"]


@pytest.mark.parametrize(
    "body",
    [
        template("package probe\nviolation[x] { x := y }"),
        template("package probe\nviolation["),
        template("package probe\nother { true }"),
        template('package probe\nimport data.secrets\nviolation[{"msg": "x"}] { true }'),
        template('package probe\nviolation[{"msg": "x"}] { http.send({}) }'),
        template('package probe\nviolation[{"msg": "x"}] { true }', libs=["package other\nx { true }"]),
        template(code=[cel({"expression": "object."})]),
        template(code=[cel({"expression": "'text'"})]),
        template(code=[cel({"expression": "params.x"})]),
        template(code=[cel({"expression": "authorizer.path('/')"})]),
        template(code=[cel({"expression": "true", "messageExpression": "1"})]),
        template(code=[cel(variables=[{"name": "a", "expression": "nowhere"}])]),
    ],
)
def test_a_template_that_does_not_compile_is_refused_and_its_constraints_answer_with_the_error(body: Any) -> None:
    with pytest.raises(PolicyError) as caught:
        Library().add_template(body)
    assert caught.value.where.startswith("ConstraintTemplate/probe: spec.targets[0]")
    library = Library()
    assert len(library.load([constraint(), body])) == 1
    (found,) = library.evaluate(Review.of_object(pod()))
    assert (found.error, found.constraint) == ("policy", "Probe/probe")


def test_libraries_of_one_name_belong_to_their_own_template() -> None:
    main = 'package {kind}\nimport data.lib.words.word\nviolation[{{"msg": word}}] {{ true }}'
    library = _library(
        *(
            template(main.format(kind=kind.lower()), kind=kind, libs=[f'package lib.words\nword = "{kind}" {{ true }}'])
            for kind in ("First", "Second")
        ),
        constraint(kind="First"),
        constraint(kind="Second"),
    )
    assert _messages(library, pod()) == ["First", "Second"]


def test_version_decides_the_dialect() -> None:
    rego = 'package probe\nviolation contains {"msg": "found"} if input.review.kind.kind == "Pod"'
    library = _library(template(code=[{"engine": "Rego", "source": {"rego": rego, "version": "v1"}}]), constraint())
    assert _messages(library, pod()) == ["found"]
    with pytest.raises(PolicyError):
        Library().add_template(template(rego))


def test_a_template_that_is_replaced_judges_its_constraints_anew() -> None:
    library = _library(template('package probe\nviolation[{"msg": "one"}] { true }'), constraint())
    library.add_template(template('package probe\nviolation[{"msg": "two"}] { true }'))
    assert _messages(library, pod()) == ["two"]
    library.remove_template("Probe")
    assert _messages(library, pod()) == [] and library.constraints == [] and library.templates == []


def test_a_template_that_its_constraints_do_not_fit_does_not_replace_the_old_one() -> None:
    library = _library(template(_LABELS, schema=_LABELS_SCHEMA), constraint(parameters={"labels": ["a"]}))
    with pytest.raises(PolicyError):
        library.add_template(template(_LABELS, schema={"type": "object"}))
    assert _messages(library, pod()) == ['missing labels: {"a"}']


def test_constraints_come_and_go() -> None:
    library = _library(template('package probe\nviolation[{"msg": "found"}] { true }'), constraint("a"))
    library.add_constraint(constraint("b", match={"kinds": [{"kinds": ["Node"]}]}))
    library.remove_constraint("Probe/a")
    assert _messages(library, pod()) == []
    with pytest.raises(PolicyError, match="no template"):
        library.add_constraint(constraint(kind="Other"))


def test_a_library_that_was_dumped_judges_alike() -> None:
    objects = (
        template(_LABELS, schema=_LABELS_SCHEMA),
        template(
            code=[
                cel(
                    {"expression": "false", "messageExpression": "'n' + string(variables.n)"},
                    variables=[{"name": "n", "expression": "1"}],
                )
            ],
            kind="Second",
        ),
        template("package third\nviolation[", kind="Third"),
        constraint(parameters={"labels": ["a"]}),
        constraint(kind="Second"),
        constraint(kind="Third"),
    )
    library = Library()
    assert len(library.load(objects)) == 1
    library.inventory.add(pod())
    again = Library.loaded(library.dump())
    review = Review.of_object(pod())
    assert again.evaluate(review) == library.evaluate(review)
    assert [each.error for each in again.evaluate(review)] == ["", "", "policy"]
    assert again.inventory.data() == {}, "the inventory is the cluster's and is not kept"


@pytest.mark.parametrize("data", [b"", b"nothing", b"\x00" * 20])
def test_bytes_that_hold_no_library_are_refused(data: bytes) -> None:
    with pytest.raises(PolicyError):
        Library.loaded(data)


def test_parameters_that_are_the_same_are_checked_once_and_anew_for_another_schema() -> None:
    library = _library(template(_LABELS, schema=_LABELS_SCHEMA))
    first, second, other = (
        library.add_constraint(constraint(name, parameters={"labels": labels}))
        for name, labels in (("a", ["x"]), ("b", ["x"]), ("c", ["y"]))
    )
    assert first.parameters is second.parameters
    assert (first.parameters, other.parameters) == ({"labels": ["x"]}, {"labels": ["y"]})
    for _ in range(2):
        with pytest.raises(PolicyError, match="must be of type string"):
            library.add_constraint(constraint("d", parameters={"labels": [1]}))
    with pytest.raises(PolicyError, match="must be of type string"):
        library.add_constraint(constraint("d", parameters={"labels": [True]}))
    library.remove_constraint("Probe/c")
    numbers = {"type": "object", "properties": {"labels": {"type": "array", "items": {"type": "integer"}}}}
    with pytest.raises(PolicyError, match="must be of type integer"):
        library.add_template(template(_LABELS, schema=numbers))
    for name in ("a", "b"):
        library.remove_constraint(f"Probe/{name}")
    library.add_template(template(_LABELS, schema=numbers))
    with pytest.raises(PolicyError, match="must be of type integer"):
        library.add_constraint(constraint("a", parameters={"labels": ["x"]}))
    assert library.add_constraint(constraint("a", parameters={"labels": [1]})).parameters == {"labels": [1]}
