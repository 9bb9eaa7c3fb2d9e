"""Samples of Prometheus as rows of InsightsMetrics, where Container Insights keeps them: remote write 1.0 and 2.0.

https://prometheus.io/docs/specs/prw/remote_write_spec/ and .../remote_write_spec_2_0/. The two messages are declared
here for the packages of protobuf, which ``lockgate[otlp]`` adds. A native histogram is one row: its sum, and all of it
as JSON.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import orjson

from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.sent._documents import moment_of
from lockgate.store.ingest.sent._otlp import number_of

TABLE = "InsightsMetrics"
_STALE = 0x7FF0000000000002
"""Bits of the number that says a series has ended."""
_TYPES = ("", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
_MESSAGES: Mapping[str, str] = {
    "Label": "1 name string, 2 value string",
    "Sample": "1 value double, 2 timestamp int64",
    "Exemplar": "1 labels *Label, 2 value double, 3 timestamp int64",
    "Span": "1 offset sint32, 2 length uint32",
    "Histogram": (
        "1 count_int uint64, 2 count_float double, 3 sum double, 4 schema sint32, 5 zero_threshold double, "
        "6 zero_count_int uint64, 7 zero_count_float double, 8 negative_spans *Span, 9 negative_deltas *sint64, "
        "10 negative_counts *double, 11 positive_spans *Span, 12 positive_deltas *sint64, 13 positive_counts *double, "
        "14 reset_hint int32, 15 timestamp int64, 16 custom_values *double"
    ),
    "Series": "1 labels *Label, 2 samples *Sample, 3 exemplars *Exemplar, 4 histograms *Histogram",
    "WriteRequest": "1 timeseries *Series",
    "Metadata": "1 type int32, 3 help_ref uint32, 4 unit_ref uint32",
    "Exemplar2": "1 labels_refs *uint32, 2 value double, 3 timestamp int64",
    "Series2": (
        "1 labels_refs *uint32, 2 samples *Sample, 3 histograms *Histogram, 4 exemplars *Exemplar2, 5 metadata Metadata"
    ),
    "Request": "4 symbols *string, 5 timeseries *Series2",
}
"""Number, name and type of the fields of each message; an asterisk before those that come several times."""
Counts = dict[str, int]


def rows_of(content: bytes, *, second: bool, counts: Counts) -> Iterator[dict[str, Any]]:
    """The rows of a request that was unpacked. ``second``: of version 2.0. ``counts`` gets how many samples, histograms
    and exemplars there were.

    Raises :class:`MisfitError` where it is no such request, :class:`ImportError` without the packages.
    """
    from google.protobuf.message import DecodeError

    kind = _classes()["Request" if second else "WriteRequest"]
    try:
        request = kind.FromString(content)
    except DecodeError:
        raise MisfitError("the body is no protobuf of that kind") from None
    symbols = list(request.symbols) if second else []
    for series in request.timeseries:
        labels = _referred(series.labels_refs, symbols) if second else _given(series.labels)
        name = labels.pop("__name__", "")
        if second and series.HasField("metadata"):
            labels |= _about(series.metadata, symbols)
        common = {
            "Name": name, "Namespace": "prometheus", "Origin": "prometheus", "Tags": _json(labels),
            "Computer": labels.get("node") or labels.get("instance", ""),
        }  # fmt: skip
        yield from _points(common, series, counts)
        for one in series.exemplars:
            counts["exemplars"] += 1
            more = _referred(one.labels_refs, symbols) if second else _given(one.labels)
            tags = _json(labels | {f"exemplar.{label}": value for label, value in more.items()})
            told = {"Origin": "prometheus exemplar", "Tags": tags}
            yield common | told | number_of(one.value) | {"TimeGenerated": _moment(one.timestamp)}


def _points(common: dict[str, Any], series: Any, counts: Counts) -> Iterator[dict[str, Any]]:
    for sample in series.samples:
        counts["samples"] += 1
        yield common | _number(sample.value) | {"TimeGenerated": _moment(sample.timestamp)}
    for histogram in series.histograms:
        counts["histograms"] += 1
        told = _json(_histogram(histogram))
        yield common | _number(histogram.sum) | {"Value": told, "TimeGenerated": _moment(histogram.timestamp)}


def _histogram(one: Any) -> dict[str, Any]:
    """The fields that are set, spans as lists of offset and length."""
    told: dict[str, Any] = {}
    for field, value in one.ListFields():
        if field.name.endswith("_spans"):
            told[field.name] = [[span.offset, span.length] for span in value]
        elif field.name != "timestamp":
            told[field.name] = value if isinstance(value, int | float) else list(value)
    return told


def _number(value: float) -> dict[str, Any]:
    if math.isnan(value) and struct.unpack("<Q", struct.pack("<d", value))[0] == _STALE:
        return {"Value": "stale"}
    return number_of(value)


def _given(labels: Any) -> dict[str, str]:
    return {one.name: one.value for one in labels}


def _referred(references: Any, symbols: list[str]) -> dict[str, str]:
    found = list(references)
    if len(found) % 2 or any(one >= len(symbols) for one in found):
        raise MisfitError("a label refers to a symbol that is not there")
    return {symbols[name]: symbols[value] for name, value in zip(found[::2], found[1::2], strict=True)}


def _about(metadata: Any, symbols: list[str]) -> dict[str, str]:
    unit = symbols[metadata.unit_ref] if metadata.unit_ref < len(symbols) else ""
    kind = _TYPES[metadata.type] if 0 <= metadata.type < len(_TYPES) else ""
    return {name: one for name, one in (("__type__", kind), ("__unit__", unit)) if one}


def _moment(milliseconds: int) -> str | None:
    return moment_of(milliseconds * 1_000_000) or None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


@cache
def _classes() -> Mapping[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="lockgate/prometheus.proto", package="lockgate", syntax="proto3")
    for name, text in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for one in text.split(", "):
            number, field, kind = one.split()
            made = message.field.add(name=field, number=int(number), label=3 if kind[0] == "*" else 1)
            kind = kind.removeprefix("*")
            if kind in _MESSAGES:
                made.type, made.type_name = made.TYPE_MESSAGE, f".lockgate.{kind}"
            else:
                made.type = getattr(made, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"lockgate.{name}")) for name in _MESSAGES
    }  # fmt: skip
