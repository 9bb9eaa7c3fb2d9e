"""API versions that Kubernetes deprecated or removed: each row of the table, at the versions where its answer turns."""

from functools import cache

import pytest

from lockgate.model import Family, Object
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

RULES = {str(rule.id): rule for rule in load().of(Family.POLICY) if str(rule.id).startswith("policy/api-")}
REMOVED, DEPRECATED = RULES["policy/api-removed"], RULES["policy/api-deprecated"]
TABLE = REMOVED.logic["parameters"]["api_versions"]


@cache
def policies(version):
    return Policies([REMOVED, DEPRECATED], {"kubernetes_version": version})


def said(api_version, kind, version):
    judged = Object("kubernetes", {"apiVersion": api_version, "kind": kind, "metadata": {"name": "shop"}})
    hits = policies(version).judge(judged)
    assert not [hit.failed for hit in hits if hit.failed]
    return [str(hit.rule.id).removeprefix("policy/api-") for hit in hits]


def test_both_rules_read_the_same_table():
    assert DEPRECATED.logic["parameters"] == REMOVED.logic["parameters"]
    assert DEPRECATED.logic["kinds"] == REMOVED.logic["kinds"]
    assert len(TABLE) == 103


@pytest.mark.parametrize("row", sorted(TABLE))
def test_a_row_turns_where_it_says(row):
    api_version, kind = row.split(" ")
    deprecated, removed, instead = TABLE[row].split(" ")
    first = int(deprecated.split(".")[1])
    assert said(api_version, kind, f"1.{first - 1}") == []
    if removed == "never":
        assert said(api_version, kind, "1.99") == ["deprecated"]
    else:
        last = int(removed.split(".")[1])
        assert said(api_version, kind, f"1.{last}") == ["removed"]
        assert said(api_version, kind, f"1.{last - 1}") == (["deprecated"] if first < last else [])
    if instead != "none":
        assert said(instead, kind, "1.36") == []


@pytest.mark.parametrize(
    ("api_version", "kind", "removed"),
    [
        ("extensions/v1beta1", "Deployment", 16),
        ("extensions/v1beta1", "Ingress", 22),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 22),
        ("rbac.authorization.k8s.io/v1beta1", "RoleBinding", 22),
        ("batch/v1beta1", "CronJob", 25),
        ("policy/v1beta1", "PodSecurityPolicy", 25),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", 26),
        ("storage.k8s.io/v1beta1", "CSIStorageCapacity", 27),
        ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", 29),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", 32),
    ],
)
def test_the_releases_of_the_migration_guide_are_held(api_version, kind, removed):
    assert "removed" not in said(api_version, kind, f"1.{removed - 1}")
    assert said(api_version, kind, f"v1.{removed}.3") == ["removed"]


def test_a_version_that_yaml_made_a_number_is_no_silent_pass():
    judged = Object("kubernetes", {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "shop"}})
    hits = Policies([REMOVED], {"kubernetes_version": 1.3}).judge(judged)
    assert [bool(hit.failed) for hit in hits] == [True]
