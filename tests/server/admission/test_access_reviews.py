"""``authorizer`` of CEL answered by the cluster that asks: over TLS both ways, by its role-based access control."""

import base64
import time

import orjson
import pytest
import yaml
from tests.simulators.cluster import client_of
from tests.simulators.kubernetes.access import cluster_role, cluster_role_binding
from tests.simulators.kubernetes.server import Fault

from lockgate.errors import SourceError
from lockgate.gates.admission import Placed, PolicySet, load_policies
from lockgate.policy.cel.library.authorizers import Access
from lockgate.policy.errors import BudgetExceededError
from lockgate.server.admission.access_reviews import MAX_QUESTIONS, AccessReviews, question_of
from lockgate.server.admission.policies import judge_of
from lockgate.settings import AdmissionSettings
from lockgate.sources.cluster import connect

from .conftest import pod_request
from .test_cluster_policies import CONSTRAINT, TEMPLATE
from .test_serve_command import Served

POLICIES = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: only-who-may}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  variables:
  - {name: asked, expression: "authorizer.group('example.com').resource('approvals').check('grant')"}
  validations:
  - expression: variables.asked.allowed()
    messageExpression: "variables.asked.errored() ? 'not told: ' + variables.asked.error() : 'not approved'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: only-who-may}
spec: {policyName: only-who-may, validationActions: [Deny]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: told}
spec:
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  matchConditions:
  - {name: may, expression: "authorizer.serviceAccount('ops', 'bot').path('/healthz').check('get').allowed()"}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: {'bot': 'may'}}}"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: told}
spec: {policyName: told}
"""
GRANT = [{"apiGroups": ["example.com"], "resources": ["approvals"], "verbs": ["grant"]}]
CREATE = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]
ASK = [{"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}]
HEALTH = [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]
PODS = "/api/v1/namespaces/default/pods"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
       "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}  # fmt: skip


@pytest.fixture
def reviews(simulator):
    """Asks the simulator, by an account that may do nothing else."""
    kubeconfig = simulator.kubeconfig(simulator.token("webhook", rules=ASK))
    made = AccessReviews(lambda: connect(kubeconfig=kubeconfig), kept_seconds=0)
    yield made
    made.close()


def policies_of(text=POLICIES, **more):
    loaded = load_policies([Placed("here", body) for body in yaml.safe_load_all(text)])
    assert loaded.problems == ()
    return PolicySet(loaded, AdmissionSettings(deny=(), warn=()), **more)


def said(policies, **changes):
    return [(one.action.value, one.message) for one in policies.review(pod_request(**changes)).said]


def asked(simulator):
    return [entry for entry in simulator.audit if entry["path"].endswith("/subjectaccessreviews")]


def register(api, simulator, webhook, kind, path):
    simulator.admission.services["lockgate-system", "lockgate"] = ("127.0.0.1", webhook.server.port)
    hook = {
        "name": f"{kind}.lockgate.example", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "lockgate-system", "name": "lockgate", "path": path},
                         "caBundle": base64.b64encode(webhook.bundles[-1].encode()).decode()},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
    }  # fmt: skip
    body = {"metadata": {"name": kind}, "webhooks": [hook]}
    address = f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations"
    assert api.post(address, json=body).status_code == 201


def test_the_same_object_is_refused_to_one_user_and_let_through_to_another(simulator, reviews, serve):
    """The whole way round: user, API server, webhook, and back to the API server with the question."""
    policies = policies_of(authorities=reviews)
    webhook = serve(judge_of(policies), mutating=judge_of(policies, mutate=True))
    with client_of(simulator.kubeconfig()) as api:
        register(api, simulator, webhook, "validating", "/validate")
        register(api, simulator, webhook, "mutating", "/mutate")
    simulator.token("system:serviceaccount:ops:bot", rules=HEALTH)
    boss, worker = (
        client_of(simulator.kubeconfig(simulator.token(name, rules=rules)))
        for name, rules in (("boss", CREATE + GRANT), ("worker", CREATE))
    )
    with boss, worker:
        for _ in range(2):
            refused = worker.post(PODS, json=POD)
            assert (refused.status_code, "[only-who-may] not approved" in refused.text) == (403, True), refused.text
            allowed = boss.post(PODS, json={**POD, "metadata": {"generateName": "p"}})
            assert allowed.status_code == 201, allowed.text
            assert allowed.json()["metadata"]["labels"] == {"bot": "may"}


def test_a_right_of_a_group_counts_and_one_taken_away_does_not(simulator, reviews):
    policies = policies_of(authorities=reviews)
    ada = {"username": "ada", "groups": ["approvers"], "uid": "1", "extra": {"scopes": ["all"]}}
    assert said(policies, userInfo=ada) == [("deny", "not approved")]
    simulator.add(cluster_role("a", GRANT), cluster_role_binding("a", "a", "Group", "approvers"))
    assert said(policies, userInfo=ada) == []
    assert said(policies, userInfo={**ada, "groups": []}) == [("deny", "not approved")]
    with client_of(simulator.kubeconfig()) as api:
        assert api.delete("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/a").status_code == 200
    assert said(policies, userInfo=ada) == [("deny", "not approved")]


def test_what_is_recalled_of_an_object_is_nothing_that_hangs_on_who_asks(simulator, reviews):
    """A constraint's verdict on the same object is recalled; that of a policy that asks is not."""
    simulator.token("boss", rules=GRANT)
    text = POLICIES + "---\n" + yaml.safe_dump_all([TEMPLATE, CONSTRAINT])
    policies = policies_of(text, authorities=reviews)
    latest = ("deny", "nginx:latest is no version")
    for _ in range(3):
        assert said(policies, image="nginx:latest", userInfo={"username": "boss"}) == [latest]
        assert said(policies, image="nginx:latest", userInfo={"username": "eve"}) == [latest, ("deny", "not approved")]
    assert len(asked(simulator)) == 6


def test_the_command_asks_the_cluster_whose_policies_it_judges_by(simulator, tmp_path):
    validating, binding, *mutating = POLICIES.split("---")
    simulator.add(yaml.safe_load(validating), yaml.safe_load(binding))
    (tmp_path / "mutating.yaml").write_text("---".join(mutating))
    simulator.token("boss", rules=GRANT)
    simulator.token("system:serviceaccount:ops:bot", rules=HEALTH)
    (tmp_path / "lockgate.yaml").write_text("admission: {deny: [], warn: []}\n")
    webhook = Served(tmp_path, "--cluster", "--kubeconfig", str(simulator.kubeconfig()),
                     "--policies", str(tmp_path / "mutating.yaml"))  # fmt: skip
    try:
        assert webhook.review(userInfo={"username": "eve"})["status"]["message"] == (
            "[only-who-may] not approved; may be waived by a reviewed entry in lockgate-waivers.yaml"
        )
        assert webhook.review(userInfo={"username": "boss"})["allowed"] is True
        changed = webhook.review("/mutate", userInfo={"username": "eve"})
        assert orjson.loads(base64.b64decode(changed["patch"]))[0]["value"] == {"bot": "may"}
    finally:
        assert webhook.stop() == 0


def test_an_answer_is_kept_for_the_same_user_and_question_alone(simulator):
    kubeconfig = simulator.kubeconfig(simulator.token("webhook", rules=ASK))
    kept = AccessReviews(lambda: connect(kubeconfig=kubeconfig), kept_seconds=600)
    policies = policies_of(authorities=kept)
    for name, questions in (("ada", 1), ("ada", 1), ("bob", 2), ("ada", 2)):
        assert said(policies, userInfo={"username": name}) == [("deny", "not approved")]
        assert len(asked(simulator)) == questions
    kept.close()


def test_a_cluster_that_does_not_let_the_webhook_ask_is_an_errored_decision(simulator):
    kubeconfig = simulator.kubeconfig(simulator.token("nobody"))
    reviews = AccessReviews(lambda: connect(kubeconfig=kubeconfig))
    ((action, message),) = said(policies_of(authorities=reviews))
    assert action == "deny"
    assert message.startswith('not told: subjectaccessreviews.authorization.k8s.io is forbidden: User "nobody"')
    assert said(policies_of(authorities=reviews), userInfo={"username": "boss"}) == [("deny", message)]
    reviews.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(code=500, body=b"{}"), "not told: HTTP 500"),
        (Fault(body=b"[1"), "not told: no answer that can be read"),
        (Fault(body=b'{"status": {"allowed": "yes"}}'), "not told: the answer is no SubjectAccessReview"),
        (Fault(body=b'{"status": {"allowed": false, "evaluationError": "the roles are gone"}}'),
         "not told: the roles are gone"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_errored_decision(simulator, reviews, fault, told):
    simulator.fault = lambda method, path, query: fault if path.endswith("/subjectaccessreviews") else None
    ((action, message),) = said(policies_of(authorities=reviews))
    assert action == "deny" and message.startswith(told)


def test_one_silence_does_not_end_a_question(simulator, reviews):
    simulator.token("ada", rules=GRANT)
    faults = [Fault(code=503, body=b"{}")]
    simulator.fault = lambda method, path, query: (
        faults.pop() if faults and path.endswith("/subjectaccessreviews") else None
    )
    assert said(policies_of(authorities=reviews), userInfo={"username": "ada"}) == []


def test_a_cluster_that_is_gone_is_an_errored_decision():
    def gone():
        raise SourceError("no way into the cluster: refused")

    ((action, message),) = said(policies_of(authorities=AccessReviews(gone)))
    assert (action, message) == ("deny", "not told: no way into the cluster: refused")


def test_a_mute_cluster_does_not_outlast_the_time_of_the_review(simulator, reviews, serve):
    simulator.fault = lambda method, path, query: (
        Fault(delay=4, go_on=True) if path.endswith("/subjectaccessreviews") else None
    )
    webhook = serve(judge_of(policies_of(authorities=reviews)))
    response = webhook.review(timeout="1s")
    assert response["allowed"] is False
    assert "only-who-may" in response["status"]["message"] or "in the time" in response["status"]["message"]


def test_reviews_that_ask_nobody_are_not_held_up_by_those_that_do(reviews):
    judge = judge_of(policies_of(authorities=reviews))
    assert judge.waits(pod_request()) is True
    node = {"group": "", "version": "v1", "resource": "nodes"}
    assert judge.waits(pod_request(resource=node)) is False
    assert not hasattr(judge_of(policies_of()), "waits")
    validating, binding, *mutating = POLICIES.split("---")
    quiet = validating.partition("  variables:")[0] + "  validations: [{expression: 'true'}]\n"
    both = policies_of("---".join((quiet, binding, *mutating)), authorities=reviews)
    assert judge_of(both).waits(pod_request()) is False
    assert judge_of(both, mutate=True).waits(pod_request()) is True
    assert not hasattr(judge_of(policies_of(f"{quiet}---{binding}", authorities=reviews)), "waits")


def test_without_a_cluster_the_policy_says_that_nobody_can_tell():
    ((action, message),) = said(policies_of())
    assert action == "error" and "nobody here can tell" in message


def test_what_the_makers_of_pods_may_is_for_the_pods_themselves_to_tell(reviews, simulator):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": POD["spec"]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "default"},
                  "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}  # fmt: skip
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    resource = {"group": "apps", "version": "v1", "resource": "deployments"}
    assert said(policies_of(authorities=reviews), object=deployment, kind=kind, resource=resource) == []
    assert asked(simulator) == []


def test_a_review_asks_the_same_once_and_no_more_than_so_often(reviews, simulator):
    authority = reviews.of({"username": "ada"}, until=time.monotonic() + 60)
    for _ in range(2):
        for number in range(MAX_QUESTIONS):
            assert authority.decide(Access("get", resource="pods", name=str(number))).error == ""
        assert len(asked(simulator)) == MAX_QUESTIONS
    with pytest.raises(BudgetExceededError, match="more than 100 times"):
        authority.decide(Access("get", resource="pods"))
    with pytest.raises(BudgetExceededError, match="in time"):
        reviews.of({"username": "ada"}, until=time.monotonic()).decide(Access("get", resource="pods"))
    huge = reviews.of({"username": "ada"}, until=None).decide(Access("get", resource="pods", name="x" * 70_000))
    assert (huge.allowed, huge.error) == (False, "a question of more than 65536 bytes is not asked")


def test_the_question_is_the_one_that_kubernetes_asks():
    user = {"username": "ada", "uid": "7", "groups": ["dev", "system:authenticated"], "extra": {"scopes": ["a", "b"]}}
    access = Access("list", group="apps", resource="deployments", subresource="scale", namespace="n", name="web",
                    field_selector="a=b", label_selector="c in (d)")  # fmt: skip
    assert question_of(access, user) == {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": "ada", "uid": "7", "groups": ["dev", "system:authenticated"], "extra": {"scopes": ["a", "b"]},
            "resourceAttributes": {
                "namespace": "n", "verb": "list", "group": "apps", "version": "*", "resource": "deployments",
                "subresource": "scale", "name": "web", "fieldSelector": {"rawSelector": "a=b"},
                "labelSelector": {"rawSelector": "c in (d)"},
            },
        },
    }  # fmt: skip
    of_path = Access("get", path="/healthz", service_account=("ops", "bot"))
    assert question_of(of_path, user)["spec"] == {
        "user": "system:serviceaccount:ops:bot", "groups": ["system:serviceaccounts", "system:serviceaccounts:ops"],
        "nonResourceAttributes": {"path": "/healthz", "verb": "get"},
    }  # fmt: skip
    assert orjson.dumps(question_of(Access(), {}))
