"""The tables of Azure Monitor that are adopted, so that a query which was written for it finds what it names.

One module a subject, each with its tables under ``TABLES``; which table stands where is said here, so that a module is
read only when one of its tables is looked up.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from lockgate.tables import Table

_SUBJECTS = {
    "containers": (
        "ContainerLogV2 ContainerLog KubePodInventory KubeNodeInventory KubeServices KubeEvents "
        "KubePVInventory ContainerInventory ContainerNodeInventory ContainerImageInventory InsightsMetrics "
        "Perf KubeMonAgentEvents Heartbeat KubeHealth"
    ),
    "audit": "AKSAudit AKSAuditAdmin AKSControlPlane CloudAuditEvents AzureActivity AzureMetrics Operation Usage",
    "network": "ContainerNetworkLogs RetinaNetworkFlowLogs NTANetAnalytics",
    "vault": "AZKVAuditLogs AZKVPolicyEvaluationDetailsLogs",
    "registry": "ContainerRegistryLoginEvents ContainerRegistryRepositoryEvents ACREntraAuthenticationAuditLog",
    "identity": (
        "SigninLogs AADNonInteractiveUserSignInLogs AADServicePrincipalSignInLogs "
        "AADManagedIdentitySignInLogs AuditLogs IdentityInfo BehaviorAnalytics"
    ),
    "alerts": (
        "SecurityAlert SecurityIncident SecurityRecommendation SecurityNestedRecommendation "
        "ThreatIntelIndicators ThreatIntelligenceIndicator Watchlist Anomalies HuntingBookmark SentinelHealth "
        "SentinelAudit CloudProcessEvents CloudDnsEvents"
    ),
    "machines": "Syslog CommonSecurityLog AppRequests AppTraces",
    "telemetry": "OTelLogs OTelSpans OTelEvents",
    "forges": (
        "AzureDevOpsAuditing ADOAuditLogs_CL GitHubAuditLogsV3_CL GitHubAuditLogsV2_CL "
        "GitHubAuditLogPolling_CL"
    ),
    "diagnostics": "AzureDiagnostics AzureDiagnosticsRecords_CL",
    "sensors": "FalcoEvents_CL TetragonEvents_CL",
}


class _Adopted(Mapping[str, Table]):
    """Tables by name, each made when it is first looked up."""

    def __init__(self, subjects: Mapping[str, str]) -> None:
        self._subject = {name: subject for subject, names in subjects.items() for name in names.split()}
        self._made: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        if name not in self._made:
            module = importlib.import_module(f"{__name__}.{self._subject[name]}")
            self._made[name] = module.TABLES[name].table(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._subject)

    def __len__(self) -> int:
        return len(self._subject)

    def __contains__(self, name: object) -> bool:
        return name in self._subject


ADOPTED: Mapping[str, Table] = _Adopted(_SUBJECTS)
