"""Verdicts beside another scanner's, on the infrastructure code that it labels as passing or failing a check.

A folder is called after the check; a file (ARM), a resource (Terraform) or a symbol (Bicep) says by its name which
verdict is due. Where a rule of ours means the same, both verdicts are compared, one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.corpora import CORPORA

from lockgate import rules
from lockgate.formats import azure
from lockgate.model import Family, Object
from lockgate.policy.catalogue import Policies

FIXTURES = CORPORA / "checkov-fixtures"
FORMS = {"arm": "*.json", "bicep": "*.bicep", "terraform": "*.tf"}

SAME_MEANING = {
    "acr-anonymous-pull": "ACRAnonymousPullDisabled",
    "acr-no-data-endpoint": "ACRDedicatedDataEndpointEnabled",
    "acr-not-zone-redundant": "ACREnableZoneRedundancy",
    "acr-public-network": "ACRPublicNetworkAccessDisabled",
    "ai-local-auth": "CognitiveServicesEnableLocalAuth",
    "ai-no-identity": "CognitiveServicesConfigureIdentity",
    "aks-availability-set": "AKSPoolTypeIsScaleSet",
    "aks-dashboard": "AKSDashboardDisabled",
    "aks-local-accounts": "AKSLocalAdminDisabled",
    "aks-managed-os-disk": "AKSEphemeralOSDisks",
    "aks-no-auto-upgrade": "AKSUpgradeChannel",
    "aks-no-host-encryption": "AKSEncryptionAtHostEnabled",
    "aks-no-monitoring": "AKSLoggingEnabled",
    "aks-node-public-ip": "AKSNodePublicIpDisabled",
    "aks-rbac-off": "AKSRbacEnabled",
    "aks-system-pool-open": "AKSOnlyCriticalPodsOnSystemNodes",
    "apim-backend-http": "APIManagementBackendHTTPS",
    "app-any-origin": "AppServiceDisallowCORS FunctionAppDisallowCORS",
    "app-client-certificates": "AppServiceClientCertificate",
    "app-ftp": "AppServiceFTPSState",
    "app-http": "AppServiceSlotHTTPSOnly FunctionAppsAccessibleOverHttps FunctionAppAccessibleOverHttps",
    "app-no-http-log": "AppServiceHttpLoggingEnabled",
    "app-no-identity": "AppServiceIdentity",
    "app-old-http": "FunctionAppHttpVersionLatest",
    "app-old-tls": "AppServiceMinTLSVersion FunctionAppMinTLSVersion AppServiceSlotMinTLS",
    "app-public-network": "AppServicePublicAccessDisabled FunctionAppPublicAccessDisabled",
    "app-remote-debugging": "AppServiceRemoteDebuggingNotEnabled",
    "appconfig-local-auth": "AppConfigLocalAuth",
    "appconfig-no-customer-key": "AppConfigEncryption",
    "appconfig-no-purge-protection": "AppConfigPurgeProtection",
    "appconfig-public-network": "AppConfigPublicAccess",
    "appgateway-old-tls": "AppGWDefinesSecureProtocols",
    "cdn-no-https": "CDNEnableHttpsEndpoints",
    "cdn-old-tls": "CDNTLSProtocol12",
    "container-group-public": "AzureContainerInstancePublicIPAddressType",
    "cosmos-local-auth": "CosmosDBLocalAuthDisabled",
    "database-no-double-encryption": "PostgreSQLEncryptionEnabled",
    "database-no-geo-backup": "MariaDBGeoBackupEnabled MySQLGeoBackupEnabled PostgreSQLFlexiServerGeoBackupEnabled",
    "database-no-tls": "MySQLServerSSLEnforcementEnabled PostgreSQLServerSSLEnforcementEnabled",
    "database-old-tls": "MySQLServerMinTLSVersion",
    "database-public-network": "TestMySQLPublicAccessDisabled",
    "defender-plan-off": "AzureDefenderOnKubernetes AzureDefenderOnSqlServersVMS",
    "disk-no-customer-key": "AzureManagedDiskEncryptionSet",
    "disk-public-network": "VMDiskWithPublicAccess",
    "eventgrid-local-auth": "EventgridTopicLocalAuthentication",
    "firewall-no-idps": "AzureFirewallPolicyIDPSDeny",
    "firewall-threat-intel": "AzureFirewallDenyThreatIntelMode",
    "frontdoor-no-waf": "AzureFrontDoorEnablesWAF",
    "keyvault-key-not-hsm": "KeyBackedByHSM",
    "keyvault-network-open": "KeyVaultEnablesFirewallRulesSettings",
    "keyvault-no-purge-protection": "KeyVaultEnablesPurgeProtection",
    "keyvault-public-network": "KeyVaultDisablesPublicNetworkAccess",
    "keyvault-secret-no-expiry": "SecretExpirationDate",
    "kusto-no-disk-encryption": "DataExplorerUsesDiskEncryption",
    "log-profile-categories": "MonitorLogProfileCategories",
    "messaging-old-tls": "EventHubNamespaceMinTLS12",
    "nsg-open-http": "NSGRuleHTTPAccessRestricted",
    "nsg-open-rdp": "NSGRuleRDPAccessRestricted",
    "nsg-open-ssh": "NSGRuleSSHAccessRestricted",
    "nsg-open-udp": "NSGRuleUDPAccessRestricted",
    "redis-basic": "RedisCacheStandardReplicationEnabled",
    "redis-public-network": "RedisCachePublicNetworkAccessEnabled",
    "service-public-network": "APIManagementPublicAccess DatabricksWorkspaceIsNotPublic MLPublicAccess",
    "servicebus-no-customer-key": "AzureServicebusHasCMK",
    "sql-alerts-partial": "SQLServerThreatDetectionTypes",
    "sql-no-ledger": "SQLDatabaseLedgerEnabled",
    "sql-public-network": "SQLServerHasPublicAccessDisabled",
    "storage-http": "StorageAccountsTransportEncryption",
    "storage-network-open": "StorageAccountDefaultNetworkAccessDeny",
    "storage-no-trusted-services": "StorageAccountAzureServicesAccessEnabled",
    "storage-not-replicated": "StorageAccountsUseReplication",
    "storage-old-tls": "StorageAccountMinimumTlsVersion",
    "storage-public-blobs": "StorageBlobRestrictPublicAccess",
    "storage-sync-public": "StorageSyncPublicAccessDisabled StorageSyncServicePermissiveAccess",
    "synapse-exfiltration": "SynapseWorkspaceEnablesDataExfilProtection",
    "vm-extensions": "AzureInstanceExtensions",
    "vm-no-host-encryption": "VMEncryptionAtHostEnabled WinVMEncryptionAtHost",
    "vm-password": "AzureInstancePassword VMDisablePasswordAuthentication",
    "vm-unmanaged-disk": "VMStorageOsDisk",
    "vnet-single-dns": "VnetSingleDNSServer",
    "waf-detection-only": "FrontdoorUseWAFMode",
    "waf-off": "FrontdoorUseWAFMode",
}
"""Rule of ours -> the checks of the same meaning, by the names of their classes."""
RULES_OF = {
    check: tuple(name for name, checks in SAME_MEANING.items() if check in checks.split())
    for check in sorted({check for checks in SAME_MEANING.values() for check in checks.split()})
}

NAMED = {
    "AKSLoggingEnabled": {"pass": "enabled enabledCamelCase", "fail": "default"},
    "AKSRbacEnabled": {"pass": "enabled", "fail": "disabled default"},
    "StorageAccountAzureServicesAccessEnabled": {
        "pass": "default allowAll denyAndBypass",
        "fail": "deny denyAndBypassNone",
    },
    "StorageAccountDefaultNetworkAccessDeny": {"pass": "deny", "fail": "default allow"},
    "StorageAccountsTransportEncryption": {
        "pass": "default default2019 enabled",
        "fail": "default2018 disabled",
    },
    "VMEncryptionAtHostEnabled": {"pass": "enabled", "fail": "disabled"},
    "NSGRuleSSHAccessRestricted": {
        "pass": "https ssh_restricted ssh_restricted_prefixes",
        "fail": "ssh all range ranges ranges_prefixes",
    },
}
"""Verdicts whose names say neither pass nor fail."""
SWITCHES = {"enabled": "fail", "default": "fail", "disabled": "pass"}
"""Resources called after the state of what the check wants off."""

APART = {
    "arm/AKSLoggingEnabled/aksLoggingEnabled-FAILED3.json": (
        "due fail, said not decided",
        "the add-ons come from a parameter without a value",
    ),
    "arm/AppServiceFTPSState/fail2.json": (
        "due fail, said pass",
        "left out, Azure takes FtpsOnly",
    ),
    "arm/AppServiceHttpLoggingEnabled/AppServiceHttpLoggingEnabled-passed.json": (
        "due pass, said fail",
        "the config beside the site is not called web, and so is none that Azure has",
    ),
    "arm/AppServiceMinTLSVersion/appServiceMinTLSVersion-FAILED.json": (
        "due fail, said pass",
        "left out, Azure takes 1.2",
    ),
    "arm/AppServiceMinTLSVersion/appServiceMinTLSVersion-FAILED3.json": (
        "due fail, said pass",
        "left out, Azure takes 1.2",
    ),
    "arm/AzureDefenderOnSqlServersVMS/pass.json": (
        "due pass, said fail",
        "it states tier, which no API version of the resource has",
    ),
    "arm/AzureInstancePassword/FAILED.json": (
        "due fail, said pass",
        "linuxConfiguration is null; that the image is a Linux is known by its publisher's name alone",
    ),
    "arm/StorageAccountAzureServicesAccessEnabled/storageAccountAzureServicesAccessEnabled-FAILED2.json": (
        "due fail, said pass",
        "without network rules nothing is shut out",
    ),
    "arm/SynapseWorkspaceEnablesDataExfilProtection/pass.json": (
        "due pass, said fail",
        "it states a property that the resource does not have",
    ),
    "bicep/StorageAccountAzureServicesAccessEnabled/main.bicep:denyAndBypass": (
        "due pass, said fail",
        "the bypass names Logging and not AzureServices",
    ),
    "bicep/StorageAccountAzureServicesAccessEnabled/main.bicep:deny": (
        "due fail, said pass",
        "left out, the bypass is AzureServices",
    ),
    "terraform/ACRAnonymousPullDisabled/main.tf:azurerm_container_registry.ckv_unittest_pass_4": (
        "due pass, said fail",
        "Azure's own definition (9f2dea28) asks nothing of the SKU either",
    ),
    "terraform/ACRAnonymousPullDisabled/main.tf:azurerm_container_registry.ckv_unittest_pass_5": (
        "due pass, said fail",
        "Azure's own definition (9f2dea28) asks nothing of the SKU either",
    ),
    "terraform/ACRAnonymousPullDisabled/main.tf:azurerm_container_registry.ckv_unittest_pass_6": (
        "due pass, said fail",
        "Azure's own definition (9f2dea28) asks nothing of the SKU either",
    ),
    "terraform/AKSOnlyCriticalPodsOnSystemNodes/main.tf:azurerm_kubernetes_cluster.fail3": (
        "due fail, said pass",
        "there is no pool to judge",
    ),
    "terraform/AKSOnlyCriticalPodsOnSystemNodes/main.tf:azurerm_kubernetes_cluster.fail4": (
        "due fail, said pass",
        "there is no pool to judge",
    ),
    "terraform/AppGWDefinesSecureProtocols/main.tf:azurerm_application_gateway.fail3": (
        "due fail, said pass",
        "the version is right; a weak cipher is another matter",
    ),
    "terraform/AppGWDefinesSecureProtocols/main.tf:azurerm_application_gateway.pass_dynamic_bug": (
        "due pass, said not decided",
        "the policy's name is a variable without a value",
    ),
    "terraform/AppServiceMinTLSVersion/main.tf:azurerm_linux_web_app.pass_tfvar2": (
        "due pass, said fail",
        "the default of the variable is 1.1",
    ),
    "terraform/FunctionAppAccessibleOverHttps/main.tf:azurerm_linux_function_app.fail3": (
        "due fail, said pass",
        "https_only is true; sign-in is another matter",
    ),
    "terraform/FunctionAppAccessibleOverHttps/main.tf:azurerm_linux_function_app_slot.fail3": (
        "due fail, said pass",
        "https_only is true; sign-in is another matter",
    ),
    "terraform/NSGRuleHTTPAccessRestricted/dynamic.tf:azurerm_network_security_group.dynamic_nsg_fail": (
        "due fail, said not decided",
        "the rules come from a variable without a value",
    ),
    "terraform/NSGRuleHTTPAccessRestricted/dynamic.tf:azurerm_network_security_group.dynamic_nsg_pass": (
        "due pass, said not decided",
        "the rules come from a variable without a value",
    ),
}
"""Where the verdicts are apart: what is due and what was said, and why ours stands."""


def due(check: str, name: str) -> str | None:
    """``pass`` or ``fail``; None for what is labelled as neither."""
    for verdict, names in NAMED.get(check, {}).items():
        if name in names.split():
            return verdict
    folded = name.lower()
    if "unknown" in folded or "ignore" in folded or "skip" in folded:
        return None
    if "fail" in folded:
        return "fail"
    if "pass" in folded:
        return "pass"
    return SWITCHES.get(folded.removeprefix("linux").removeprefix("windows"))


def labelled(form: str) -> Iterator[tuple[str, str, list[Object], tuple[Object, ...], str]]:
    """(check, where, the objects that carry one label, everything in the file, the verdict due)."""
    for path in sorted(FIXTURES.glob(f"{form}/**/{FORMS[form]}")):
        check = next((part.removeprefix("example_") for part in path.parts if part.startswith("example_")), "")
        if check not in RULES_OF:
            continue
        content = path.read_bytes()
        found = azure.read(str(path.relative_to(FIXTURES)), content, lambda name: _sibling(name)).objects
        place = f"{form}/{check}/{path.name}"
        if form == "arm":
            verdict = due(check, path.stem)
            if verdict:
                yield check, place, list(found), found, verdict
            continue
        lines = content.decode().splitlines()
        for one in found:
            name = _label(form, one, lines)
            verdict = due(check, name)
            if verdict:
                shown = one.body["terraform"]["address"] if form == "terraform" else name
                yield check, f"{place}:{shown}", [one], found, verdict


def _sibling(name: str) -> bytes | None:
    path = FIXTURES / name
    return path.read_bytes() if path.is_file() else None


def _label(form: str, one: Object, lines: list[str]) -> str:
    if form == "terraform":
        return re.sub(r"\[.*", "", one.body["terraform"]["address"]).rpartition(".")[2]
    match = re.match(r"resource +(\w+) ", lines[one.line_of("") - 1])
    return match[1] if match else ""


def compare(form: str) -> tuple[Counter[str], dict[str, str]]:
    """How many labels there are, and where the verdicts are apart: place -> due, said."""
    wanted = {rule.id.removeprefix("policy/"): rule for rule in rules.load({Family.POLICY}).rules}
    compiled = {check: Policies([wanted[name] for name in names]) for check, names in RULES_OF.items()}
    counts: Counter[str] = Counter()
    apart: dict[str, str] = {}
    for check, where, own, around, verdict in labelled(form):
        policies = compiled[check]
        kinds = {kind for policy in policies.azure for kind in policy.types}
        judged = [one for one in own if one.body["type"].lower() in kinds]
        if not judged:
            counts["of another type"] += 1
            continue
        hits = [hit for one in judged for hit in policies.judge(one, around)]
        said = "fail" if any(not hit.failed for hit in hits) else "not decided" if hits else "pass"
        counts["compared"] += 1
        counts["agree"] += said == verdict
        if said != verdict:
            apart[where] = f"due {verdict}, said {said}"
    return counts, apart


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the corpora are not here")
@pytest.mark.parametrize(
    ("form", "compared", "agreed", "other"), [("arm", 182, 173, 15), ("bicep", 26, 24, 0), ("terraform", 258, 246, 0)]
)
def test_verdicts_agree_and_each_that_does_not_has_its_reason(form, compared, agreed, other):
    counts, apart = compare(form)
    assert (counts["compared"], counts["agree"], counts["of another type"]) == (compared, agreed, other)
    assert apart == {place: said for place, (said, _) in APART.items() if place.startswith(f"{form}/")}
    assert counts["agree"] / counts["compared"] >= 0.9


def test_a_rule_that_is_compared_says_which_check_means_the_same():
    wanted = {rule.id.removeprefix("policy/"): rule for rule in rules.load({Family.POLICY}).rules}
    lacking = [n for n in SAME_MEANING if not any(tag.startswith("checkov-ckv-azure-") for tag in wanted[n].tags)]
    assert lacking == []
