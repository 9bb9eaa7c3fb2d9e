"""The recommended alerts of Container Insights as rules: every sample of each, over tables made of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from lockgate import rules
from lockgate.engine import cluster_alerts
from lockgate.errors import ConfigurationError
from lockgate.model import Family, Rule, Sample
from lockgate.store.ask import Tables
from lockgate.store.ask.adopted import Functions, Shapes
from lockgate.tables import tables

RULES = cluster_alerts.rules_of()
NOW = 639_028_656_000_000_000
"""Noon of 2026-01-01, in ticks."""
CASES = [(rule, sample) for rule in RULES for sample in rule.samples]
_NAMES = """
KubeCPUQuotaOvercommit KubeMemoryQuotaOvercommit KubeContainerOOMKilledCount KubeClientErrors
KubePersistentVolumeFillingUp KubePersistentVolumeInodesFillingUp KubePersistentVolumeErrors KubeContainerWaiting
KubeDaemonSetNotScheduled KubeDaemonSetMisScheduled KubeQuotaAlmostFull KubeNodeUnreachable KubeNodeReadinessFlapping
KubePVUsageHigh KubeDeploymentReplicasMismatch KubeStatefulSetReplicasMismatch KubeHpaReplicasMismatch KubeHpaMaxedOut
KubePodCrashLooping KubeJobStale KubePodContainerRestart KubePodReadyStateLow KubePodFailedState
KubePodNotReadyByController KubeStatefulSetGenerationMismatch KubeJobFailed KubeContainerAverageCPUHigh
KubeContainerAverageMemoryHigh KubeletPodStartUpLatencyHigh
"""
RECOMMENDED = frozenset(_NAMES.split())
"""https://learn.microsoft.com/azure/azure-monitor/containers/kubernetes-metric-alerts, as of July 2026."""
OF_PEOPLE = {rule.id for rule in RULES if "sign-in" in rule.tags}
"""Those are about accounts, and name the application in place of a cluster."""


OF_CLUSTERS = {rule.id for rule in RULES if str(rule.id).endswith("-overcommit")}
"""Those are about a cluster as a whole, which is no object of Kubernetes."""
WITHOUT_NAMESPACE = ("Node", "PersistentVolume")
ALSO = {"alerts/volume-filling-up": {"alerts/volume-usage-high"}}
"""What is about to be full is more than 80 % full, too."""
READ = {"KubernetesStatesWithin(": "KubernetesObjectHistory", "ContainerInsights": "Perf"}
"""What the functions that rules call read, beside what gives names to it."""
OWN = {name: {column.name: column.type.value for column in table.columns} for name, table in tables().items()}


def tables_of(sample: Sample) -> Tables:
    shapes, found = Shapes(), Tables(functions=Functions(), beside=Shapes())
    given: dict[str, list[dict[str, object]]] = {}
    for line in rules.expand_sample(sample.text).splitlines():
        row = orjson.loads(line)
        given.setdefault(row.pop("Table"), []).append(row)
    given.setdefault("KubernetesObjectHistory", [])
    for name, rows in given.items():
        shape = OWN[name] if name in OWN else shapes[name]
        assert {column for row in rows for column in row} <= set(shape), name
        texts = {"string": ""}
        found.fill(name, shape, [
            [str(row[column]) if column in row else texts.get(type_) for column, type_ in shape.items()] for row in rows
        ])  # fmt: skip
    return found


def concerned(sample: Sample) -> list[Rule]:
    """The rules that look into a table of which the sample has rows; over empty tables nothing fires."""
    filled = {orjson.loads(line)["Table"] for line in rules.expand_sample(sample.text).splitlines()}
    texts = {rule.id: "".join([rule.logic["kql"], *(READ[name] for name in READ if name in rule.logic["kql"])])
             for rule in RULES}  # fmt: skip
    return [rule for rule in RULES if any(table in texts[rule.id] for table in filled - {"KubeNodeInventory"})
            or "KubeNodeInventory" in rule.logic["kql"]]  # fmt: skip


def test_the_recommended_alerts_are_all_there() -> None:
    """Those that the page of Microsoft names, but two that need metrics which are not collected."""
    named = {tag for rule in RULES for tag in rule.tags if tag.startswith("kube")}
    assert named == {one.lower() for one in RECOMMENDED} - {"kubeclienterrors", "kubeletpodstartuplatencyhigh"}
    assert len(RULES) - len(OF_PEOPLE) == 33
    assert {"alerts/disabled-account-sign-in"} == OF_PEOPLE


@pytest.mark.parametrize(("rule", "sample"), CASES, ids=lambda one: str(one.id) if isinstance(one, Rule) else "")
def test_a_rule_fires_for_its_samples_and_no_other_does(rule: Rule, sample: Sample) -> None:
    found_in = tables_of(sample)
    try:
        found = cluster_alerts.firing(concerned(sample), found_in, now=NOW)
    finally:
        found_in.connection.close()
    found = [one for one in found if one["Rule"] not in ALSO.get(rule.id, ())]
    assert [one["Rule"] for one in found] == [rule.id] * sample.fires
    assert all(one["Object"] and one["Value"] is not None and one["Title"] == rule.title for one in found)
    if rule.id in OF_PEOPLE:
        assert all(one["ClusterName"] in ("Lockgate", "GitHub") for one in found)
        return
    assert all(one["ClusterName"] == "harbour" for one in found)
    if rule.id in OF_CLUSTERS:
        return
    assert all(one["Kind"] and one["Name"] and one["Name"] in one["Object"] for one in found)
    assert all(one["Namespace"] == ("" if one["Kind"] in WITHOUT_NAMESPACE else "shop") for one in found)


def test_a_rule_whose_query_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "alerts"
    folder.mkdir()
    text = (
        "id: alerts/own\ntitle: Own\nwhy: x\nseverity: low\nconfidence: low\nfix: x\nlogic: {%s}\n"
        "samples: [{fires: true, text: x}, {fires: false, text: y}]\n"
    )
    for logic, said in (("kql: 'Perf | wehre'", "cannot be read"), ("query: x", "is kql"), ("kql: 1", "is kql")):
        (folder / "own.yaml").write_text(text % logic)
        with pytest.raises(ConfigurationError, match=said):
            cluster_alerts.rules_of((tmp_path,))
    assert Family.ALERTS in rules.OWN_FAMILIES
