"""What a cluster source reads, and what it says about what it could not read."""

import base64
import hashlib
import hmac
import threading
import time
import tracemalloc

import pytest
from tests.simulators.kubernetes import Authority, Fault

from lockgate.errors import SourceError
from lockgate.model import Object, SkipKind
from lockgate.sources import ObjectSource
from lockgate.sources.cluster import ClusterSource, Limits, connect

from .conftest import QUICK, SALT, config_map, fill, parted


def test_every_listable_resource_is_read_with_its_kind(simulator, source_of):
    simulator.add(config_map("a", x="1"), {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}},
    })  # fmt: skip
    source = source_of()
    assert isinstance(source, ObjectSource)
    objects, skips = parted(source.objects())
    assert skips == []
    deployment = objects["harbour:default/Deployment/web"]
    assert (deployment.form, deployment.body["apiVersion"], deployment.body["kind"]) == (
        "kubernetes", "apps/v1", "Deployment")  # fmt: skip
    assert objects["harbour:default/ConfigMap/a"].body["data"] == {"x": "1"}
    assert "harbour:ClusterRole/cluster-admin" in objects
    assert "harbour:CustomResourceDefinition/constrainttemplates.templates.gatekeeper.sh" in objects


def test_custom_objects_and_constraints_are_read_like_any_other(simulator, source_of):
    simulator.add({"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "k"},
                   "spec": {"crd": {"spec": {"names": {"kind": "K8sLabels"}}}, "targets": []}})  # fmt: skip
    simulator.add({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sLabels", "metadata": {"name": "all"}})
    objects, _ = parted(source_of().objects())
    assert objects["harbour:K8sLabels/all"].body["apiVersion"] == "constraints.gatekeeper.sh/v1beta1"


def test_a_resource_served_in_two_versions_is_read_once_in_the_preferred_one(simulator, source_of):
    simulator.add({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
                   "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}})  # fmt: skip
    objects, _ = parted(source_of().objects())
    assert objects["harbour:default/HorizontalPodAutoscaler/h"].body["apiVersion"] == "autoscaling/v2"


def test_events_and_leases_are_read_only_on_demand(simulator, source_of):
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {}}
    simulator.add(lease, event)
    wanted = {"harbour:default/Lease/l", "harbour:default/Event/e"}
    assert not wanted & parted(source_of().objects())[0].keys()
    assert wanted <= parted(source_of(everything=True).objects())[0].keys()


def test_plain_discovery_gives_the_same_objects(simulator, source_of):
    simulator.add(config_map("a"))
    modern, _ = parted(source_of().objects())

    def old(method, path, query):
        """As servers before 1.27, which know no aggregated discovery and so send the plain form."""
        if path in ("/api", "/apis"):
            import json

            from tests.simulators.kubernetes import discovery

            told = discovery.api_versions("") if path == "/api" else discovery.group_list(simulator.registry)
            return Fault(body=json.dumps(told).encode())
        return None

    simulator.fault = old
    assert parted(source_of().objects())[0].keys() == modern.keys()


def test_no_value_of_a_secret_leaves_the_source(simulator, source_of):
    value = "hunter" + "2" * 6
    body = {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":{{"p":"{value}"}}}}', "kept": "yes"}},
        "data": {"p": base64.b64encode(value.encode()).decode(), "bad": "!!"}, "type": "Opaque",
    }  # fmt: skip
    simulator.add(body)
    objects, _ = parted(source_of().objects())
    kept = objects["harbour:default/Secret/s"].body
    expected = hmac.new(SALT, value.encode(), hashlib.sha256).hexdigest()[:32]
    assert kept["data"] == {"p": f"lockgate-hash:{expected}", "bad": "lockgate-removed"}
    assert kept["metadata"]["annotations"] == {"kept": "yes"}
    assert "managedFields" not in kept["metadata"]
    everything = repr([one.body for one in objects.values()])
    assert value not in everything
    assert base64.b64encode(value.encode()).decode() not in everything


def test_without_a_salt_values_are_removed_altogether(simulator):
    simulator.add({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": "eA=="}})
    source = ClusterSource(connect(kubeconfig=simulator.kubeconfig(), limits=QUICK), salt=b"")
    assert parted(source.objects())[0]["harbour:default/Secret/s"].body["data"] == {"p": "lockgate-removed"}


def test_lists_longer_than_a_chunk_are_read_to_their_end(simulator, source_of):
    fill(simulator, 1203)
    objects, skips = parted(source_of().objects())
    assert sum(path.startswith("harbour:default/ConfigMap/") for path in objects) == 1203
    asked = [entry for entry in simulator.audit if entry["path"] == "/api/v1/configmaps"]
    assert [entry["query"]["limit"] for entry in asked] == ["500", "500", "500"]
    assert skips == []


def test_a_list_that_expires_midway_goes_on_without_telling_anything_twice(simulator, source_of):
    fill(simulator, 30)
    chunks = []

    def expire(method, path, query):
        if path == "/api/v1/configmaps":
            chunks.append(query)
            if len(chunks) == 3:
                simulator.add(config_map("map-000000-new"))
                simulator.store.compact()

    simulator.fault = expire
    objects, skips = parted(source_of(limits=Limits(chunk=10)).objects())
    found = [path for path in objects if path.startswith("harbour:default/ConfigMap/map-")]
    assert len(found) == 30
    assert skips == []
    assert 410 in [entry.get("code") for entry in simulator.audit]


def test_an_expired_list_without_a_token_is_begun_again(simulator, source_of):
    fill(simulator, 30)
    seen = []

    def expire(method, path, query):
        if path == "/api/v1/configmaps":
            seen.append(query.get("continue", ""))
            if len(seen) == 2:
                return Fault(410, b'{"kind":"Status","reason":"Expired","code":410,"message":"too old"}')
        return None

    simulator.fault = expire
    objects, skips = parted(source_of(limits=Limits(chunk=10)).objects())
    assert len([path for path in objects if "/ConfigMap/map-" in path]) == 30
    assert (seen[0], seen[2], skips) == ("", "", [])


def test_a_list_that_always_expires_ends_in_a_skip(simulator, source_of):
    fill(simulator, 30)
    gone = Fault(410, b'{"kind":"Status","code":410}')
    simulator.fault = lambda method, path, query: (
        gone if path == "/api/v1/configmaps" and "continue" in query else None)  # fmt: skip
    objects, skips = parted(source_of(limits=Limits(chunk=10)).objects())
    assert [(skip.path, skip.kind) for skip in skips] == [("harbour:configmaps", SkipKind.UNREADABLE)]
    assert skips[0].reason == "the list expired 4 times before its end; 10 read before"
    assert "harbour:Namespace/default" in objects


def test_what_may_not_be_listed_is_a_skip_and_the_rest_is_read(simulator, source_of):
    simulator.add(config_map("a"))
    token = simulator.token("ada", rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}])
    objects, skips = parted(source_of(token).objects())
    assert list(objects) == ["harbour:default/ConfigMap/a"]
    denied = {skip.path: skip for skip in skips}["harbour:secrets"]
    assert denied.kind is SkipKind.UNREADABLE
    assert denied.reason.startswith('may not be listed: secrets is forbidden: User "ada" cannot list resource')
    assert len(skips) > 20


def test_namespaces_can_be_read_alone_by_who_may_see_no_others(simulator, source_of):
    simulator.add(config_map("a"), config_map("b", "kube-system"))
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]}]
    token = simulator.token("ada")
    rbac = "rbac.authorization.k8s.io"
    simulator.add(
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": rules},
        {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": {"name": "r"},
         "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "ada"}]},
    )  # fmt: skip
    objects, skips = parted(source_of(token, namespaces=["default"]).objects())
    assert "harbour:default/ConfigMap/a" in objects
    assert "harbour:kube-system/ConfigMap/b" not in objects
    assert skips == []


def test_busy_answers_are_asked_again_after_the_time_they_state(simulator, source_of):
    asked = []

    def busy(method, path, query):
        if path == "/api/v1/configmaps":
            asked.append(time.monotonic())
            if len(asked) < 3:
                code = 429 if len(asked) == 1 else 503
                return Fault(code, b"{}", {"Retry-After": "1"} if code == 429 else {})
        return None

    simulator.fault = busy
    _, skips = parted(source_of().objects())
    assert (len(asked), skips) == (3, [])
    assert asked[1] - asked[0] >= 1.0


def test_the_budget_of_retries_is_for_all_resources_together(simulator, source_of):
    simulator.fault = lambda method, path, query: (
        Fault(503, b"{}") if path.startswith("/apis/apps/v1/") or path == "/api/v1/pods" else None)  # fmt: skip
    limits = Limits(retries=3, wait_seconds=2)
    objects, skips = parted(source_of(limits=limits).objects())
    assert {skip.path for skip in skips} == {"harbour:pods", *(f"harbour:{one}.apps" for one in (
        "controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"))}  # fmt: skip
    assert skips[0].reason == "the server refused the list (503): HTTP 503"
    assert "harbour:Namespace/default" in objects
    assert sum(entry.get("code") == 503 for entry in simulator.audit) == len(skips) + 3


def test_a_slow_answer_is_given_up_and_the_rest_is_read(simulator, source_of):
    simulator.fault = lambda method, path, query: Fault(delay=3, go_on=True) if path == "/api/v1/pods" else None
    limits = Limits(read_seconds=0.5, retries=1)
    objects, skips = parted(source_of(limits=limits).objects())
    assert [(skip.path, skip.kind) for skip in skips] == [("harbour:pods", SkipKind.UNREADABLE)]
    assert "timed out" in skips[0].reason.lower()
    assert "harbour:Namespace/default" in objects


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"items": [', "not JSON"), (b"<html>", "not JSON"), (b"[]", "no list of Kubernetes objects"),
        (b'{"items": {}, "metadata": {}}', "no list of Kubernetes objects"), (b"\xff\xfe", "not JSON"),
        (b'{"metadata": {}, "items": [{"metadata": {"name": 1}}]}', "no object with a name"),
    ],
)  # fmt: skip
def test_a_malformed_list_is_a_skip(simulator, source_of, body, reason):
    simulator.fault = lambda method, path, query: Fault(body=body) if path == "/api/v1/pods" else None
    objects, (skip,) = parted(source_of().objects())
    assert (skip.path, skip.kind) == ("harbour:pods", SkipKind.MALFORMED)
    assert reason in skip.reason
    assert "harbour:Namespace/default" in objects


def test_an_answer_that_breaks_off_is_asked_again_then_a_skip(simulator, source_of):
    simulator.fault = lambda method, path, query: (
        Fault(body=b'{"items":[', cut=True) if path == "/api/v1/pods" else None)  # fmt: skip
    _, (skip,) = parted(source_of(limits=Limits(retries=2)).objects())
    assert skip.path == "harbour:pods"
    assert skip.reason.startswith("the server gave no whole answer:")


def test_one_object_nested_too_deeply_does_not_hide_the_others(simulator, source_of):
    deep = {}
    for _ in range(300):
        deep = {"d": deep}
    simulator.add({"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "metadata": {"name": "deep"},
                   "spec": deep}, {"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config",
                                   "metadata": {"name": "flat"}, "spec": {}})  # fmt: skip
    objects, (skip,) = parted(source_of().objects())
    assert "harbour:default/Config/flat" in objects
    assert (skip.path, skip.kind) == ("harbour:default/Config/deep", SkipKind.TOO_LARGE)


def test_chunks_shrink_where_objects_are_large(simulator, source_of):
    fill(simulator, 40, size=50_000)
    objects, skips = parted(source_of(limits=Limits(chunk_bytes=400_000)).objects())
    assert len([path for path in objects if "/ConfigMap/" in path]) == 40
    assert skips == []


def test_twenty_thousand_objects_pass_through_little_memory(simulator, source_of):
    fill(simulator, 20_000, size=1000)
    rows = source_of().objects()
    assert next(rows).path == "harbour:default/ConfigMap/map-000000"  # imports and discovery are behind us
    tracemalloc.start()
    try:
        count = sum(isinstance(row, Object) and row.body["kind"] == "ConfigMap" for row in rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 19_999
    # The objects are 25 MB as JSON; a chunk is 0.6 MB, held a few times by the server, the parser and the reader.
    assert peak < 12_000_000


def test_a_certificate_of_a_foreign_authority_ends_the_reading_before_anything_is_sent(simulator, source_of):
    source = source_of(kubeconfig=simulator.kubeconfig(authority=Authority("stranger")), limits=Limits(retries=0))
    with pytest.raises(SourceError, match="certificate verify failed") as error:
        list(source.objects())
    assert "nothing was sent" in error.value.hint
    assert not [entry for entry in simulator.audit if entry["method"] == "GET"]


def test_a_kubeconfig_that_switches_the_check_off_is_refused(simulator):
    path = simulator.kubeconfig()
    text = path.read_text()
    start = text.index("certificate-authority-data")
    path.write_text(text[:start] + "insecure-skip-tls-verify: true\n" + text[text.index("\n", start) + 1 :].replace(
        "    server", "    server", 1))  # fmt: skip
    with pytest.raises(SourceError, match="switches the check of certificates off"):
        connect(kubeconfig=path)


def test_wrong_credentials_and_a_missing_file_say_what_to_do(simulator, source_of, tmp_path):
    with pytest.raises(SourceError) as error:
        list(source_of("unknown-token").objects())
    assert "renew the credentials" in error.value.hint
    with pytest.raises(SourceError, match="no way into the cluster"):
        connect(kubeconfig=tmp_path / "absent")
    with pytest.raises(SourceError, match="no way into the cluster"):
        connect(kubeconfig=simulator.kubeconfig(), context="absent")


def test_a_redirect_to_elsewhere_is_not_followed(simulator, source_of):
    away = Fault(302, b"", {"Location": f"{simulator.url}/api/v1/secrets"})
    simulator.fault = lambda method, path, query: away if path == "/api/v1/pods" else None
    _, (skip,) = parted(source_of().objects())
    assert skip.reason == "the server refused the list (302): HTTP 302"


def test_a_client_certificate_opens_the_cluster_as_well(simulator, source_of):
    path = simulator.kubeconfig(user="grace", groups=("system:masters",))
    assert "harbour:Namespace/default" in parted(source_of(kubeconfig=path).objects())[0]


def test_time_that_is_over_leaves_skips_for_what_is_unread(simulator, source_of):
    _, skips = parted(source_of(limits=Limits(seconds=0.0)).objects())
    assert {skip.kind for skip in skips} == {SkipKind.LIMIT}
    assert len(skips) > 30


def test_only_get_is_ever_sent(simulator, source_of):
    before = len(simulator.audit)
    list(source_of().objects())
    assert {entry["method"] for entry in list(simulator.audit)[before:]} == {"GET"}


def test_a_cluster_real_or_not_is_read_to_its_end(cluster):
    cluster.api.post(cluster.path("configmaps"), json=config_map("mine", cluster.namespace, a="1"))
    connection = connect(kubeconfig=cluster.kubeconfig, name="it", limits=Limits(chunk=5))
    objects, skips = parted(ClusterSource(connection, salt=SALT).objects())
    assert objects[f"it:{cluster.namespace}/ConfigMap/mine"].body["data"] == {"a": "1"}
    assert not [skip for skip in skips if skip.kind is not SkipKind.UNREADABLE]
    connection.close()
    assert threading.active_count() < 50
