"""Flows of pods, as Hubble exports them (``hubble.export``, ``hubble observe -o jsonpb``) and Retina with it.

The message ``flow.Flow`` of https://github.com/cilium/cilium/blob/main/api/v1/flow/flow.proto as JSON: fields of value
0 are left out, values of enumerations that Hubble has no name for are numbers, numbers of 64 bits are texts. AKS keeps
flows in ContainerNetworkLogs, where a row stands for several; each that comes here is a row of its own, and stands for
as many as the exporter says where that counts them (its field aggregation).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.sent import Clean, Format, Rows, inner, rest, text, whole

LOGS, RETINA = "ContainerNetworkLogs", "RetinaNetworkFlowLogs"
_COUNTS = {"EGRESS": "EgressFlowCount", "INGRESS": "IngressFlowCount"}
_COUNTED = {"EgressFlowCount": "egress_flow_count", "IngressFlowCount": "ingress_flow_count",
            "UnknownDirectionFlowCount": "unknown_direction_flow_count"}  # fmt: skip
_OWN_VERDICTS = {15: "RETRANSMISSION", 16: "DNS"}
"""Those of Retina, https://github.com/microsoft/retina/blob/main/pkg/utils/flow_utils.go."""
_FLOW = frozenset({"verdict", "IP", "l4", "l7", "Type", "event_type", "source", "destination", "uuid", "Summary"})
"""One of them is in every flow that stands by itself."""
_POLICIES = ("egress_allowed_by", "ingress_allowed_by", "egress_denied_by", "ingress_denied_by")
_ENDS = ("identity", "namespace", "pod_name", "workloads", "cluster_name")
_PLACED = (
    "time", "uuid", "verdict", "drop_reason", "drop_reason_desc", "IP", "l4", "l7", "source", "destination", "Type",
    "node_name", "event_type", "source_service", "destination_service", "traffic_direction", "trace_observation_point",
    "is_reply", "reply", "aggregate", *_POLICIES,
)  # fmt: skip


def _rows(table: str, value: dict[str, Any], clean: Clean) -> Rows:  # noqa: ARG001 -- as every format has it
    flow = value.get("flow", value)
    if not isinstance(flow, dict) or (flow is value and not _FLOW & flow.keys()):
        kinds = ", ".join(sorted(value.keys() - {"time", "node_name"}))[:200]
        raise MisfitError(f"the object is no flow, but has {kinds or 'nothing'}")
    row = _row(value, flow)
    return [(table, row | (_flows(flow, row["TrafficDirection"]) if table == LOGS else _packets(flow, row)))]


def _flows(flow: dict[str, Any], direction: str) -> dict[str, Any]:
    """How many flows of each direction the row stands for."""
    counted = flow.get("aggregate")
    if isinstance(counted, dict):
        return {column: counted.get(name, 0) for column, name in _COUNTED.items()}
    column = _COUNTS.get(direction, "UnknownDirectionFlowCount")
    return {one: int(one == column) for one in _COUNTED}


def _packets(flow: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Packets as Retina counts them: the one that the flow tells of, and those before it that it told nothing of."""
    more = _extensions(flow)
    before = more.get("previously_observed_packets")
    packets = 1 + (before if isinstance(before, int) else 0)
    direction = row["TrafficDirection"]
    return {
        "PacketsSent": packets if direction == "EGRESS" else None,
        "PacketsReceived": packets if direction == "INGRESS" else None,
        "DropReason": row["DropReason"] or text(more.get("drop_reason")),
    }


def _extensions(flow: dict[str, Any]) -> dict[str, Any]:
    """What Retina adds: fields of a structure, which JSON has below ``value``, in older versions those of a message."""
    found = flow.get("extensions")
    inside = inner(found, "value")
    found = inside if isinstance(inside, dict) else found
    return found if isinstance(found, dict) else {}


def _verdict(flow: dict[str, Any]) -> str:
    """Its name; empty where the flow has none, which is what stands for an unknown one too."""
    verdict = flow.get("verdict")
    own = _OWN_VERDICTS.get(verdict) if isinstance(verdict, int) else None
    return own or text(verdict)


def _row(value: dict[str, Any], flow: dict[str, Any]) -> dict[str, Any]:
    reply = flow.get("is_reply", flow.get("reply"))
    row = {
        "TimeGenerated": flow.get("time") or value.get("time"), "UUID": text(flow.get("uuid")),
        "Verdict": _verdict(flow), "DropReason": _reason(flow), "IP": flow.get("IP"), "Layer4": flow.get("l4"),
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


def _known_by(value: dict[str, Any]) -> bytes:
    """All of a flow that has an id; those of masks and of sums have none."""
    return whole(value) if text(inner(value.get("flow", value), "uuid")) else b""


FORMATS = (
    Format("hubble", "flows of pods: hubble.export, hubble observe -o jsonpb", (LOGS,), partial(_rows, LOGS),
           known_by=_known_by),
    Format("retina", "flows of pods as Retina gives them, in the shape of Hubble", (RETINA,), partial(_rows, RETINA),
           known_by=_known_by),
)  # fmt: skip
