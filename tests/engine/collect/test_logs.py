"""Lines of containers, each once: over breaks, restarts of the container, and restarts of the collector."""

import time
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.simulators.kubernetes import Fault

from lockgate.sources.cluster.insights import Identity
from lockgate.sources.cluster.insights.lines import (
    MOST_ROW,
    Fresh,
    Place,
    Source,
    level_of,
    line_rows,
    moment_of,
    nanoseconds,
)

from .conftest import state, until

SECOND = 10**9
LINES = "ContainerLogV2 | order by TimeGenerated asc | project tostring(LogMessage)"


def lines(asked):
    return [text for (text,) in asked(LINES)]


def started(harbour, name="web", namespace="default", container="app", id_="c-1"):
    return harbour.kubelet.start(namespace, name, container, id_)


def test_lines_are_rows_with_the_containers_details(harbour, once, asked):
    harbour.node()
    harbour.pod(labels={"app": "web"})
    mine = started(harbour)
    harbour.kubelet.write(mine, "W0301 10:00:00.1 1 x.go:1] slow", '{"level":"error","n":1}', "", "tail ü")
    harbour.kubelet.end(mine)
    once(logs=True)
    rows = asked("ContainerLogV2 | order by TimeGenerated asc | project tostring(LogMessage), LogLevel, LogSource, "
                 "ContainerId, ContainerName, PodName, PodNamespace, Computer")  # fmt: skip
    more = ("", "c-1", "app", "web", "default", "node-1")
    assert rows == [
        ("W0301 10:00:00.1 1 x.go:1] slow", "WARNING", *more), ('{"level":"error","n":1}', "ERROR", *more),
        ("", "UNKNOWN", *more), ("tail ü", "UNKNOWN", *more),
    ]  # fmt: skip
    assert asked("ContainerLogV2 | where LogMessage.n == 1 | project tostring(KubernetesMetadata.podLabels.app), "
                 "tostring(KubernetesMetadata.imageTag)") == [("web", "1.27")]  # fmt: skip


def test_a_second_scan_brings_only_what_is_new(harbour, once, asked):
    harbour.node()
    harbour.pod()
    mine = started(harbour)
    now = time.time_ns()
    harbour.kubelet.write(mine, "same", "same", at=now)
    once(logs=True)
    mine.lines.append((now + 1, b"same"))  # a third with the time of the second
    harbour.kubelet.write(mine, "later", at=now + 2)
    once(logs=True)
    once(logs=True)
    assert Counter(lines(asked)) == {"same": 3, "later": 1}


def test_the_first_run_reads_no_further_back_than_told(harbour, once, asked):
    harbour.node()
    harbour.pod()
    mine = started(harbour)
    harbour.kubelet.write(mine, "old", at=time.time_ns() - 3600 * SECOND)
    harbour.kubelet.write(mine, "new")
    once(logs=True, log_seconds=60)
    assert lines(asked) == ["new"]


def test_followed_lines_come_over_breaks_without_loss_or_double(harbour, running, asked):
    harbour.node()
    harbour.pod()
    mine = started(harbour)
    harbour.kubelet.breaks = 2
    with running(logs=True) as one:
        until(lambda: one.collector.tally.scans >= 1)
        for number in range(60):
            harbour.kubelet.write(mine, f"line {number}")
            time.sleep(0.02)
        until(lambda: len(lines(asked)) >= 60)
    assert harbour.kubelet.breaks == 0
    assert lines(asked) == [f"line {number}" for number in range(60)]


def test_a_restarted_collector_goes_on_where_the_rows_end(harbour, running, asked):
    harbour.node()
    harbour.pod()
    mine = started(harbour)
    harbour.kubelet.write(mine, "a", "b")
    with running(logs=True):
        until(lambda: len(lines(asked)) >= 2)
    harbour.kubelet.write(mine, "while it was away")
    with running(logs=True):
        until(lambda: len(lines(asked)) >= 3)
    assert lines(asked) == ["a", "b", "while it was away"]


def test_of_a_restarted_container_both_instances_are_read(harbour, running, asked):
    harbour.node()
    harbour.pod()
    first = started(harbour)
    harbour.kubelet.write(first, "first")
    with running(logs=True):
        until(lambda: lines(asked) == ["first"])
    harbour.kubelet.write(first, "last words")
    second = started(harbour, id_="c-2")
    harbour.kubelet.write(second, "second")
    harbour.states("web", "default", state(id_="c-2", restarts=1, before="c-1"))
    with running(logs=True):
        until(lambda: len(lines(asked)) >= 3)
    rows = asked("ContainerLogV2 | order by TimeGenerated asc | project tostring(LogMessage), ContainerId")
    assert rows == [("first", "c-1"), ("last words", "c-1"), ("second", "c-2")]


def test_several_containers_of_a_pod_are_read(harbour, once, asked):
    harbour.node()
    harbour.pod("web", "default", state("app", id_="c-1"), state("side", id_="c-2"))
    harbour.kubelet.write(started(harbour), "of app")
    harbour.kubelet.write(started(harbour, container="side", id_="c-2"), "of side")
    once(logs=True)
    assert sorted(asked("ContainerLogV2 | project ContainerName, tostring(LogMessage)")) == [
        ("app", "of app"), ("side", "of side"),
    ]  # fmt: skip


def test_excluded_namespaces_are_not_read(harbour, once, asked):
    harbour.node()
    harbour.pod(namespace="kube-system")
    harbour.kubelet.write(started(harbour, namespace="kube-system"), "x")
    once(logs=True, logs_excluded=frozenset({"kube-system"}))
    assert lines(asked) == []
    assert not any(entry["path"].endswith("/log") for entry in harbour.simulator.audit)


def test_no_more_streams_are_open_than_may_be(harbour, running, asked):
    harbour.node()
    for number in range(5):
        harbour.pod(f"p{number}", "default", state(id_=f"c-{number}"))
        harbour.kubelet.write(started(harbour, name=f"p{number}", id_=f"c-{number}"), "x")
    said = []
    with running(logs=True, streams=2, say=said.append) as one:
        until(lambda: one.collector.tally.scans >= 2 and len(lines(asked)) >= 2)
    assert harbour.kubelet.most_open == 2
    assert any(one.reason == "3 containers wait for one of 2 streams" for one in said)


def test_a_log_that_may_not_be_read_is_told(harbour, once, asked):
    harbour.node()
    harbour.pod()
    said = []
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["list", "watch"]},
             {"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}]  # fmt: skip
    once(token=harbour.simulator.token("ada", rules=rules), logs=True, say=said.append)
    assert [one.path for one in said if "its log may not be read (403)" in one.reason] == [
        "harbour:default/Pod/web/app"
    ]
    assert asked("KubeMonAgentEvents | where Message has 'log' | count") == [(1,)]


def test_a_line_of_any_length_is_kept_in_pieces_up_to_the_limit(harbour, once, asked):
    harbour.node()
    harbour.pod()
    mine = started(harbour)
    harbour.kubelet.write(mine, "x" * (MOST_ROW + 10), "y" * (3 << 20), "z")
    said = []
    once(logs=True, say=said.append)
    once(logs=True)
    sizes = Counter(len(text) for text in lines(asked))
    assert sizes.pop(10) == 1
    assert sizes.pop(1) == 1
    assert sum(size * count for size, count in sizes.items()) <= MOST_ROW + (1 << 20)
    assert sizes[MOST_ROW] in (16, 17)
    assert "lines longer than 1048576 bytes are cut there" in [one.reason for one in said]


def test_a_server_in_trouble_is_asked_again(harbour, once, asked):
    harbour.node()
    harbour.pod()
    harbour.kubelet.write(started(harbour), "x")
    asked_for = []

    def trouble(method, path, query):
        if path.endswith("/log") and len(asked_for) < 2:
            asked_for.append(path)
            return Fault(503, b"{}") if len(asked_for) == 1 else Fault(body=b"2026", cut=True)
        return None

    harbour.simulator.fault = trouble
    once(logs=True)
    assert lines(asked) == ["x"]


def test_times_keep_what_a_column_can_hold():
    assert nanoseconds("1970-01-01T00:00:01.000000001Z") == SECOND + 1
    assert nanoseconds("1970-01-01T01:00:01.5+01:00") == SECOND + SECOND // 2
    assert [nanoseconds(one) for one in ("", "x", "1970-01-01T00:00:01", "1970-13-01T00:00:01Z")] == [None] * 4
    assert moment_of(SECOND + 1_234_999) == "1970-01-01T00:00:01.001234Z"


def test_levels():
    assert [level_of(text, None) for text in (
        "E0301 10:00:00 x", "[warn] y", "2026-01-01 INFO started", "no errors here at all", "panic: z", "ERROR",
    )] == ["ERROR", "WARNING", "INFO", "UNKNOWN", "CRITICAL", "ERROR"]  # fmt: skip
    assert level_of("{}", {"severity": "Warning"}) == "WARNING"
    assert level_of("{}", {"level": 30}) == "UNKNOWN"


def test_long_lines_are_cut_between_characters():
    source = Source("n", "p", "u", "c", "id", "node", {})
    text = "ü" * MOST_ROW
    rows = list(line_rows(text.encode(), source, Identity("x"), nanos=0))
    assert len(rows) == 2
    assert b"\xef\xbf\xbd" not in b"".join(rows)


WRITTEN = st.lists(st.tuples(st.integers(0, 6 * SECOND), st.sampled_from([b"a", b"b"])), max_size=30)


@given(WRITTEN, st.lists(st.integers(0, 30), max_size=5))
def test_wherever_a_log_breaks_off_each_line_is_told_once(log, breaks):
    """Lines may stand out of order by less than a second, as those of two streams do."""
    log = sorted(log, key=lambda one: (one[0] // (SECOND // 2), one[1]))
    place, told = Place("c"), []
    for upto in (*breaks, len(log)):
        fresh = Fresh(Place.of(place.told()))
        for line in log[:upto]:
            if line[0] >= place.since * SECOND and fresh.is_new(line[0], b"%d %s" % line):
                told.append(line)
        place = fresh.place
    assert Counter(told) == Counter(log)
