"""Resources that are written in pieces are judged as a whole: denied, quiet, or not decided, and never by half."""

import json
import time

import pytest

from lockgate.formats import azure
from lockgate.model import Family, SkipKind
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

RULES = {str(rule.id): rule for rule in load({Family.POLICY}).rules}
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"

ACCOUNT = """resource "azurerm_storage_account" "a" {
  name = "a"
}
"""
VAULT = 'resource "azurerm_key_vault" "v" {\n  name = "v"\n}\n'
LOCAL = "locals {\n  id = azurerm_storage_account.a.id\n}\n"
OPEN = ACCOUNT.replace("}", '  network_rules {\n    default_action = "Allow"\n  }\n}')
OUTPUT = 'output "id" {\n  value = azurerm_subnet.s.id\n}\n'
GROUP = "/subscriptions/s/resourceGroups/g"
SUBNET = 'resource "azurerm_subnet" "s" {\n  name = "s"\n}\n'


def rules_for(action: str, target: str = "azurerm_storage_account.a.id", more: str = "") -> str:
    inner = f'  storage_account_id = {target}\n  default_action = "{action}"\n{more}'
    return f'resource "azurerm_storage_account_network_rules" "r" {{\n{inner}}}\n'


def diagnostics(target: str, more: str = "", log: str = 'enabled_log {\n    category_group = "audit"\n  }') -> str:
    head = f'  name = "d"\n  target_resource_id = {target}\n{more}'
    return f'resource "azurerm_monitor_diagnostic_setting" "d" {{\n{head}  {log}\n}}\n'


def subnet(name: str, network: str) -> str:
    return f'resource "azurerm_subnet" "s" {{\n  name = {name}\n  virtual_network_name = {network}\n}}\n'


def switched(value: str) -> str:
    return f"log {{\n    enabled = {value}\n  }}"


def handed(source: str, target: str) -> str:
    return f'module "m" {{\n  source = "{source}"\n  target = {target}\n}}\n'


def judged(rule: str, path: str, content: bytes, files: dict[str, bytes] | None = None) -> list[tuple[str, int]]:
    """(denied or skipped, line) of each hit."""
    held = files or {}
    reading = azure.read(path, content, held.get, lambda folder: tuple(sorted(held)))
    policies = Policies([RULES[f"policy/{rule}"]])
    around = (*reading.objects, *reading.beside)
    hits = [(hit, one) for one in reading.objects for hit in policies.judge(one, around)]
    return [("skipped" if hit.failed else "denied", one.line_of(hit.pointer)) for hit, one in hits]


def said(rule: str, text: str) -> str:
    found = dict.fromkeys(verdict for verdict, _ in judged(rule, "main.tf", text.encode()))
    return " ".join(found) or "quiet"


@pytest.mark.parametrize(
    ("rule", "text", "verdict"),
    [
        ("storage-network-open", ACCOUNT, "denied"),
        ("storage-network-open", ACCOUNT + rules_for("Deny"), "quiet"),
        ("storage-network-open", ACCOUNT + rules_for("Allow"), "denied"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", '"${azurerm_storage_account.a.id}"'), "quiet"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", "local.id") + LOCAL, "quiet"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", "var.account"), "skipped"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", "data.azurerm_storage_account.a.id"), "skipped"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", "azurerm_storage_account.other.id"), "denied"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", more="  count = var.on ? 1 : 0\n"), "skipped"),
        ("storage-network-open", ACCOUNT + rules_for("Deny", more="  count = 0\n"), "denied"),
        ("storage-network-open", ACCOUNT + handed("./m", "azurerm_storage_account.a.id"), "skipped"),
        ("storage-network-open", OPEN + rules_for("Deny"), "skipped"),
        ("subnet-no-nsg", SUBNET, "denied"),
        ("subnet-no-nsg", SUBNET + OUTPUT, "skipped"),
        ("subnet-no-nsg", subnet('"s"', "var.v"), "denied"),
        ("subnet-no-nsg", subnet('"GatewaySubnet"', "var.v"), "quiet"),
        ("subnet-no-nsg", subnet("var.s", '"v"'), "skipped"),
        ("subnet-no-nsg", SUBNET + OUTPUT + 'provider "azurerm" {\n  features {}\n}\n', "denied"),
        ("keyvault-no-logs", VAULT + diagnostics("azurerm_key_vault.v.id"), "quiet"),
        ("keyvault-no-logs", VAULT + diagnostics("azurerm_key_vault.w.id"), "denied"),
        ("keyvault-no-logs", VAULT + diagnostics("var.target"), "skipped"),
        ("keyvault-no-logs", VAULT + diagnostics(f'"{GROUP}/providers/Microsoft.KeyVault/vaults/v"'), "quiet"),
        ("keyvault-no-logs", VAULT + diagnostics(f'"{GROUP}/providers/Microsoft.KeyVault/vaults/xv"'), "denied"),
        ("keyvault-no-logs", VAULT + diagnostics("azurerm_key_vault.v.id", "  count = var.on ? 1 : 0\n"), "skipped"),
        ("keyvault-no-logs", VAULT + handed("x/y", "azurerm_key_vault.v.id"), "skipped"),
        ("keyvault-no-logs", VAULT + handed("x/y", "azurerm_key_vault.other.id"), "denied"),
        ("keyvault-no-logs", VAULT + diagnostics("azurerm_key_vault.v.id", log=switched("false")), "denied"),
        ("keyvault-no-logs", VAULT + diagnostics("azurerm_key_vault.v.id", log=switched("var.on")), "skipped"),
    ],
)  # fmt: skip
def test_a_block_that_completes_another_counts_in_both_states(rule, text, verdict):
    assert said(rule, text) == verdict


def alone(kind: str, target: str, more: str) -> str:
    return f'resource "{kind}" "p" {{\n  {target} = var.x\n  {more}\n}}\n'


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (alone("azurerm_key_vault_access_policy", "key_vault_id", 'secret_permissions = ["Get"]'), {}),
        (alone("azurerm_key_vault_access_policy", "key_vault_id", 'secret_permissions = ["Purge"]'),
         {"keyvault-broad-access": "denied"}),
        (alone("azurerm_storage_account_network_rules", "storage_account_id", 'default_action = "Deny"'), {}),
        (alone("azurerm_storage_account_network_rules", "storage_account_id", 'default_action = "Allow"'),
         {"storage-network-open": "denied"}),
        (alone("azurerm_storage_account_network_rules", "storage_account_id",
               'default_action = "Deny"\n  bypass = ["None"]'), {"storage-no-trusted-services": "denied"}),
        (alone("azurerm_storage_account_customer_managed_key", "storage_account_id", 'key_name = "k"'), {}),
        (alone("azurerm_virtual_network_dns_servers", "virtual_network_id", 'dns_servers = ["10.0.0.4"]'),
         {"vnet-single-dns": "denied"}),
        (alone("azurerm_servicebus_namespace_customer_managed_key", "namespace_id", 'key_vault_key_id = "k"'), {}),
        (alone("azurerm_sql_active_directory_administrator", "server_name", 'login = "l"'),
         {"sql-no-entra-only": "denied"}),
        (alone("azurerm_subnet_route_table_association", "subnet_id", 'route_table_id = "r"'), {}),
    ],
)  # fmt: skip
def test_a_piece_alone_is_judged_by_what_it_says_and_by_nothing_else(text, verdicts):
    [piece] = azure.read("main.tf", text.encode(), lambda _: None).objects
    policies = Policies([rule for rule in RULES.values() if "types" in rule.logic])
    hits = policies.judge(piece, [piece])
    assert {str(hit.rule.id)[7:]: "skipped" if hit.failed else "denied" for hit in hits} == verdicts


INSTANCES = """resource "azurerm_storage_account" "a" {
  for_each = toset(["x", "y"])
  name     = each.key
}
resource "azurerm_storage_account_network_rules" "r" {
  for_each           = toset([KEYS])
  storage_account_id = azurerm_storage_account.a[WHICH].id
  default_action     = "Deny"
}
"""


@pytest.mark.parametrize(
    ("keys", "which", "verdicts"),
    [
        ('"x", "y"', "each.key", []),
        ('"x"', "each.key", [("denied", 1)]),
        ('"y"', '"y"', [("denied", 1)]),
        ('"x", "y"', "var.which", [("skipped", 7), ("skipped", 7)]),
    ],
)
def test_each_instance_is_completed_by_its_own(keys, which, verdicts):
    text = INSTANCES.replace("KEYS", keys).replace("WHICH", which)
    found = judged("storage-network-open", "main.tf", text.encode())
    assert [verdict for verdict, _ in found] == [verdict for verdict, _ in verdicts]


def test_the_files_of_a_folder_are_one_module():
    files = {"infra/main.tf": ACCOUNT.encode(), "infra/network.tf": rules_for("Deny").encode(), "other/a.tf": b""}
    assert judged("storage-network-open", "infra/main.tf", files["infra/main.tf"], files) == []
    assert judged("storage-network-open", "infra/network.tf", files["infra/network.tf"], files) == []
    files["infra/network.tf"] = rules_for("Allow").encode()
    assert judged("storage-network-open", "infra/main.tf", files["infra/main.tf"], files) == [("denied", 1)]
    assert judged("storage-network-open", "infra/network.tf", files["infra/network.tf"], files) == []
    del files["infra/network.tf"]
    assert judged("storage-network-open", "infra/main.tf", files["infra/main.tf"], files) == [("denied", 1)]


def test_a_file_beside_that_cannot_be_read_leaves_it_undecided():
    files = {"main.tf": VAULT.encode(), "broken.tf": b"x" * 3_000_000}
    assert judged("keyvault-no-logs", "main.tf", files["main.tf"], files) == [("skipped", 1)]


def test_a_folder_of_very_many_files_is_read_within_bounds_and_says_so():
    text = 'resource "azurerm_key_vault" "v%d" {\n  name = "v"\n}\n'
    files = {f"f{at:04}.tf": (text % at).encode() for at in range(900)}
    reader = azure.Reader(files.get, lambda folder: sorted(files))
    begin = time.process_time()
    readings = [reader.read(path, files[path]) for path in sorted(files)]
    assert time.process_time() - begin < 10
    assert [len(one.objects) for one in readings] == [1] * 900
    assert {skip.kind for one in readings for skip in one.skips} == {SkipKind.LIMIT}
    assert all(one.objects[0].handed for one in readings)


def test_the_line_is_that_of_the_piece_in_the_same_file():
    text = ACCOUNT + rules_for("Allow")
    assert judged("storage-network-open", "main.tf", text.encode()) == [("denied", 6)]


def plan(vault_id: object, *, later: bool, call: str = "") -> bytes:
    """A plan with a vault and a diagnostic setting, whose target is known only later or stated."""
    target = {} if later else {"target_resource_id": vault_id}
    values = {"name": "d", "enabled_log": [{"category_group": "audit"}], **target}
    root = [
        {"address": "azurerm_key_vault.v", "mode": "managed", "type": "azurerm_key_vault",
         "values": {"name": "v", **({} if later else {"id": "/s/vaults/v"})}},
        {"address": f"{call}azurerm_monitor_diagnostic_setting.d", "mode": "managed",
         "type": "azurerm_monitor_diagnostic_setting", "values": values},
    ]  # fmt: skip
    setting = {
        "address": "azurerm_monitor_diagnostic_setting.d",
        "expressions": {"target_resource_id": {"references": ["var.vault"] if call else vault_id}},
    }
    config: dict[str, object] = {"resources": [setting]}
    if call:
        given = {"vault": {"references": vault_id}}
        config = {"module_calls": {"m": {"expressions": given, "module": {"resources": [setting]}}}}
    changes = [{"address": root[1]["address"], "change": {"after_unknown": {"target_resource_id": later}}}]
    return json.dumps(
        {
            "format_version": "1.2", "terraform_version": "1.9.0", "configuration": {"root_module": config},
            "resource_changes": changes, "planned_values": {"root_module": {"resources": root}},
        }
    ).encode()  # fmt: skip


@pytest.mark.parametrize(
    ("target", "later", "call", "verdict"),
    [
        (["azurerm_key_vault.v.id", "azurerm_key_vault.v"], True, "", []),
        (["azurerm_key_vault.w.id", "azurerm_key_vault.w"], True, "", ["denied"]),
        (["azurerm_key_vault.v.id", "azurerm_key_vault.v"], True, "module.m.", []),
        (["var.none"], True, "", ["skipped"]),
        (["azurerm_key_vault.v", "azurerm_key_vault.w", "var.x"], True, "", ["skipped"]),
        ("/s/vaults/v", False, "", []),
        ("/s/vaults/other", False, "", ["denied"]),
    ],
)
def test_a_plan_is_joined_by_the_references_of_its_configuration(target, later, call, verdict):
    found = judged("keyvault-no-logs", "plan.json", plan(target, later=later, call=call))
    assert [one for one, _ in found] == verdict


SITE = {"type": "Microsoft.Web/sites", "apiVersion": "1", "name": "s", "properties": {"siteConfig": {"a": 1}}}


def web(**properties: object) -> dict[str, object]:
    return {"type": "Microsoft.Web/sites/config", "apiVersion": "1", "name": "s/web", "properties": properties}


@pytest.mark.parametrize(
    ("resources", "verdict"),
    [
        ([SITE], ["denied"]),
        ([SITE, web(httpLoggingEnabled=True)], []),
        ([web(httpLoggingEnabled=True), SITE], []),
        ([{**SITE, "resources": [{**web(httpLoggingEnabled=True), "type": "config", "name": "web"}]}], []),
        ([SITE, web(httpLoggingEnabled=False)], ["denied"]),
        ([SITE, {**web(httpLoggingEnabled=True), "name": "other/web"}], ["denied"]),
        ([SITE, {**web(httpLoggingEnabled=True), "name": "[concat(uniqueString('x'), '/web')]"}], ["denied"]),
    ],
)
def test_the_configuration_of_a_site_stands_in_it_or_beside_it(resources, verdict):
    content = json.dumps({"$schema": SCHEMA, "resources": resources}, indent=1).encode()
    assert [one for one, _ in judged("app-no-http-log", "main.json", content)] == verdict


@pytest.mark.parametrize(
    ("scope", "verdict"),
    [
        ("[resourceId('Microsoft.KeyVault/vaults', 'v')]", []),
        ("[resourceId('g', 'Microsoft.KeyVault/vaults', variables('name'))]", []),
        ("Microsoft.KeyVault/vaults/v", []),
        ("[resourceId('Microsoft.KeyVault/vaults', 'w')]", ["denied"]),
        ("[resourceId('Microsoft.Storage/storageAccounts', 'v')]", ["denied"]),
        ("[parameters('where')]", ["skipped"]),
    ],
)
def test_an_extension_says_what_it_extends(scope, verdict):
    vault = {"type": "Microsoft.KeyVault/vaults", "apiVersion": "1", "name": "v", "properties": {}}
    setting = {
        "type": "Microsoft.Insights/diagnosticSettings", "apiVersion": "1", "name": "d", "scope": scope,
        "properties": {"logs": [{"enabled": True}]},
    }  # fmt: skip
    whole = {"$schema": SCHEMA, "variables": {"name": "v"}, "parameters": {"where": {}}, "resources": [vault, setting]}
    found = judged("keyvault-no-logs", "main.json", json.dumps(whole, indent=1).encode())
    assert [one for one, _ in found] == verdict


ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "role-owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "role-access-administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "role-access-administrator",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "",
}
"""Ids of roles that Azure brings (Owner, User Access Administrator, Role Based Access Control Administrator, Reader),
after https://learn.microsoft.com/azure/role-based-access-control/built-in-roles."""
ROLE_IDS = [
    "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{0}')",
    "tenantResourceId('Microsoft.Authorization/roleDefinitions', '{0}')",
    "resourceId('Microsoft.Authorization/roleDefinitions', toLower('{0}'))",
    "'/providers/Microsoft.Authorization/roleDefinitions/{0}'",
    "role.id",
]


@pytest.mark.parametrize("written", ROLE_IDS)
@pytest.mark.parametrize("identity", ROLES)
def test_a_role_that_azure_brings_is_known_by_its_id_however_it_is_written(identity, written):
    text = f"""resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' existing = {{
  name: '{identity}'
}}
resource it 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('it')
  properties: {{
    roleDefinitionId: {written.format(identity)}
  }}
}}
"""
    for rule in ("role-owner", "role-access-administrator"):
        found = [verdict for verdict, _ in judged(rule, "main.bicep", text.encode())]
        assert found == (["denied"] if rule == ROLES[identity] else [])


BICEP_VAULT = "resource v 'Microsoft.KeyVault/vaults@2023-07-01' = {\n  name: 'v'\n}\n"
BICEP_SETTING = """param target string
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: target
}
resource d 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'd'
  scope: kv
  properties: {
    logs: [
      {
        enabled: true
      }
    ]
  }
}
"""


def calling(source: str, target: str) -> str:
    return f"module diagnostics '{source}' = {{\n  name: 'd'\n  params: {{\n    target: {target}\n  }}\n}}\n"


@pytest.mark.parametrize(
    ("path", "more", "verdict"),
    [
        ("main.bicep", "", ["denied"]),
        ("main.bicep", calling("setting.bicep", "v.name"), []),
        ("main.bicep", calling("setting.bicep", "'w'"), ["denied"]),
        ("main.bicep", calling("br/public:avm/x:1", "v.id"), ["skipped"]),
        ("main.bicep", calling("br/public:avm/x:1", "'w'"), ["denied"]),
        ("main.bicep", calling("br/public:avm/x:1", "{ v: 'v', w: other.v }"), ["denied"]),
        ("main.bicep", calling("br/public:avm/x:1", "'${toLower(v.name)}-x'"), ["skipped"]),
        ("main.bicep", "output id string = v.id\n", ["denied"]),
        ("vault.bicep", "output id string = v.id\n", ["skipped"]),
        ("vault.bicep", "output id string = 'v'\n", ["denied"]),
    ],
)
def test_what_a_vault_of_bicep_goes_to_may_complete_it(path, more, verdict):
    files = {"setting.bicep": BICEP_SETTING.encode()}
    found = judged("keyvault-no-logs", path, (BICEP_VAULT + more).encode(), files)
    assert [one for one, _ in found] == verdict


CONTRIBUTOR = """resource it 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid('it')
  properties: {
    roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c'
  }
}
"""


def test_an_assignment_of_a_deployment_to_a_subscription_is_for_all_of_it():
    rule = "role-contributor-subscription"
    assert [one for one, _ in judged(rule, "main.bicep", CONTRIBUTOR.encode())] == []
    whole = f"targetScope = 'subscription'\n{CONTRIBUTOR}"
    assert [one for one, _ in judged(rule, "main.bicep", whole.encode())] == ["denied"]
    group = f"targetScope = 'resourceGroup'\n{CONTRIBUTOR}"
    assert [one for one, _ in judged(rule, "main.bicep", group.encode())] == []
    assigned = {
        "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "it",
        "properties": {"roleDefinitionId": "/x/b24988ac-6180-42a0-ab88-20f7382dd24c"},
    }  # fmt: skip
    for schema, verdict in ((SCHEMA, []), (SCHEMA.replace("deploymentT", "subscriptionDeploymentT"), ["denied"])):
        content = json.dumps({"$schema": schema, "resources": [assigned]}, indent=1).encode()
        assert [one for one, _ in judged(rule, "main.json", content)] == verdict
