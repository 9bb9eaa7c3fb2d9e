"""Requests under assignments: changed, denied, deployed, and deletions held up."""

from typing import Any

import pytest

from lockgate.policy.azure import Assignments, Context, Verdict, admit, admit_delete, parse_assignment, parse_definition

GROUP = "/subscriptions/s/resourceGroups/g"
STORE = {
    "id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/store",
    "type": "Microsoft.Storage/storageAccounts",
    "name": "store",
    "tags": {},
    "properties": {"allowBlobPublicAccess": True},
}
PUBLIC = "Microsoft.Storage/storageAccounts/allowBlobPublicAccess"
IS_PUBLIC = {"allOf": [{"field": "type", "equals": STORE["type"]}, {"field": PUBLIC, "equals": True}]}


def policy(
    name: str, then: dict[str, Any], condition: Any = IS_PUBLIC, mode: str = "Indexed", **assignment: Any
) -> Any:
    identity = f"/providers/Microsoft.Authorization/policyDefinitions/{name}"
    definition = parse_definition(
        {"id": identity, "properties": {"mode": mode, "policyRule": {"if": condition, "then": then}}}
    )
    properties = {"policyDefinitionId": identity, **assignment}
    document = {"id": f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/{name}", "properties": properties}
    return parse_assignment(document), definition


def made(*policies: Any) -> Assignments:
    return Assignments([one[0] for one in policies], [one[1] for one in policies])


def request(*policies: Any, resource: Any = STORE, related: Any = None) -> Verdict:
    return admit(made(*policies), resource, Context(utc_now="2026-01-01T00:00:00Z"), related=related)


def close(value: Any = False, conflict: str = "audit") -> dict[str, Any]:
    operation = {"operation": "addOrReplace", "field": PUBLIC, "value": value}
    return {"effect": "modify", "details": {"operations": [operation], "conflictEffect": conflict}}


DENY = policy("deny", {"effect": "deny"}, nonComplianceMessages=[{"message": "No public blobs."}])


def test_a_denied_request_says_why() -> None:
    verdict = request(DENY)
    assert not verdict.allowed
    assert [one.why for one in verdict.denials] == ["No public blobs."]


def test_a_change_comes_first_and_may_spare_a_denial() -> None:
    verdict = request(policy("close", close()), DENY)
    assert verdict.allowed
    assert verdict.json["properties"] == {"allowBlobPublicAccess": False}
    assert STORE["properties"] == {"allowBlobPublicAccess": True}
    assert [(one.op, one.path) for one in verdict.edits] == [("replace", "/properties/allowBlobPublicAccess")]


def test_an_assignment_that_does_not_enforce_changes_and_denies_nothing() -> None:
    idle = {"enforcementMode": "DoNotEnforce"}
    verdict = request(policy("close", close(), **idle), policy("deny", {"effect": "deny"}, **idle))
    assert verdict.allowed
    assert not verdict.edits
    assert [one.state.value for one in verdict.states] == ["NonCompliant", "NonCompliant"]


def test_the_most_restrictive_of_many_wins() -> None:
    verdict = request(policy("audit", {"effect": "audit"}), DENY, policy("off", {"effect": "disabled"}))
    assert [one.state.bound.assignment.name for one in verdict.denials] == ["deny"]


def test_a_rule_that_fails_denies() -> None:
    verdict = request(policy("broken", {"effect": "audit"}, {"value": "[int(field('name'))]", "equals": 1}))
    assert [one.why for one in verdict.denials] == ["the rule failed: int: a string cannot be made a whole number"]


@pytest.mark.parametrize(
    ("conflicts", "allowed", "value"),
    [(("deny", "deny"), False, True), (("deny", "audit"), True, "a"), (("audit", "audit"), True, True)],
)
def test_definitions_that_disagree(conflicts: tuple[str, str], allowed: bool, value: Any) -> None:
    verdict = request(policy("one", close("a", conflicts[0])), policy("two", close("b", conflicts[1])))
    assert verdict.allowed is allowed
    assert verdict.json["properties"]["allowBlobPublicAccess"] == value


def test_append_denies_when_the_request_says_otherwise() -> None:
    append = {"effect": "append", "details": [{"field": PUBLIC, "value": False}]}
    assert "another value" in request(policy("append", append)).denials[0].why
    tag = {"effect": "append", "details": [{"field": "tags['a']", "value": "b"}]}
    assert request(policy("append", tag)).json["tags"] == {"a": "b"}


def test_what_would_be_deployed_afterwards_is_told() -> None:
    deployment = {"properties": {"template": {"resources": []}, "parameters": {"n": {"value": "[field('name')]"}}}}
    details = {"type": "Microsoft.Insights/diagnosticSettings", "deployment": deployment}
    deploy = policy("deploy", {"effect": "deployIfNotExists", "details": details})
    verdict = request(deploy, related=lambda query: [])
    assert verdict.allowed
    assert [one.parameters for _, one in verdict.deployments] == [{"n": {"value": "store"}}]
    assert request(deploy).deployments == (), "nothing is known about related resources"


def protect(mode: str = "Indexed", **details: Any) -> Any:
    return policy("keep", {"effect": "denyAction", "details": {"actionNames": ["DELETE"], **details}}, mode=mode)


@pytest.mark.parametrize(
    ("kept", "through", "allowed"),
    [
        (protect(), "", False),
        (protect(), "resourceGroup", False),
        (protect(cascadeBehaviors={"resourceGroup": "allow"}), "resourceGroup", True),
        (protect(mode="All"), "resourceGroup", True),
        (protect(), "subscription", True),
        (protect(actionNames=["read"]), "", True),
        (DENY, "", True),
    ],
)
def test_deletions(kept: Any, through: str, allowed: bool) -> None:
    verdict = admit_delete(made(kept), STORE, Context(), through=through)
    assert verdict.allowed is allowed


def test_nobody_is_locked_out_by_a_protected_lock() -> None:
    lock = {
        "id": f"{GROUP}/providers/Microsoft.Authorization/locks/l",
        "type": "Microsoft.Authorization/locks",
        "name": "l",
    }
    everything = policy(
        "keep", {"effect": "denyAction", "details": {"actionNames": ["delete"]}}, {"allOf": []}, mode="All"
    )
    assert admit_delete(made(everything), lock, Context()).allowed
