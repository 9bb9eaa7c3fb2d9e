"""Changes of a cluster as they happen."""

import threading
import time
from contextlib import contextmanager

from tests.simulators.kubernetes import Fault

from lockgate.model import Skip
from lockgate.sources.cluster import Change, ChangeType, Limits, Resource

from .conftest import config_map

MAPS = Resource("", "v1", "configmaps", "ConfigMap", True)


@contextmanager
def watching(source, resources=(MAPS,)):
    """A list that fills with what the watch tells, while the block runs."""
    told, stop = [], threading.Event()

    def read():
        for change in source.watch(stop, resources=resources):
            told.append(change)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def until(condition, seconds=8.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def said(told):
    return [(one.type, one.object.path if one.object else "") for one in told if isinstance(one, Change)]


def test_after_a_reading_only_what_is_new_is_told(simulator, source_of):
    simulator.add(config_map("old"))
    source = source_of()
    list(source.objects())
    with watching(source) as told:
        simulator.add(config_map("new"))
        until(lambda: told)
    assert said(told) == [(ChangeType.ADDED, "harbour:default/ConfigMap/new")]
    assert told[0].version == told[0].object.body["metadata"]["resourceVersion"]


def test_without_a_reading_everything_is_told_first(simulator, source_of):
    simulator.add(config_map("old"))
    with watching(source_of()) as told:
        until(lambda: len(told) >= 2)
    assert said(told) == [(ChangeType.PRESENT, "harbour:default/ConfigMap/old"), (ChangeType.RELISTED, "")]


def test_changes_and_deletions_come_in_order(simulator, source_of, cluster_api):
    source = source_of()
    list(source.objects())
    with watching(source) as told:
        simulator.add(config_map("m", a="1"))
        path = "/api/v1/namespaces/default/configmaps/m"
        merge = {"Content-Type": "application/merge-patch+json"}
        cluster_api.patch(path, json={"data": {"a": "2"}}, headers=merge)
        cluster_api.delete(path)
        until(lambda: len(told) >= 3)
    assert [one.type for one in told] == [ChangeType.ADDED, ChangeType.MODIFIED, ChangeType.DELETED]
    assert told[2].object.body["data"] == {"a": "2"}


def test_a_forgotten_version_leads_to_a_new_list(simulator, source_of):
    source = source_of()
    list(source.objects())
    simulator.add(config_map("missed"))
    simulator.store.compact()
    with watching(source) as told:
        until(lambda: len(told) >= 2)
        simulator.add(config_map("after"))
        until(lambda: len(told) >= 3)
    assert said(told) == [
        (ChangeType.PRESENT, "harbour:default/ConfigMap/missed"), (ChangeType.RELISTED, ""),
        (ChangeType.ADDED, "harbour:default/ConfigMap/after"),
    ]  # fmt: skip


def test_bookmarks_carry_a_quiet_watch_over_compaction(simulator, source_of):
    simulator.bookmark_every = 0.1
    source = source_of()
    list(source.objects())
    with watching(source) as told:
        simulator.add({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "elsewhere"}})
        time.sleep(0.5)
        simulator.store.compact()
        simulator.add(config_map("m"))
        until(lambda: told)
    assert said(told) == [(ChangeType.ADDED, "harbour:default/ConfigMap/m")]


def test_a_stream_that_breaks_is_taken_up_where_it_ended(simulator, source_of):
    source = source_of()
    list(source.objects())
    streams = []

    def cut(method, path, query):
        if query.get("watch"):
            streams.append(query["resourceVersion"])
            if len(streams) == 1:
                return Fault(body=b"", cut=True)
            if len(streams) == 2:
                return Fault(500, b"{}")
        return None

    simulator.fault = cut
    with watching(source) as told:
        simulator.add(config_map("m"))
        until(lambda: told)
    assert said(told) == [(ChangeType.ADDED, "harbour:default/ConfigMap/m")]
    assert len(set(streams[:3])) == 1


def test_a_broken_event_leads_to_a_new_list(simulator, source_of):
    source = source_of()
    list(source.objects())
    simulator.add(config_map("m"))
    once = []

    def garble(method, path, query):
        if query.get("watch") and not once:
            once.append(1)
            return Fault(body=b'{"type":"ADDED","object":{"metadata"\n')
        return None

    simulator.fault = garble
    with watching(source) as told:
        until(lambda: len(told) >= 2)
    assert [one.type for one in told[:2]] == [ChangeType.PRESENT, ChangeType.RELISTED]


def test_what_may_not_be_watched_is_a_skip_and_others_go_on(simulator, source_of):
    rules = [{"apiGroups": [""], "resources": ["configmaps", "pods"], "verbs": ["list"]},
             {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["watch"]}]  # fmt: skip
    source = source_of(simulator.token("ada", rules=rules))
    pods = Resource("", "v1", "pods", "Pod", True)
    with watching(source, (MAPS, pods)) as told:
        until(lambda: any(isinstance(one, Skip) for one in told))
        simulator.add(config_map("m"))
        until(lambda: any(isinstance(one, Change) and one.type is ChangeType.ADDED for one in told))
    (skip,) = [one for one in told if isinstance(one, Skip)]
    assert skip.path == "harbour:pods"
    assert skip.reason.startswith('may not be watched (403): pods is forbidden: User "ada" cannot watch')


def test_a_slow_reader_loses_nothing(simulator, source_of):
    source = source_of()
    list(source.objects())
    stop = threading.Event()
    rows = source.watch(stop, resources=(MAPS,))
    for number in range(1500):
        body = config_map(f"m{number:04}")
        simulator.store.put("/configmaps", ("default", f"m{number:04}"), body, expect=None)
    seen = []
    for change in rows:
        seen.append(change.object.body["metadata"]["name"])
        if len(seen) == 1500:
            stop.set()
    assert seen == [f"m{number:04}" for number in range(1500)]


def test_all_resources_are_watched_together_and_stop_together(simulator, source_of):
    source = source_of(limits=Limits(read_seconds=5))
    list(source.objects())
    with watching(source, ()) as told:
        simulator.add(config_map("m"), {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "s"}})
        until(lambda: len(told) >= 2)
    assert {path for _, path in said(told)} == {"harbour:default/ConfigMap/m", "harbour:default/ServiceAccount/s"}
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("watch ")])


def test_no_stream_that_opens_during_the_stop_is_waited_for(simulator, source_of, monkeypatch):
    """An answer that came after the others were hung up was read on until the server fell silent."""
    source = source_of(limits=Limits(read_seconds=5))
    list(source.objects())
    connection = source._connection
    opened, asked = threading.Event(), connection._pool.request

    def late(method, address, **options):
        if "watch=true" in address:
            opened.set()
            assert connection.closed.wait(10)
        return asked(method, address, **options)

    monkeypatch.setattr(connection._pool, "request", late)
    with watching(source, (MAPS,)):
        assert opened.wait(10)
        begin = time.monotonic()
    assert time.monotonic() - begin < 4
    assert not [one for one in threading.enumerate() if one.name.startswith("watch ")]


def test_a_watch_of_everything_gives_no_warnings(simulator, source_of, caplog):
    source = source_of(limits=Limits(read_seconds=5))
    list(source.objects())
    with watching(source, ()) as told:
        simulator.add(config_map("m"))
        until(lambda: told)
    assert not caplog.records
