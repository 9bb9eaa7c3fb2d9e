"""Who may do what: tokens, certificates, RBAC, reviews."""

import secrets

import httpx
import pytest
from tests.simulators.cluster import client_of

RBAC = "rbac.authorization.k8s.io"


def test_a_wrong_token_is_401_and_none_is_the_anonymous_user(simulator):
    with client_of(simulator.kubeconfig("wrong")) as client:
        answer = client.get("/api/v1/pods")
        assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")
        del client.headers["Authorization"]
        assert 'User "system:anonymous" cannot list resource "pods"' in client.get("/api/v1/pods").json()["message"]
        assert client.get("/version").status_code == 200


def test_a_denial_says_who_what_and_where(simulator):
    token = simulator.token("ada", rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}])
    with client_of(simulator.kubeconfig(token)) as client:
        assert client.get("/api/v1/configmaps").status_code == 200
        answer = client.get("/api/v1/namespaces/default/secrets")
        assert answer.status_code == 403
        body = answer.json()
        assert body["message"] == (
            'secrets is forbidden: User "ada" cannot list resource "secrets" in API group "" in the namespace "default"'
        )
        assert (body["reason"], body["details"]) == ("Forbidden", {"kind": "secrets"})
        at_large = client.get("/apis/apps/v1/deployments").json()["message"]
        assert at_large.startswith('deployments.apps is forbidden: User "ada" cannot list resource "deployments"')
        assert at_large.endswith('in API group "apps" at the cluster scope')
        assert 'cannot get path "/metrics"' in client.get("/metrics").json()["message"]


def test_a_client_certificate_carries_name_and_groups(simulator):
    path = simulator.kubeconfig(user="grace", groups=("crew",))
    with client_of(path) as client:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json=review).json()
        assert answer["status"]["userInfo"] == {"username": "grace", "groups": ["crew", "system:authenticated"]}


def test_a_client_that_trusts_another_authority_does_not_connect(simulator):
    from tests.simulators.kubernetes import Authority

    with client_of(simulator.kubeconfig(authority=Authority("other"))) as client, pytest.raises(httpx.ConnectError):
        client.get("/version")


def test_a_role_binding_holds_in_its_namespace_alone(cluster):
    user = f"user-{secrets.token_hex(3)}"
    rules = [{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["one"], "verbs": ["get"]}]
    root = f"/apis/{RBAC}/v1/namespaces/{cluster.namespace}"
    assert cluster.api.post(f"{root}/roles", json={"metadata": {"name": "r"}, "rules": rules}).status_code == 201
    binding = {"metadata": {"name": "r"}, "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"},
               "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}]}  # fmt: skip
    assert cluster.api.post(f"{root}/rolebindings", json=binding).status_code == 201

    def allowed(verb, namespace, name):
        attributes = {"verb": verb, "resource": "pods", "namespace": namespace, "name": name}
        spec = {"user": user, "groups": ["system:authenticated"], "resourceAttributes": attributes}
        answer = cluster.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json={"spec": spec})
        assert answer.status_code == 201
        return answer.json()["status"]["allowed"]

    assert allowed("get", cluster.namespace, "one")
    assert not allowed("get", cluster.namespace, "two")
    assert not allowed("delete", cluster.namespace, "one")
    assert not allowed("get", "default", "one")


def test_everybody_may_ask_what_they_may_do(cluster):
    spec = {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": cluster.namespace}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert cluster.api.post(path, json={"spec": spec}).json()["status"]["allowed"] is True
    if cluster.simulator:
        token = cluster.simulator.token("nobody")
        with client_of(cluster.simulator.kubeconfig(token)) as client:
            assert client.post(path, json={"spec": spec}).json()["status"]["allowed"] is False
