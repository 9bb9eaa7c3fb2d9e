"""Resource logs and the activity log as diagnostic settings send them to Event Hubs and write them to storage.

https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema: ``{"records": [...]}``, or one record a
line. The category says the table; those that have none of their own go to the one that services share, which is the
view AzureDiagnostics here, and its rows to AzureDiagnosticsRecords_CL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from lockgate.store.ingest.fitting import MisfitError, parsed
from lockgate.store.ingest.sent import Clean, Format, Rows, inner, text, whole
from lockgate.store.ingest.sent._suffixes import typed
from lockgate.store.ingest.sent.kubernetes_audit import ADMIN, TABLE, event_row
from lockgate.tables import ColumnType, adopted

SHARED, CONTROL_PLANE, ACTIVITY = "AzureDiagnosticsRecords_CL", "AKSControlPlane", "AzureActivity"
_AUDIT = {"kube-audit": TABLE, "kube-audit-admin": ADMIN}
_OWN = {
    "AuditEvent": "AZKVAuditLogs", "AzurePolicyEvaluationDetails": "AZKVPolicyEvaluationDetailsLogs",
    "ContainerRegistryLoginEvents": "ContainerRegistryLoginEvents",
    "ContainerRegistryRepositoryEvents": "ContainerRegistryRepositoryEvents", "SignInLogs": "SigninLogs",
    "NonInteractiveUserSignInLogs": "AADNonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs": "AADServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs": "AADManagedIdentitySignInLogs", "AuditLogs": "AuditLogs",
}  # fmt: skip
_VAULT = ("AuditEvent", "AzurePolicyEvaluationDetails")
"""Categories that other services have too, which are then none of a vault."""
_IDENTIFIED = frozenset({
    "SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs",
    "AuditLogs",
})  # fmt: skip
"""Categories whose ``properties.id`` is of one record alone."""
_ACTIVITIES = frozenset({
    "Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale", "ResourceHealth",
})  # fmt: skip
_AGENTS = frozenset({
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler", "cloud-controller-manager",
    "guard", "csi-azuredisk-controller", "csi-azurefile-controller", "csi-snapshot-controller",
    "csi-blob-controller", "fleet-member-agent", "fleet-member-net-controller-manager", "fleet-mcs-controller-manager",
    "karpenter-events",
})  # fmt: skip
_COMMON = {
    "operationName": "OperationName", "operationVersion": "OperationVersion", "resultType": "ResultType",
    "resultSignature": "ResultSignature", "resultDescription": "ResultDescription", "durationMs": "DurationMs",
    "callerIpAddress": "CallerIPAddress", "correlationId": "CorrelationId", "level": "Level", "category": "Category",
}  # fmt: skip
_AROUND = ("time", "resourceId", "category", "properties", "tenantId")
_OTHER = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_MOST_FIELDS = 500


def _rows(record: dict[str, Any], clean: Clean) -> Rows:
    category = record.get("category")
    if not isinstance(category, str) or not category or "time" not in record:
        raise MisfitError("the object is no record of a diagnostic setting: it has no category or no time")
    around = {"TimeGenerated": record["time"], **_resource(text(record.get("resourceId")))}
    if category in _AUDIT:
        return [(_AUDIT[category], _audited(record, clean) | around)]
    if category in _AGENTS:
        return [(CONTROL_PLANE, _line(record, category) | around)]
    if category in _ACTIVITIES:
        return [(ACTIVITY, _activity(record, category) | around)]
    vault = "/PROVIDERS/MICROSOFT.KEYVAULT/" in text(record.get("resourceId")).upper()
    if category in _OWN and (vault or category not in _VAULT):
        return [(_OWN[category], _named(_OWN[category], record) | around)]
    return [(SHARED, _shared(record) | {"TimeGenerated": record["time"], "_ResourceId": around["_ResourceId"]})]


def _resource(identity: str) -> dict[str, str]:
    parts = identity.lower().split("/")
    subscription = parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""
    return {"_ResourceId": identity.lower(), "_SubscriptionId": subscription}


def _audited(record: dict[str, Any], clean: Clean) -> dict[str, Any]:
    log = text(inner(record, "properties", "log"))
    event = parsed(log.encode("utf-8", "surrogatepass"))
    if not isinstance(event, dict):
        raise MisfitError("properties.log is no event of the audit log")
    return event_row(event, clean) | {"PodName": text(inner(record, "properties", "pod"))}


def _line(record: dict[str, Any], category: str) -> dict[str, Any]:
    properties = record.get("properties")
    return {
        "Category": category, "Message": text(inner(properties, "log")).rstrip("\n"),
        "Level": text(record.get("level")), "PodName": text(inner(properties, "pod")),
        "Stream": text(inner(properties, "stream")),
    }  # fmt: skip


def _activity(record: dict[str, Any], category: str) -> dict[str, Any]:
    identity, properties = record.get("identity"), record.get("properties")
    claims = inner(identity, "claims")
    place = _place(text(record.get("resourceId")))
    operation = text(record.get("operationName")).upper()
    return {
        "CategoryValue": category, "OperationNameValue": operation,
        "ActivityStatusValue": text(record.get("resultType")),
        "ActivitySubstatusValue": text(record.get("resultSignature")).rstrip("."), "Caller": _caller(claims),
        "CallerIpAddress": text(record.get("callerIpAddress")), "CorrelationId": text(record.get("correlationId")),
        "Level": text(record.get("level")), "Hierarchy": text(inner(properties, "hierarchy")),
        "EventDataId": text(inner(properties, "eventDataId")),
        "OperationId": text(inner(properties, "operationId")) or text(record.get("correlationId")),
        "Authorization": text(inner(identity, "authorization")), "Authorization_d": inner(identity, "authorization"),
        "Claims": text(claims), "Claims_d": claims, "Properties": text(properties), "Properties_d": properties,
        "HTTPRequest": text(inner(properties, "httpRequest")), "ResourceId": text(record.get("resourceId")),
        "ResourceGroup": place["ResourceGroup"], "ResourceProviderValue": place["ResourceProvider"],
        "Resource": place["Resource"], "SubscriptionId": place["SubscriptionId"].lower(),
    }  # fmt: skip


def _caller(claims: Any) -> str:
    for name in (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "http://schemas.microsoft.com/identity/claims/objectidentifier", "appid",
    ):  # fmt: skip
        found = text(inner(claims, name))
        if found:
            return found
    return ""


def _named(table: str, record: dict[str, Any]) -> dict[str, Any]:
    """Fields of the record and of its properties in the columns of their names; others in Properties, where it is."""
    columns, row, left = _columns_by_name(table), {}, {}
    properties = record.get("properties")
    for source in (record, properties if isinstance(properties, dict) else {}):
        for name, value in source.items():
            if source is record and name in _AROUND and not (name == "category" and "category" in columns):
                continue
            column = columns.get(name.lower())
            if column is not None and column not in row:
                row[column] = value
            elif value is not None:
                left[name] = value
    if left and "properties" in columns:
        row.setdefault(columns["properties"], left)
    else:  # what has no column is told of as such
        row |= {name: value for name, value in left.items() if name not in row}
    return row


@cache
def _columns_by_name(table: str) -> Mapping[str, str]:
    return {one.name.lower(): one.name for one in adopted()[table].columns if not one.name.startswith("_")}


def _place(identity: str) -> dict[str, str]:
    """Parts of an Azure resource id, upper case as the shared table has them."""
    parts = [*identity.upper().split("/"), *[""] * 9]
    return {
        "SubscriptionId": parts[2], "ResourceGroup": parts[4], "ResourceProvider": parts[6], "ResourceType": parts[7],
        "Resource": parts[8],
    }  # fmt: skip


def _shared(record: dict[str, Any]) -> dict[str, Any]:
    identity = text(record.get("resourceId"))
    row: dict[str, Any] = {"ResourceId": identity.upper(), **_place(identity)}
    row |= {column: text(record[name]) for name, column in _COMMON.items() if record.get(name) is not None}
    known, more = _shared_columns(), {}
    others = {name: value for name, value in record.items() if name not in (*_COMMON, *_AROUND)}
    properties = record.get("properties")
    others |= properties if isinstance(properties, dict) else {"properties": properties}
    for name, value in _flat(others):
        suffix, kept = typed(value)
        column = "clientIP_s" if f"{name}{suffix}" == "clientIp_s" else f"{name}{suffix}"
        if column in known:
            row[column] = kept
        elif f"{name}_s" in known and isinstance(value, str):
            row[f"{name}_s"] = value
        else:
            more[column] = kept
    return row | {"AdditionalFields": more or None}


@cache
def _shared_columns() -> frozenset[str]:
    return frozenset(one.name for one in adopted()[SHARED].columns if one.type is not ColumnType.DYNAMIC)


def _flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields of fields by joined names, without recursion; lists, and what is beyond the most, stay as they are."""
    waiting = list(reversed(list(fields.items())))
    given = 0
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict) and value and given + len(waiting) + len(value) <= _MOST_FIELDS:
            waiting += [(f"{name}_{one}", within) for one, within in reversed(list(value.items()))]
        elif value is not None:
            given += 1
            yield _OTHER.sub("_", name), value


def _known_by(record: dict[str, Any]) -> bytes:
    """All of a record that has an id: an event of the audit log, of the activity log, a sign-in, a change."""
    category, properties = record.get("category"), record.get("properties")
    audited = category in _AUDIT and '"auditID"' in text(inner(properties, "log"))
    own = category in _IDENTIFIED and text(inner(properties, "id"))
    return whole(record) if audited or own or text(inner(properties, "eventDataId")) else b""


FORMATS = (
    Format(
        "azure-diagnostics", "records of Azure diagnostic settings: Event Hub messages, blobs of storage",
        (SHARED, *_AUDIT.values(), CONTROL_PLANE, ACTIVITY, *_OWN.values()), _rows, envelope="records", secret=True,
        known_by=_known_by,
    ),
)  # fmt: skip
