"""Tables of Azure Monitor stand here with the names and types that a query expects of them."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import defaultdict

import pytest
from tests.corpora import CORPORA

from lockgate.errors import ConfigurationError
from lockgate.tables import ColumnType, adopted, find, reference_markdown, tables
from lockgate.tables._azure._declared import Declared

_PAGES = CORPORA / "tables" / "log_analytics_columns.csv"
_COMMON = {
    "TimeGenerated": "datetime", "Type": "string", "TenantId": "string", "SourceSystem": "string",
    "_ResourceId": "string", "_SubscriptionId": "string", "_BilledSize": "real", "_IsBillable": "string",
}  # fmt: skip
_WITHOUT_A_PAGE = {"ADOAuditLogs_CL", "GitHubAuditLogsV3_CL", "GitHubAuditLogsV2_CL", "GitHubAuditLogPolling_CL",
                   "AzureDiagnosticsRecords_CL", "FalcoEvents_CL", "TetragonEvents_CL"}  # fmt: skip
"""Custom tables of connectors: their files define them."""
_OF_EXAMPLES = "AzureDiagnostics"
"""Its page gives examples of columns, under .NET's names of types."""
_NAMES_LOST = {"KubePodInventory", "KubeEvents", "ContainerInventory", "InsightsMetrics", "ContainerLog",
               "OTelSpans", "OTelEvents"}  # fmt: skip
"""The copy of their pages that the test data are made from lost the column ``Name``."""
_OURS = {
    ("AKSAudit", "ImpersonatedUser_CF"), ("AKSAudit", "AuthenticationMetadata_CF"),
    ("AKSAuditAdmin", "ImpersonatedUser_CF"), ("AKSAuditAdmin", "AuthenticationMetadata_CF"),
    ("CloudProcessEvents", "ExecutableDigest_CF"), ("CloudProcessEvents", "ImageDigest_CF"),
    ("CloudProcessEvents", "Ancestors_CF"), ("CloudProcessEvents", "Capabilities_CF"),
    ("CloudProcessEvents", "InImage_CF"), ("Syslog", "MessageId_CF"), ("Syslog", "StructuredData_CF"),
}  # fmt: skip


def _shape(name: str) -> dict[str, str]:
    return {column.name: column.type.value for column in adopted()[name].columns}


@pytest.fixture(scope="module")
def pages() -> dict[str, dict[str, str]]:
    if not _PAGES.exists():
        pytest.skip("the test data with the columns of Log Analytics are not here")
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with _PAGES.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found[row["table"]][row["column"]] = row["type"]
    return found


def test_every_adopted_table_is_found_by_its_name_and_none_is_called_like_one_of_ours() -> None:
    assert len(adopted()) == 67
    assert sum(len(table.columns) for table in adopted().values()) == 3025
    assert not {name.lower() for name in adopted()} & {name.lower() for name in tables()}
    for name in adopted():
        table = find(name)
        assert table is not None and table.name == name and table.about and table.source
    assert find("Findings") is tables()["Findings"]
    assert find("findings") is find("Nothing") is None


@pytest.mark.parametrize(
    ("name", "count"),
    [
        # As many as the page of each has, TenantId where it has none, and ours.
        ("AKSAudit", 24 + 2), ("AKSAuditAdmin", 24 + 2), ("AKSControlPlane", 13), ("AZKVAuditLogs", 51),
        ("ContainerLogV2", 17), ("ContainerLog", 16 + 1), ("KubePodInventory", 31 + 1), ("KubeEvents", 20 + 1),
        ("ContainerInventory", 25 + 1), ("InsightsMetrics", 15 + 1), ("Perf", 20), ("Heartbeat", 31 + 1),
        ("ContainerNetworkLogs", 36), ("RetinaNetworkFlowLogs", 35), ("NTANetAnalytics", 93),
        ("ContainerRegistryRepositoryEvents", 26), ("AzureActivity", 37), ("SigninLogs", 95 + 1),
        ("AADNonInteractiveUserSignInLogs", 86), ("AuditLogs", 31 + 1), ("AzureDevOpsAuditing", 28),
        ("SecurityAlert", 35 + 1), ("SecurityIncident", 33), ("Syslog", 17 + 3), ("CommonSecurityLog", 163),
        ("CloudProcessEvents", 29 + 5),
    ],
)  # fmt: skip
def test_a_table_has_as_many_columns_as_its_page(name: str, count: int) -> None:
    assert len(adopted()[name].columns) == count


def test_every_table_has_the_common_columns_with_their_types() -> None:
    lacking: dict[str, set[str]] = defaultdict(set)
    for name in adopted():
        shape = _shape(name)
        assert next(iter(shape)) == "TimeGenerated"
        assert not {"RunId", "Batch"} & shape.keys()
        for column, kind in _COMMON.items():
            if column in shape:
                assert shape[column] == kind
            else:
                lacking[column].add(name)
    assert not {"TimeGenerated", "Type", "TenantId"} & lacking.keys()
    assert {column: len(names) for column, names in lacking.items()} == {
        "SourceSystem": 3, "_ResourceId": 20, "_SubscriptionId": 21, "_BilledSize": 1, "_IsBillable": 1,
    }  # fmt: skip


def test_names_and_types_are_those_of_the_pages(pages: dict[str, dict[str, str]]) -> None:
    more: set[tuple[str, str]] = set()
    compared = 0
    for name in adopted().keys() - _WITHOUT_A_PAGE - {_OF_EXAMPLES}:
        ours, theirs = _shape(name), pages[name]
        assert {column: ours.get(column) for column in theirs} == theirs, name
        more |= {(name, column) for column in ours.keys() - theirs.keys()}
        compared += len(theirs)
    without_tenant = {one for one in more if one[1] == "TenantId"}
    assert (compared, len(without_tenant)) == (1993, 20)
    assert more - without_tenant == _OURS | {(name, "Name") for name in _NAMES_LOST} | {("Perf", "Type")}


def test_the_shared_table_has_the_columns_of_the_examples_and_those_that_queries_read(
    pages: dict[str, dict[str, str]],
) -> None:
    types = {"String": "string", "Double": "real", "Guid": "guid", "DateTime": "datetime", "Bool": "bool"}
    types["BigInt"] = "long"
    ours = _shape(_OF_EXAMPLES)
    theirs = {column: types[kind] for column, kind in pages[_OF_EXAMPLES].items() if kind in types}
    assert len(theirs) == 169
    # Queries hold the caller's application as text: the service itself compares it so.
    assert {column for column, kind in theirs.items() if ours[column] != kind} == {"identity_claim_appid_g"}
    assert len(ours) == 192
    for column in ("log_s", "pod_s", "stream_s", "id_s", "requestUri_s", "identity_claim_oid_g"):
        assert ours[column] == "string"
    assert ours["httpStatusCode_d"] == "real" and ours["DurationMs"] == "long"


def test_the_generations_of_the_forge_differ_as_their_connectors_do() -> None:
    second, third = _shape("GitHubAuditLogsV2_CL"), _shape("GitHubAuditLogsV3_CL")
    assert third.keys() - second.keys() == {"ActivityType"} and not second.keys() - third.keys()
    assert third["CreatedAt"] == "real" and third["PublicRepo"] == "bool" and third["StartedAt"] == "datetime"
    first = _shape("GitHubAuditLogPolling_CL")
    assert first["old_permissions_admin_b"] == "bool" and first["actor_id_d"] == "real" and len(first) == 46
    audited, connected = _shape("AzureDevOpsAuditing"), _shape("ADOAuditLogs_CL")
    assert audited.keys() - connected.keys() == {"OperationName"} and "ActionId" in connected


def test_columns_of_ours_are_marked() -> None:
    assert {(name, one.name) for name, table in adopted().items() for one in table.columns if one.ours} == _OURS
    assert all(one.about for name in adopted() for one in adopted()[name].columns if one.ours)


def test_the_page_names_every_column() -> None:
    page = reference_markdown()
    for name, table in adopted().items():
        assert f"## {name}\n" in page
        for column in table.columns:
            assert f"| `{column.name}` | {column.type} | " in page
    assert "| `ImpersonatedUser_CF` | dynamic | Ours: impersonatedUser" in page
    assert "Plans in Azure Monitor: Analytics, Basic" in page


def test_a_wrong_declaration_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        Declared("x", "string A B\nint A").table("Wrong")
    with pytest.raises(ConfigurationError, match="no column"):
        Declared("x", "string A-B").table("Wrong")
    with pytest.raises(ValueError, match="text"):
        Declared("x", "text A").table("Wrong")
    made = Declared("x", "string b A: both", omits="SourceSystem").table("Right")
    assert [one.name for one in made.columns[:3]] == ["TimeGenerated", "A", "b"]
    assert made.column("A").about == "both" and made.column("b").type is ColumnType.STRING


@pytest.mark.parametrize("code", ["tables()", "tables(), list(adopted()), 'AKSAudit' in adopted()"])
def test_nobody_pays_for_a_table_that_is_not_asked_for(code: str) -> None:
    program = f"import sys; from lockgate.tables import adopted, tables; {code}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not [name for name in done.stdout.split() if name.startswith("lockgate.tables._azure.")]
