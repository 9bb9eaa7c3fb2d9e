"""The scanner of infrastructure code: place, field and fix in each form, and what could not be judged."""

import pytest

from lockgate import rules
from lockgate.model import Family, File, Finding, Skip
from lockgate.scanners import ScanContext
from lockgate.scanners.infrastructure import SCANNER

WITHOUT_ENDPOINT = "policy/keyvault-no-private-endpoint"
BICEP = b"""param port string
resource doors 'Microsoft.Network/networkSecurityGroups@2023-11-01' = {
  name: 'doors'
  properties: {
    securityRules: [
      { name: 'web', properties: { access: 'Allow', direction: 'Inbound', protocol: 'Tcp', sourceAddressPrefix: '*'
        destinationPortRange: '443' } }
      { name: 'ssh', properties: { access: 'Allow', direction: 'Inbound', protocol: 'Tcp', sourceAddressPrefix: '*'
        destinationPortRange: '22' } }
      { name: 'wide', properties: { access: 'Allow', direction: 'Inbound', protocol: '*', sourceAddressPrefix: '*'
        destinationPortRange: '0-1023' } }
    ]
  }
}
"""
TERRAFORM = b"""variable "tls" {
  type = string
}

resource "azurerm_storage_account" "papers" {
  name                       = "papers"
  https_traffic_only_enabled = false
  min_tls_version            = var.tls
}
"""
TEMPLATE = b"""{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [
    {
      "type": "Microsoft.Web/sites", "apiVersion": "2023-12-01", "name": "shop",
      "properties": {
        "httpsOnly": false
      }
    }
  ]
}
"""


def said(path: str, content: bytes) -> list[Finding | Skip]:
    chosen = rules.load({Family.POLICY}).of(Family.POLICY)
    session = SCANNER.start(chosen, ScanContext(salt=b"s" * 16))
    return list(session.feed(File(path, len(content), lambda: content)))


@pytest.mark.parametrize(
    ("path", "content", "rule", "line", "pointer"),
    [
        ("deploy/main.tf", TERRAFORM, "policy/storage-http", 7, "/properties/supportsHttpsTrafficOnly"),
        ("deploy/export.json", TEMPLATE, "policy/app-http", 7, "/properties/httpsOnly"),
    ],
)
def test_a_finding_names_file_line_field_and_fix(path, content, rule, line, pointer):
    [found] = [one for one in said(path, content) if isinstance(one, Finding) and one.rule == rule]
    assert (found.location.path, found.location.line, found.location.pointer) == (path, line, pointer)
    assert found.location.snippet == (content.decode().splitlines()[line - 1],)
    assert found.fix.text.startswith("Set ")


def test_each_member_of_a_list_at_fault_is_a_finding_of_its_own():
    found = [one for one in said("main.bicep", BICEP) if isinstance(one, Finding) and one.rule == "policy/nsg-open-ssh"]
    assert [(one.location.line, one.subject.name.rpartition(", ")[2]) for one in found] == [(8, "ssh"), (10, "wide")]
    assert len({one.subject.key for one in found}) == 2


def test_a_verdict_that_hangs_on_a_variable_is_a_skip():
    skips = [one for one in said("main.tf", TERRAFORM) if isinstance(one, Skip)]
    assert [(one.line, one.family) for one in skips] == [(8, "policy")]
    assert "/properties/minimumTlsVersion is known only when it is deployed" in skips[0].reason
    assert "policy/storage-old-tls" not in {one.rule for one in said("main.tf", TERRAFORM) if isinstance(one, Finding)}


VAULTS = b"""resource "azurerm_key_vault" "one" {
  name = "one"
}

resource "azurerm_key_vault" "two" {
  name = "two"
}

resource "azurerm_monitor_diagnostic_setting" "one" {
  name               = "audit"
  target_resource_id = azurerm_key_vault.one.id
  enabled_log {
    category = "AuditEvent"
  }
}

resource "azurerm_private_endpoint" "two" {
  name = "two"
  private_service_connection {
    name                           = "two"
    private_connection_resource_id = azurerm_key_vault.two.id
    subresource_names              = ["vault"]
  }
}
"""


def test_what_stands_beside_a_resource_counts_for_the_one_it_aims_at():
    found = [one for one in said("main.tf", VAULTS) if isinstance(one, Finding)]
    at = {one.rule: one.location.line for one in found if one.rule in ("policy/keyvault-no-logs", WITHOUT_ENDPOINT)}
    assert at == {"policy/keyvault-no-logs": 5, WITHOUT_ENDPOINT: 1}
