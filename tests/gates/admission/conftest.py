"""Requests and policies, small and real."""

import copy

import pytest

from lockgate.gates.admission import Exceptions, Placed, PolicySet, load_policies
from lockgate.model import Family
from lockgate.rules import load
from lockgate.settings import AdmissionSettings

TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "k8sallowedrepos"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "K8sAllowedRepos"}, "validation": {"openAPIV3Schema": {
            "type": "object", "properties": {"repos": {"type": "array", "items": {"type": "string"}}}}}}},
        "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": """package k8sallowedrepos
violation[{"msg": msg}] {
  container := input.review.object.spec.containers[_]
  not allowed(container.image)
  msg := sprintf("container <%v> comes from elsewhere: <%v>", [container.name, container.image])
}
allowed(image) { startswith(image, input.parameters.repos[_]) }
"""}],
    },
}  # fmt: skip

CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sAllowedRepos", "metadata": {"name": "ours"},
    "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]},
             "parameters": {"repos": ["registry.example/"]}},
}  # fmt: skip

LOOPING = {
    "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "k8slooping"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "K8sLooping"}}},
        "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": """package k8slooping
violation[{"msg": "never"}] {
  xs := numbers.range(1, 3000)
  x := xs[_]; y := xs[_]; z := xs[_]
  x * y * z == -1
}
"""}],
    },
}  # fmt: skip

NO_LATEST = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "no-latest"},
    "spec": {
        "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                                                "operations": ["CREATE", "UPDATE"]}]},
        "validations": [{"expression": "object.spec.containers.all(c, !c.image.endsWith(':latest'))",
                         "message": "latest is no version"}],
        "auditAnnotations": [{"key": "images", "valueExpression": "string(object.spec.containers[0].image)"}],
    },
}  # fmt: skip

LABEL = {
    "apiVersion": "mutations.gatekeeper.sh/v1", "kind": "AssignMetadata", "metadata": {"name": "mark"},
    "spec": {"location": "metadata.labels.seen", "parameters": {"assign": {"value": "yes"}}},
}  # fmt: skip

PULL = {
    "apiVersion": "mutations.gatekeeper.sh/v1", "kind": "Assign", "metadata": {"name": "registry"},
    "spec": {
        "applyTo": [{"groups": [""], "versions": ["v1"], "kinds": ["Pod"]}],
        "location": "spec.containers[name:*].image", "parameters": {"assign": {"value": "registry.example/web:1"}},
    },
}  # fmt: skip


def binding(name="no-latest", *, actions=("Deny",)):
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name, "validationActions": list(actions)},
    }  # fmt: skip


def constraint(kind="K8sAllowedRepos", name="ours", **spec):
    made = copy.deepcopy(CONSTRAINT)
    made["kind"], made["metadata"]["name"] = kind, name
    if kind != "K8sAllowedRepos":
        del made["spec"]["parameters"]
    made["spec"].update(spec)
    return made


def pod(image="registry.example/web:1", *, privileged=False, name="web", namespace="shop", **metadata):
    container = {"name": "web", "image": image, "securityContext": {"privileged": privileged}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, **metadata},
            "spec": {"containers": [container]}}  # fmt: skip


def deployment(image="registry.example/web:1", *, privileged=False, **metadata):
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", **metadata},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "replicas": 2, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": pod(image, privileged=privileged)["spec"]}},
    }  # fmt: skip


def request(body, *, operation="CREATE", old=None, resource="", **more):
    group, _, version = body["apiVersion"].rpartition("/")
    return {
        "uid": "u-1", "kind": {"group": group, "version": version, "kind": body["kind"]},
        "resource": {"group": group, "version": version, "resource": resource or f"{body['kind'].lower()}s"},
        "name": body["metadata"].get("name", ""), "namespace": body["metadata"].get("namespace", ""),
        "operation": operation, "userInfo": {"username": "ada"}, "object": None if operation == "DELETE" else body,
        "oldObject": body if operation == "DELETE" else old, "dryRun": False, **more,
    }  # fmt: skip


@pytest.fixture(scope="session")
def rules():
    """Two of the rulebook's own policies: one that is high, one that is not."""
    chosen = ("policy/privileged-container", "policy/seccomp-missing")
    return tuple(rule for rule in load((Family.POLICY,)).of(Family.POLICY) if rule.id in chosen)


@pytest.fixture
def policy_set():
    """Makes sets of given manifests; ``rules`` are taken only where given."""

    def make(*manifests, settings=None, rules=(), inventory=(), waivers=None, waived_by="", today=None, compiled=None):
        placed = [Placed(f"file-{at}.yaml", body) for at, body in enumerate(manifests)]
        policies = load_policies(placed, inventory=inventory, compiled=compiled)
        more = {"today": today} if today is not None else {}
        exceptions = Exceptions(waivers, waived_by=waived_by, **more)
        return PolicySet(policies, settings or AdmissionSettings(), rules=rules, exceptions=exceptions,
                         compiled=compiled, version="v")  # fmt: skip

    return make
