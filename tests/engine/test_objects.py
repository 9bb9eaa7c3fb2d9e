"""What audits meet in a cluster, as the record keeps it over time."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.simulators.cluster import client_of

from lockgate.engine import Request, scan
from lockgate.gates.check import GATE
from lockgate.model import Family
from lockgate.rules import Rulebook, load
from lockgate.sources.cluster import ClusterSource, connect
from lockgate.store import Record

SALT = b"0123456789abcdef"
START = datetime(2031, 5, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def rules():
    book = load([Family.POLICY])
    return Rulebook(tuple(rule for rule in book.rules if rule.id == "policy/host-pid"), book.digest)


@pytest.fixture
def record(tmp_path):
    return Record.open(tmp_path)


@pytest.fixture
def audit(simulator, record, rules):
    """One audit of the simulated cluster; the rows that it added, but for those of what a fresh cluster has."""
    times = iter(range(100))

    def run(*, token="", namespaces=(), store=record):
        connection = connect(kubeconfig=simulator.kubeconfig(token))
        source = ClusterSource(connection, salt=SALT, namespaces=namespaces)
        moment = START + timedelta(hours=next(times))
        try:
            request = Request(families=(Family.POLICY,), salt=SALT, now=lambda: moment)
            scan([source], rules, GATE, store=store, ledger=None, request=request)
        finally:
            connection.close()
        return [row for row in record.rows("KubernetesObjects") if row["TimeGenerated"] == moment and told(row)]

    return run


def told(row):
    return row["Kind"] in ("ConfigMap", "Secret", "Pod") and row["Namespace"] in ("default", "shop")


def config_map(name, namespace="default", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
            "data": data}  # fmt: skip


def changes(rows):
    return sorted((row["Change"], row["Name"]) for row in rows)


def test_the_first_audit_keeps_every_object_with_its_names_and_body(simulator, audit, record):
    (made,) = simulator.add({**config_map("a", x="1"), "metadata": {"name": "a", "labels": {"app": "web"}}})
    (row,) = audit()
    meta = made["metadata"]
    assert (row["Cluster"], row["Change"], row["ApiVersion"], row["Kind"]) == ("harbour", "new", "v1", "ConfigMap")
    assert (row["Namespace"], row["Name"], row["Uid"]) == ("default", "a", meta["uid"])
    assert (row["Key"], row["ResourceVersion"]) == (meta["uid"], meta["resourceVersion"])
    assert json.loads(row["Labels"]) == {"app": "web"}
    assert json.loads(row["Body"])["data"] == {"x": "1"}
    assert row["Bytes"] == len(row["Body"])
    runs = {one["RunId"] for one in record.rows("Runs")}
    assert {row["RunId"]} == runs


def test_what_did_not_change_brings_no_row(simulator, audit):
    simulator.add(config_map("a"), config_map("b"))
    assert changes(audit()) == [("new", "a"), ("new", "b")]
    assert audit() == []


def test_a_change_and_the_end_of_an_object_are_kept(simulator, audit):
    simulator.add(config_map("a", x="1"), config_map("b"))
    (first, _) = sorted(audit(), key=lambda row: row["Name"])
    with client_of(simulator.kubeconfig()) as api:
        path = "/api/v1/namespaces/default/configmaps"
        merge = {"Content-Type": "application/merge-patch+json"}
        assert api.patch(f"{path}/a", json={"data": {"x": "2"}}, headers=merge).status_code == 200
        assert api.delete(f"{path}/b").status_code == 200
    rows = audit()
    assert changes(rows) == [("changed", "a"), ("gone", "b")]
    by_name = {row["Name"]: row for row in rows}
    assert json.loads(by_name["a"]["Body"])["data"] == {"x": "2"}
    assert by_name["a"]["Digest"] != first["Digest"]
    assert by_name["b"]["Body"] is None
    assert audit() == []


def test_an_object_made_anew_under_the_same_name_is_another_one(simulator, audit):
    simulator.add(config_map("a"))
    audit()
    with client_of(simulator.kubeconfig()) as api:
        assert api.delete("/api/v1/namespaces/default/configmaps/a").status_code == 200
    simulator.add(config_map("a"))
    assert changes(audit()) == [("gone", "a"), ("new", "a")]


def test_no_value_of_a_secret_and_of_an_environment_reaches_the_record(simulator, audit, record):
    word = "correct horse"
    simulator.add(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
         "data": {"password": base64.b64encode(word.encode()).decode()}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
         "spec": {"containers": [{"name": "c", "image": "i:1", "env": [{"name": "PASSWORD", "value": word}]}]}},
    )  # fmt: skip
    bodies = {row["Kind"]: json.loads(row["Body"]) for row in audit()}
    assert bodies["Secret"]["data"]["password"].startswith("lockgate-hash:")
    assert bodies["Pod"]["spec"]["containers"][0]["env"][0]["value"] == bodies["Secret"]["data"]["password"]
    everything = json.dumps([row["Body"] for row in record.rows("KubernetesObjects")])
    assert word not in everything
    assert base64.b64encode(word.encode()).decode() not in everything


def test_what_may_not_be_read_any_more_is_not_gone(simulator, audit):
    simulator.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    simulator.add(config_map("a"), config_map("b", "shop"))
    audit()
    token = simulator.token("auditor", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    assert audit(token=token) == []
    assert audit(namespaces=("shop",)) == []
    with client_of(simulator.kubeconfig()) as api:
        assert api.delete("/api/v1/namespaces/default/configmaps/a").status_code == 200
        assert api.delete("/api/v1/namespaces/shop/configmaps/b").status_code == 200
    assert changes(audit(namespaces=("shop",))) == [("gone", "b")]
    assert changes(audit()) == [("gone", "a")]


def test_an_audit_that_dies_leaves_nothing_and_the_next_one_keeps_all(simulator, audit, record, monkeypatch):
    simulator.add(config_map("a"))

    class Dying:
        """A record whose last append fails."""

        sql, append_piece = record.sql, record.append_piece

        def append_result(self, result, *, batch, wanted=None, once=None):
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        audit(store=Dying())
    assert record.rows("KubernetesObjects") == []
    assert changes(audit()) == [("new", "a")]
