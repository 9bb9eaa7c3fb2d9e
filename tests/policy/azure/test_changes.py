"""What modify and append do to a resource."""

import copy
from typing import Any

import pytest

from lockgate.policy.azure import (
    Applied,
    Catalogue,
    Edit,
    Effect,
    Modification,
    Resource,
    aliases_from_providers,
    apply,
    evaluate,
    parse_rule,
)

STORE = {
    "type": "Microsoft.Storage/storageAccounts",
    "name": "store",
    "tags": {"Env": "dev"},
    "properties": {
        "minimumTlsVersion": "TLS1_0",
        "networkAcls": {"ipRules": [{"value": "1.1.1.1"}, {"value": "2.2.2.2"}]},
    },
}
ALIAS = "Microsoft.Storage/storageAccounts/"
FIXED = {
    "name": f"{ALIAS}fixed",
    "defaultPath": "properties.fixed",
    "paths": [],
    "defaultMetadata": {"attributes": "None"},
}
TABLE = [{"namespace": "Microsoft.Storage", "resourceTypes": [{"resourceType": "storageAccounts", "aliases": [FIXED]}]}]


def changed(*operations: dict[str, Any], resource: Any = STORE, append: bool = False, table: Any = None) -> Applied:
    details: Any = list(operations) if append else {"operations": list(operations)}
    then = {"effect": "append" if append else "modify", "details": details}
    before = copy.deepcopy(resource)
    view = Resource(resource, Catalogue(aliases_from_providers(table or [])))
    outcome = evaluate(parse_rule({"if": {"allOf": []}, "then": then}), view)
    assert isinstance(outcome.details, Modification)
    assert outcome.effect is not None
    done = apply(outcome.details, view, outcome.effect)
    assert resource == before, "the given resource is left alone"
    return done


def put(field: str, value: Any = "x", operation: str = "addOrReplace") -> dict[str, Any]:
    return {"operation": operation, "field": field, "value": value}


@pytest.mark.parametrize(
    ("operation", "edits"),
    [
        (put("tags['env']", "prod"), [Edit("replace", "/tags/Env", "prod")]),
        (put("tags['owner']", "ada", "add"), [Edit("add", "/tags/owner", "ada")]),
        (put("tags.env", "DEV", "add"), []),
        ({"operation": "Remove", "field": "tags['ENV']"}, [Edit("remove", "/tags/Env", None)]),
        ({"operation": "remove", "field": "tags['none']"}, []),
        (put(f"{ALIAS}minimumTlsVersion", "TLS1_2"), [Edit("replace", "/properties/minimumTlsVersion", "TLS1_2")]),
        (put(f"{ALIAS}minimumTlsVersion", "TLS1_0"), []),
        (put(f"{ALIAS}allowBlobPublicAccess", False), [Edit("add", "/properties/allowBlobPublicAccess", False)]),
        (
            put(f"{ALIAS}networkAcls.defaultAction", "Deny"),
            [Edit("add", "/properties/networkAcls/defaultAction", "Deny")],
        ),
        (
            put(f"{ALIAS}networkAcls.ipRules[*].action", "Allow"),
            [Edit("add", f"/properties/networkAcls/ipRules/{at}/action", "Allow") for at in (0, 1)],
        ),
        (
            put(f"{ALIAS}networkAcls.ipRules[*]", {"value": "3.3.3.3"}, "add"),
            [Edit("add", "/properties/networkAcls/ipRules/2", {"value": "3.3.3.3"})],
        ),
        (put(f"{ALIAS}networkAcls.ipRules[*]", {"value": "1.1.1.1"}, "add"), []),
    ],
)
def test_an_operation_edits(operation: dict[str, Any], edits: list[Edit]) -> None:
    done = changed(operation)
    assert list(done.edits) == edits
    assert not done.conflicts
    assert done.changed is bool(edits)


def test_tags_are_made_where_there_are_none() -> None:
    done = changed(put("tags['a']", "b"), resource={"type": "x/y"})
    assert done.json == {"type": "x/y", "tags": {"a": "b"}}


def test_a_property_whose_parent_is_left_out_is_skipped() -> None:
    done = changed(put(f"{ALIAS}encryption.services.blob.enabled", True))
    assert not done.changed
    assert "encryption is not present" in done.skipped[0]


def test_an_operation_whose_condition_does_not_hold_is_skipped() -> None:
    done = changed({**put("tags['a']"), "condition": "[equals(1, 2)]"})
    assert not done.changed
    assert "condition does not hold" in done.skipped[0]


def test_what_is_not_modifiable_or_has_another_value_conflicts() -> None:
    assert "not modifiable" in changed(put(f"{ALIAS}fixed"), table=TABLE).conflicts[0]
    assert "another value" in changed(put("tags['env']", "prod", "add")).conflicts[0]
    removed = changed({"operation": "remove", "field": f"{ALIAS}minimumTlsVersion"})
    assert "only tags" in removed.conflicts[0]


def test_only_machines_can_have_their_identity_changed() -> None:
    machine = {"type": "Microsoft.Compute/virtualMachines"}
    done = changed(put("identity.type", "SystemAssigned"), resource=machine)
    assert done.json["identity"] == {"type": "SystemAssigned"}
    assert "only virtual machines" in changed(put("identity.type", "SystemAssigned")).skipped[0]


def test_append_adds_what_is_missing_and_conflicts_with_what_is_other() -> None:
    rules = {"field": f"{ALIAS}networkAcls.ipRules", "value": [{"value": "9.9.9.9"}]}
    assert "another value" in changed(rules, append=True).conflicts[0]
    member = {"field": f"{ALIAS}networkAcls.ipRules[*]", "value": {"value": "9.9.9.9"}}
    assert len(changed(member, append=True).json["properties"]["networkAcls"]["ipRules"]) == 3
    bare = {"type": STORE["type"]}
    made = changed(member, append=True, resource=bare)
    assert made.json["properties"] == {"networkAcls": {"ipRules": [{"value": "9.9.9.9"}]}}
    assert changed(rules, append=True, resource=bare).edits[0].path == "/properties/networkAcls/ipRules"


def test_an_effect_is_needed_to_tell_append_from_modify() -> None:
    assert changed(put(f"{ALIAS}fixed"), table=TABLE).conflicts
    assert Effect.APPEND is not Effect.MODIFY
