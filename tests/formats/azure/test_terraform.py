"""Terraform's azurerm resources become resources of Azure, from configurations and from plans."""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats import azure
from lockgate.formats.azure.azurerm import known_types, mapping_of
from lockgate.model import SkipKind


def nothing(path: str) -> None:
    return None


def reading(text: str, files=None, path="infra/main.tf"):
    return azure.read(path, text.encode(), (files or {}).get)


def value(expression: str, head: str = "", files=None):
    """What one argument becomes, and whether it is known."""
    text = f'{head}\nresource "azurerm_storage_account" "x" {{\n  name = "n"\n  other = {expression}\n}}\n'
    *_, found = reading(text, files).objects
    return found.body["terraform"]["arguments"].get("other"), found.knows("/terraform/arguments/other")


HEAD = """
variable "deep" {
  type    = list(object({ key = string }))
  default = [{ key = "v" }, { key = "w" }]
}
variable "given" {}
variable "env" { default = "dev" }
locals {
  name = "app-${var.env}"
  map  = { a = 1, "b" = 2 }
  later = local.name
}
resource "azurerm_resource_group" "rg" {
  name     = local.name
  location = "westeurope"
}
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"a\\"b\\n\\u0041 $${x}"', 'a"b\nA ${x}'), ("1.5", 1.5), ("-2", -2), ("true", True), ('["a", 1]', ["a", 1]),
        ("local.later", "app-dev"), ("var.deep[1].key", "w"), ("var.deep[*].key", ["v", "w"]), ("var.deep.0.key", "v"),
        ('local.map["b"]', 2), ("local.map.a", 1), ('"x-${local.map.a}-${true}"', "x-1-true"),
        ('"${local.map}"', {"a": 1, "b": 2}),
        ('var.env == "dev" && !false ? 1 + 2 * 3 : 0', 7), ("7 % 4 >= 3 || false", True), ("6 / 4", 1.5), ("6 / 3", 2),
        ("azurerm_resource_group.rg.location", "westeurope"), ("azurerm_resource_group.rg.name", "app-dev"),
        ("[for x in var.deep : upper(x.key) if x.key != \"v\"]", ["W"]),
        ("{ for k, v in local.map : k => v + 1 }", {"a": 2, "b": 3}),
        ("merge(local.map, { b = 3 })", {"a": 1, "b": 3}), ("lookup(local.map, \"z\", 9)", 9), ("length(var.deep)", 2),
        ("concat([1], [2])", [1, 2]), ("max([1, 5, 3]...)", 5), ("format(\"%s-%d%%\", \"a\", 3)", "a-3%"),
        ("join(\",\", [\"a\", \"b\"])", "a,b"), ("jsondecode(\"[1]\")[0]", 1),
        ("cidrsubnet(\"10.0.0.0/16\", 8, 2)", "10.0.2.0/24"),
        ("coalesce(null, \"\", \"x\")", "x"), ("try(var.env, \"x\")", "dev"), ("element([1, 2], 3)", 2),
        ("substr(\"hello\", 1, 3)", "ell"),
        ("replace(\"a-b\", \"-\", \"\")", "ab"), ("flatten([[1], [2, [3]]])", [1, 2, 3]),
        ("toset([\"b\", \"a\", \"b\"])", ["a", "b"]),
        ("<<-EOT\n    one ${var.env}\n      two\n  EOT\n", "one dev\n  two\n"), ("(1 + 2)", 3), ("null", None),
    ],
)  # fmt: skip
def test_what_the_files_decide_is_evaluated(expression, expected):
    assert value(expression, HEAD) == (expected, True)


@pytest.mark.parametrize(
    "expression",
    [
        "var.given", "var.none", "local.none", "data.x.y.z", "azurerm_subnet.a.id", "azurerm_resource_group.rg.id",
        "path.module",
        '"a-${var.given}"', "file(\"x\")", "var.deep[9]", "1 + \"a\"", "1 / 0", "each.value", "can(1)", "timestamp()",
        'replace("a", "/a+/", "")', 'format("%03d", 1)', "module.m.out", "!1", "var.given ? 1 : 2",
        "[for x in var.given : x]",
    ],
)  # fmt: skip
def test_what_is_known_only_when_it_is_applied_stays_as_written_and_is_named(expression):
    assert value(expression, HEAD) == (expression, False)


def test_variables_come_from_the_files_beside_it():
    files = {
        "infra/variables.tf": b'variable "a" { default = "default" }\nvariable "b" { default = "default" }',
        "infra/terraform.tfvars": b'a = "given"\n', "infra/locals.tf": b'locals { c = "${var.a}-${var.b}" }',
    }  # fmt: skip
    assert value("local.c", files=files) == ("given-default", True)
    broken = reading('resource "azurerm_resource_group" "x" {\n  name = "n"\n}\n', {"infra/vars.tf": b"x" * 3_000_000})
    assert [(skip.path, skip.kind) for skip in broken.skips] == [("infra/vars.tf", SkipKind.TOO_LARGE)]


CLUSTER = """resource "azurerm_kubernetes_cluster" "k" {
  name                    = "k"
  location                = "westeurope"
  private_cluster_enabled = var.private
  local_account_disabled  = true
  run_command_enabled     = false
  something_new           = "kept"
  api_server_authorized_ip_ranges = [
    "10.0.0.0/8",
    var.range,
  ]

  default_node_pool {
    name       = "system"
    node_count = 3
    novel {
      deep = 1
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = ["a"]
  }

  oms_agent {
    log_analytics_workspace_id = azurerm_log_analytics_workspace.w.id
  }
}
"""


def test_arguments_stand_where_azure_has_them_and_know_their_lines():
    [found] = reading(CLUSTER).objects
    assert found.body == {
        "type": "Microsoft.ContainerService/managedClusters",
        "name": "k",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"a": {}}},
        "sku": {"tier": "Free"},
        "properties": {
            "enableRBAC": True,
            "disableLocalAccounts": True,
            "apiServerAccessProfile": {
                "enablePrivateCluster": "var.private",
                "disableRunCommand": True,
                "authorizedIPRanges": ["10.0.0.0/8", "var.range"],
            },
            "agentPoolProfiles": [
                {
                    "name": "system", "mode": "System", "count": 3, "type": "VirtualMachineScaleSets",
                    "enableEncryptionAtHost": False, "enableNodePublicIP": False, "osDiskType": "Managed",
                }
            ],
            "addonProfiles": {
                "azurepolicy": {"enabled": False},
                "omsagent": {
                    "enabled": True,
                    "config": {"logAnalyticsWorkspaceResourceID": "azurerm_log_analytics_workspace.w.id"},
                },
            },
        },
        "terraform": {
            "type": "azurerm_kubernetes_cluster",
            "address": "azurerm_kubernetes_cluster.k",
            "arguments": {"something_new": "kept", "default_node_pool": [{"novel": [{"deep": 1}]}]},
        },
    }  # fmt: skip
    profile = "/properties/apiServerAccessProfile"
    assert found.unresolved == {
        f"{profile}/enablePrivateCluster", f"{profile}/authorizedIPRanges/1",
        "/properties/addonProfiles/omsagent/config/logAnalyticsWorkspaceResourceID",
    }  # fmt: skip
    lines = {
        "": 1, "/type": 1, "/name": 2, f"{profile}/enablePrivateCluster": 4, f"{profile}/disableRunCommand": 6,
        f"{profile}/authorizedIPRanges/1": 10, "/properties/agentPoolProfiles/0/count": 15, "/identity/type": 22,
        "/properties/agentPoolProfiles/0/enableNodePublicIP": 13, "/properties/enableRBAC": 1, "/none": 1,
        "/terraform/arguments/something_new": 7, "/terraform/arguments/default_node_pool/0/novel/0/deep": 17,
        "/properties/addonProfiles/omsagent/enabled": 26,
    }  # fmt: skip
    assert {pointer: found.line_of(pointer) for pointer in lines} == lines


def test_repeated_blocks_and_lists_of_values_become_arrays():
    text = """resource "azurerm_network_security_group" "n" {
  name = "n"
  security_rule {
    name = "a"
    access = "Allow"
  }
  dynamic "security_rule" {
    for_each = { b = 100, c = 200 }
    iterator = each_rule
    content {
      name     = each_rule.key
      priority = each_rule.value
    }
  }
}
resource "azurerm_storage_account" "s" {
  name = "s"
  account_tier = "Standard"
  account_replication_type = var.kind
  network_rules {
    default_action = "Deny"
    ip_rules = ["1.2.3.4"]
  }
}
"""
    group, account = reading(text).objects
    assert group.body["properties"]["securityRules"] == [
        {"name": "a", "properties": {"access": "Allow"}},
        {"name": "b", "properties": {"priority": 100}}, {"name": "c", "properties": {"priority": 200}},
    ]  # fmt: skip
    assert group.line_of("/properties/securityRules/2/properties/priority") == 12
    assert account.body["properties"]["networkAcls"] == {"defaultAction": "Deny", "ipRules": [{"value": "1.2.3.4"}]}
    assert (account.body["sku"]["name"], "/sku/name" in account.unresolved) == ("Standard_var.kind", True)
    assert account.body["properties"]["supportsHttpsTrafficOnly"] is True, "what the provider sends by default"
    assert account.line_of("/properties/networkAcls/ipRules/0/value") == 22


def test_instances_of_count_and_for_each():
    text = """resource "azurerm_resource_group" "c" {
  count = length(["x", "y"])
  name  = "c${count.index}"
}
resource "azurerm_resource_group" "e" {
  for_each = toset(["x", "y"])
  name     = each.value
}
resource "azurerm_resource_group" "none" {
  count = var.on ? 1 : 0
  name  = "none"
}
variable "on" { default = false }
resource "azurerm_resource_group" "u" {
  for_each = var.unknown
  name     = each.key
}
"""
    found = reading(text).objects
    assert [(one.body["name"], one.body["terraform"]["address"].partition(".")[2]) for one in found] == [
        ("c0", "c[0]"), ("c1", "c[1]"), ("x", 'e["x"]'), ("y", 'e["y"]'), ("each.key", "u"),
    ]  # fmt: skip


def test_children_name_their_parents_and_azapi_speaks_arm_itself():
    text = """resource "azurerm_virtual_network" "v" {
  name = "v"
}
resource "azurerm_subnet" "s" {
  name = "s"
  virtual_network_name = azurerm_virtual_network.v.name
}
resource "azapi_resource" "a" {
  type = "Microsoft.X/y@2024-01-01"
  name = "z"
  body = {
    properties = {
      on = true
    }
  }
}
"""
    found = reading(text).objects
    assert found[1].body["name"] == "v/s"
    assert {key: found[2].body[key] for key in ("type", "apiVersion", "name", "properties")} == {
        "type": "Microsoft.X/y", "apiVersion": "2024-01-01", "name": "z", "properties": {"on": True},
    }  # fmt: skip


def test_what_is_not_read_is_said():
    text = """module "far" {
  source = "Azure/aks/azurerm"
}
module "near" {
  source = "./near"
}
resource "azurerm_unheard_of" "x" {
  name = "x"
}
resource "aws_s3_bucket" "x" {
}
resource "azurerm_resource_group" "x" {
  name = "n"
}
resource "azurerm_resource_group" "x" {
  name = "again"
}
resource "azurerm_resource_group" "bad" {
  name = = 1
}
"""
    found = reading(text)
    assert [one.body["name"] for one in found.objects] == ["n"]
    assert [(skip.kind, skip.line) for skip in found.skips] == [
        (SkipKind.UNRESOLVED, 1), (SkipKind.MALFORMED, 15), (SkipKind.MALFORMED, 19), (SkipKind.UNSUPPORTED, 7),
    ]  # fmt: skip
    assert [skip.kind for skip in reading("{}", path="a.tf.json").skips] == [SkipKind.UNSUPPORTED]


def plan() -> bytes:
    values = {
        "name": "k", "local_account_disabled": True, "private_cluster_enabled": None, "dns_prefix": "old",
        "default_node_pool": [{"name": "p",
        "zones": None, "vnet_subnet_id": "x"}], "identity": [{"type": "SystemAssigned"}],
    }  # fmt: skip
    resource = {
        "address": "module.m.azurerm_kubernetes_cluster.k", "mode": "managed", "type": "azurerm_kubernetes_cluster",
        "values": values,
    }  # fmt: skip
    data = {**resource, "mode": "data"}
    later = {"dns_prefix": True, "default_node_pool": [{"vnet_subnet_id": True}], "identity": [{}]}
    return json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.9.0",
            "planned_values": {"root_module": {"resources": [data], "child_modules": [{"resources": [resource]}]}},
            "resource_changes": [{"address": resource["address"], "change": {"after_unknown": later}}],
        },
        indent=1,
    ).encode()


def test_a_plan_is_read_with_what_is_known_only_after_applying():
    content = plan()
    [found] = azure.read("plan.json", content, nothing).objects
    properties = found.body["properties"]
    assert found.generated_by == "terraform plan plan.json"
    assert properties["apiServerAccessProfile"]["enablePrivateCluster"] is False, "null is left out"
    assert properties["agentPoolProfiles"][0]["vnetSubnetID"] == properties["dnsPrefix"] == "(known after apply)"
    assert found.unresolved == {"/properties/dnsPrefix", "/properties/agentPoolProfiles/0/vnetSubnetID"}
    lines = content.decode().splitlines()
    assert "local_account_disabled" in lines[found.line_of("/properties/disableLocalAccounts") - 1]
    assert found.body["identity"] == {"type": "SystemAssigned"}


def test_every_table_is_sound():
    assert len(known_types()) == 131
    for kind in known_types():
        mapping = mapping_of(kind)
        assert re.fullmatch(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+", mapping.arm_type), kind
        for row in mapping.rows:
            counts = {steps.count("[]") for steps in row.terraform} or {0}
            adds_a_member = bool(mapping.joins) and counts == {0}
            assert counts == {row.arm.count("[]")} or adds_a_member, (kind, row)
            assert row.transform[:1] in ("", "!", "?", "@", "'", "[", "{"), (kind, row)


def doubling(step: str, times: int) -> str:
    lines = [f"  l{n} = {step.format(n + 1)}" for n in range(times)]
    return "\n".join(["locals {", *lines, f'  l{times} = "x"', "  a = local.l0", "}"])


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "(" * 5000, "a = " + "[" * 20000, "a = " + "{ b = " * 5000, "a = " + "!" * 20000 + "b",
        "a = b" + ".c" * 20000,
        'a = "' + "${" * 5000, "a = " + "a = " * 20000, "x {\n" * 3000, "a = " + "1 + " * 3000 + "1",
        "a = <<EOT\n" * 5000,
        'locals {\n  a = "${local.b}${local.b}"\n  b = local.a\n}', "locals {\n  a = range(0, 999999999)\n}",
        doubling('"${{local.l{0}}}${{local.l{0}}}"', 50), doubling("[local.l{0}, local.l{0}]", 50),
        doubling('"${{local.l{0}}}${{local.l{0}}}"', 25), doubling("[local.l{0}, local.l{0}]", 25),
    ],
)  # fmt: skip
def test_bombs_end_soon(text):
    begin = time.process_time()
    found = reading(text + '\nresource "azurerm_resource_group" "x" {\n  name = local.a\n}\n')
    assert time.process_time() - begin < 8
    assert found.skips or len(found.objects) == 1


words = st.sampled_from(
    ['resource "azurerm_storage_account" "x" {\n', "}\n", "name = ", '"a"', '"${local.a}"', "locals {\n", "a = ",
    "[", "]", "{",
     "dynamic \"network_rules\" {\n", "for_each = ", "content {\n", "count = ", "1", "\n", "local.a", "var.x",
     "? 1 : 2", "<<EOT\n",
     "EOT\n", "[*]", ".b", "for x in y : x", "(", ")", "network_rules {\n", "ip_rules = "]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(words, max_size=30).map("".join))
def test_any_text_is_read_or_skipped(text):
    for one in reading(text + '\nresource "azurerm_resource_group" "r" {\n  name = local.a\n}\n').objects:
        json.dumps(one.body, allow_nan=False)
        assert one.line_of("/type") > 0


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_skipped(content):
    azure.read("a.tf", content, nothing)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("managed"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resources", "values", "mode", "address", "name", "default_node_pool", "identity",
        "zones"]), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(deadline=None)
@given(json_values, json_values)
def test_any_plan_is_read_or_skipped(module, later):
    resource = {"address": "a", "mode": "managed", "type": "azurerm_kubernetes_cluster", "values": module}
    root = {"root_module": {"resources": [resource, module], "child_modules": module}}
    changes = [{"address": "a", "change": {"after_unknown": later}}, later]
    whole = {"format_version": "1", "terraform_version": "1", "planned_values": root, "resource_changes": changes}
    for one in azure.read("plan.json", json.dumps(whole).encode(), nothing).objects:
        assert one.line_of("/properties/agentPoolProfiles/0/name") == 1


def test_every_configuration_of_the_corpus_is_read(corpora):
    folder = corpora / "checkov-fixtures" / "terraform"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    readings = []
    for path in paths:
        readings.append(azure.read(str(path), path.read_bytes(), lambda other: _read(other)))
    assert len(paths) == 89
    assert sum(bool(reading.objects) for reading in readings) == 85
    assert sum(len(reading.objects) for reading in readings) == 433
    written = sum(len(re.findall(rb'(?m)^\s*resource\s+"azurerm_', path.read_bytes())) for path in paths)
    assert written == 433, "every resource that is written is an object"
    assert [skip for reading in readings for skip in reading.skips] == []
    assert sum(len(one.unresolved) for reading in readings for one in reading.objects) == 758
    assert all(one.line_of("/type") for reading in readings for one in reading.objects)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


@pytest.mark.parametrize("content", [b'resource "azurerm_storage_account" "a" {\n x = (((((('])
def test_a_file_in_which_nothing_can_be_made_out_is_a_skip(content: bytes) -> None:
    reading = azure.read("a.tf", content, lambda path: None)
    assert [(skip.kind, skip.line) for skip in reading.skips] == [(SkipKind.MALFORMED, 1)]
