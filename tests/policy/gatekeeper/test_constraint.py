"""Constraints against their templates."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import constraint, template

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.constraint import SchemaError, parse_constraint
from lockgate.policy.gatekeeper.template import Template, parse_template


def _template(schema: Any = None) -> Template:
    return parse_template(template("package probe", schema=schema))


_LABELS = {
    "type": "object",
    "properties": {"labels": {"type": "array", "items": {"type": "string"}, "default": ["owner"]}},
}


def test_parameters_are_defaulted_before_they_are_checked_and_kept_for_cel() -> None:
    made = parse_constraint(constraint(parameters={}), _template(_LABELS))
    assert made.parameters == {"labels": ["owner"]}
    assert made.body["spec"]["parameters"] == {"labels": ["owner"]}


def test_parameters_that_are_absent_stay_absent_unless_the_whole_has_a_default() -> None:
    made = parse_constraint(constraint(), _template(_LABELS))
    assert made.parameters == {}
    assert "parameters" not in made.body["spec"]
    made = parse_constraint(constraint(), _template({**_LABELS, "default": {}}))
    assert made.parameters == {"labels": ["owner"]}


def test_the_status_is_no_part_of_what_is_judged() -> None:
    body = {**constraint(), "status": {"byPod": []}}
    assert "status" not in parse_constraint(body, _template()).body


@pytest.mark.parametrize(
    ("spec", "point", "expected"),
    [
        ({}, "validation.gatekeeper.sh", ("deny",)),
        ({"enforcementAction": "warn"}, "audit.gatekeeper.sh", ("warn",)),
        (
            {
                "enforcementAction": "scoped",
                "scopedEnforcementActions": [
                    {"action": "warn", "enforcementPoints": [{"name": "*"}]},
                    {"action": "deny", "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]},
                ],
            },
            "validation.gatekeeper.sh",
            ("deny", "warn"),
        ),
        (
            {
                "enforcementAction": "scoped",
                "scopedEnforcementActions": [
                    {"action": "deny", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]},
                ],
            },
            "validation.gatekeeper.sh",
            (),
        ),
    ],
)
def test_actions_are_told_for_each_point(spec: Any, point: str, expected: tuple[str, ...]) -> None:
    assert parse_constraint(constraint(**spec), _template()).enforcement.at(point) == expected


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (constraint(enforcementAction="block"), "spec.enforcementAction"),
        (constraint(enforcementAction="scoped"), "spec.scopedEnforcementActions"),
        (
            constraint(
                enforcementAction="scoped",
                scopedEnforcementActions=[{"action": "deny", "enforcementPoints": [{"name": "elsewhere"}]}],
            ),
            "spec.scopedEnforcementActions[0].enforcementPoints[0].name",
        ),
        (constraint(enforcmentAction="warn"), "spec.enforcmentAction"),
        (constraint("Not_A_Name"), "metadata.name"),
        (constraint(kind="Other"), "kind"),
        ({**constraint(), "apiVersion": "constraints.gatekeeper.sh/v2"}, "apiVersion"),
        (constraint(match={"kinds": [{"kind": "Pod"}]}), "spec.match.kinds[0].kind"),
    ],
)
def test_a_constraint_that_is_wrong_is_refused_with_its_place(body: Any, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_constraint(body, _template())
    assert caught.value.where == f"{body['kind']}/{body['metadata']['name']}: {place}"
    assert not isinstance(caught.value, SchemaError)


def test_parameters_that_do_not_fit_are_an_error_of_the_schema() -> None:
    with pytest.raises(SchemaError) as caught:
        parse_constraint(constraint(parameters={"labels": [1, 2]}), _template(_LABELS))
    assert caught.value.where == "Probe/probe: spec.parameters.labels[0]"
    assert "and 1 more" in caught.value.message
    with pytest.raises(SchemaError, match="unknown field"):
        parse_constraint(constraint(parameters={"label": []}), _template(_LABELS))
    with pytest.raises(SchemaError, match="no parameters"):
        parse_constraint(constraint(parameters={"labels": []}), _template())
