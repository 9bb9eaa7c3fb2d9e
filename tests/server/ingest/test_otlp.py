"""OpenTelemetry's own exporters send logs, spans and metrics over HTTP and gRPC, and they are in their tables."""

import json
import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind
from tests.server.ingest.served import Served

from lockgate.server.access import People
from lockgate.server.ingest.otlp_grpc import OtlpListener
from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.sent._otlp import rows_of

_RESOURCE = Resource({"service.name": "web", "service.namespace": "shop", "service.version": "1.2",
                      "k8s.pod.name": "web-1", "k8s.namespace.name": "shop", "k8s.node.name": "n1"})  # fmt: skip


class _Listening(Served):
    def listening(self):
        return [OtlpListener(self.taker, ("127.0.0.1", 0), People(self.folder / "tokens").of)]


@pytest.fixture
def listening(tmp_path):
    running = _Listening(tmp_path)
    yield running
    running.close()


def _exporter(listening, way, http, grpc, signal):
    if way == "grpc":
        return grpc(endpoint=f"127.0.0.1:{listening.listeners[0].port}", insecure=True,
                    headers=(("authorization", f"Bearer {listening.token}"),))  # fmt: skip
    return http(endpoint=f"http://127.0.0.1:{listening.port}/v1/{signal}", headers=listening.bearer,
                compression=Compression.Gzip)  # fmt: skip


@pytest.mark.parametrize("way", ["http", "grpc"])
def test_spans_and_their_events_are_exported(listening, way):
    exporter = _exporter(listening, way, HttpSpans, GrpcSpans, "traces")
    provider = TracerProvider(resource=_RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("scope", "0.1")
    with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER) as outer, \
            pytest.raises(KeyError), \
            tracer.start_as_current_span("call", kind=SpanKind.CLIENT) as span:  # fmt: skip
        span.set_attributes({"url.full": "http://db/x", "http.request.method": "GET", "server.address": "db",
                             "http.response.status_code": 503, "numbers": (1, 2)})  # fmt: skip
        raise KeyError("gone")
    provider.shutdown()
    outer, span = outer.get_span_context(), span.get_span_context()
    trace = format(span.trace_id, "032x")
    listening.until(
        "OTelSpans | project Name, Kind, StatusCode, Success, ResultCode, DependencyType, Target, Data, TraceId, "
        "SpanId, ParentSpanId, RoleName, ScopeName, tostring(Attributes.numbers), lasted = DurationMs >= 0 "
        "| order by Name asc",
        [("GET /", "Server", "Unset", True, "", "", "", "", trace, format(outer.span_id, "016x"), "", "shop.web",
          "scope", "", True),
         ("call", "Client", "Error", False, "503", "HTTP", "db", "http://db/x", trace, format(span.span_id, "016x"),
          format(outer.span_id, "016x"), "shop.web", "scope", "[1,2]", True)],
    )  # fmt: skip
    listening.until("OTelEvents | project Name, ExceptionType, ExceptionMessage, SpanId, "
                    "trace = ExceptionStackTrace has 'KeyError', tostring(ResourceAttributes['service.version'])",
                    [("exception", "KeyError", "'gone'", format(span.span_id, "016x"), True, "1.2")])  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("way", ["http", "grpc"])
def test_logs_are_exported(listening, way):
    provider = LoggerProvider(resource=_RESOURCE)
    provider.add_log_record_processor(SimpleLogRecordProcessor(_exporter(listening, way, HttpLogs, GrpcLogs, "logs")))
    logger = logging.Logger("app")
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for n in range(3):
        logger.error("message %d", n, extra={"n": n, "user.id": "ana"})
    provider.shutdown()
    listening.until("OTelLogs | project Body, SeverityText, SeverityNumber, SeverityLevel, K8sPodName, UserId, "
                    "toint(Attributes.n), ScopeName | order by Body asc",
                    [(f"message {n}", "ERROR", 17, 3, "web-1", "ana", n, "app") for n in range(3)])  # fmt: skip


@pytest.mark.parametrize("way", ["http", "grpc"])
def test_metrics_are_exported_point_by_point(listening, way):
    exporter = _exporter(listening, way, HttpMetrics, GrpcMetrics, "metrics")
    provider = MeterProvider([PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)], _RESOURCE)
    meter = provider.get_meter("scope")
    meter.create_counter("requests", unit="1").add(5, {"code": "200"})
    meter.create_histogram("seconds", explicit_bucket_boundaries_advisory=[1.0, 2.0]).record(1.5)
    meter.create_gauge("heat").set(36.6)
    provider.shutdown()
    query = (
        "InsightsMetrics | extend Tags = parse_json(Tags) | extend le = tostring(Tags.le) "
        "| project Name, Val, tostring(Tags.code), le, Namespace, Origin, Computer "
        "| order by Name asc, Val asc, le desc"
    )
    listening.until(query, [
        ("heat", 36.6, "", "", "scope", "opentelemetry", "n1"),
        ("requests", 5.0, "200", "", "scope", "opentelemetry", "n1"),
        ("seconds_bucket", 0.0, "", "1.0", "scope", "opentelemetry", "n1"),
        ("seconds_bucket", 1.0, "", "2.0", "scope", "opentelemetry", "n1"),
        ("seconds_bucket", 1.0, "", "+Inf", "scope", "opentelemetry", "n1"),
        ("seconds_count", 1.0, "", "", "scope", "opentelemetry", "n1"),
        ("seconds_max", 1.5, "", "", "scope", "opentelemetry", "n1"),
        ("seconds_min", 1.5, "", "", "scope", "opentelemetry", "n1"),
        ("seconds_sum", 1.5, "", "", "scope", "opentelemetry", "n1"),
    ])  # fmt: skip


def test_json_is_read_as_the_specification_writes_it(listening):
    record = {"timeUnixNano": "1544712660300000000", "observedTimeUnixNano": "1544712660300000001", "flags": 1,
              "severityNumber": 10, "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
              "body": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "9007199254740993"}}]}},
              }  # fmt: skip
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    url = f"http://127.0.0.1:{listening.port}/v1/logs"
    answer = httpx.post(url, json=body, headers=listening.bearer)
    assert (answer.status_code, answer.json()) == (200, {})
    listening.until("OTelLogs | project Body, TraceId, SpanId, SeverityLevel, tostring(Attributes)", [
        ('{"a":9007199254740993}', "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", 1,
         '{"otel.observedTimeUnixNano":"1544712660300000001","otel.flags":1}')])  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "status"), [
    ("application/json", b"[]", 400), ("application/json", b'{"resourceLogs":{}}', 400), ("text/plain", b"", 415),
    ("application/x-protobuf", b"\xff\xff", 400), ("application/json", b"{", 400),
])  # fmt: skip
def test_an_export_that_is_wrong_is_told_so_in_its_own_form(listening, kind, body, status):
    headers = {**listening.bearer, "content-type": kind}
    answer = httpx.post(f"http://127.0.0.1:{listening.port}/v1/logs", content=body, headers=headers)
    assert answer.status_code == status
    if kind == "application/x-protobuf":
        assert answer.headers["content-type"] == kind and answer.content[:3] == b"\x08\x03\x12"
        assert len(answer.content) == 4 + answer.content[3]
    else:
        assert answer.json()["message"]


def test_who_shows_no_token_over_grpc_is_refused(listening):
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{listening.listeners[0].port}") as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")
        for token, body, code in (("", b"", "UNAUTHENTICATED"), ("wrong", b"", "UNAUTHENTICATED"),
                                  (listening.reader, b"", "PERMISSION_DENIED"),
                                  (listening.token, b"\xff", "INVALID_ARGUMENT")):  # fmt: skip
            with pytest.raises(grpc.RpcError) as refused:
                call(body, metadata=(("authorization", f"Bearer {token}"),), timeout=20)
            assert refused.value.code().name == code


_LEAF = st.none() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False)
_NAMES = [
    "resource", "scope", "attributes", "key", "value", "name", "body", "spans", "events", "links", "kind", "gauge",
    "sum", "histogram", "exponentialHistogram", "summary", "dataPoints", "bucketCounts", "explicitBounds", "count",
    "asInt", "arrayValue", "values", "intValue", "traceId", "timeUnixNano", "status", "code", "positive", "offset",
    "severityNumber", "quantileValues",
]  # fmt: skip
_ANY = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=10,
)
_SIGNALS = [
    ("logs", "resourceLogs", "scopeLogs", "logRecords"), ("traces", "resourceSpans", "scopeSpans", "spans"),
    ("metrics", "resourceMetrics", "scopeMetrics", "metrics"),
]  # fmt: skip


@given(st.sampled_from(_SIGNALS), st.lists(_ANY, max_size=3))
def test_whatever_comes_is_rows_of_the_tables_columns_or_refused(names, leaves):
    signal, outer, middle, leaf = names
    value = json.loads(json.dumps({outer: [{middle: [{leaf: leaves}]}]}))
    try:
        found = list(rows_of(signal, value, str))
    except MisfitError:
        return
    for table, row in found:
        assert set(row) <= {column.name for column in shape_of(table).columns}
