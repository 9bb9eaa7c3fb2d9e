"""Exports of OpenTelemetry as rows: OTelLogs, OTelSpans and OTelEvents, and metrics in InsightsMetrics. Pure.

Read in the form of OTLP as JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): names in lower
camel case, whole numbers of 64 bits as texts. Azure Monitor keeps metrics of OpenTelemetry in no table; here each
point is a row as those of Prometheus are, a histogram is its ``_count``, ``_sum`` and ``_bucket``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from lockgate.store.ingest.fitting import MisfitError, text_of
from lockgate.store.ingest.sent import inner, rest, text
from lockgate.store.ingest.sent._documents import moment_of

LOGS, SPANS, EVENTS, METRICS = "OTelLogs", "OTelSpans", "OTelEvents", "InsightsMetrics"
Row = tuple[str, dict[str, Any]]
Identity = Callable[[Any], str]
"""Gives an id in hexadecimal; in JSON it is that already, in protobuf's JSON it is base 64."""
_KINDS = ("", "Internal", "Server", "Client", "Producer", "Consumer")
_STATUS = ("Unset", "Ok", "Error")
_BUCKETS = (
    (250, "<250ms"), (500, "250ms-500ms"), (1000, "500ms-1sec"), (3000, "1sec-3sec"), (7000, "3sec-7sec"),
    (15_000, "7sec-15sec"), (30_000, "15sec-30sec"), (60_000, "30sec-1min"), (120_000, "1min-2min"),
    (300_000, "2min-5min"), (math.inf, ">=5min"),
)  # fmt: skip
_MOST_DEPTH = 50
_POINTS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


def rows_of(signal: str, value: Any, identity: Identity) -> Iterator[Row]:
    """The rows of an export. ``signal``: logs, traces or metrics. Raises :class:`MisfitError` for what is none."""
    outer, middle, leaf = {
        "logs": ("resourceLogs", "scopeLogs", "logRecords"), "traces": ("resourceSpans", "scopeSpans", "spans"),
        "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
    }[signal]  # fmt: skip
    if not isinstance(value, dict):
        raise MisfitError("the export is no object")
    for group in _objects(value.get(outer)):
        resource = _attributes(inner(group, "resource", "attributes"))
        for part in _objects(group.get(middle)):
            scope = part.get("scope")
            for one in _objects(part.get(leaf)):
                if signal == "logs":
                    yield LOGS, _log(one, resource, scope, identity)
                elif signal == "traces":
                    yield from _span(one, resource, scope, identity)
                else:
                    yield from _metric(one, resource, scope)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if value is None:
        return
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise MisfitError("a list of objects is none")
    yield from value


def _service(resource: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    name, namespace = text(resource.get("service.name")), text(resource.get("service.namespace"))
    language, version = (text(resource.get(f"telemetry.sdk.{one}")) for one in ("language", "version"))
    return {
        "ServiceName": name, "ServiceNamespace": namespace, "ItemCount": 1,
        "RoleName": ".".join(one for one in (namespace, name) if one),
        "ServiceInstanceId": text(resource.get("service.instance.id")),
        "ServiceVersion": text(resource.get("service.version")),
        "SDKVersion": ":".join(one for one in (language, version) if one),
        "EndUserId": text(attributes.get("enduser.id")), "UserId": text(attributes.get("user.id")),
        "SessionId": text(attributes.get("session.id")), "ClientIP": text(attributes.get("client.address")),
        "ResourceAttributes": resource or None, "Attributes": attributes or None,
    }  # fmt: skip


def _log(record: dict[str, Any], resource: dict[str, Any], scope: Any, identity: Identity) -> dict[str, Any]:
    attributes = _attributes(record.get("attributes"))
    left = rest(record, "timeUnixNano", "severityNumber", "severityText", "body", "attributes", "traceId", "spanId",
                "droppedAttributesCount") or {}  # fmt: skip
    moment = _nanos(record.get("timeUnixNano")) or left.pop("observedTimeUnixNano", None)
    number = _whole(record.get("severityNumber")) or 0
    kept = attributes | {f"otel.{name}": one for name, one in left.items()}
    body = _value(record.get("body"))
    return _service(resource, kept) | _scope(scope) | {
        "TimeGenerated": _moment(moment), "Body": text(body), "SeverityText": text(record.get("severityText")),
        "SeverityNumber": number, "SeverityLevel": min(max(number - 5, 0) // 4, 4) if number else None,
        "TraceId": identity(record.get("traceId")), "SpanId": identity(record.get("spanId")),
        "DroppedAttributesCount": record.get("droppedAttributesCount"),
        "DeploymentEnvironmentName": text(
            resource.get("deployment.environment.name") or resource.get("deployment.environment")),
        "K8sContainerName": text(resource.get("k8s.container.name")),
        "K8sNamespaceName": text(resource.get("k8s.namespace.name")),
        "K8sPodName": text(resource.get("k8s.pod.name")),
    }  # fmt: skip


def _scope(scope: Any) -> dict[str, Any]:
    return {"ScopeName": text(inner(scope, "name")), "ScopeVersion": text(inner(scope, "version"))}


def _span(span: dict[str, Any], resource: dict[str, Any], scope: Any, identity: Identity) -> Iterator[Row]:
    attributes = _attributes(span.get("attributes"))
    left = rest(span, "traceId", "spanId", "parentSpanId", "traceState", "name", "kind", "startTimeUnixNano",
                "endTimeUnixNano", "attributes", "droppedAttributesCount", "events", "droppedEventsCount", "links",
                "droppedLinksCount", "status") or {}  # fmt: skip
    kept = attributes | {f"otel.{name}": one for name, one in left.items()}
    trace, own = identity(span.get("traceId")), identity(span.get("spanId"))
    kind, status = _of(_KINDS, span.get("kind")), _of(_STATUS, inner(span, "status", "code") or 0)
    name, service = text(span.get("name")), _service(resource, kept)
    begun, ended = _nanos(span.get("startTimeUnixNano")), _nanos(span.get("endTimeUnixNano"))
    lasted = (ended - begun) / 1e6 if begun and ended else None
    links = [
        {**one, "traceId": identity(one.get("traceId")), "spanId": identity(one.get("spanId")),
         "attributes": _attributes(one.get("attributes"))}
        for one in _objects(span.get("links"))
    ]  # fmt: skip
    yield SPANS, service | _scope(scope) | _called(attributes, kind) | {
        "TimeGenerated": _moment(begun), "EndTime": _moment(ended), "DurationMs": lasted, "Name": name,
        "TraceId": trace, "SpanId": own, "ParentSpanId": identity(span.get("parentSpanId")),
        "TraceState": text(span.get("traceState")),
        "Kind": kind, "StatusCode": status, "StatusMessage": text(inner(span, "status", "message")),
        "Success": status != "Error", "Links": links or None,
        "OperationName": name if kind in ("Server", "Consumer") else "",
        "PerformanceBucket": "" if lasted is None else next(told for most, told in _BUCKETS if lasted < most),
        **{f"{one[0].upper()}{one[1:]}": span.get(one) for one in (
            "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")},
    }  # fmt: skip
    for event in _objects(span.get("events")):
        yield EVENTS, _event(event, resource) | {"TraceId": trace, "SpanId": own}


def _event(event: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    attributes = _attributes(event.get("attributes"))
    return _service(resource, attributes) | {
        "TimeGenerated": _moment(event.get("timeUnixNano")), "Name": text(event.get("name")),
        "DroppedAttributesCount": event.get("droppedAttributesCount"),
        "ExceptionType": text(attributes.get("exception.type")),
        "ExceptionMessage": text(attributes.get("exception.message")),
        "ExceptionStackTrace": text(attributes.get("exception.stacktrace")),
    }  # fmt: skip


def _called(attributes: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a span called, by the conventions of names (https://opentelemetry.io/docs/specs/semconv/)."""

    def first(*names: str) -> str:
        return next((text(attributes[name]) for name in names if attributes.get(name) is not None), "")

    called = first("db.system.name", "db.system", "rpc.system", "messaging.system")
    method = first("http.request.method", "http.method")
    outgoing = kind in ("Client", "Producer")
    return {
        "ResultCode": first("http.response.status_code", "http.status_code", "rpc.grpc.status_code"),
        "DependencyType": (called or ("HTTP" if method else "")) if outgoing else "",
        "Target": first("server.address", "net.peer.name", "peer.service") if outgoing else "",
        "Data": first("url.full", "http.url", "db.query.text", "db.statement") if outgoing else "",
    }


def _metric(metric: dict[str, Any], resource: dict[str, Any], scope: Any) -> Iterator[Row]:
    name, kind = text(metric.get("name")), next((one for one in _POINTS if one in metric), "")
    if not name or not kind:
        raise MisfitError("a metric has no name or no points")
    about = {"otel.unit": metric.get("unit"), "otel.kind": kind,
             "otel.temporality": inner(metric, kind, "aggregationTemporality")}  # fmt: skip
    for point in _objects(inner(metric, kind, "dataPoints")):
        labels = resource | _attributes(point.get("attributes"))
        labels |= {key: value for key, value in about.items() if value}
        common = {
            "TimeGenerated": _moment(point.get("timeUnixNano")), "Origin": "opentelemetry",
            "Namespace": text(inner(scope, "name")) or "opentelemetry",
            "Computer": text(resource.get("host.name") or resource.get("k8s.node.name")),
        }  # fmt: skip
        for suffix, value, more in _values(kind, point):
            yield METRICS, common | number_of(value) | {"Name": name + suffix, "Tags": text_of(labels | more)}


def _values(kind: str, point: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Suffix of the name, value and labels of what a point is in numbers."""
    if kind in ("gauge", "sum"):
        yield "", point.get("asInt", point.get("asDouble")), {}
        return
    yield "_count", point.get("count", 0), {}
    for field in ("sum", "min", "max"):
        if point.get(field) is not None:
            yield f"_{field}", point[field], {}
    if kind == "summary":
        for one in _objects(point.get("quantileValues")):
            yield "", one.get("value", 0), {"quantile": text(one.get("quantile", 0))}
    elif kind == "histogram":
        total = 0
        bounds = [*_list(point.get("explicitBounds")), "+Inf"]
        for bound, count in zip(bounds, _list(point.get("bucketCounts")), strict=False):
            total += _whole(count) or 0
            yield "_bucket", total, {"le": text(bound)}
    else:
        for side in ("positive", "negative"):
            start = _whole(inner(point, side, "offset")) or 0
            for at, count in enumerate(_list(inner(point, side, "bucketCounts"))):
                more = {"scale": point.get("scale", 0), "side": side, "index": start + at}
                yield "_bucket", count, more
        yield "_bucket", point.get("zeroCount", 0), {"side": "zero"}


def _list(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise MisfitError("a list is none")
    return value or []


def number_of(value: Any) -> dict[str, Any]:
    """A number in ``Val``; what is none, as not-a-number and the infinite, as text in ``Value``."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return {"Value": text(value)}
    if math.isfinite(number):
        return {"Val": number}
    return {"Value": "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"}


def _attributes(value: Any) -> dict[str, Any]:
    return {text(one.get("key")): _value(one.get("value")) for one in _objects(value)}


def _value(value: Any, depth: int = 0) -> Any:
    """What an AnyValue holds; beyond the most levels its JSON as text."""
    if not isinstance(value, dict) or not value:
        return None
    kind, one = next(iter(value.items()))
    if kind == "intValue":
        number = _whole(one)
        return one if number is None else number
    if kind in ("arrayValue", "kvlistValue"):
        if depth >= _MOST_DEPTH:
            return orjson.dumps(one).decode()
        values = _objects(inner(one, "values"))
        if kind == "arrayValue":
            return [_value(each, depth + 1) for each in values]
        return {text(each.get("key")): _value(each.get("value"), depth + 1) for each in values}
    return one


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and len(value) <= 20:
        try:
            return int(value)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _nanos(value: Any) -> int:
    return max(_whole(value) or 0, 0)


def _moment(value: Any) -> str | None:
    return moment_of(_nanos(value)) or None


def _of(names: tuple[str, ...], number: Any) -> str:
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else text(number)
