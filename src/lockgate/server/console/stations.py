"""The delivery line: its 21 stations, and what in the record shows that each one works.

A station is lit by rows that only it can have written: when last, by what, how many. No setting lights one. Where a
table has no rows the station is dark, and says what would light it.
"""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.kql import Workspace


@dataclass(frozen=True, slots=True)
class Station:
    """One place on the way from an editor to a running pod."""

    number: int
    title: str
    stage: str
    """plan, develop, build, deploy, operate."""
    evidence: str
    """A query over the record that gives ``Seen`` (a time), ``By`` and ``Count``; one row, or none."""
    lights: str
    """What would light it, in words."""


def _rows(table: str, by: str, where: str = "") -> str:
    """The newest row of a table, what it is of, and how many there are."""
    condition = f"| where {where} " if where else ""
    return f"{table} {condition}| summarize Seen=max(TimeGenerated), Count=count(), By=take_any({by})"


def _runs(where: str) -> str:
    return f"Runs | where {where} | summarize Seen=max(TimeGenerated), Count=count(), By=take_any(Root)"


def _family(family: str) -> str:
    return (
        f"Runs | where tostring(Families) has '{family}' "
        "| summarize Seen=max(TimeGenerated), Count=count(), By=take_any(Root)"
    )


STATIONS = (
    Station(1, "Sign-in with MFA", "plan",
            _rows("SigninLogs", "tostring(UserPrincipalName)"),
            "sign-ins of the console (audit trail), or SigninLogs of Entra"),
    Station(2, "Feedback in the editor", "develop",
            _runs("Mode == 'staged'"),
            "a check of what is about to be committed"),
    Station(3, "Governed repositories", "develop",
            _runs("Mode == 'posture'"),
            "lockgate posture over a forge"),
    Station(4, "Code, secret and dependency scanning", "develop",
            _family("secrets"),
            "lockgate check over a repository"),
    Station(5, "Pull requests judged", "build",
            _runs("Mode == 'since'"),
            "a check of what a change introduces"),
    Station(6, "Images built into a registry", "build",
            _rows("Images", "Name"),
            "lockgate image, build or registry watch"),
    Station(7, "Approvals by people", "deploy",
            _rows("Approvals", "Environment"),
            "an answer at a gate of a deployment"),
    Station(8, "Delivery to the cluster", "deploy",
            _rows("Deployments", "Environment"),
            "a deployment through a gate"),
    Station(9, "Posture of registry, cluster, vault", "operate",
            _runs("Mode == 'cluster'"),
            "lockgate audit of a cluster"),
    Station(10, "Images scanned on push", "build",
            _rows("ImageSteps", "Repository"),
            "lockgate registry watch"),
    Station(11, "Runtime threat protection", "operate",
            _rows("SecurityAlert", "ProviderName"),
            "alerts of a run-time sensor in SecurityAlert"),
    Station(12, "Threats to the key vault", "operate",
            _rows("AZKVAuditLogs", "OperationName"),
            "the vault's audit log in AZKVAuditLogs"),
    Station(13, "Policy for registry and cluster", "deploy",
            _rows("AdmissionReviews", "Outcome"),
            "a review by lockgate admission serve"),
    Station(14, "Secrets injected at run time", "deploy",
            _rows("KubernetesObjects", "Cluster", "Kind == 'SecretProviderClass'"),
            "a SecretProviderClass in an audited cluster"),
    Station(15, "Network policies", "operate",
            _rows("KubernetesObjects", "Cluster", "Kind == 'NetworkPolicy'"),
            "a NetworkPolicy in an audited cluster"),
    Station(16, "Metrics", "operate",
            _rows("InsightsMetrics", "Computer"),
            "lockgate collect, remote write or OTLP"),
    Station(17, "Container logs and inventory", "operate",
            _rows("ContainerLogV2", "PodNamespace"),
            "lockgate collect --logs, Fluent Bit or OTLP"),
    Station(18, "Workspace asked in KQL", "operate",
            _rows("LAQueryLogs", "AADEmail"),
            "rows of LAQueryLogs"),
    Station(19, "Incidents", "operate",
            _rows("SecurityIncident", "Title"),
            "rows of SecurityIncident"),
    Station(20, "Penetration tests", "deploy",
            _runs("Mode == 'dast'"),
            "results of a dynamic test in the record"),
    Station(21, "DevOps security across forges", "plan",
            _rows("AzureDevOpsAuditing", "OperationName"), "audit events of a forge, such as AzureDevOpsAuditing"),
)  # fmt: skip
STAGES = ("plan", "develop", "build", "deploy", "operate")


def line(shapes: Workspace) -> str:
    """One query for the evidence of all stations whose tables are there: ``Number``, ``Seen``, ``By``, ``Count``."""
    parts = [
        f"({one.evidence} | project Number={one.number}, Seen, By=tostring(By), Count)"
        for one in STATIONS
        if shapes.table(one.evidence.split(maxsplit=1)[0]) is not None
    ]
    return f"union {', '.join(parts)} | order by Number asc"
