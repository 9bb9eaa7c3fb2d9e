"""Events that the code of Hubble and of Kubernetes' API server itself wrote stand in the columns of their tables."""

import json
import shutil
import subprocess

import pytest

from lockgate.sources.cluster.audited import cleaned
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.fitting import fit
from lockgate.store.ingest.sent import formats, read, values_of


def _written(program, *arguments):
    if not shutil.which(program):
        pytest.skip(f"{program} is not built")
    return subprocess.run([program, *arguments], capture_output=True, check=True, timeout=60).stdout


def _read(name, content, clean=dict):
    found = read(formats()[name], values_of(content), clean=clean, origin="test")
    rows = {table: [json.loads(line) for line in lines.splitlines()] for table, lines in found.items()}
    for table, some in rows.items():
        types = {column.name: column.type for column in shape_of(table).columns}
        for row in some:
            for column, value in row.items():
                fit(types[column], value)
    return rows


def test_what_hubble_exports_is_rows_of_containernetworklogs_of_every_layer_and_verdict():
    found = _read("hubble", _written("hubble-sender", "hubble"))
    rows = found["ContainerNetworkLogs"]
    assert [row["Verdict"] for row in rows] == [
        "FORWARDED", "DROPPED", "REDIRECTED", "AUDIT", "TRANSLATED", "", "FORWARDED", "FORWARDED", "FORWARDED",
    ]  # fmt: skip
    first, dropped, asked, resolved, socket, _, observed, bare, counted = rows
    assert [first[name] for name in ("TimeGenerated", "SourceIdentity", "NodeName", "Reply", "FlowType")] == [
        "2026-11-26T10:00:00.123456789Z", 33554433, "one/n1", False, "L3_L4"]  # fmt: skip
    assert first["Policies"]["egress_allowed_by"][0]["revision"] == "1152921504606846976"
    assert observed == first == bare
    assert (dropped["DropReason"], dropped["AdditionalFlowData"]["policy_log"]) == ("POLICY_DENIED", ["denied"])
    assert (asked["Layer7"]["http"]["code"], asked["Layer7"]["latency_ns"]) == (200, "9007199254740993")
    assert (asked["Reply"], resolved["Reply"], resolved["Layer7"]["dns"]["rcode"]) == (True, None, 3)
    assert socket["AdditionalFlowData"]["socket_cookie"] == "9223372036854775808"
    counts = ("EgressFlowCount", "IngressFlowCount", "UnknownDirectionFlowCount")
    assert [[row[name] for name in counts] for row in (first, dropped, socket, counted)] == [
        [1, 0, 0], [0, 1, 0], [0, 0, 1], [40, 3, 0]]  # fmt: skip
    assert counted["AdditionalFlowData"] is None
    reasons = [row["Reason"] for row in found["ContainerNetworkLogs_errors"]]
    assert [reason.rpartition(" ")[2] for reason in reasons] == [
        "lost_events", "agent_event", "debug_event", "node_status"]  # fmt: skip


def test_flows_of_retina_have_its_own_verdicts_packets_and_reasons():
    rows = _read("retina", _written("hubble-sender", "retina"))["RetinaNetworkFlowLogs"]
    assert [[row[name] for name in ("Verdict", "PacketsSent", "PacketsReceived", "DropReason")] for row in rows] == [
        ["FORWARDED", 5, None, ""], ["FORWARDED", None, 1, ""], ["DROPPED", None, 1, "SKB_DROP_REASON_NO_SOCKET"],
        ["RETRANSMISSION", 1, None, ""], ["DNS", 1, None, ""],
    ]  # fmt: skip
    assert rows[0]["AdditionalFlowData"]["extensions"]["value"]["tcp_id"] == 1099511627776


def test_the_audit_log_of_an_api_server_is_rows_of_aksaudit_without_its_secrets(tmp_path):
    _written("audit-sender", "log", str(tmp_path / "audit.log"), "3")
    content = (tmp_path / "audit.log").read_bytes()
    assert b"c3VyZWx5IG5vdCB0aGlz" in content
    found = _read("kubernetes-audit", content, clean=lambda event: cleaned(event, salt=b"of a test"))
    assert {table: [(row["Verb"], row["Stage"]) for row in rows] for table, rows in found.items()} == {
        "AKSAudit": [(verb, stage) for verb in ("create", "get", "delete")
                     for stage in ("RequestReceived", "ResponseComplete")],
        "AKSAuditAdmin": [(verb, stage) for verb in ("create", "delete")
                          for stage in ("RequestReceived", "ResponseComplete")],
    }  # fmt: skip
    received, created, *_, denied = found["AKSAudit"]
    assert "ResponseStatus" not in received and created["ResponseStatus"] == {"metadata": {}, "code": 201}
    assert created["ObjectRef"] == {"resource": "secrets", "namespace": "shop", "name": "secret-0", "uid": "0-1-2",
                                    "apiVersion": "v1"}  # fmt: skip
    assert created["RequestObject"]["data"]["password"].startswith("lockgate-hash:")
    assert created["SourceIps"] == ["10.1.2.3", "192.0.2.1"] and created["User"]["extra"]
    assert denied["ImpersonatedUser_CF"]["username"] == "system:serviceaccount:shop:robot"
    assert denied["Annotations"] == {"authorization.k8s.io/decision": "forbid"}
    assert created["TimeGenerated"] == created["StageReceivedTime"] >= created["RequestReceivedTime"]
