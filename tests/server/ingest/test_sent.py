"""What a cluster's API server, Falco and others send over HTTP, as they send it, is in its tables."""

import gzip
import json

import httpx
import pytest
from tests.server.ingest.served import Served

from lockgate.errors import StoreError

_EVENTS = [
    {"level": "Request", "auditID": f"id-{number}", "stage": "ResponseComplete", "verb": verb, "requestURI": "/api",
     "user": {"username": "ana", "groups": ["g"]}, "sourceIPs": ["10.0.0.1"], "userAgent": "kubectl",
     "objectRef": {"resource": "secrets", "namespace": "shop", "name": "s"}, "responseStatus": {"code": 200},
     "requestObject": {"kind": "Secret", "apiVersion": "v1", "data": {"p": "c3VyZWx5IG5vdCB0aGlz"}},
     "requestReceivedTimestamp": "2020-01-02T03:04:05.000006Z", "stageTimestamp": "2020-01-02T03:04:05.000006Z"}
    for number, verb in enumerate(("create", "get", "list", "delete"))
]  # fmt: skip


def _post(served, path, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {**served.bearer, "content-type": "application/json", **headers}
    return httpx.post(f"http://127.0.0.1:{served.port}{path}", content=content, headers=given, timeout=30)


def test_the_audit_webhook_s_lists_are_in_both_tables_of_aks_without_secrets(served):
    whole = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": _EVENTS}
    assert _post(served, "/ingest/kubernetes-audit", whole).status_code == 204
    served.until("AKSAudit | count", [(4,)])
    served.until("AKSAuditAdmin | project Verb | order by Verb asc", [("create",), ("delete",)])
    [(body, namespace)] = served.ask(
        "AKSAudit | take 1 | project tostring(RequestObject), tostring(ObjectRef.namespace)"
    )
    assert "lockgate-hash:" in body and "c3VyZWx5" not in body and namespace == "shop"
    assert served.ask("AzureDiagnostics | summarize count() by Category | order by Category asc") == [
        ("kube-audit", 4), ("kube-audit-admin", 2)]  # fmt: skip


def test_falco_may_show_its_token_in_the_address_and_what_is_no_alert_is_kept_with_its_reason(served):
    alert = {"rule": "Terminal shell", "output": "o", "priority": "Notice", "time": "2020-01-02T03:04:05.123456789Z",
             "output_fields": {"k8s.ns.name": "shop", "evt.time": 1764151200123456789}}  # fmt: skip
    url = f"http://ana:{served.token}@127.0.0.1:{served.port}/ingest/falco"
    assert httpx.post(url, json=alert).status_code == 204
    assert httpx.post(url, content=gzip.compress(b"no json"), headers={"content-encoding": "gzip"}).status_code == 204
    served.until("FalcoEvents_CL | project Rule, PodNamespace, tolong(OutputFields['evt.time'])",
                 [("Terminal shell", "shop", 1764151200123456789)])  # fmt: skip
    told = "FalcoEvents_CL_errors | project Text, Origin, Line, Kept | sort by Kept asc"
    served.until(told, [("no json", "falco/ana", 1, False), (alert["time"], "falco/ana", 1, True)])


def test_records_of_services_without_a_table_are_rows_of_azurediagnostics(served):
    record = {"time": "2020-01-02T03:04:05Z", "category": "WorkflowRuntime", "operationName": "Run",
              "resourceId": "/SUBSCRIPTIONS/A/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.LOGIC/WORKFLOWS/W",
              "properties": {"code": "OK", "own": 1.5, "clientIp": "10.0.0.1"}}  # fmt: skip
    assert _post(served, "/ingest/azure-diagnostics", {"records": [record, record]}).status_code == 204
    query = (
        "AzureDiagnostics | where Type == 'AzureDiagnostics' and clientIp_s == clientIP_s "
        "| summarize count() by Category, Resource, code_s, toreal(AdditionalFields.own_d), clientIp_s"
    )
    served.until(query, [("WorkflowRuntime", "W", "OK", 1.5, "10.0.0.1", 2)])


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/ingest/nothing", b"{}", {}, 404), ("/ingest/", b"{}", {}, 404),
        ("/ingest/falco?table=AKSAudit", b"{}", {}, 400), ("/ingest/falco", b"{}", {"authorization": ""}, 401),
        ("/ingest/falco", b"{}", {"origin": "https://example.org"}, 403),
        ("/ingest/falco", b"{}", {"sec-fetch-site": "cross-site"}, 403),
        ("/ingest/falco", b"{}", {"content-encoding": "br"}, 415),
        ("/ingest/falco", b"{}", {"content-encoding": "gzip"}, 400),
        ("/ingest/falco", gzip.compress(b"{}", mtime=0)[:-4], {"content-encoding": "gzip"}, 400),
        ("/ingest/falco", gzip.compress(b" " * (40 << 20), mtime=0), {"content-encoding": "gzip"}, 413),
        ("/ingest/falco", b"", {}, 204),
    ],
)  # fmt: skip
def test_a_request_that_is_wrong_is_told_so_and_nothing_of_it_is_kept(served, path, body, headers, status):
    assert _post(served, path, body, **headers).status_code == status
    assert served.taker._journal.size == 0


def test_one_of_the_tables_of_a_format_may_be_wanted_alone(served):
    assert _post(served, "/ingest/kubernetes-audit?table=AKSAuditAdmin", {"items": _EVENTS}).status_code == 204
    served.until("AKSAuditAdmin | count", [(2,)])
    assert served.ask("AKSAudit | count") == [(0,)]


def test_a_table_that_cannot_be_written_holds_up_no_other_and_keeps_its_order(tmp_path, monkeypatch):
    monkeypatch.setattr("lockgate.server.ingest.taking._LATER", 0.1)

    class Broken(Served):
        broken_table = "Sick_CL"

        def _loader(self, table, origin):
            if table == self.broken_table:
                raise StoreError("this table cannot be written")
            return super()._loader(table, origin)

    running = Broken(tmp_path, pause=0.05)
    try:
        for n in range(4):
            for table in ("Sick_CL", "Well_CL"):
                assert _post(running, f"/ingest/rows?table={table}", {"n": n}).status_code == 204
            running.until("Well_CL | count", [(n + 1,)])
        assert running.ask("Sick_CL | count") in ([], [(0,)])
        assert list((tmp_path / "incoming").glob("*/*.jsonl"))
        running.broken_table = ""
        running.until("Sick_CL | summarize count(), dcount(n, 4)", [(4, 4)])
        running.until("Well_CL | summarize count(), dcount(n, 4)", [(4, 4)])
    finally:
        running.close()
    assert not list((tmp_path / "incoming").glob("*/*.jsonl"))
