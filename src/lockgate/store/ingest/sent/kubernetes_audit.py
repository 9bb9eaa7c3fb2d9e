"""Events of the API server, as its audit webhook sends them in lists and as its log files have them, one a line.

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/. AKS keeps all of them in AKSAudit (category
kube-audit), and those that are neither get nor list in AKSAuditAdmin (kube-audit-admin).
"""

from __future__ import annotations

from typing import Any

from lockgate.errors import LockgateError
from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.reading import AUDIT
from lockgate.store.ingest.sent import Clean, Format, Rows, whole

TABLE, ADMIN = "AKSAudit", "AKSAuditAdmin"
_READING = frozenset({"get", "list"})
_PASSED = frozenset({"metadata", "kind", "apiVersion"})


def event_row(event: dict[str, Any], clean: Clean) -> dict[str, Any]:
    """The row of an event, without what is secret. Raises :class:`MisfitError`."""
    kind, version = event.get("kind", "Event"), event.get("apiVersion", "audit.k8s.io/v1")
    if (kind, version) != ("Event", "audit.k8s.io/v1"):
        raise MisfitError("the object is no event of audit.k8s.io/v1")
    if not all(isinstance(event.get(name), str) for name in ("auditID", "level", "stage")):
        raise MisfitError("the event has no auditID, level and stage")
    try:
        kept = clean(event)
    except (LockgateError, ValueError, TypeError, AttributeError, RecursionError):
        raise MisfitError("the event cannot be freed of what is secret") from None
    row = {AUDIT.fields.get(name, name): value for name, value in kept.items() if name not in _PASSED}
    row["TimeGenerated"] = kept.get("stageTimestamp") or kept.get("requestReceivedTimestamp")
    return row


def tables_of(row: dict[str, Any]) -> tuple[str, ...]:
    """Where an event is kept."""
    return (TABLE,) if row.get("Verb") in _READING else (TABLE, ADMIN)


def _rows(event: dict[str, Any], clean: Clean) -> Rows:
    row = event_row(event, clean)
    return [(table, row) for table in tables_of(row)]


def known_by(event: dict[str, Any]) -> bytes:
    """All of an event, since servers behind each other give one request the same id."""
    return whole(event) if isinstance(event.get("auditID"), str) and event["auditID"] else b""


FORMATS = (
    Format(
        "kubernetes-audit", "the audit log of Kubernetes: --audit-webhook-config-file or --audit-log-path",
        (TABLE, ADMIN), _rows, envelope="items", secret=True, known_by=known_by,
    ),
)  # fmt: skip
