"""Prometheus writes its samples here, by both versions of remote write, and they are rows of InsightsMetrics."""

import os
import shutil
import struct
import subprocess
import time

import cramjam
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.store.ingest.collected import shape_of
from lockgate.store.ingest.fitting import MisfitError
from lockgate.store.ingest.sent._prometheus import rows_of

_STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def _varint(number):
    number &= (1 << 64) - 1
    made = b""
    while number > 127:
        made += bytes((number & 127 | 128,))
        number >>= 7
    return made + bytes((number,))


def _message(*fields):
    """Bytes of a message: whole numbers, floats, texts, and messages as bytes, each with its number."""
    made = b""
    for number, value in fields:
        if isinstance(value, float):
            made += _varint(number << 3 | 1) + struct.pack("<d", value)
        elif isinstance(value, int):
            made += _varint(number << 3) + _varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            made += _varint(number << 3 | 2) + _varint(len(content)) + content
    return made


def _label(name, value):
    return 1, _message((1, name), (2, value))


def _first(now):
    series = _message(
        _label("__name__", "up"), _label("instance", "n1:9100"), (2, _message((1, 1.5), (2, now))),
        (2, _message((1, _STALE), (2, now + 1))), (2, _message((1, float("inf")), (2, now + 2))),
        (3, _message(_label("trace_id", "t"), (2, 2.0), (3, now + 3))),
        (4, _message((1, 3), (3, 4.5), (4, 1), (11, _message((1, 0), (2, 2))), (12, bytes((2, 4))), (15, now + 4))),
    )
    return _message((1, series), (3, _message((1, 2), (2, "up"))))


def _second(now):
    symbols = ["", "__name__", "up", "node", "n1", "seconds"]
    series = _message((1, bytes((1, 2, 3, 4))), (2, _message((1, 1.5), (2, now))), (5, _message((1, 2), (4, 5))))
    return _message(*((4, one) for one in symbols), (5, series))


def _post(served, content, *, second=False, **headers):
    kind = "application/x-protobuf" + ";proto=io.prometheus.write.v2.Request" * second
    given = {**served.bearer, "content-type": kind, "content-encoding": "snappy", **headers}
    url = f"http://127.0.0.1:{served.port}/api/v1/write"
    return httpx.post(url, content=bytes(cramjam.snappy.compress_raw(content)), headers=given)


def test_the_first_version_writes_samples_histograms_and_exemplars(served):
    assert _post(served, _first(int(time.time() * 1000))).status_code == 204
    query = (
        "InsightsMetrics | project Name, Val, Value, Tags, Computer, Namespace, Origin "
        "| order by Origin asc, Val asc nulls first, Value asc"
    )
    served.until(query, [
        ("up", None, "+Inf", '{"instance":"n1:9100"}', "n1:9100", "prometheus", "prometheus"),
        ("up", None, "stale", '{"instance":"n1:9100"}', "n1:9100", "prometheus", "prometheus"),
        ("up", 1.5, "", '{"instance":"n1:9100"}', "n1:9100", "prometheus", "prometheus"),
        ("up", 4.5, '{"count_int":3,"sum":4.5,"schema":-1,"positive_spans":[[0,2]],"positive_deltas":[1,2]}',
         '{"instance":"n1:9100"}', "n1:9100", "prometheus", "prometheus"),
        ("up", 2.0, "", '{"instance":"n1:9100","exemplar.trace_id":"t"}', "n1:9100", "prometheus",
         "prometheus exemplar"),
    ])  # fmt: skip


def test_the_second_version_tells_how_many_were_written(served):
    answer = _post(served, _second(int(time.time() * 1000)), second=True)
    assert answer.status_code == 204
    assert [answer.headers[f"x-prometheus-remote-write-{one}-written"] for one in (
        "samples", "histograms", "exemplars")] == ["1", "0", "0"]  # fmt: skip
    served.until("InsightsMetrics | project Name, Val, Tags, Computer", [
        ("up", 1.5, '{"node":"n1","__type__":"gauge","__unit__":"seconds"}', "n1")])  # fmt: skip


def test_a_request_that_is_wrong_is_refused_and_one_that_must_wait_is_asked_to_come_again(served):
    now = int(time.time() * 1000)
    assert _post(served, b"\xff\xff").status_code == 400
    assert _post(served, _message((5, _message((1, bytes((1, 9)))))), second=True).status_code == 400
    assert _post(served, _first(now), **{"content-encoding": "gzip"}).status_code == 415
    assert _post(served, _first(now), **{"content-type": "application/x-protobuf;proto=other"}).status_code == 415
    url = f"http://127.0.0.1:{served.port}/api/v1/write"
    headers = {**served.bearer, "content-type": "application/x-protobuf", "content-encoding": "snappy"}
    assert httpx.post(url, content=b"\xff\xff\xff\xff\x0f" + b"x" * 9, headers=headers).status_code == 413
    assert httpx.post(url, content=b"\x05abc", headers=headers).status_code == 400
    assert httpx.post(url, content=b"", headers=headers).status_code == 400
    served.taker._most = 0
    answer = _post(served, _first(now))
    assert answer.status_code == 503 and answer.headers["retry-after"]


_PROMETHEUS = os.environ.get("LOCKGATE_TEST_PROMETHEUS") or shutil.which("prometheus")


@pytest.mark.skipif(not _PROMETHEUS, reason="prometheus is not here (.ci/run unpacks it)")
def test_prometheus_writes_what_it_scrapes_of_itself(served, tmp_path):
    (tmp_path / "p.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs: [{job_name: own, static_configs: [{targets: ['127.0.0.1:9']}]}]\n"
        f"remote_write: [{{url: 'http://127.0.0.1:{served.port}/api/v1/write', "
        f"basic_auth: {{username: ana, password: '{served.token}'}}, queue_config: {{batch_send_deadline: 1s}}}}]\n"
    )
    command = [_PROMETHEUS, f"--config.file={tmp_path / 'p.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}",
               "--web.listen-address=127.0.0.1:0"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        query = "InsightsMetrics | where Name == 'up' | summarize min(Val), max(Val) by tostring(parse_json(Tags).job)"
        served.until(query, [("own", 0.0, 0.0)], seconds=40)
        served.until("InsightsMetrics | summarize dcount(Name, 4) >= 5", [(True,)])
    finally:
        process.terminate()
        process.wait(20)


@given(st.binary(max_size=80), st.booleans())
def test_whatever_comes_is_rows_or_refused(content, second):
    try:
        rows = list(rows_of(content, second=second, counts={"samples": 0, "histograms": 0, "exemplars": 0}))
    except MisfitError:
        return
    known = {column.name for column in shape_of("InsightsMetrics").columns}
    assert all(set(row) <= known for row in rows)
