"""One object, one verdict: in an editor, in a check, under admission and in an audit."""

import json
import shutil
import uuid
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.simulators.cluster import open_cluster

from lockgate.engine import BufferSource, Request, judge_buffer, scan
from lockgate.gates.admission import Action, PolicySet, load_policies
from lockgate.gates.check import GATE
from lockgate.model import Family
from lockgate.rules import load
from lockgate.settings import AdmissionSettings, Mildness, RuleCondition
from lockgate.sources.cluster import ClusterSource, connect
from lockgate.sources.repository import TreeSource

SALT = b"s" * 16
flag = st.sampled_from([None, True, False])


def given_only(**members):
    """A map of those members that are drawn at all."""
    return st.fixed_dictionaries({}, optional=members)


SECURITY = given_only(
    privileged=flag, runAsNonRoot=flag, allowPrivilegeEscalation=flag, readOnlyRootFilesystem=flag,
    runAsUser=st.sampled_from([0, 1000]), procMount=st.just("Unmasked"),
    capabilities=given_only(add=st.just(["SYS_ADMIN"]), drop=st.sampled_from([["ALL"], ["NET_RAW"], []])),
    seccompProfile=st.sampled_from([{"type": "Unconfined"}, {"type": "RuntimeDefault"}]),
)  # fmt: skip
POD_SECURITY = given_only(
    runAsNonRoot=flag, runAsUser=st.sampled_from([0, 1000]),
    seccompProfile=st.sampled_from([{"type": "Unconfined"}, {"type": "RuntimeDefault"}]),
)  # fmt: skip
CONTAINER = st.fixed_dictionaries(
    {"image": st.sampled_from(["nginx", "nginx:latest", "nginx:1.27", "example.com/a@sha256:" + "0" * 64])},
    optional={
        "securityContext": SECURITY,
        "resources": st.sampled_from([{}, {"limits": {"cpu": "1", "memory": "1Gi"}}]),
        "ports": st.sampled_from([[{"containerPort": 80}], [{"containerPort": 8080, "hostPort": 80}]]),
        "env": st.just([{"name": "PASSWORD", "value": "x"}]),
        "tty": flag,
    },
)
POD = st.builds(
    lambda containers, more: {
        **{key: value for key, value in more.items() if value is not None},
        "containers": [{"name": f"c{number}", **one} for number, one in enumerate(containers)],
    },
    st.lists(CONTAINER, min_size=1, max_size=2),
    given_only(
        hostNetwork=flag, hostPID=flag, automountServiceAccountToken=flag,
        serviceAccountName=st.sampled_from(["default", "web"]), securityContext=POD_SECURITY,
        volumes=st.sampled_from([
            [{"name": "v", "hostPath": {"path": "/var/run/docker.sock"}}], [{"name": "v", "emptyDir": {}}],
        ]),
    ),
)  # fmt: skip
LABELS = {"app": "web"}
OBJECTS = st.one_of(
    st.builds(lambda spec: ("v1", "Pod", "pods", {"spec": spec}), POD),
    st.builds(
        lambda spec, replicas: ("apps/v1", "Deployment", "deployments", {"spec": {
            "replicas": replicas, "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": spec},
        }}), POD, st.integers(0, 3)),
    st.builds(
        lambda groups, resources, verbs: ("rbac.authorization.k8s.io/v1", "Role", "roles", {
            "rules": [{"apiGroups": groups, "resources": resources, "verbs": verbs}]}),
        st.sampled_from([[""], ["*"], ["rbac.authorization.k8s.io"]]),
        st.sampled_from([["secrets"], ["*"], ["pods/exec"], ["roles"]]),
        st.sampled_from([["get"], ["*"], ["escalate", "bind"], ["create"]]),
    ),
    st.builds(lambda kind, more: ("v1", "Service", "services", {"spec": {
        "type": kind, "ports": [{"port": 80}], "selector": LABELS, **more}}),
        st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        given_only(externalIPs=st.just(["192.0.2.1"])),
    ),
    st.builds(lambda host, tls: ("networking.k8s.io/v1", "Ingress", "ingresses", {"spec": {
        "rules": [{**({"host": host} if host else {}), "http": {"paths": [{
            "path": "/", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"number": 80}}}}]}}],
        **({"tls": [{"hosts": [host], "secretName": "t"}]} if tls else {})}}),
        st.sampled_from(["", "*.example.com", "shop.example.com"]), st.booleans(),
    ),
)  # fmt: skip


class Doors:
    """Everywhere an object can be judged. Each answers with (rule, subject, message) of every finding."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        whole = load([Family.POLICY])
        alone = tuple(rule for rule in whole.rules if "among" not in rule.logic)  # others look at several objects
        self.rules = replace(whole, rules=alone)
        strict = AdmissionSettings(deny=(RuleCondition(rule="*"),), workloads=Mildness.DENY)
        self.gate = PolicySet(load_policies([]), strict, rules=self.rules.rules)
        self.request = Request(families=(Family.POLICY,), salt=SALT, cache_dir=folder / "cache")

    def bodies(self, drawn):
        for version, kind, plural, more in drawn:
            metadata = {"name": f"o{uuid.uuid4().hex[:8]}", "namespace": self.cluster.namespace}
            yield plural, {"apiVersion": version, "kind": kind, "metadata": metadata, **more}

    def editor(self, body):
        source = BufferSource("deploy/one.json", json.dumps(body).encode())
        return said(judge_buffer(source, self.rules, GATE, request=self.request))

    def check(self, bodies):
        tree = self.folder / uuid.uuid4().hex
        tree.mkdir()
        for number, body in enumerate(bodies):
            (tree / f"{number}.yaml").write_text(json.dumps(body, indent=1))
        answer = self._scanned(TreeSource(tree))
        shutil.rmtree(tree)
        return answer

    def admission(self, body, plural):
        group, _, version = body["apiVersion"].rpartition("/")
        kind = {"group": group, "version": version, "kind": body["kind"]}
        metadata = body["metadata"]
        answer = self.gate.review({
            "uid": "1", "operation": "CREATE", "kind": kind, "resource": {
                "group": group, "version": version, "resource": plural}, "name": metadata["name"],
            "namespace": metadata["namespace"], "object": body, "userInfo": {"username": "ada"},
        })  # fmt: skip
        assert {one.action for one in answer.said} <= {Action.DENY}
        name = f"{group}/{body['kind']}|{metadata['namespace']}|{metadata['name']}"
        return {(one.policy, f"{name}|{field(one.pointer)}|{one.item}", one.message) for one in answer.said}

    def audit(self, placed):
        for plural, body in placed:
            group, _, version = body["apiVersion"].rpartition("/")
            answer = self.cluster.api.post(self.cluster.path(plural, group=group, version=version), json=body)
            assert answer.status_code == 201, answer.text
        connection = connect(kubeconfig=self.cluster.kubeconfig, context="", in_cluster=False)
        source = ClusterSource(connection, salt=SALT, namespaces=[self.cluster.namespace])
        try:
            names = {body["metadata"]["name"] for _, body in placed}
            return {one for one in self._scanned(source) if one[1].split("|")[2] in names}
        finally:
            connection.close()

    def _scanned(self, source):
        told = []
        request = Request(**{
            name: getattr(self.request, name) for name in ("families", "salt", "cache_dir")
        } | {"tell": told.append})  # fmt: skip
        scan([source], self.rules, GATE, store=None, ledger=None, request=request)
        return said(told[0])


def field(pointer):
    """A pointer as subjects name it, without places in lists."""
    return "/".join(part for part in pointer.split("/") if not part.isdigit())


def said(result):
    return {(one.finding.rule, one.finding.subject.key, one.finding.message) for one in result.findings}


@pytest.fixture
def doors(tmp_path):
    with open_cluster(tmp_path) as cluster:
        yield Doors(cluster, tmp_path)


@settings(
    max_examples=3, deadline=None, database=None, phases=[Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(drawn=st.lists(OBJECTS, min_size=3, max_size=8))
def test_every_door_says_the_same_of_an_object(doors, drawn):
    placed = list(doors.bodies(drawn))
    bodies = [body for _, body in placed]
    editor = set().union(*map(doors.editor, bodies))
    assert doors.check(bodies) == editor
    assert set().union(*(doors.admission(body, plural) for plural, body in placed)) == editor
    assert doors.audit(placed) == editor


def test_a_buffer_is_judged_as_it_stands_and_not_as_it_was_saved(doors):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "containers": [{"name": "a", "image": "nginx", "securityContext": {"privileged": True}}]}}  # fmt: skip
    rules = {rule for rule, _, _ in doors.editor(body)}
    assert "policy/privileged-container" in rules
    body["spec"]["containers"][0]["securityContext"]["privileged"] = False
    assert "policy/privileged-container" not in {rule for rule, _, _ in doors.editor(body)}


def test_a_buffer_says_nothing_of_what_may_stand_in_another_file(tmp_path):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {
        "selector": {"app": "web"}, "ports": [{"port": 80}]}}  # fmt: skip
    other = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"app": "api"}}, "spec": {
        "containers": [{"name": "a", "image": "nginx"}]}}  # fmt: skip
    text = f"{json.dumps(service)}\n---\n{json.dumps(other)}\n"
    rules, request = load([Family.POLICY]), Request(families=(Family.POLICY,), salt=SALT, cache_dir=tmp_path / "cache")
    found = said(judge_buffer(BufferSource("s.yaml", text.encode()), rules, GATE, request=request))
    assert found
    assert "policy/service-selects-nothing" not in {rule for rule, _, _ in found}
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "s.yaml").write_text(text)
    told = []
    whole = replace(request, tell=told.append)
    scan([TreeSource(tmp_path / "tree")], rules, GATE, store=None, ledger=None, request=whole)
    assert "policy/service-selects-nothing" in {rule for rule, _, _ in said(told[0])}
