"""What other programs send stands in the columns of tables, and what cannot be read is told of with its reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.sent import formats, read, taken, values_of

_RESOURCE = "/SUBSCRIPTIONS/ABC/RESOURCEGROUPS/RG/PROVIDERS/"
_CLUSTER = f"{_RESOURCE}MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/ONE"
_VAULT = f"{_RESOURCE}MICROSOFT.KEYVAULT/VAULTS/SAFE"
_EVENT = {
    "level": "Metadata", "auditID": "1", "stage": "ResponseComplete", "verb": "create", "requestURI": "/x",
    "requestReceivedTimestamp": "2026-11-26T10:00:00.000001Z", "stageTimestamp": "2026-11-26T10:00:00.000002Z",
}  # fmt: skip


def _read(name, *values, only="", clean=dict):
    body = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in values).encode()
    found = read(formats()[name], values_of(body), clean=clean, origin="test", only=only)
    return {table: [json.loads(line) for line in lines.splitlines()] for table, lines in found.items()}


def _shown(row):
    return {name: value for name, value in row.items() if value not in (None, "", {}, [])}


def test_the_command_line_and_the_paths_know_the_same_formats():
    from lockgate.cli.commands.ingest import SENT

    assert set(SENT) == set(formats())


def test_columns_that_formats_fill_are_those_of_their_tables():
    given = {
        "falco": {"rule": "r", "output": "o", "output_fields": {}, "time": "t", "priority": "p", "tags": []},
        "tetragon": {"process_exec": {"process": {}, "parent": {}}, "time": "t", "node_name": "n"},
        "hubble": {"flow": {"verdict": "DROPPED"}, "time": "t"}, "retina": {"flow": {"verdict": "DROPPED"}},
        "kubernetes-audit": _EVENT,
    }  # fmt: skip
    for name, value in given.items():
        for table, rows in _read(name, value).items():
            assert set(rows[0]) <= {column.name for column in shape_of(table).columns}, name


def test_audit_events_of_all_verbs_are_kept_and_those_that_change_something_twice():
    events = [{**_EVENT, "verb": verb} for verb in ("get", "list", "watch", "create")]
    whole = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": events}
    found = _read("kubernetes-audit", whole)
    assert [row["Verb"] for row in found["AKSAudit"]] == ["get", "list", "watch", "create"]
    assert [row["Verb"] for row in found["AKSAuditAdmin"]] == ["watch", "create"]
    assert found["AKSAudit"][0]["TimeGenerated"] == _EVENT["stageTimestamp"] and "metadata" not in found["AKSAudit"][0]
    lines = [{"kind": "Event", "apiVersion": "audit.k8s.io/v1", **one} for one in events]
    assert _read("kubernetes-audit", *lines) == found
    assert set(_read("kubernetes-audit", *lines, only="AKSAuditAdmin")) == {"AKSAuditAdmin"}


def test_what_is_no_audit_event_is_told_of_and_nothing_of_it_that_may_be_secret():
    def unclean(event):
        raise ValueError

    wrong = [{"kind": "Pod", "apiVersion": "v1"}, {"auditID": "1", "secret": "x"}, "[1]", "{", "7"]
    found = _read("kubernetes-audit", *wrong)["AKSAudit_errors"]
    assert [(row["Line"], row["Kept"]) for row in found] == [(number, False) for number in range(1, 6)]
    assert "no event of audit.k8s.io/v1" in found[0]["Reason"]
    assert found[0]["Text"] == '{"kind":"Pod","apiVersion":"v1"}'
    assert "withheld" in found[1]["Text"]
    (row,) = _read("kubernetes-audit", {**_EVENT, "requestObject": {"env": 1}}, clean=unclean)["AKSAudit_errors"]
    assert "freed of what is secret" in row["Reason"] and "withheld" in row["Text"]


def test_an_alert_of_falco_has_its_fields_and_new_ones_under_their_own_name():
    alert = {
        "hostname": "node-1", "output": "10:00:00 Notice A shell", "priority": "Notice", "rule": "Terminal shell",
        "source": "syscall", "tags": ["shell"], "time": "2026-11-26T10:00:00.123456789Z", "later": 1,
        "output_fields": {"k8s.ns.name": "shop", "k8s.pod.name": "web-1", "container.id": "abc", "proc.name": "sh",
                          "evt.time": 1764151200123456789, "user.name": None},
    }  # fmt: skip
    found = _read("falco", alert, {"priority": "Notice"}, [alert])
    assert len(found["FalcoEvents_CL"]) == 1 and len(found["FalcoEvents_CL_errors"]) == 2
    less = {name: alert[name] for name in ("time", "rule", "priority", "source", "hostname")} | {"message": "A shell"}
    assert [row["message"] for row in _read("falco", less)["FalcoEvents_CL"]] == ["A shell"]
    row = _shown(found["FalcoEvents_CL"][0])
    assert row == {
        "Hostname": "node-1", "Output": alert["output"], "Priority": "Notice", "Rule": "Terminal shell",
        "Source": "syscall", "Tags": ["shell"], "TimeGenerated": alert["time"], "later": 1,
        "OutputFields": alert["output_fields"], "PodNamespace": "shop", "PodName": "web-1", "ContainerId": "abc",
        "ProcessName": "sh",
    }  # fmt: skip


def test_a_process_that_tetragon_saw_start_is_an_event_and_a_process_event():
    process = {
        "exec_id": "e1", "pid": 52699, "uid": 0, "cwd": "/srv", "binary": "/usr/bin/curl", "arguments": "https://x",
        "start_time": "2026-11-26T10:00:00.700327580Z", "parent_exec_id": "e0", "tid": 52699,
        "pod": {"namespace": "shop", "name": "web-1", "workload": "web", "workload_kind": "Deployment",
                "container": {"id": "containerd://551e", "name": "web",
                              "image": {"id": "registry/web@sha256:12", "name": "registry/web:1"}}},
    }  # fmt: skip
    event = {"process_exec": {"process": process, "parent": {"pid": 7, "binary": "/bin/bash"}}, "node_name": "n1",
             "time": "2026-11-26T10:00:00.700326678Z"}  # fmt: skip
    kprobe = {"process_kprobe": {"process": process, "function_name": "tcp_connect", "args": [{"int_arg": 1}],
                                 "action": "KPROBE_ACTION_POST"}, "time": event["time"]}  # fmt: skip
    found = _read("tetragon", event, kprobe, {"time": "t", "node_name": "n"})
    assert [row["EventKind"] for row in found["TetragonEvents_CL"]] == ["process_exec", "process_kprobe"]
    assert found["TetragonEvents_CL"][1]["Details"] == {
        "function_name": "tcp_connect", "args": [{"int_arg": 1}], "action": "KPROBE_ACTION_POST"}  # fmt: skip
    (row,) = found["CloudProcessEvents"]
    assert _shown(row) | {"AdditionalFields": ""} == {
        "TimeGenerated": event["time"], "ActionType": "ProcessCreated", "FileName": "curl", "FolderPath": "/usr/bin",
        "ProcessName": "curl", "ProcessId": 52699, "ProcessCommandLine": "/usr/bin/curl https://x",
        "ProcessCurrentWorkingDirectory": "/srv", "ProcessCreationTime": process["start_time"], "ParentProcessId": "7",
        "ParentProcessName": "bash", "InitiatingProcessId": "7", "AccountName": "0", "ContainerId": "551e",
        "ContainerName": "web", "ContainerImageName": "registry/web:1", "ImageDigest_CF": "sha256:12",
        "KubernetesNamespace": "shop", "KubernetesPodName": "web-1", "KubernetesResource": "Deployment/web",
        "AdditionalFields": "",
    }  # fmt: skip
    assert len(found["TetragonEvents_CL_errors"]) == 1


def test_a_flow_of_hubble_is_a_row_of_containernetworklogs_and_nothing_of_it_is_left_out():
    flow = {
        "time": "2026-11-26T10:00:00.5Z", "uuid": "u1", "verdict": "DROPPED", "drop_reason": 133,
        "drop_reason_desc": "POLICY_DENIED", "Summary": "TCP Flags: SYN",
        "IP": {"source": "10.0.0.1", "destination": "10.0.0.2", "ipVersion": "IPv4"},
        "l4": {"TCP": {"source_port": 1, "destination_port": 2, "flags": {"SYN": True}}}, "Type": "L3_L4",
        "source": {"ID": 5, "identity": 100, "namespace": "shop", "pod_name": "web-1", "labels": ["k8s:app=web"],
                   "workloads": [{"name": "web", "kind": "Deployment"}], "cluster_name": "one"},
        "destination": {"identity": 2, "labels": ["reserved:world"]}, "node_name": "one/n1", "is_reply": False,
        "event_type": {"type": 1, "sub_type": 133}, "traffic_direction": "EGRESS",
        "trace_observation_point": "TO_ENDPOINT", "egress_denied_by": [{"name": "deny", "namespace": "shop"}],
    }  # fmt: skip
    found = _read("hubble", {"flow": flow, "node_name": "one/n1", "time": flow["time"]}, {"lost_events": {"cpu": 1}})
    (row,) = found["ContainerNetworkLogs"]
    assert _shown(row) == {
        "TimeGenerated": flow["time"], "UUID": "u1", "Verdict": "DROPPED", "DropReason": "POLICY_DENIED",
        "IP": flow["IP"], "Layer4": flow["l4"], "FlowType": "L3_L4", "EventType": flow["event_type"],
        "NodeName": "one/n1", "TrafficDirection": "EGRESS", "TraceObservationPoint": "TO_ENDPOINT", "Reply": False,
        "Policies": {"egress_denied_by": [{"name": "deny", "namespace": "shop"}]}, "SourceNamespace": "shop",
        "SourcePodName": "web-1", "SourceClusterName": "one", "SourceIdentity": 100, "DestinationIdentity": 2,
        "SourceWorkloads": [{"name": "web", "kind": "Deployment"}], "EgressFlowCount": 1, "IngressFlowCount": 0,
        "UnknownDirectionFlowCount": 0, "AdditionalFlowData": {
            "Summary": "TCP Flags: SYN", "source": {"ID": 5, "labels": ["k8s:app=web"]},
            "destination": {"labels": ["reserved:world"]}},
    }  # fmt: skip
    assert "lost_events" in found["ContainerNetworkLogs_errors"][0]["Reason"]
    (retina,) = _read("retina", {"flow": {**flow, "extensions": {"previously_observed_packets": 3}}})[
        "RetinaNetworkFlowLogs"]  # fmt: skip
    assert (retina["PacketsSent"], "EgressFlowCount" in retina) == (4, False)


def test_records_of_diagnostic_settings_go_to_the_tables_of_their_categories():
    log = json.dumps({"kind": "Event", "apiVersion": "audit.k8s.io/v1", **_EVENT}) + "\n"
    records = [
        {"time": "t", "resourceId": _CLUSTER, "category": "kube-audit", "properties": {"log": log, "pod": "api-1"}},
        {"time": "t", "resourceId": _CLUSTER, "category": "kube-audit-admin", "properties": {"log": log}},
        {"time": "t", "resourceId": _CLUSTER, "category": "guard",
         "properties": {"log": "a line\n", "pod": "guard-1", "stream": "stderr"}},
        {"time": "t", "resourceId": _VAULT, "category": "AuditEvent", "operationName": "SecretGet", "durationMs": "91",
         "resultType": "Success", "identity": {"claim": {"oid": "o"}}, "callerIpAddress": "10.0.0.1",
         "properties": {"id": "https://safe/secrets/a", "httpStatusCode": 200, "tlsVersion": "TLS1_2", "odd": 1}},
        {"time": "t", "resourceId": _CLUSTER, "category": "Administrative", "operationName": "microsoft.x/write",
         "resultType": "Start", "resultSignature": "Started.", "correlationId": "c", "level": "Information",
         "identity": {"authorization": {"scope": "s"}, "claims": {"appid": "app"}}, "properties": {"hierarchy": "h"}},
        {"time": "t", "resourceId": f"{_RESOURCE}MICROSOFT.LOGIC/WORKFLOWS/W", "category": "WorkflowRuntime",
         "operationName": "Run", "properties": {"resource": {"runId": "08"}, "code": "OK", "deep": {"a": [1]}}},
        {"time": "t", "category": "kube-audit", "properties": {"log": "{"}}, {"time": "t"},
    ]  # fmt: skip
    found = _read("azure-diagnostics", {"records": records})
    assert {table: len(rows) for table, rows in found.items()} == {
        "AKSAudit": 1, "AKSAuditAdmin": 1, "AKSControlPlane": 1, "AZKVAuditLogs": 1, "AzureActivity": 1,
        "AzureDiagnosticsRecords_CL": 1, "AzureDiagnosticsRecords_CL_errors": 2}  # fmt: skip
    assert found == _read("azure-diagnostics", *records) | {
        "AzureDiagnosticsRecords_CL_errors": found["AzureDiagnosticsRecords_CL_errors"]}  # fmt: skip
    audited = found["AKSAudit"][0]
    assert (audited["PodName"], audited["AuditId"], audited["_ResourceId"], audited["_SubscriptionId"]) == (
        "api-1", "1", _CLUSTER.lower(), "abc")  # fmt: skip
    assert _shown(found["AKSControlPlane"][0]) == {
        "Category": "guard", "Message": "a line", "PodName": "guard-1", "Stream": "stderr", "TimeGenerated": "t",
        "_ResourceId": _CLUSTER.lower(), "_SubscriptionId": "abc"}  # fmt: skip
    assert _shown(found["AZKVAuditLogs"][0]) == {
        "OperationName": "SecretGet", "DurationMs": "91", "ResultType": "Success", "Identity": {"claim": {"oid": "o"}},
        "CallerIpAddress": "10.0.0.1", "Id": "https://safe/secrets/a", "HttpStatusCode": 200, "Tlsversion": "TLS1_2",
        "Properties": {"odd": 1}, "TimeGenerated": "t", "_ResourceId": _VAULT.lower(), "_SubscriptionId": "abc",
    }  # fmt: skip
    activity = found["AzureActivity"][0]
    assert [activity[name] for name in ("OperationNameValue", "ActivityStatusValue", "Caller", "Resource")] == [
        "MICROSOFT.X/WRITE", "Start", "app", "ONE"]  # fmt: skip
    shared = found["AzureDiagnosticsRecords_CL"][0]
    assert [shared[name] for name in ("resource_runId_s", "code_s", "AdditionalFields", "ResourceType")] == [
        "08", "OK", {"deep_a_s": "[1]"}, "WORKFLOWS"]  # fmt: skip
    for table, rows in found.items():
        known = {column.name for column in shape_of(table).columns}
        assert all(set(row) <= known for row in rows), table


@pytest.mark.parametrize("body", [
    b'{"a":1}', b'[{"a":1}]', b'  {"a":1}\n', b'{\n "a": 1\n}', b'\xef\xbb\xbf{"a":1}\n\n', b'[\n{"a":1}\n]',
])  # fmt: skip
def test_a_body_is_one_object_an_array_or_lines(body):
    assert [json.loads(line) for _, line in values_of(body) if line] == [{"a": 1}]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "kind", "items", "records", "category", "time", "properties", "log", "flow", "verdict", "source", "rule",
        "output", "output_fields", "process_exec", "process", "parent", "pod", "container", "auditID", "level",
        "stage", "identity", "claims", "resourceId", "extensions", "l4", "x"]) | st.text(max_size=4), inner,
        max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(_JSON, st.sampled_from(sorted(formats())))
def test_whatever_comes_every_value_is_a_row_or_told_of(value, name):
    found = read(formats()[name], values_of(json.dumps(value).encode()), clean=dict, origin="test")
    rows = [json.loads(line) for lines in found.values() for line in lines.splitlines()]
    wanted, envelope = 0, formats()[name].envelope
    for one in value if isinstance(value, list) else [value]:
        held = one.get(envelope) if envelope and isinstance(one, dict) else None
        wanted += len(held) if isinstance(held, list) else 1
    assert len(rows) >= wanted


_events = st.lists(
    st.builds(
        lambda more: {**_EVENT, **more},
        st.dictionaries(
            st.sampled_from(["auditID", "level", "annotations", "items", "objectRef"]),
            st.just("2") | st.integers(0, 10**25) | st.lists(st.just(_EVENT), max_size=2)
            | st.just({"a": '},{"level":'}),
            max_size=2,
        ),
    ) | st.just(7) | st.just({"level": "Metadata"}),
    max_size=4,
)  # fmt: skip


@given(events=_events, form=st.sampled_from(["list", "array", "lines"]), broken=st.booleans())
def test_a_body_brings_the_same_whether_it_could_be_cut_or_not(events, form, broken):
    text = {
        "list": json.dumps({"kind": "EventList", "items": events}, separators=(",", ":")),
        "array": json.dumps(events, separators=(",", ":")), "lines": "\n".join(map(json.dumps, events)),
    }[form]  # fmt: skip
    body = text[:-3].encode() if broken else text.encode()
    audit = formats()["kubernetes-audit"]
    found, told = {}, taken(audit, body, clean=dict, origin="test")
    for one in told.values:
        for table, line in one.lines:
            found[table] = found.get(table, b"") + line
    assert found == read(audit, values_of(body), clean=dict, origin="test")
    for table, fields in told.fields.items():
        assert all(fields >= json.loads(line).keys() for line in found[table].splitlines())
