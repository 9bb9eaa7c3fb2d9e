"""Flows of pods, as Hubble exports them (``hubble.export``, ``hubble observe -o jsonpb``) and Retina with it.

The message ``flow.Flow`` of https://github.com/cilium/cilium/blob/main/api/v1/flow/flow.proto as JSON. AKS keeps them
in ContainerNetworkLogs, where a row stands for several flows; each that comes here is a row of its own.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.sent import Clean, Format, Rows, inner, rest, text

LOGS, RETINA = "ContainerNetworkLogs", "RetinaNetworkFlowLogs"
_COUNTS = {"EGRESS": "EgressFlowCount", "INGRESS": "IngressFlowCount"}
_POLICIES = ("egress_allowed_by", "ingress_allowed_by", "egress_denied_by", "ingress_denied_by")
_ENDS = ("identity", "namespace", "pod_name", "workloads", "cluster_name")
_PLACED = (
    "time", "uuid", "verdict", "drop_reason", "drop_reason_desc", "IP", "l4", "l7", "source", "destination", "Type",
    "node_name", "event_type", "source_service", "destination_service", "traffic_direction", "trace_observation_point",
    "is_reply", "reply", *_POLICIES,
)  # fmt: skip


def _rows(table: str, value: dict[str, Any], clean: Clean) -> Rows:  # noqa: ARG001 -- as every format has it
    flow = value.get("flow", value)
    if not isinstance(flow, dict) or not isinstance(flow.get("verdict"), str):
        kinds = ", ".join(sorted(value.keys() - {"time", "node_name"}))[:200]
        raise MisfitError(f"the object is no flow, but has {kinds or 'nothing'}")
    row = _row(value, flow)
    direction = row["TrafficDirection"]
    if table == LOGS:
        row |= {name: int(direction == one) for one, name in _COUNTS.items()}
        row["UnknownDirectionFlowCount"] = int(direction not in _COUNTS)
    else:
        extensions = flow.get("extensions")
        row |= {column: inner(extensions, name) for column, name in (
            ("PacketsSent", "packets_sent"), ("PacketsReceived", "packets_received"))}  # fmt: skip
    return [(table, row)]


def _row(value: dict[str, Any], flow: dict[str, Any]) -> dict[str, Any]:
    reply = flow.get("is_reply", flow.get("reply"))
    row = {
        "TimeGenerated": flow.get("time") or value.get("time"), "UUID": text(flow.get("uuid")),
        "Verdict": flow["verdict"], "DropReason": _reason(flow), "IP": flow.get("IP"), "Layer4": flow.get("l4"),
        "Layer7": flow.get("l7"), "FlowType": text(flow.get("Type")), "EventType": flow.get("event_type"),
        "NodeName": text(flow.get("node_name") or value.get("node_name")),
        "TrafficDirection": text(flow.get("traffic_direction")),
        "TraceObservationPoint": text(flow.get("trace_observation_point")),
        "Reply": reply if isinstance(reply, bool) else None,
        "Policies": {name: flow[name] for name in _POLICIES if flow.get(name)} or None,
        "Service": {
            side: flow[f"{side}_service"] for side in ("source", "destination") if flow.get(f"{side}_service")
        } or None,
        "AdditionalFlowData": _more(flow),
    }  # fmt: skip
    for side, end in (("Source", flow.get("source")), ("Destination", flow.get("destination"))):
        identity = inner(end, "identity")
        row |= {
            f"{side}Namespace": text(inner(end, "namespace")), f"{side}PodName": text(inner(end, "pod_name")),
            f"{side}ClusterName": text(inner(end, "cluster_name")), f"{side}Workloads": inner(end, "workloads"),
            f"{side}Identity": identity,
        }  # fmt: skip
    return row


def _reason(flow: dict[str, Any]) -> str:
    described = text(flow.get("drop_reason_desc"))
    return described if described not in ("", "DROP_REASON_UNKNOWN") else text(flow.get("drop_reason") or None)


def _more(flow: dict[str, Any]) -> dict[str, Any] | None:
    """What no column has: labels of both ends, names, sockets, the summary."""
    more = rest(flow, *_PLACED) or {}
    for side in ("source", "destination"):
        end = flow.get(side)
        left = rest(end, *_ENDS) if isinstance(end, dict) else None
        if left:
            more[side] = left
    return more or None


FORMATS = (
    Format("hubble", "flows of pods: hubble.export, hubble observe -o jsonpb", (LOGS,), partial(_rows, LOGS)),
    Format("retina", "flows of pods as Retina gives them, in the shape of Hubble", (RETINA,), partial(_rows, RETINA)),
)
