"""Alerts of Falco (``json_output: true``), as its http_output sends them and its file_output writes them.

https://falco.org/docs/concepts/outputs/formatting/, https://github.com/falcosecurity/falco/blob/master/userspace/engine/formats.cpp:
``rule``, ``priority`` and ``time`` are always there; ``json_include_...`` leaves out the others. There is no table of
Azure Monitor for them.
"""

from __future__ import annotations

from typing import Any

from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.sent import Clean, Format, Rows, inner, text, whole

TABLE = "FalcoEvents_CL"
_COLUMNS = {
    "rule": "Rule", "priority": "Priority", "output": "Output", "source": "Source", "hostname": "Hostname",
    "tags": "Tags", "output_fields": "OutputFields", "uuid": "Uuid", "time": "TimeGenerated",
}  # fmt: skip
_FIELDS = {
    "PodNamespace": "k8s.ns.name", "PodName": "k8s.pod.name", "ContainerId": "container.id",
    "ContainerName": "container.name", "ContainerImage": "container.image.repository", "ProcessName": "proc.name",
    "ProcessCommandLine": "proc.cmdline", "UserName": "user.name",
}  # fmt: skip


def _rows(event: dict[str, Any], clean: Clean) -> Rows:  # noqa: ARG001 -- as every format has it
    if not isinstance(event.get("rule"), str) or not isinstance(event.get("priority"), str):
        raise MisfitError("the object is no alert of Falco: it has no rule or no priority")
    row = {_COLUMNS.get(name, name): value for name, value in event.items()}
    for column, field in _FIELDS.items():
        row[column] = text(inner(event, "output_fields", field))
    return [(TABLE, row)]


def _known_by(event: dict[str, Any]) -> bytes:
    """All of it: a time has nanoseconds. http_output sends an alert again when its answer does not come in time."""
    return whole(event) if isinstance(event.get("time"), str) and isinstance(event.get("output_fields"), dict) else b""


FORMATS = (
    Format("falco", "alerts of Falco: http_output or file_output, with json_output", (TABLE,), _rows,
           known_by=_known_by),
)  # fmt: skip
