"""Programs are asked for their metrics as Prometheus asks them, and what they tell is in InsightsMetrics."""

import json
import os
import shutil
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.ingest.served import Served

from lockgate.errors import UsageError
from lockgate.server.ingest.scrape import Scraper
from lockgate.store.ingest.sent._exposition import rows_of

_TEXT = r"""# HELP doors_opened_total Doors that were opened.
# TYPE doors_opened_total counter
doors_opened_total{side="east",kind="a"} 31 1395066363000
last_seen_seconds{place="C:\\hall",told="no door:\n\"east\""} 1.5e9
warmth 12.47
lost{why="no key"} +Inf -3982045
wait_seconds_bucket{le="+Inf",} 144
{"name.with.dots", "label one"="x", instance="own"} 3 # {trace_id="t"} 0.67
broken{a=} 1
broken{a="b" 1
broken one
"""


def _rows(text, open_metrics=False, **labels):
    found = rows_of(text.encode(), origin="o", instance="i", open_metrics=open_metrics, labels=labels)
    return [(table, row) for table, row in found]


def test_samples_are_read_line_by_line():
    found = _rows(_TEXT, instance="i")
    good = [(row["Name"], row.get("Val", row.get("Value")), json.loads(row["Tags"]), row.get("TimeGenerated"))
            for table, row in found if table == "InsightsMetrics"]  # fmt: skip
    assert good == [
        ("doors_opened_total", 31, {"instance": "i", "side": "east", "kind": "a"}, "2014-03-17T14:26:03+00:00"),
        ("last_seen_seconds", 1.5e9, {"instance": "i", "place": "C:\\hall", "told": 'no door:\n"east"'}, None),
        ("warmth", 12.47, {"instance": "i"}, None),
        ("wait_seconds_bucket", 144, {"instance": "i", "le": "+Inf"}, None),
        ("name.with.dots", 3, {"instance": "i", "label one": "x", "exported_instance": "own"}, None),
    ]  # fmt: skip
    bad = [(row["Line"], row["Reason"]) for table, row in found if table == "InsightsMetrics_errors"]
    assert [line for line, _ in bad] == [6, 9, 10, 11]  # a time before 1970 among them
    assert "time" in bad[0][1] and "label" in bad[1][1] and "end" in bad[2][1] and "no number" in bad[3][1]


def test_times_of_openmetrics_are_seconds():
    [(_, row)] = _rows("a 1 1395066363.5\n# EOF", open_metrics=True)
    assert row["TimeGenerated"] == "2014-03-17T14:26:03.500000+00:00"


@given(st.text(max_size=60) | st.from_regex(r'[a-z]{0,3}\{?([a-z"]{0,3}="?[a-z\\"]{0,5},?){0,3}\}? ?\S{0,4} ?\d{0,20}'))
def test_every_line_is_a_row_or_told_of(text):
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    assert len(_rows(text)) == sum(bool(line) and line[0] != "#" for line in lines)


class _Metrics(BaseHTTPRequestHandler):
    def do_GET(self):
        assert self.headers["authorization"] in ("Basic YW5hOnB3", None)
        self.send_response({"/metrics": 200, "/moved": 302}.get(self.path, 500))
        self.send_header("location", "/metrics")
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b'heat{room="a"} 36.6\nbroken\n')

    def log_message(self, *arguments):
        pass


@pytest.fixture
def target():
    server = HTTPServer(("127.0.0.1", 0), _Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _scraping(folder, addresses):
    class Scraping(Served):
        def listening(self):
            return [Scraper(self.taker, addresses, every=1)]

    return Scraping(folder)


def test_what_an_address_tells_is_kept_and_whether_it_answered(tmp_path, target):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        paths = [f"http://ana:pw@{target}/metrics", f"http://{nobody}/metrics"]
        running = _scraping(tmp_path, paths)
        try:
            running.until("InsightsMetrics | where Name == 'heat' | summarize take_any(Val, Origin, Computer) "
                          "by room = tostring(parse_json(Tags).room)", [("a", 36.6, "scrape", target)])  # fmt: skip
            running.until("InsightsMetrics | where Name == 'up' | summarize min(Val), max(Val) by Computer "
                          "| order by min_Val asc", [(nobody, 0.0, 0.0), (target, 1.0, 1.0)])  # fmt: skip
            running.until("InsightsMetrics_errors | summarize by Text, Origin", [("broken", f"scrape/{target}")])
            running.until("InsightsMetrics | where Name == 'heat' | count | project more = Count > 1", [(True,)])
        finally:
            running.close()


def test_no_redirect_is_followed(tmp_path, target):
    running = _scraping(tmp_path, [f"http://{target}/moved"])
    try:
        running.until("InsightsMetrics | where Name == 'up' | summarize max(Val)", [(0.0,)])
        assert running.ask("InsightsMetrics | where Name == 'heat' | count") == [(0,)]
    finally:
        running.close()


@pytest.mark.parametrize("address", ["", "node:9100", "file:///etc/passwd", "http://", "http://a:99999/", "ftp://a/"])
def test_what_is_no_address_is_told_so(address):
    with pytest.raises(UsageError, match="no address"):
        Scraper(None, [address], every=1)


_PROMETHEUS = os.environ.get("LOCKGATE_TEST_PROMETHEUS") or shutil.which("prometheus")


@pytest.mark.skipif(not _PROMETHEUS, reason="prometheus is not here")
def test_what_prometheus_tells_of_itself_is_read_whole(tmp_path):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (tmp_path / "p.yml").write_text("global: {scrape_interval: 1h}\n")
    command = [_PROMETHEUS, f"--config.file={tmp_path / 'p.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = _scraping(tmp_path, [f"http://127.0.0.1:{port}/metrics"])
    try:
        query = "InsightsMetrics | where Name == 'prometheus_build_info' | summarize max(Val)"
        running.until(query, [(1.0,)], seconds=40)
        assert running.ask("InsightsMetrics | summarize dcount(Name, 4) > 100") == [(True,)]
        assert not (tmp_path / "record" / "InsightsMetrics_errors").exists()
    finally:
        running.close()
        process.terminate()
        process.wait(20)
