"""A query that was written for Log Analytics finds its tables here, full or empty, in the older shapes too."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from tests.corpora import CORPORA

from lockgate.kql import QueryError, bind, parse
from lockgate.store.ask import Tables, ask
from lockgate.store.ask.adopted import Functions, Shapes
from lockgate.tables import adopted, functions, views

_QUERIES = CORPORA / "kql" / "queries.jsonl"
_RESOURCE = "/subscriptions/s1/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/prod"


def _tables(**rows: Mapping[str, Any]) -> Tables:
    """A workspace with one row in each table that is named; columns that are not given hold nothing."""
    made = Tables(functions=Functions(), beside=Shapes())
    for name, row in rows.items():
        columns = Shapes()[name]
        assert not row.keys() - columns.keys()
        made.add(name, columns, f"(SELECT {', '.join(_value(row.get(one), columns[one]) for one in columns)})")
    return made


def _value(value: Any, kind: str) -> str:
    if value is None:
        return "''" if kind == "string" else "NULL"
    text = json.dumps(value) if kind == "dynamic" else str(value)
    quoted = "'" + text.replace("'", "''") + "'"
    return f"{quoted}::TIMESTAMP" if kind == "datetime" else quoted if kind in ("string", "dynamic") else text


def _rows(query: str, tables: Tables) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in ask(query, tables).tables[0].rows]


@pytest.mark.parametrize("name", list(adopted()))
def test_every_table_gives_exactly_its_columns(name: str) -> None:
    bound = bind(parse(name), _tables().workspace)
    assert bound.columns == tuple((one.name, one.type.value) for one in adopted()[name].columns)


@pytest.mark.parametrize("name", [*views(), "SigninLogs", "CommonSecurityLog"])
def test_a_table_that_holds_nothing_answers_with_no_rows(name: str) -> None:
    answer = ask(name, _tables()).tables[0]
    assert answer.columns == tuple((one.name, one.type.value) for one in adopted()[name].columns)
    assert answer.rows == []


def test_the_views_are_those_of_the_older_shapes() -> None:
    assert sorted(views()) == [
        "AzureDiagnostics", "ContainerLog", "GitHubAuditLogPolling_CL", "GitHubAuditLogsV2_CL",
    ]  # fmt: skip
    assert len(Shapes()) + len(Functions()) == len(adopted()) + len(functions())
    assert not set(Shapes()) & set(Functions())
    with pytest.raises(KeyError):
        Shapes()["ContainerLog"]


def test_an_audit_event_is_read_from_the_shared_table_as_public_queries_read_it() -> None:
    event = {
        "TimeGenerated": "2031-05-04 12:00:00", "AuditId": "a1", "Verb": "create", "Stage": "ResponseComplete",
        "User": {"username": "ada", "groups": ["system:masters"]}, "PodName": "kube-apiserver-0",
        "ObjectRef": {"resource": "pods", "subresource": "exec", "namespace": "pay"}, "SourceIps": ["192.0.2.7"],
        "ImpersonatedUser_CF": {"username": "root"}, "_ResourceId": _RESOURCE, "TenantId": "w1",
    }  # fmt: skip
    query = """
        AzureDiagnostics
        | where Category == "kube-audit" and ResourceType == "MANAGEDCLUSTERS"
        | extend Event = parse_json(log_s)
        | where Event.verb == "create" and Event.objectRef.subresource == "exec"
        | project tostring(Event.user.username), tostring(Event.impersonatedUser.username),
            tostring(Event.sourceIPs[0]), pod_s, Resource, ResourceGroup, SubscriptionId, Type, TenantId
    """
    expected = [
        ("ada", "root", "192.0.2.7", "kube-apiserver-0", "PROD", "SHOP", "S1", "AzureDiagnostics", "w1"),
    ]  # fmt: skip
    tables = _tables(AKSAudit=event, AKSAuditAdmin=event)
    assert _rows(query, tables) == expected
    assert _rows(query.replace('"kube-audit"', '"kube-audit-admin"'), tables) == expected
    assert _rows("AzureDiagnostics | summarize count() by Category | order by Category asc", tables) == [
        ("kube-audit", 1), ("kube-audit-admin", 1),
    ]  # fmt: skip


def test_a_call_to_a_vault_is_read_from_the_shared_table_as_public_queries_read_it() -> None:
    vault = _RESOURCE.replace("ContainerService/managedClusters", "KeyVault/vaults")
    objectid = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    call = {
        "TimeGenerated": "2031-05-04 12:00:00", "OperationName": "SecretGet", "HttpStatusCode": 403, "DurationMs": 7,
        "Identity": {"claim": {"oid": "o1", "appid": "p1", "upn": "ada@example.org", objectid: "o2"}},
        "CallerIpAddress": "192.0.2.7", "_ResourceId": vault, "IsAccessPolicyMatch": "false", "Sku": {"Family": "A"},
        "Tlsversion": "1.2",
    }  # fmt: skip
    query = """
        AzureDiagnostics
        | where ResourceProvider == "MICROSOFT.KEYVAULT" and Category == "AuditEvent" and httpStatusCode_d == 403
        | project OperationName, identity_claim_oid_g, identity_claim_appid_g, identity_claim_upn_s,
            identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g, CallerIPAddress, DurationMs,
            isAccessPolicyMatch_b, properties_sku_Family_s, ResourceType, tlsVersion_s
    """
    assert _rows(query, _tables(AZKVAuditLogs=call)) == [
        ("SecretGet", "o1", "p1", "ada@example.org", "o2", "192.0.2.7", 7, False, "A", "VAULTS", "1.2")
    ]


def test_a_line_of_a_component_of_the_control_plane_is_in_the_shared_table() -> None:
    line = {"TimeGenerated": "2031-05-04 12:00:00", "Category": "guard", "Message": "hello", "Stream": "stderr"}
    assert _rows("AzureDiagnostics | project Category, log_s, stream_s", _tables(AKSControlPlane=line)) == [
        ("guard", "hello", "stderr")
    ]


def test_a_line_of_a_container_is_read_in_the_older_shape() -> None:
    line = {
        "TimeGenerated": "2031-05-04 12:00:00", "ContainerId": "c1", "ContainerName": "web", "LogSource": "stdout",
        "LogMessage": {"level": "info"}, "KubernetesMetadata": {"podUid": "u1", "image": "web", "imageTag": "1"},
    }  # fmt: skip
    query = "ContainerLog | project ContainerID, Name, LogEntry, LogEntrySource, Image, ImageTag, Type"
    assert _rows(query, _tables(ContainerLogV2=line)) == [
        ("c1", "u1/web", '{"level":"info"}', "stdout", "web", "1", "ContainerLog")
    ]


def test_an_event_of_the_forge_is_read_in_both_older_shapes() -> None:
    event = {
        "TimeGenerated": "2031-05-04 12:00:00", "Action": "repo.destroy", "Actor": "ada", "PublicRepo": "true",
        "ActivityType": "git", "DocumentId": "d1", "RepoId": 5, "CreatedAt": 1935662400000,
    }  # fmt: skip
    tables = _tables(GitHubAuditLogsV3_CL=event)
    assert _rows("GitHubAuditLogsV2_CL | project Action, Actor, Type, PublicRepo", tables) == [
        ("repo.destroy", "ada", "git", True)
    ]
    query = "GitHubAuditLogPolling_CL | project action_s, actor_s, public_repo_b, repo_id_d, _document_id_s"
    assert _rows(f"{query}, created_at_d, Same = created_at_d == _timestamp_d", tables) == [
        ("repo.destroy", "ada", True, 5.0, "d1", 1935662400000.0, True)
    ]


def test_a_watch_list_is_its_items_as_they_stand() -> None:
    tables = _tables()
    item = {"_DTItemType": "watchlist-item", "WatchlistAlias": "vip", "_DTItemStatus": "Create"}
    rows = [
        item | {"_DTItemId": "1", "_DTTimestamp": "2031-05-01", "SearchKey": "ada", "WatchlistItem": {"Who": "ada"}},
        item | {"_DTItemId": "2", "_DTTimestamp": "2031-05-01", "SearchKey": "bob", "WatchlistItem": {"Who": "bob"}},
        item | {"_DTItemId": "2", "_DTTimestamp": "2031-05-02", "SearchKey": "bob", "_DTItemStatus": "Delete"},
        item | {"_DTItemId": "3", "_DTTimestamp": "2031-05-01", "SearchKey": "eve", "WatchlistAlias": "other"},
        {"_DTItemType": "watchlist", "WatchlistAlias": "vip", "_DTItemStatus": "Create", "_DTTimestamp": "2031-05-01"},
    ]  # fmt: skip
    columns = Shapes()["Watchlist"]
    parts = [f"SELECT {', '.join(_value(row.get(one), columns[one]) for one in columns)}" for row in rows]
    tables.add("Watchlist", columns, f"({' UNION ALL '.join(parts)})")
    assert _rows("_GetWatchlist('vip') | where Who == 'ada' | project SearchKey, Who", tables) == [("ada", "ada")]
    assert _rows("_GetWatchlist('vip') | count", tables) == [(1,)]
    assert _rows("_GetWatchlistAlias", tables) == _rows("_GetWatchlistAlias()", tables) == [("vip",)]


def test_what_asks_for_all_tables_is_spared_those_that_hold_nothing() -> None:
    tables = _tables(Syslog={"TimeGenerated": "2031-05-04 12:00:00", "SyslogMessage": "needle"})
    assert _rows('search "needle" | summarize count() by $table', tables) == [("Syslog", 1)]
    assert len(ask("union *", tables).tables[0].columns) == len(adopted()["Syslog"].columns)
    assert _rows("union withsource = T AKSAudit*, Sys* | summarize count() by T", tables) == [("Syslog", 1)]
    assert _rows("find in (Kube*) where TimeGenerated > ago(1d)", tables) == []


@pytest.mark.skipif(not _QUERIES.exists(), reason="the collections of public queries are not here")
def test_public_queries_over_adopted_tables_are_understood() -> None:
    workspace = _tables().workspace
    understood = total = 0
    strange: Counter[str] = Counter()
    for line in _QUERIES.read_text("utf-8").splitlines():
        query = json.loads(line)
        if not query["tables"] or not adopted().keys() >= set(query["tables"]):
            continue
        total += 1
        try:
            bind(parse(query["text"]), workspace)
            understood += 1
        except QueryError as error:
            strange[error.diagnostics[0].message.partition("'")[2].partition("'")[0]] += 1
    # The others mostly call Resource Graph, or read columns that AzureDiagnostics has only where some other service
    # writes to it; none lacks a table or function that is adopted.
    assert (total, understood, strange["arg"]) == (464, 395, 6)
    assert not strange.keys() & {*adopted(), *functions()}


def test_a_misspelt_name_is_told_the_nearest_one() -> None:
    with pytest.raises(QueryError, match="SigninLogs"):
        ask("SigninLog | take 1", _tables())


def test_a_query_reads_only_the_subject_of_the_tables_that_it_names() -> None:
    program = (
        "import sys\nfrom lockgate.store.ask import Tables, ask\n"
        "from lockgate.store.ask.adopted import Functions, Shapes\n"
        "tables = Tables(functions=Functions(), beside=Shapes()); tables.add('Own', {'A': 'long'})\n"
        "ask('Own | count', tables); before = set(sys.modules); ask('Syslog | count', tables)\n"
        "print(*before, '-', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = done.stdout.split(" - ")
    subjects = "lockgate.tables._azure."
    assert not [one for one in before.split() if one.startswith(subjects) and one != f"{subjects}_views"]
    assert {one for one in after.split() if one.startswith(subjects)} == {
        f"{subjects}_views", f"{subjects}_declared", f"{subjects}machines",
    }  # fmt: skip
