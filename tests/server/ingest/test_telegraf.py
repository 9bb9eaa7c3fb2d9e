"""Telegraf, unchanged, over five ways in at once: each metric it makes is there by each of them, once."""

import json
import shutil
import subprocess
import time

import pytest
from tests.server.ingest.served import Served

from lockgate.server.access import People
from lockgate.server.ingest.otlp_grpc import OtlpListener
from lockgate.server.ingest.syslog import SyslogListener

pytest.importorskip("grpc")
_TELEGRAF = shutil.which("telegraf")
_COUNT = 30
_SETTINGS = """
[agent]
  interval = "100ms"
  flush_interval = "200ms"
  hostname = "box"
[[inputs.tail]]
  files = ["{folder}/in.log"]
  from_beginning = true
  data_format = "json_v2"
  name_override = "door"
  [[inputs.tail.json_v2]]
    timestamp_path = "at"
    timestamp_format = "unix_ms"
    [[inputs.tail.json_v2.field]]
      path = "load"
      type = "float"
    [[inputs.tail.json_v2.tag]]
      path = "site"
[[outputs.http]]
  url = "{url}/ingest/rows?table=Http_CL"
  {basic}
  data_format = "json"
  json_timestamp_units = "1ms"
  use_batch_format = false
[[outputs.http]]
  url = "{url}/api/v1/write"
  {basic}
  data_format = "prometheusremotewrite"
  [outputs.http.headers]
    Content-Type = "application/x-protobuf"
    Content-Encoding = "snappy"
    X-Prometheus-Remote-Write-Version = "0.1.0"
[[outputs.elasticsearch]]
  urls = ["{url}/elasticsearch"]
  {basic}
  index_name = "bulk-%Y.%m.%d"
  manage_template = false
  enable_sniffer = false
  health_check_interval = "0s"
[[outputs.opentelemetry]]
  service_address = "127.0.0.1:{grpc}"
  [outputs.opentelemetry.headers]
    authorization = "Bearer {token}"
[[outputs.syslog]]
  address = "tcp://127.0.0.1:{syslog}"
  default_appname = "telegraf"
  default_sdid = "default@32473"
"""


class _Listening(Served):
    def listening(self):
        here = ("127.0.0.1", 0)
        return [SyslogListener(self.taker, here), OtlpListener(self.taker, here, People(self.folder / "tokens").of)]


@pytest.mark.skipif(not _TELEGRAF, reason="telegraf is not here (.ci/fetch-oracles builds it)")
def test_what_it_sends_five_ways_at_once_is_there_by_each_of_them(tmp_path):
    begun = int(time.time()) * 1000
    # Its remote write keeps the newest sample of a series in a batch, so each is of a series of its own.
    lines = [json.dumps({"at": begun + n, "load": n + 0.5, "site": f"s{n}"}) for n in range(_COUNT)]
    (tmp_path / "in.log").write_text("".join(f"{line}\n" for line in lines))
    served = _Listening(tmp_path)
    try:
        syslog, grpc = (one.port for one in served.listeners)
        (tmp_path / "telegraf.conf").write_text(_SETTINGS.format(
            folder=tmp_path, url=f"http://localhost:{served.port}", syslog=syslog, grpc=grpc, token=served.token,
            basic=f'username = "ana"\n  password = "{served.token}"',
        ))  # fmt: skip
        command = [_TELEGRAF, "--config", tmp_path / "telegraf.conf", "--quiet"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            whole = sum(n + 0.5 for n in range(_COUNT))
            for table, load in (("Http_CL", "fields.load"), ("bulk_CL", "door.load")):
                served.until(f"{table} | summarize count(), sum(todouble({load}))", [(_COUNT, whole)])
            for space in ("opentelemetry", "prometheus"):
                served.until(
                    f"InsightsMetrics | where Namespace == '{space}' and Name == 'door_load' "
                    "| summarize count(), sum(Val), dcount(tostring(parse_json(Tags).site), 4)",
                    [(_COUNT, whole, _COUNT)],
                )  # fmt: skip
            served.until("Syslog | where ProcessName == 'telegraf' | summarize count(), sum(todouble("
                         "StructuredData_CF['default@32473'].load))", [(_COUNT, whole)])  # fmt: skip
        finally:
            process.kill()
            process.wait()
        one = "Http_CL | where tags.site == 's7' | project tostring(name), todouble(fields.load)"
        assert served.ask(one) == [("door", 7.5)]
        assert served.ask("union isfuzzy=true *_errors | count") in ([(0,)], [])
    finally:
        served.close()
