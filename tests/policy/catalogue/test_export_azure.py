"""Rules for Azure resources as definitions of Azure Policy: read back, they say the same."""

import json

import pytest
from tests.policy.catalogue.test_policies import rule

from lockgate.model import Object
from lockgate.policy.azure import parse_definition
from lockgate.policy.azure.definitions import evaluate
from lockgate.policy.catalogue import Policies
from lockgate.policy.catalogue.export_azure import export
from lockgate.rules import load


def azure(**logic):
    one = rule(types=["Microsoft.Storage/storageAccounts"], message="no", **logic)
    for key in ("kinds",):
        one.logic.pop(key)
    return one


def test_every_azure_rule_is_a_definition_that_can_be_read():
    rules = [one for one in load(["policy"]).rules if "types" in one.logic]
    exported = export(Policies(rules).azure)
    assert len(exported) == len(rules) > 0
    for one in exported:
        assert one.documents or one.reason
        for body in one.documents:
            definition = parse_definition(json.dumps(body), where=one.name)
            assert definition.display_name == one.rule.title[:128]
            assert definition.mode == "All"


def test_the_definition_says_what_the_rule_says():
    deny = {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "[parameters('minimumTls')]"}
    policies = Policies([azure(deny=deny, parameters={"minimumTls": "TLS1_2"})])
    (one,) = export(policies.azure)
    definition = parse_definition(json.dumps(one.documents[0]))
    for kind, version in (("storageAccounts", "TLS1_0"), ("storageAccounts", "TLS1_2"), ("other", "TLS1_0")):
        body = {"type": f"Microsoft.Storage/{kind}", "name": "a", "properties": {"minimumTlsVersion": version}}
        denied = bool(policies.judge(Object("azure", body)))
        assert evaluate(definition, body).matched is denied
        assert (evaluate(definition, body, {"effect": "Deny"}).written == "Deny") is True


def test_what_must_stand_beside_it_is_asked_for():
    missing = {"type": "Microsoft.Insights/diagnosticSettings"}
    (one,) = export(Policies([azure(deny={"field": "location", "exists": True}, missing=missing)]).azure)
    rule_ = one.documents[0]["properties"]["policyRule"]
    assert rule_["then"] == {"effect": "[parameters('effect')]", "details": missing}
    assert one.documents[0]["properties"]["parameters"]["effect"]["allowedValues"] == ["AuditIfNotExists", "Disabled"]
    parse_definition(json.dumps(one.documents[0]))


@pytest.mark.parametrize(
    "deny",
    [{"field": "properties.minimumTlsVersion", "equals": "x"}, {"value": "[field('properties.x')]", "equals": "x"}],
)
def test_a_path_that_is_no_alias_is_named(deny):
    (one,) = export(Policies([azure(deny=deny)]).azure)
    assert one.documents == ()
    assert "is no alias" in one.reason


def test_names_stay_the_same():
    rules = [one for one in load(["policy"]).rules if one.id == "policy/acr-admin-user"]
    first, second = (export(Policies(rules).azure)[0].documents[0]["name"] for _ in range(2))
    assert first == second
