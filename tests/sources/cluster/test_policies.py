"""The policies of a cluster as everybody reads them who judges by them."""

import pytest

from lockgate.model import SkipKind
from lockgate.sources.cluster import connect
from lockgate.sources.cluster.policies import read_policies

from .conftest import QUICK, SALT, config_map

TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "k8slabels"},
    "spec": {"crd": {"spec": {"names": {"kind": "K8sLabels"}}}, "targets": []},
}  # fmt: skip
CONSTRAINT = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sLabels", "metadata": {"name": "all"}}
CONFIG = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config",
    "metadata": {"name": "config", "namespace": "gatekeeper-system"},
    "spec": {"sync": {"syncOnly": [{"group": "", "version": "v1", "kind": "Service"}]}},
}  # fmt: skip


def policy(name, **more):
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name}, "spec": {"validations": [{"expression": "true"}], **more},
    }  # fmt: skip


def binding(name):
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]},
    }  # fmt: skip


PARAM_KIND = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}


@pytest.fixture
def read(simulator):
    opened = []

    def make(token=""):
        opened.append(connect(kubeconfig=simulator.kubeconfig(token), limits=QUICK))
        return read_policies(opened[-1], salt=SALT)

    yield make
    for connection in opened:
        connection.close()


def reader(simulator, *rules):
    """A token of one who may list what ``rules`` say."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"},
            "rules": [{"apiGroups": list(groups), "resources": list(resources), "verbs": ["list"]}
                      for groups, resources in rules]}  # fmt: skip
    bound = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "reader"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "auditor"}]}  # fmt: skip
    simulator.add(role, bound)
    return simulator.token("auditor", groups=("system:authenticated",))


def places(found):
    return [where for where, _ in found.manifests()]


def test_policies_parameters_namespaces_and_what_is_synced_are_read_and_nothing_else(simulator, read):
    simulator.add(TEMPLATE, CONSTRAINT, {"apiVersion": "v1", "kind": "Namespace",
                                         "metadata": {"name": "gatekeeper-system"}})  # fmt: skip
    simulator.add(CONFIG, policy("few", **PARAM_KIND), binding("few"), config_map("limits", most="3"))
    simulator.add({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
                   "spec": {"ports": [{"port": 80}]}},
                  {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}})  # fmt: skip
    found = read()
    assert found.unread == {}
    assert {where.removeprefix("cluster: ") for where in places(found)} == {
        "constrainttemplates.templates.gatekeeper.sh/k8slabels", "k8slabels.constraints.gatekeeper.sh/all",
        "configs.config.gatekeeper.sh/config", "configmaps/limits",
        "validatingadmissionpolicies.admissionregistration.k8s.io/few",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io/few",
    }  # fmt: skip
    kinds = {body["kind"] for body in found.inventory()}
    assert kinds == {"Namespace", "Service"}
    assert found.plurals["constraints.gatekeeper.sh", "K8sLabels"] == "k8slabels"


def test_what_may_not_be_listed_is_told_with_the_rule_it_would_take(simulator, read):
    simulator.add(TEMPLATE, CONSTRAINT)
    found = read(reader(simulator, ([""], ["namespaces"]), (["constraints.gatekeeper.sh"], ["*"]),
                        (["admissionregistration.k8s.io"], ["*"])))  # fmt: skip
    skips = {skip.path: skip for skip in found.skips()}
    told = skips["harbour:constrainttemplates.templates.gatekeeper.sh"]
    assert told.kind is SkipKind.UNREADABLE
    assert "may not be listed" in told.reason
    assert ("grant apiGroups ['templates.gatekeeper.sh'], resources ['constrainttemplates'], verbs ['list']"
            in told.reason)  # fmt: skip
    assert not any("constraints.gatekeeper.sh" in path or "admissionregistration" in path for path in skips)


def test_a_policy_whose_parameters_may_not_be_read_does_not_judge_by_their_absence(simulator, read):
    simulator.add(policy("few", **PARAM_KIND), binding("few"), policy("plain"), binding("plain"))
    found = read(reader(simulator, (["admissionregistration.k8s.io"], ["*"]), ([""], ["namespaces"])))
    assert sorted(where.rpartition("/")[2] for where in places(found)) == ["plain", "plain"]
    (told,) = (skip for skip in found.skips() if skip.path == "harbour:configmaps")
    assert "policies that look at these count for nothing" in told.reason


def test_a_cluster_without_policies_has_none(read):
    found = read()
    assert list(found.manifests()) == []
    assert list(found.skips()) == []
