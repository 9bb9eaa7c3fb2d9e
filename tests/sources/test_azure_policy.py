"""Exemptions of Azure Policy out of every file that may hold them."""

import json
from pathlib import Path

import pytest

from lockgate.errors import SourceError
from lockgate.formats.azure_policy import Document
from lockgate.model import Skip
from lockgate.policy.azure import parse_exemption
from lockgate.sources.azure_policy import read

GROUP = "/subscriptions/1/resourceGroups/shop"
ASSIGNMENT = "/subscriptions/1/providers/Microsoft.Authorization/policyAssignments/baseline"
EXPORT = {
    "id": f"{GROUP}/providers/Microsoft.Authorization/policyExemptions/e", "name": "e",
    "policyAssignmentId": ASSIGNMENT, "exemptionCategory": "Waiver",
}  # fmt: skip


def written(folder: Path, name: str, content: object) -> list[Document | Skip]:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return list(read([folder / name]))


@pytest.mark.parametrize("export", [EXPORT, [EXPORT], {"value": [EXPORT], "nextLink": None}])
def test_an_export_is_one_document_a_list_or_a_page(tmp_path, export):
    (one,) = written(tmp_path, "e.json", export)
    assert (one.body, one.scope) == (EXPORT, "")


def test_an_arm_template_declares_one(tmp_path):
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [{
            "type": "Microsoft.Authorization/policyExemptions", "apiVersion": "2022-07-01-preview", "name": "e",
            "scope": GROUP,
            "properties": {"policyAssignmentId": ASSIGNMENT, "exemptionCategory": "Waiver"},
        }],
    }  # fmt: skip
    (one,) = written(tmp_path, "e.json", template)
    made = parse_exemption(one.body, scope=one.scope)
    assert (made.name, made.scope, made.assignment_id) == ("e", GROUP, ASSIGNMENT)


def test_bicep_declares_one_and_what_only_the_deployment_knows_is_told(tmp_path):
    text = """
param assignment string
resource e 'Microsoft.Authorization/policyExemptions@2022-07-01-preview' = {
  name: 'e'
  properties: {
    policyAssignmentId: %s
    exemptionCategory: 'Mitigated'
    expiresOn: '2031-12-31T00:00:00Z'
  }
}
"""
    (one,) = written(tmp_path, "known.bicep", text % f"'{ASSIGNMENT}'")
    assert isinstance(one, Document)
    assert parse_exemption(one.body, scope=GROUP).category == "Mitigated"
    (told,) = written(tmp_path, "open.bicep", text % "assignment")
    assert isinstance(told, Skip)
    assert "policyAssignmentId is known only when it is deployed" in told.reason


@pytest.mark.parametrize(("kind", "argument", "scope"), [
    ("resource_group", "resource_group_id", GROUP), ("subscription", "subscription_id", "/subscriptions/1"),
    ("resource", "resource_id", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a"),
    ("management_group", "management_group_id", "/providers/Microsoft.Management/managementGroups/all"),
])  # fmt: skip
def test_terraform_declares_them_of_every_scope(tmp_path, kind, argument, scope):
    text = f"""
resource "azurerm_{kind}_policy_exemption" "e" {{
  name                            = "e"
  {argument} = "{scope}"
  policy_assignment_id            = "{ASSIGNMENT}"
  exemption_category              = "Waiver"
  expires_on                      = "2031-12-31T00:00:00Z"
  description                     = "moves in winter"
  policy_definition_reference_ids = ["minimum-tls"]
  metadata                        = jsonencode({{ approvedBy = "ada" }})
}}
"""
    (one,) = written(tmp_path, "main.tf", text)
    assert isinstance(one, Document)
    made = parse_exemption(one.body, scope=one.scope)
    assert (made.scope, made.metadata, set(made.reference_ids)) == (scope, {"approvedBy": "ada"}, {"minimum-tls"})


def test_other_files_hold_none_and_broken_ones_are_told(tmp_path):
    assert written(tmp_path, "package.json", {"name": "x"}) == []
    (told,) = written(tmp_path, "broken.json", "{")
    assert isinstance(told, Skip)
    with pytest.raises(SourceError, match="no such file"):
        list(read([tmp_path / "absent"]))
