"""What an object looked like at any time: every change is a row, and a restart adds none."""

import json
import threading
from datetime import UTC, datetime

from .conftest import until

MERGE = {"Content-Type": "application/merge-patch+json"}
MAP = "/api/v1/namespaces/default/configmaps/m"


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"}, "data": data}


def maps(asked):
    return asked("KubernetesObjectHistory | where Kind == 'ConfigMap' | order by TimeGenerated asc "
                 "| project Change, tostring(Body.data.a)")  # fmt: skip


def at(asked, moment):
    told = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return asked(f"KubernetesObjectsAt(datetime({told})) | where Kind == 'ConfigMap' | project tostring(Body.data.a)")


def test_every_change_is_a_row_and_any_time_can_be_looked_at(harbour, running, asked):
    times = [datetime.now(UTC)]
    with running() as one:
        def reached(count):
            until(lambda: one.collector._history is not None and len(maps(asked)) >= count)
            times.append(datetime.now(UTC))

        until(lambda: one.collector.tally.scans >= 1)
        harbour.simulator.add(config_map(a="1"))
        reached(1)
        harbour.api.patch(MAP, json={"data": {"a": "2"}}, headers=MERGE)
        reached(2)
        harbour.api.delete(MAP)
        reached(3)
    assert maps(asked) == [("new", "1"), ("changed", "2"), ("gone", "")]
    assert [at(asked, moment) for moment in times] == [[], [("1",)], [("2",)], []]


def test_a_restart_doubles_nothing_and_tells_what_happened_meanwhile(harbour, running, asked):
    harbour.simulator.add(config_map(a="1"))
    with running() as one:
        until(lambda: len(maps(asked)) >= 1)
    harbour.api.patch(MAP, json={"data": {"a": "2"}}, headers=MERGE)
    harbour.api.patch(MAP, json={"data": {"a": "3"}}, headers=MERGE)
    with running() as one:
        until(lambda: one.collector.tally.scans >= 1 and len(maps(asked)) >= 3)
    assert maps(asked) == [("new", "1"), ("changed", "2"), ("changed", "3")]
    assert asked("KubernetesObjectHistory | summarize Rows = count() by Key, Digest, Change | where Rows > 1") == []


def test_what_the_server_has_forgotten_is_listed_anew(harbour, running, asked):
    harbour.simulator.add(config_map(a="1"))
    with running():
        until(lambda: len(maps(asked)) >= 1)
    harbour.api.delete(MAP)
    harbour.simulator.add(config_map(a="9"))
    harbour.simulator.store.compact()
    with running():
        until(lambda: len(maps(asked)) >= 3)
    assert sorted(maps(asked)) == [("gone", ""), ("new", "1"), ("new", "9")]


def test_a_scan_alone_keeps_the_states_it_meets(harbour, once, asked):
    harbour.simulator.add(config_map(a="1"))
    assert once().rows["KubernetesObjectHistory"] > 1
    assert "KubernetesObjectHistory" not in once().rows
    harbour.api.delete(MAP)
    assert once().rows["KubernetesObjectHistory"] == 1
    assert maps(asked) == [("new", "1"), ("gone", "")]


def test_resources_that_are_defined_later_are_watched_too(harbour, running, asked):
    with running() as one:
        until(lambda: one.collector.tally.scans >= 1)
        harbour.simulator.add({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "ships.harbour.example"},
            "spec": {
                "group": "harbour.example", "scope": "Namespaced", "names": {"kind": "Ship", "plural": "ships"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
            },
        })  # fmt: skip
        harbour.simulator.add({"apiVersion": "harbour.example/v1", "kind": "Ship", "metadata": {"name": "s"}})
        until(lambda: asked("KubernetesObjectHistory | where Kind == 'Ship' | count") == [(1,)])


def test_secret_values_are_hashes_in_the_history(harbour, once, asked):
    value = "hunter" + "2"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": value}}
    harbour.simulator.add(secret)
    harbour.pod(env=[{"name": "P", "value": value}])
    once()
    bodies = asked("KubernetesObjectHistory | where Kind in ('Secret', 'Pod') | project tostring(Body)")
    assert len(bodies) == 2
    for (body,) in bodies:
        assert value not in body
        assert "lockgate-hash:" in json.dumps(body)


def test_it_stops_at_once(harbour, collector_of):
    stop = threading.Event()
    stop.set()
    assert collector_of(once=False).run(stop).scans == 0
