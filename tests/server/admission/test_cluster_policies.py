"""Policies taken from the objects of a cluster, as they change, and judged for that same cluster."""

import base64
import shutil
import subprocess

import pytest
import yaml
from tests.simulators.cluster import client_of

from lockgate.errors import SourceError
from lockgate.gates.admission import Action
from lockgate.server.admission.cluster_policies import ClusterPolicies
from lockgate.server.admission.loader import Inputs, PolicyLoader
from lockgate.server.admission.policies import PolicyJudge
from lockgate.settings import AdmissionSettings
from lockgate.sources.cluster import connect

from .conftest import pod_request, until

TEMPLATE = yaml.safe_load("""
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8snolatest}
spec:
  crd: {spec: {names: {kind: K8sNoLatest}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8snolatest
      violation[{"msg": msg}] {
        image := input.review.object.spec.containers[_].image
        endswith(image, ":latest")
        msg := sprintf("%v is no version", [image])
      }
""")
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sNoLatest", "metadata": {"name": "everywhere"},
    "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}},
}  # fmt: skip
POLICY = yaml.safe_load("""
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few-containers}
spec:
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}]
  validations: [{expression: "size(object.spec.containers) <= int(params.data.most)", message: too many containers}]
""")
BINDING = yaml.safe_load("""
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few-containers}
spec:
  policyName: few-containers
  validationActions: [Deny]
  paramRef: {name: limits, namespace: default, parameterNotFoundAction: Deny}
""")
LIMITS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits", "namespace": "default"},
          "data": {"most": "0"}}  # fmt: skip
QUIET = AdmissionSettings(deny=(), warn=())


@pytest.fixture
def feed(simulator):
    made = []

    def start():
        made.append(ClusterPolicies(lambda: connect(kubeconfig=simulator.kubeconfig()), salt=b"s" * 16))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.close()


def loader_of(feed, tmp_path):
    return PolicyLoader(lambda: Inputs(QUIET), cache_dir=tmp_path / "cache", feeds=[feed])


def said(policies, **changes):
    answer = policies.review(pod_request(**changes))
    return [(one.policy, one.action) for one in answer.said]


def test_constraints_and_admission_policies_judge_as_they_stand_in_the_cluster(simulator, feed, tmp_path):
    simulator.add(TEMPLATE, CONSTRAINT, POLICY, BINDING, LIMITS)
    policies = loader_of(feed(), tmp_path).load()
    assert said(policies, image="nginx:latest") == [
        ("K8sNoLatest/everywhere", Action.DENY), ("few-containers", Action.DENY),
    ]  # fmt: skip


def test_a_template_and_its_constraint_that_come_later_judge_from_then_on(simulator, feed, tmp_path):
    loader = loader_of(feed(), tmp_path)
    assert said(loader.load(), image="nginx:latest") == []
    current = []

    def found(expected):
        made = loader.load_if_changed()
        if made is not None:
            current[:] = [made]
        return bool(current) and said(current[0], image="nginx:latest") == expected

    simulator.add(TEMPLATE, CONSTRAINT)
    until(lambda: found([("K8sNoLatest/everywhere", Action.DENY)]))
    with client_of(simulator.kubeconfig()) as api:
        path = "/apis/constraints.gatekeeper.sh/v1beta1/k8snolatest/everywhere"
        warn = {"spec": {"enforcementAction": "warn"}}
        merge = {"Content-Type": "application/merge-patch+json"}
        assert api.patch(path, json=warn, headers=merge).status_code == 200
        until(lambda: found([("K8sNoLatest/everywhere", Action.WARN)]))
        assert api.delete(path).status_code == 200
    until(lambda: found([]))


def test_parameters_that_change_count_at_once(simulator, feed, tmp_path):
    simulator.add(POLICY, BINDING, LIMITS)
    loader = loader_of(feed(), tmp_path)
    assert said(loader.load()) == [("few-containers", Action.DENY)]
    with client_of(simulator.kubeconfig()) as api:
        body = {"data": {"most": "3"}}
        merge = {"Content-Type": "application/merge-patch+json"}
        assert api.patch("/api/v1/namespaces/default/configmaps/limits", json=body, headers=merge).status_code == 200
    made = []
    until(lambda: made.append(loader.load_if_changed()) or (made[-1] is not None and said(made[-1]) == []))


def test_a_cluster_that_cannot_be_read_is_an_error_at_the_start(simulator):
    reader = simulator.kubeconfig(token=simulator.token("nobody"))
    feed = ClusterPolicies(lambda: connect(kubeconfig=reader), salt=b"")
    with pytest.raises(SourceError):
        feed.start()


def test_kubectl_hears_of_the_pods_when_it_applies_the_deployment(simulator, feed, serve, tmp_path):
    """The whole way: policies from the cluster, the webhook asked by the cluster, the words in the terminal."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed (Debian package kubernetes-client)")
    simulator.add(TEMPLATE, CONSTRAINT)
    judge = PolicyJudge(loader_of(feed(), tmp_path).load())
    webhook = serve(judge)
    simulator.admission.services["lockgate-system", "lockgate"] = ("127.0.0.1", webhook.server.port)
    hook = {
        "name": "validating.lockgate.example", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "lockgate-system", "name": "lockgate", "path": "/validate"},
                         "caBundle": base64.b64encode(webhook.bundles[-1].encode()).decode()},
        "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["pods", "deployments"],
                   "operations": ["CREATE", "UPDATE"]}],
    }  # fmt: skip
    simulator.add({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                   "metadata": {"name": "lockgate"}, "webhooks": [hook]})  # fmt: skip

    def apply(body):
        return subprocess.run(
            [program, "--kubeconfig", simulator.kubeconfig(), "--cache-dir", tmp_path / "kubectl", "apply", "-f", "-"],
            input=yaml.safe_dump(body), capture_output=True, text=True, timeout=50, env={"HOME": str(tmp_path)},
        )  # fmt: skip

    pod = {"containers": [{"name": "web", "image": "nginx:latest"}]}
    deployed = apply({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"team": "checkout"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}},
                 "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}},
    })  # fmt: skip
    assert deployed.returncode == 0, deployed.stderr
    assert ("Warning: [K8sNoLatest/everywhere] nginx:latest is no version; the Pods that it makes will be refused; "
            "owner checkout") in deployed.stderr  # fmt: skip
    refused = apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": pod})
    assert refused.returncode == 1
    assert "denied the request: [K8sNoLatest/everywhere] nginx:latest is no version" in refused.stderr
