"""What a rule says about a resource: conditions, counts, related resources, errors and reasons."""

from typing import Any

import pytest

from lockgate.policy.azure import (
    Context,
    Effect,
    Manual,
    Modification,
    Other,
    Outcome,
    Related,
    RelatedQuery,
    evaluate,
    parse_definition,
    parse_rule,
)

GROUP = {
    "type": "Microsoft.Network/networkSecurityGroups",
    "name": "nsg",
    "location": "West Europe",
    "properties": {
        "securityRules": [
            {"name": "a", "properties": {"access": "Allow", "ports": ["22", "80"], "priority": 100}},
            {"name": "b", "properties": {"access": "Deny", "ports": ["*"], "priority": 200}},
            {"name": "c", "properties": {"access": "Allow", "ports": [], "priority": 300}},
        ]
    },
}
RULES = "Microsoft.Network/networkSecurityGroups/securityRules[*]"


def judged(condition: Any, resource: Any = GROUP, then: Any = None, **more: Any) -> Outcome:
    return evaluate(parse_rule({"if": condition, "then": then or {"effect": "deny"}}), resource, **more)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"allOf": []}, True),
        ({"anyOf": []}, False),
        ({"field": "location", "equals": "westeurope"}, True),
        ({"field": "location", "in": ["East US", "west europe"]}, True),
        ({"field": "[concat('loc', 'ation')]", "equals": "WestEurope"}, True),
        ({"field": f"{RULES}.access", "in": ["allow", "deny"]}, True),
        ({"field": f"{RULES}.access", "equals": "Allow"}, False),
        ({"not": {"field": f"{RULES}.access", "notEquals": "Deny"}}, True),
        ({"field": f"{RULES}.ports[*]", "match": "##"}, False),
        ({"field": f"{RULES}.priority", "greaterOrEquals": "100"}, True),
        ({"field": f"{RULES}.absent", "exists": False}, True),
        ({"field": "absent[*]", "equals": "x"}, False),
        ({"field": "absent[*]", "notEquals": "x"}, True),
        ({"not": {"field": "absent[*]", "notEquals": "x"}}, False),
        ({"field": "absent", "greater": 1}, False),
        ({"field": "absent", "less": 1}, False),
        ({"field": "absent", "notIn": ["x"]}, True),
        ({"field": "absent", "notContainsKey": "x"}, True),
        ({"count": {"field": RULES}, "equals": 3}, True),
        ({"count": {"field": f"{RULES}.ports[*]"}, "equals": 3}, True),
        ({"count": {"field": "absent[*]"}, "equals": 0}, True),
        ({"count": {"field": RULES, "where": {"field": f"{RULES}.access", "equals": "Allow"}}, "equals": 2}, True),
        ({"count": {"field": RULES, "where": {"field": f"{RULES}.ports[*]", "notEquals": "22"}}, "equals": 2}, True),
        (
            {"count": {"field": RULES, "where": {"count": {"field": f"{RULES}.ports[*]"}, "greater": 1}}, "equals": 1},
            True,
        ),
        (
            {
                "count": {"field": RULES, "where": {"value": f"[first(field('{RULES}.name'))]", "equals": "b"}},
                "equals": 1,
            },
            True,
        ),
        (
            {"count": {"field": RULES, "where": {"value": f"[current('{RULES}.name')]", "equals": "b"}}, "equals": 1},
            True,
        ),
        ({"count": {"field": RULES, "where": {"value": "[current().name]", "equals": "b"}}, "equals": 1}, True),
        ({"count": {"value": ["n*", "x*"], "where": {"field": "name", "like": "[current()]"}}, "equals": 1}, True),
        (
            {
                "count": {
                    "value": [{"n": "a"}, {"n": "z"}],
                    "name": "wanted",
                    "where": {
                        "count": {
                            "field": RULES,
                            "where": {"field": f"{RULES}.name", "equals": "[current('wanted').n]"},
                        },
                        "equals": 1,
                    },
                },
                "equals": 1,
            },
            True,
        ),
    ],
)
def test_a_condition(condition: Any, holds: bool) -> None:
    outcome = judged(condition)
    assert outcome.error is None
    assert outcome.matched is holds
    assert judged(condition, explain=False).matched is holds, "explaining changes nothing"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"field": "name", "greater": 5}, "cannot be ordered"),
        ({"value": "[int('x')]", "equals": 1}, "int:"),
        ({"field": "[parameters('absent')]", "equals": 1}, "has no value"),
        ({"value": "x", "in": "[field('name')]"}, "in needs an array"),
        ({"count": {"value": "[field('name')]"}, "equals": 1}, "count needs an array"),
        ({"count": {"value": "[range(0, 101)]", "where": {"allOf": []}}, "equals": 1}, "more than 100 iterations"),
        ({"value": "[utcNow()]", "equals": 1}, "no moment"),
        ({"value": f"[concat('{'a' * 70_000}', '{'b' * 70_000}')]", "equals": 1}, "characters"),
    ],
)
def test_a_rule_that_fails_denies(condition: Any, message: str) -> None:
    if len(str(condition)) > 81_920:
        half = {"value": f"[concat(parameters('p'), '{'b' * 70_000}')]", "equals": 1}
        outcome = judged(half, parameters={"p": "a" * 70_000}, then={"effect": "audit"})
    else:
        outcome = judged(condition, then={"effect": "audit"})
    assert outcome.effect is Effect.DENY
    assert outcome.error is not None
    assert message in str(outcome.error)


def test_an_evaluation_that_takes_too_many_steps_is_stopped() -> None:
    many = {"x": list(range(2000))}
    where = {"allOf": [{"field": "x[*]", "notEquals": -1}] * 300}
    outcome = judged({"count": {"field": "x[*]", "where": where}, "greater": 0}, many)
    assert outcome.effect is Effect.DENY
    assert "more than 500000 steps" in str(outcome.error)
    wide = {"x": [{"a": list(range(400))} for _ in range(700)]}
    assert "more than 100000 values" in str(judged({"field": "x[*].a[*]", "notEquals": -1}, wide).error)


def test_reasons_name_the_conditions_that_decided_and_the_places_in_the_resource() -> None:
    condition = {
        "allOf": [
            {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"},
            {"anyOf": [{"field": "name", "equals": "other"}, {"field": f"{RULES}.access", "notEquals": "Block"}]},
            {"count": {"field": RULES, "where": {"field": f"{RULES}.ports[*]", "equals": "*"}}, "greater": 0},
        ]
    }
    outcome = judged(condition)
    assert [(one.condition, one.subject, one.actual, one.held) for one in outcome.reasons] == [
        ("/if/allOf/0", "type", "Microsoft.Network/networkSecurityGroups", True),
        ("/if/allOf/1/anyOf/1", f"{RULES}.access", ["Allow", "Deny", "Allow"], True),
        ("/if/allOf/2", f"count {RULES}", 2, True),
    ]
    assert outcome.reasons[2].places == ("/properties/securityRules/1", "/properties/securityRules/2")


def test_reasons_of_a_rule_that_does_not_hold_name_what_failed() -> None:
    outcome = judged({"allOf": [{"field": "type", "like": "Microsoft*"}, {"field": "kind", "equals": "x"}]})
    assert [(one.subject, one.expected, one.actual, one.places) for one in outcome.reasons] == [
        ("kind", "x", None, ("",))
    ]


def test_a_disabled_rule_is_not_evaluated() -> None:
    outcome = judged({"value": "[int('x')]", "equals": 1}, then={"effect": "Disabled"})
    assert (outcome.effect, outcome.error, outcome.disabled) == (None, None, True)


def test_parameters_have_defaults_and_any_case() -> None:
    definition = parse_definition({
        "parameters": {"effect": {"type": "String", "defaultValue": "Audit"}},
        "policyRule": {"if": {"allOf": []}, "then": {"effect": "[parameters('effect')]"}},
    })  # fmt: skip
    assert evaluate(definition, {}).written == "Audit"
    assert evaluate(definition, {}, {"EFFECT": "deny"}).effect is Effect.DENY
    assert evaluate(definition, {}, {"effect": "shout"}).error is not None
    assert evaluate(definition, {}, effect="Disabled").disabled


IF_NOT = {
    "effect": "deployIfNotExists",
    "details": {
        "type": "Microsoft.Insights/diagnosticSettings",
        "name": "[concat(field('name'), '/logs')]",
        "roleDefinitionIds": ["/r"],
        "existenceCondition": {"field": "Microsoft.Insights/diagnosticSettings/to", "equals": "[field('location')]"},
        "deployment": {
            "properties": {
                "mode": "incremental",
                "parameters": {"who": {"value": "[field('name')]"}},
                "template": {"resources": [{"name": "[resourceId('kept as it is')]"}]},
            }
        },
    },
}


def test_a_related_resource_that_meets_the_condition_complies() -> None:
    asked: list[RelatedQuery] = []

    def related(query: RelatedQuery) -> list[Any]:
        asked.append(query)
        return [{"properties": {"to": "elsewhere"}}, {"properties": {"to": "West Europe"}}, "junk"]

    outcome = judged({"allOf": []}, then=IF_NOT, related=related)
    assert (outcome.effect, outcome.matched) == (None, True)
    assert (asked[0].type, asked[0].name, asked[0].scope) == (
        "Microsoft.Insights/diagnosticSettings", "nsg/logs", "ResourceGroup",
    )  # fmt: skip


def test_what_would_be_deployed_is_told() -> None:
    outcome = judged({"allOf": []}, then=IF_NOT, related=lambda query: [{"properties": {"to": "elsewhere"}}])
    assert outcome.effect is Effect.DEPLOY_IF_NOT_EXISTS
    assert isinstance(outcome.details, Related)
    assert outcome.details.found == 1
    deployment = outcome.details.deployment
    assert deployment is not None
    assert deployment.parameters == {"who": {"value": "nsg"}}
    assert deployment.template == {"resources": [{"name": "[resourceId('kept as it is')]"}]}


def test_without_a_lookup_it_is_told_what_would_have_to_be_known() -> None:
    outcome = judged({"allOf": []}, then=IF_NOT)
    assert outcome.unknown is not None
    assert outcome.unknown.type == "Microsoft.Insights/diagnosticSettings"


def test_details_of_other_effects() -> None:
    manual = judged({"allOf": []}, then={"effect": "manual", "details": {"defaultState": "Compliant"}}).details
    assert manual == Manual("Compliant")
    message = judged({"allOf": []}, then={"effect": "deny", "details": {"message": "[concat('a', 'b')]"}}).details
    assert message == Other({"message": "ab"})
    operations = [
        {"operation": "remove", "field": "tags['x']", "condition": "[equals(requestContext().apiVersion, '2')]"}
    ]
    modify = judged(
        {"allOf": []}, then={"effect": "modify", "details": {"operations": operations, "conflictEffect": "Audit"}},
        context=Context(request={"apiVersion": "1"}),
    ).details  # fmt: skip
    assert isinstance(modify, Modification)
    assert (modify.changes[0].applies, modify.conflict_effect) == (False, "audit")
