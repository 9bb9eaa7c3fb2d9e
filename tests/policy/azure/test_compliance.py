"""Resources under assignments: who is concerned, in which state, and why."""

from typing import Any

import pytest

from lockgate.policy.azure import (
    Assignments,
    ComplianceState,
    Context,
    PolicyState,
    parse_assignment,
    parse_attestation,
    parse_definition,
    parse_exemption,
    parse_initiative,
    rolled_up,
)
from lockgate.policy.errors import PolicyError

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/harbour"
NOW = Context(utc_now="2026-03-01T00:00:00Z")
VAULT = {
    "id": f"{GROUP}/providers/Microsoft.KeyVault/vaults/quay",
    "type": "Microsoft.KeyVault/vaults",
    "name": "quay",
    "location": "West Europe",
    "properties": {"enablePurgeProtection": False},
}
PURGE: dict[str, Any] = {
    "id": "/providers/Microsoft.Authorization/policyDefinitions/purge",
    "name": "purge",
    "properties": {
        "mode": "Indexed",
        "version": "2.1.0",
        "parameters": {
            "effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Audit"}
        },
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "Microsoft.KeyVault/vaults"},
                    {"field": "Microsoft.KeyVault/vaults/enablePurgeProtection", "notEquals": True},
                ]
            },
            "then": {"effect": "[parameters('effect')]"},
        },
    },
}


def definition(effect: str = "audit", name: str = "other", details: Any = None, **more: Any) -> Any:
    condition = more.pop("condition", PURGE["properties"]["policyRule"]["if"])
    then = {"effect": effect} | ({"details": details} if details is not None else {})
    return parse_definition({
        "id": f"/providers/Microsoft.Authorization/policyDefinitions/{name}",
        "properties": {"mode": "All", "policyRule": {"if": condition, "then": then}, **more},
    })  # fmt: skip


def assigned(name: str = "a", scope: str = SUBSCRIPTION, **properties: Any) -> Any:
    return parse_assignment({
        "id": f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}",
        "properties": {"policyDefinitionId": PURGE["id"].upper(), **properties},
    })  # fmt: skip


def states(assignment: Any, resource: Any = VAULT, **more: Any) -> list[PolicyState]:
    definitions = more.pop("definitions", [parse_definition(PURGE)])
    related, scope, context = more.pop("related", None), more.pop("scope", ""), more.pop("context", NOW)
    assignments = assignment if isinstance(assignment, list) else [assignment]
    return Assignments(assignments, definitions, **more).judge(resource, context, related=related, scope=scope)


def names(found: list[PolicyState]) -> list[str]:
    return [one.state.value for one in found]


def test_what_the_rule_finds_does_not_comply_and_the_rest_does() -> None:
    found = states(assigned(nonComplianceMessages=[{"message": "Turn purge protection on."}]))
    assert names(found) == ["NonCompliant"]
    assert (found[0].effect, found[0].message, found[0].resource_id) == (
        "Audit",
        "Turn purge protection on.",
        VAULT["id"],
    )
    assert [one.places for one in found[0].outcome.reasons] == [("/type",), ("/properties/enablePurgeProtection",)]
    good = {**VAULT, "properties": {"enablePurgeProtection": True}}
    assert names(states(assigned(), good)) == ["Compliant"]


def test_a_resource_that_the_rule_does_not_concern_has_no_state() -> None:
    assert states(assigned(), {**VAULT, "type": "Microsoft.Storage/storageAccounts"}) == []
    assert states(assigned(parameters={"effect": {"value": "Disabled"}})) == []


@pytest.mark.parametrize(
    ("scope", "excluded", "concerned"),
    [
        (SUBSCRIPTION, [], True),
        (GROUP.upper(), [], True),
        (VAULT["id"], [], True),
        (f"{SUBSCRIPTION}/resourceGroups/harb", [], False),
        (SUBSCRIPTION, [GROUP], False),
        (SUBSCRIPTION, [f"{SUBSCRIPTION}/resourceGroups/other"], True),
        ("/providers/Microsoft.Management/managementGroups/root", [], True),
        ("/providers/Microsoft.Management/managementGroups/elsewhere", [], False),
        ("/providers/Microsoft.Management/managementGroups/root", [SUBSCRIPTION], False),
    ],
)
def test_scope_and_excluded_scopes(scope: str, excluded: list[str], concerned: bool) -> None:
    groups = {SUBSCRIPTION.split("/")[2]: ("/providers/Microsoft.Management/managementGroups/root",)}
    assignment = assigned(scope=scope, notScopes=excluded)
    assert bool(states(assignment, management_groups=groups)) is concerned


def test_a_resource_of_a_template_is_placed_by_its_scope() -> None:
    template = {key: value for key, value in VAULT.items() if key != "id"}
    assert states(assigned(), template, scope=GROUP)[0].resource_id == VAULT["id"]
    assert states(assigned(), template, scope="/subscriptions/other") == []


@pytest.mark.parametrize(
    ("selectors", "concerned"),
    [
        ([{"selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}], True),
        ([{"selectors": [{"kind": "resourceLocation", "notIn": ["West Europe"]}]}], False),
        ([{"selectors": [{"kind": "resourceType", "in": ["microsoft.keyvault/vaults"]}]}], True),
        ([{"selectors": [{"kind": "resourceType", "in": ["a/b"]}]}, {"selectors": []}], True),
        ([{"selectors": [
            {"kind": "resourceType", "in": ["microsoft.keyvault/vaults"]},
            {"kind": "resourceLocation", "in": ["eastus"]},
        ]}], False),
        ([{"selectors": [{"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]}]}], False),
    ],
)  # fmt: skip
def test_resource_selectors(selectors: list[Any], concerned: bool) -> None:
    assert bool(states(assigned(resourceSelectors=selectors))) is concerned


def test_an_override_replaces_the_effect_where_it_is_selected() -> None:
    override = {
        "kind": "policyEffect",
        "value": "Deny",
        "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}],
    }
    assert states(assigned(overrides=[override]))[0].effect == "Deny"
    assert states(assigned(overrides=[override]), {**VAULT, "location": "eastus"})[0].effect == "Audit"
    assert states(assigned(overrides=[{"kind": "policyEffect", "value": "disabled"}])) == []
    with pytest.raises(PolicyError, match="does not allow the effect modify"):
        states(assigned(overrides=[{"kind": "policyEffect", "value": "modify"}]))


def test_versions_are_pinned_and_overridden() -> None:
    newer = parse_definition({**PURGE, "properties": {**PURGE["properties"], "version": "3.0.0", "displayName": "new"}})
    both = [parse_definition(PURGE), newer]
    assert states(assigned(), definitions=both)[0].bound.definition.version == "3.0.0"
    pinned = assigned(definitionVersion="2.*.*")
    assert states(pinned, definitions=both)[0].bound.definition.version == "2.1.0"
    with pytest.raises(PolicyError, match=r"no version 4\.\*\.\* of"):
        states(assigned(definitionVersion="4.*.*"), definitions=both)
    stand_in = Assignments([assigned(definitionVersion="4.*.*")], both, any_version=True)
    assert stand_in.bound[0].version_note == "version 3.0.0 stands in for 4.*.*"
    moved = assigned(definitionVersion="2.*.*", overrides=[{"kind": "policyVersion", "value": "3.*.*"}])
    bound = Assignments([moved], both).bound[0]
    assert bound.definition.version == "2.1.0"
    assert [one[1].version for one in bound.others] == ["3.0.0"]
    assert names(states(moved, definitions=both)) == ["NonCompliant"]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"policyDefinitionId": "/nowhere"}, "was not given"),
        ({"parameters": {"effect": {"value": "Modify"}}}, "does not allow the value 'Modify'"),
        ({"parameters": {"effect": {"value": 5}}}, "is String, and the value is a number"),
        ({"parameters": {"odd": {"value": 5}}}, "'odd', which is not declared"),
        ({"parameters": {"effect": "Audit"}}, "a parameter's value must be an object"),
        ({"enforcementMode": "Perhaps"}, "no enforcementMode"),
        ({"resourceSelectors": [{"selectors": [{"kind": "resourceColour", "in": ["x"]}]}]}, "no selector of the kind"),
        (
            {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": ["x"], "notIn": ["y"]}]}]},
            "exactly one",
        ),
        ({"resourceSelectors": [{}] * 11}, "more than 10"),
        ({"overrides": [{"kind": "policyEffect", "value": "shout"}]}, "no effect 'shout'"),
        ({"overrides": [{"kind": "policyEffect"}]}, "needs a kind"),
        ({"notScopes": "x"}, "must be an array"),
    ],
)
def test_an_assignment_that_does_not_fit_is_refused(properties: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        states(assigned(**properties))


INITIATIVE: dict[str, Any] = {
    "id": "/providers/Microsoft.Authorization/policySetDefinitions/vaults",
    "name": "vaults",
    "properties": {
        "parameters": {"mode": {"type": "String", "defaultValue": "Deny"}},
        "policyDefinitions": [
            {
                "policyDefinitionId": PURGE["id"],
                "policyDefinitionReferenceId": "purge",
                "definitionVersion": "2.*.*",
                "groupNames": ["keys"],
                "parameters": {
                    "effect": {"value": "[if(equals(parameters('mode'), 'Off'), 'Disabled', parameters('mode'))]"}
                },
            },
            {"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/other"},
        ],
        "policyDefinitionGroups": [{"name": "keys", "displayName": "Keys"}],
    },
}


def initiative_states(more: dict[str, Any] | None = None, **rest: Any) -> list[PolicyState]:
    assignment = assigned(policyDefinitionId=INITIATIVE["id"], **(more or {}))
    return states(
        assignment,
        definitions=[parse_definition(PURGE), definition()],
        initiatives=[parse_initiative(INITIATIVE)],
        **rest,
    )


def test_an_initiative_hands_its_parameters_down() -> None:
    found = initiative_states()
    assert [(one.bound.reference_id, one.effect) for one in found] == [("purge", "Deny"), ("other", "audit")]
    assert found[0].bound.groups == ("keys",)
    off = initiative_states({"parameters": {"mode": {"value": "Off"}}})
    assert [one.bound.reference_id for one in off] == ["other"]
    with pytest.raises(PolicyError, match="does not allow the value 'Shout'"):
        initiative_states({"parameters": {"mode": {"value": "Shout"}}})


def test_messages_and_overrides_name_a_definition_by_its_reference() -> None:
    found = initiative_states({
        "nonComplianceMessages": [{"message": "all"}, {"message": "one", "policyDefinitionReferenceId": "PURGE"}],
        "overrides": [{
            "kind": "policyEffect", "value": "Audit",
            "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["Purge"]}],
        }],
    })  # fmt: skip
    assert [(one.effect, one.message) for one in found] == [("Audit", "one"), ("audit", "all")]


def exemption(scope: str = GROUP, **properties: Any) -> Any:
    assignment = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/A"
    return parse_exemption({
        "id": f"{scope}/providers/Microsoft.Authorization/policyExemptions/e",
        "properties": {"policyAssignmentId": assignment, "exemptionCategory": "waiver", **properties},
    })  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "exempt"),
    [
        ({}, True),
        ({"scope": f"{SUBSCRIPTION}/resourceGroups/other"}, False),
        ({"expiresOn": "2026-03-01T00:00:01.0000000Z"}, True),
        ({"expiresOn": "2026-03-01T00:00:00Z"}, False),
        ({"policyAssignmentId": "/other"}, False),
        ({"policyDefinitionReferenceIds": ["elsewhere"]}, False),
        ({"resourceSelectors": [{"selectors": [{"kind": "resourceLocation", "in": ["eastus"]}]}]}, False),
    ],
)
def test_exemptions(properties: dict[str, Any], exempt: bool) -> None:
    found = states(assigned(), exemptions=[exemption(**properties)])
    assert names(found) == ["Exempt" if exempt else "NonCompliant"]
    assert (found[0].exemption is not None) is exempt
    assert found[0].enforced is not exempt


def test_an_exemption_of_one_reference_leaves_the_others() -> None:
    found = initiative_states(exemptions=[exemption(policyDefinitionReferenceIds=["Purge"])])
    assert names(found) == ["Exempt", "NonCompliant"]


def test_an_exemption_that_expires_does_not_hold_when_the_moment_is_unknown() -> None:
    found = states(assigned(), exemptions=[exemption(expiresOn="2099-01-01T00:00:00Z")], context=Context())
    assert names(found) == ["NonCompliant"]


@pytest.mark.parametrize(
    "properties", [{"exemptionCategory": "other"}, {"policyAssignmentId": ""}, {"expiresOn": "soon"}]
)
def test_an_exemption_that_is_wrong_is_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        exemption(**properties)


def test_manual_definitions_follow_attestations() -> None:
    manual = [definition("manual", details={"defaultState": "Unknown"})]
    assignment = assigned(policyDefinitionId=manual[0].id)
    assert names(states(assignment, definitions=manual)) == ["Unknown"]

    def attested(state: str, **more: Any) -> Any:
        return parse_attestation({
            "id": f"{VAULT['id']}/providers/Microsoft.PolicyInsights/attestations/x",
            "properties": {"policyAssignmentId": assignment.id, "complianceState": state, **more},
        })  # fmt: skip

    assert names(states(assignment, definitions=manual, attestations=[attested("Compliant")])) == ["Compliant"]
    assert names(states(assignment, definitions=manual, attestations=[attested("Non-compliant")])) == ["NonCompliant"]
    old = attested("Compliant", expiresOn="2025-01-01T00:00:00Z")
    assert names(states(assignment, definitions=manual, attestations=[old])) == ["Unknown"]


def test_related_resources_that_are_not_known_leave_the_state_open() -> None:
    wanted = [definition("auditIfNotExists", details={"type": "Microsoft.Insights/diagnosticSettings"})]
    assignment = assigned(policyDefinitionId=wanted[0].id)
    assert names(states(assignment, definitions=wanted)) == ["NotStarted"]
    assert names(states(assignment, definitions=wanted, related=lambda query: [])) == ["NonCompliant"]
    assert names(states(assignment, definitions=wanted, related=lambda query: [{}])) == ["Compliant"]


def test_a_rule_that_fails_is_an_error_and_one_that_protects_is_said_to() -> None:
    failing = [definition(condition={"value": "[int(field('name'))]", "equals": 1})]
    assert names(states(assigned(policyDefinitionId=failing[0].id), definitions=failing)) == ["Error"]
    protecting = [definition("denyAction", details={"actionNames": ["delete"]})]
    assert names(states(assigned(policyDefinitionId=protecting[0].id), definitions=protecting)) == ["Protected"]


def test_definitions_that_change_one_field_apart_conflict() -> None:
    def tagging(name: str, value: str) -> Any:
        return definition("append", name, [{"field": "tags['env']", "value": value}])

    apart = [tagging("one", "a"), tagging("two", "b")]
    assignments = [assigned(one.id[-3:], policyDefinitionId=one.id) for one in apart]
    assert names(states(assignments, definitions=apart)) == ["Conflict", "Conflict"]
    alike = [tagging("one", "a"), tagging("two", "A")]
    assert names(states(assignments, definitions=alike)) == ["NonCompliant", "NonCompliant"]


@pytest.mark.parametrize(
    ("condition", "resource", "applicable"),
    [
        ({"field": "kind", "equals": "x"}, {"type": "a/b"}, True),
        ({"field": "name", "equals": "x"}, {"type": "a/b"}, True),
        ({"allOf": [{"field": "type", "equals": "a/b"}, {"field": "kind", "equals": "x"}]}, {"type": "a/b"}, True),
        ({"allOf": [{"field": "type", "equals": "a/c"}, {"field": "kind", "equals": "x"}]}, {"type": "a/b"}, False),
        (
            {"allOf": [{"field": "kind", "equals": "x"}, {"field": "properties.p", "equals": 1}]},
            {"type": "a/b", "kind": "y"},
            False,
        ),
        ({"not": {"field": "properties.p", "equals": 1}}, {"type": "a/b", "properties": {"p": 1}}, True),
        ({"not": {"anyOf": [{"field": "type", "equals": "a/b"}]}}, {"type": "a/b"}, False),
    ],
)
def test_applicability_looks_at_type_name_and_kind(condition: Any, resource: Any, applicable: bool) -> None:
    rule = [definition(condition=condition)]
    found = states(assigned(policyDefinitionId=rule[0].id), {**resource, "id": f"{GROUP}/x"}, definitions=rule)
    assert names(found) == (["Compliant"] if applicable else [])


def test_containers_are_judged_by_definitions_of_mode_all_only() -> None:
    group = {"id": GROUP, "type": "Microsoft.Resources/subscriptions/resourceGroups", "name": "harbour", "tags": {}}
    for mode, found in (("All", ["NonCompliant"]), ("Indexed", [])):
        rule = [definition(condition={"field": "tags['owner']", "exists": False}, mode=mode)]
        assert names(states(assigned(policyDefinitionId=rule[0].id), group, definitions=rule)) == found


def test_a_rollup_takes_the_highest_rank() -> None:
    state = ComplianceState
    assert rolled_up([state.EXEMPT, state.COMPLIANT, state.UNKNOWN]) is state.COMPLIANT
    assert rolled_up([state.COMPLIANT, state.NON_COMPLIANT]) is state.NON_COMPLIANT
    assert rolled_up([state.NOT_STARTED]) is state.NOT_STARTED
