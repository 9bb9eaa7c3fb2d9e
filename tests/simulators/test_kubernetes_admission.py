"""How the simulator calls admission webhooks: what it sends, and what it makes of every kind of answer."""

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.simulators.cluster import client_of
from tests.simulators.kubernetes import Authority

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/{}webhookconfigurations"
MAPS = "/api/v1/namespaces/default/configmaps"


class Webhook:
    """A webhook over TLS whose answer a test sets; keeps every review."""

    def __init__(self, folder):
        self.authority, self.reviews, self.paths = Authority("hooks"), [], []
        self.answer = lambda request: {"allowed": True}
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
                hook.reviews.append(request)
                hook.paths.append(self.path)
                answer = hook.answer(request)
                if not isinstance(answer, bytes):
                    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
                    answer = json.dumps({**review, "response": {"uid": request["uid"], **answer}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        certificate, key = self.authority.issue(folder, "hook", names=("127.0.0.1", "hook.lockgate.svc"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def configuration(self, kind="validating", name="hook.harbour.example", **more):
        bundle = base64.b64encode(self.authority.certificate.encode()).decode()
        hook = {
            "name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 5,
            "clientConfig": {"url": f"https://127.0.0.1:{self.port}/{kind}", "caBundle": bundle},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
                       "operations": ["CREATE", "UPDATE", "DELETE"]}],
            **more,
        }  # fmt: skip
        return {"metadata": {"name": name}, "webhooks": [hook]}


@pytest.fixture
def webhook(tmp_path):
    hook = Webhook(tmp_path)
    yield hook
    hook.close()


@pytest.fixture
def api(simulator):
    with client_of(simulator.kubeconfig()) as client:
        yield client


def install(api, webhook, kind="validating", **more):
    answer = api.post(CONFIGURATIONS.format(kind), json=webhook.configuration(kind, **more))
    assert answer.status_code == 201, answer.text


def make(api, name="m", **more):
    return api.post(MAPS, json={"metadata": {"name": name, **more}, "data": {"a": "1"}})


def patch_of(*operations):
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": patch}


def test_a_denial_reaches_the_client_with_the_name_of_the_webhook(api, webhook):
    install(api, webhook)
    webhook.answer = lambda request: {"allowed": False, "status": {"message": "no such cargo", "code": 403}}
    answer = make(api)
    assert answer.status_code == 403
    assert answer.json()["message"] == 'admission webhook "hook.harbour.example" denied the request: no such cargo'
    assert api.get(f"{MAPS}/m").status_code == 404


def test_the_review_tells_what_who_and_how(api, webhook):
    install(api, webhook)
    make(api)
    api.delete(f"{MAPS}/m")
    created, deleted = webhook.reviews
    assert (created["operation"], created["name"], created["namespace"]) == ("CREATE", "m", "default")
    assert created["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert created["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert created["userInfo"]["username"] == "admin"
    assert created["object"]["kind"] == "ConfigMap" and created["oldObject"] is None
    assert created["dryRun"] is False
    assert deleted["operation"] == "DELETE" and deleted["object"] is None
    assert deleted["oldObject"]["data"] == {"a": "1"}
    assert webhook.paths[0] == "/validating?timeout=5s"


def test_mutation_comes_first_and_validation_sees_its_work(api, webhook):
    install(api, webhook, "mutating", name="set.harbour.example")
    install(api, webhook)
    webhook.answer = lambda request: patch_of({"op": "add", "path": "/data/set", "value": "yes"}) if len(
        webhook.reviews) == 1 else {"allowed": True}  # fmt: skip
    assert make(api).json()["data"] == {"a": "1", "set": "yes"}
    assert webhook.reviews[1]["object"]["data"] == {"a": "1", "set": "yes"}


def test_an_earlier_webhook_is_asked_again_when_a_later_one_changed_the_object(api, webhook):
    install(api, webhook, "mutating", name="a.harbour.example", reinvocationPolicy="IfNeeded")
    install(api, webhook, "mutating", name="b.harbour.example")
    webhook.answer = lambda request: patch_of(
        {"op": "add", "path": f"/data/x{len(webhook.reviews)}", "value": "y"})  # fmt: skip
    assert set(make(api).json()["data"]) == {"a", "x1", "x2", "x3"}


def test_warnings_become_headers_and_annotations_reach_the_audit(api, webhook, simulator):
    install(api, webhook)
    webhook.answer = lambda request: {"allowed": True, "warnings": ["old cargo"], "auditAnnotations": {"why": "x"}}
    assert make(api).headers["warning"] == '299 - "old cargo"'
    assert simulator.audit[-1]["annotations"] == {"hook.harbour.example/why": "x"}


def test_failure_policy_decides_when_a_webhook_cannot_be_asked(api, webhook):
    install(api, webhook)
    webhook.close()
    answer = make(api)
    assert answer.status_code == 500
    assert 'failed calling webhook "hook.harbour.example": failed to call webhook: Post' in answer.json()["message"]
    path = CONFIGURATIONS.format("validating") + "/hook.harbour.example"
    api.delete(path)
    install(api, webhook, failurePolicy="Ignore")
    assert make(api).status_code == 201


@pytest.mark.parametrize("answer", [b"no json", b"{}", b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
                                    b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"x",'
                                    b'"allowed":true}}'])  # fmt: skip
def test_a_nonsense_answer_fails_closed(api, webhook, answer):
    install(api, webhook)
    webhook.answer = lambda request: answer
    assert make(api).status_code == 500


def test_a_webhook_that_takes_too_long_fails(api, webhook):
    install(api, webhook, timeoutSeconds=1)
    release = threading.Event()
    webhook.answer = lambda request: release.wait(5) and {"allowed": True}
    answer = make(api)
    release.set()
    assert answer.status_code == 500
    assert "context deadline exceeded" in answer.json()["message"]


def test_a_certificate_of_another_authority_is_refused(api, webhook):
    webhook.authority = Authority("stranger")
    install(api, webhook)
    answer = make(api)
    assert answer.status_code == 500
    assert "failed to verify certificate" in answer.json()["message"]


def test_selectors_and_conditions_choose_what_is_asked(api, webhook):
    install(api, webhook, objectSelector={"matchLabels": {"judge": "yes"}},
            namespaceSelector={"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn",
                                                     "values": ["kube-system"]}]})  # fmt: skip
    make(api, "plain")
    make(api, "judged", labels={"judge": "yes"})
    api.post(MAPS.replace("default", "kube-system"), json={"metadata": {"name": "m", "labels": {"judge": "yes"}}})
    assert [review["name"] for review in webhook.reviews] == ["judged"]


def test_match_conditions_are_cel_over_the_request(api, webhook):
    install(api, webhook, matchConditions=[{"name": "named", "expression": "object.metadata.name.startsWith('yes')"}])
    make(api, "no-1")
    make(api, "yes-1")
    assert [review["name"] for review in webhook.reviews] == ["yes-1"]


def test_a_service_is_reached_under_its_name(api, webhook, simulator):
    hook = webhook.configuration()
    client = hook["webhooks"][0]["clientConfig"]
    del client["url"]
    client["service"] = {"namespace": "lockgate", "name": "hook", "path": "/validate"}
    assert api.post(CONFIGURATIONS.format("validating"), json=hook).status_code == 201
    assert make(api).status_code == 500
    simulator.admission.services[("lockgate", "hook")] = ("127.0.0.1", webhook.port)
    assert make(api).status_code == 201
    assert webhook.paths == ["/validate?timeout=5s"]


def test_a_dry_run_is_told_to_the_webhook(api, webhook):
    install(api, webhook)
    api.post(MAPS, json={"metadata": {"name": "m"}}, params={"dryRun": "All"})
    assert webhook.reviews[0]["dryRun"] is True


def test_a_configuration_without_v1_or_with_side_effects_is_refused(api, webhook):
    bad = webhook.configuration(sideEffects="Some", admissionReviewVersions=["v1beta1"])
    answer = api.post(CONFIGURATIONS.format("validating"), json=bad)
    assert answer.status_code == 422
    fields = {one["field"] for one in answer.json()["details"]["causes"]}
    assert fields == {"webhooks[0].sideEffects", "webhooks[0].admissionReviewVersions"}
