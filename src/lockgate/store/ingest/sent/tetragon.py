"""Events of Tetragon, as its export file has them, one a line (``tetragon.exportFilename``).

https://tetragon.io/docs/concepts/events/. All are kept in TetragonEvents_CL; starts of processes are in
CloudProcessEvents too, which is what Defender has for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.store.ingest.fitting import MisfitError, text_of
from lockgate.store.ingest.sent import Clean, Format, Rows, inner, rest, text, whole

TABLE, PROCESSES = "TetragonEvents_CL", "CloudProcessEvents"
_AROUND = ("time", "node_name", "cluster_name", "aggregation_info", "node_labels")


def _rows(event: dict[str, Any], clean: Clean) -> Rows:  # noqa: ARG001 -- as every format has it
    kinds = [name for name, value in event.items() if name not in _AROUND and isinstance(value, dict)]
    if len(kinds) != 1:
        raise MisfitError("the object is no event of Tetragon: it has not one kind of event in it")
    told = event[kinds[0]]
    rows: list[tuple[str, Mapping[str, Any]]] = [(TABLE, _row(event, kinds[0], told))]
    if kinds[0] == "process_exec":
        rows.append((PROCESSES, _started(event, told)))
    return rows


def _row(event: dict[str, Any], kind: str, told: dict[str, Any]) -> dict[str, Any]:
    process = told.get("process")
    image = inner(process, "pod", "container", "image", "name")
    return {
        "TimeGenerated": event.get("time"), "EventKind": kind, "NodeName": text(event.get("node_name")),
        "ClusterName": text(event.get("cluster_name")), "Binary": text(inner(process, "binary")),
        "Arguments": text(inner(process, "arguments")), "WorkingDirectory": text(inner(process, "cwd")),
        "ProcessId": inner(process, "pid"), "UserId": inner(process, "uid"),
        "ExecId": text(inner(process, "exec_id")), "ParentExecId": text(inner(process, "parent_exec_id")),
        "ParentBinary": text(inner(told, "parent", "binary")), "PodNamespace": text(inner(process, "pod", "namespace")),
        "PodName": text(inner(process, "pod", "name")), "Workload": text(inner(process, "pod", "workload")),
        "ContainerId": text(inner(process, "pod", "container", "id")),
        "ContainerName": text(inner(process, "pod", "container", "name")), "ContainerImage": text(image),
        "FunctionName": text(told.get("function_name")), "Action": text(told.get("action")),
        "PolicyName": text(told.get("policy_name")), "Process": process, "Parent": told.get("parent"),
        "Details": rest(told, "process", "parent"), "AdditionalFields": rest(event, kind, *_AROUND[:3]),
    }  # fmt: skip


def _started(event: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    process, parent = told.get("process"), told.get("parent")
    binary = text(inner(process, "binary"))
    folder, _, file = binary.rpartition("/")
    container = inner(process, "pod", "container")
    workload = inner(process, "pod", "workload_kind"), inner(process, "pod", "workload")
    arguments = text(inner(process, "arguments"))
    parent_id = inner(parent, "pid")
    return {
        "TimeGenerated": event.get("time"), "ActionType": "ProcessCreated", "FileName": file,
        "FolderPath": folder or "/" * binary.startswith("/"), "ProcessName": file, "ProcessId": inner(process, "pid"),
        "ProcessCommandLine": f"{binary} {arguments}".rstrip(),
        "ProcessCurrentWorkingDirectory": text(inner(process, "cwd")),
        "ProcessCreationTime": inner(process, "start_time"), "ParentProcessId": text(parent_id),
        "ParentProcessName": text(inner(parent, "binary")).rpartition("/")[2],
        "InitiatingProcessId": text(parent_id), "AccountName": text(inner(process, "process_credentials", "uid"))
        or text(inner(process, "uid")), "ContainerId": text(inner(container, "id")).rpartition("//")[2],
        "ContainerName": text(inner(container, "name")), "ContainerImageName": text(inner(container, "image", "name")),
        "ImageDigest_CF": text(inner(container, "image", "id")).partition("@")[2],
        "KubernetesNamespace": text(inner(process, "pod", "namespace")),
        "KubernetesPodName": text(inner(process, "pod", "name")),
        "KubernetesResource": "/".join(one for one in map(text, workload) if one),
        "AdditionalFields": text_of({"node_name": event.get("node_name"), "exec_id": inner(process, "exec_id")}),
    }  # fmt: skip


def _known_by(event: dict[str, Any]) -> bytes:
    """All of an event of one process, whose time has nanoseconds."""
    told = next((value for name, value in event.items() if name.startswith("process_")), None)
    return whole(event) if event.get("time") and text(inner(told, "process", "exec_id")) else b""


FORMATS = (Format("tetragon", "events of Tetragon: its export file", (TABLE, PROCESSES), _rows, known_by=_known_by),)
