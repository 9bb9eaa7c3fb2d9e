"""Certificates that are replaced, and that end, while real policies judge over real TLS."""

import os
import ssl
import threading
import time
from datetime import timedelta

import httpx
import pytest
from tests.simulators.kubernetes import Authority

from lockgate.gates.admission import Placed, PolicySet, load_policies
from lockgate.server.admission import AdmissionServer, Options
from lockgate.server.admission.policies import PolicyJudge
from lockgate.server.tls.reload import Pair

TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "k8srepos"},
    "spec": {"crd": {"spec": {"names": {"kind": "K8sRepos"}, "validation": {"openAPIV3Schema": {
        "type": "object", "properties": {"repo": {"type": "string"}}}}}}, "targets": [{
        "target": "admission.k8s.gatekeeper.sh", "rego": """package k8srepos
violation[{"msg": msg}] {
  c := input.review.object.spec.containers[_]
  not startswith(c.image, input.parameters.repo)
  msg := sprintf("%v comes from elsewhere", [c.name])
}"""}]},
}  # fmt: skip
CONSTRAINT = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sRepos", "metadata": {"name": "ours"},
              "spec": {"parameters": {"repo": "registry.example/"}}}  # fmt: skip


def review(image):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
           "spec": {"containers": [{"name": "web", "image": image}]}}  # fmt: skip
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod,
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "namespace": "shop", "name": "p",
        "userInfo": {"username": "ada"}}}  # fmt: skip


class Webhook:
    """A webhook with policies of Gatekeeper, and certificates that the test replaces."""

    def __init__(self, folder):
        self.folder, self.pair = folder, Pair(folder / "tls.crt", folder / "tls.key")
        self.issued = 0
        self.authorities = [Authority(f"authority-{number}") for number in range(8)]
        # An authority is published before it signs.
        self.bundle = "".join(one.certificate for one in self.authorities)
        self.issue()

    def issue(self, life=timedelta(days=1)):
        """Write a pair of a new authority, whole, the key first, as links that are swapped would."""
        self.issued += 1
        authority = self.authorities[self.issued]
        made = authority.issue(self.folder, f"pair-{self.issued}", names=("127.0.0.1",), life=life)
        os.replace(made[1], self.pair.key)
        os.replace(made[0], self.pair.certificate)

    def start(self):
        policies = load_policies([Placed("a.yaml", TEMPLATE), Placed("b.yaml", CONSTRAINT)])
        assert policies.problems == ()
        options = Options(host="127.0.0.1", port=0, drain_seconds=0, certificate_seconds=0.03)
        self.server = AdmissionServer(PolicyJudge(PolicySet(policies, version="v")), self.pair, options=options)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        assert self.server.started.wait(10)
        self.url = f"https://127.0.0.1:{self.server.port}"
        return self

    def client(self, *, trusting=True):
        trust = ssl.create_default_context(cadata=self.bundle)
        if not trusting:
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        return httpx.Client(base_url=self.url, verify=trust, timeout=10)


@pytest.fixture
def webhook(tmp_path):
    made = Webhook(tmp_path)
    yield made
    made.server.stop()
    made.thread.join(10)


def until(condition):
    end = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def judged(client):
    """Whether both an image of ours and one of elsewhere were answered as the policy says."""
    let = client.post("/validate", json=review("registry.example/a")).json()["response"]
    refused = client.post("/validate", json=review("docker.example/a")).json()["response"]
    message = refused.get("status", {}).get("message", "")
    return let["allowed"] is True and message.startswith("[K8sRepos/ours] web comes from elsewhere")


def test_while_certificates_are_replaced_every_review_is_judged_on_old_connections_and_new_ones(webhook):
    webhook.start()
    stop, right, wrong = threading.Event(), [], []

    def ask(fresh):
        standing = webhook.client()
        while not stop.is_set():
            try:
                if fresh:
                    standing.close()
                    standing = webhook.client()
                right.append(judged(standing))
            except httpx.HTTPError as error:
                wrong.append(error)
        standing.close()

    threads = [threading.Thread(target=ask, args=(fresh,)) for fresh in (False, True, True)]
    for thread in threads:
        thread.start()
    for number in range(1, 6):
        until(lambda number=number: len(right) > 10 * number)
        webhook.issue()
        until(lambda number=number: webhook.server.metrics.certificate_reloads >= number)
    count = len(right)
    until(lambda: len(right) > count + 10)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == [] and all(right)
    with webhook.client() as last:
        assert judged(last) and last.get("/readyz").status_code == 200


def test_a_certificate_that_is_over_makes_it_not_ready_until_another_is_there(webhook):
    webhook.issue(timedelta(seconds=-60))
    webhook.start()
    with webhook.client() as strict, pytest.raises(httpx.ConnectError, match="expired"):
        strict.get("/readyz")
    with webhook.client(trusting=False) as standing:
        answer = standing.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "the certificate is over")
        assert judged(standing)  # who asks all the same is answered: nothing is let through for it
        webhook.issue()
        until(lambda: standing.get("/readyz").status_code == 200)
        with webhook.client() as strict:
            assert judged(strict)


def test_a_certificate_that_ends_while_it_serves_is_reported_at_that_moment(webhook):
    webhook.issue(timedelta(seconds=1.2))
    webhook.start()
    with webhook.client(trusting=False) as standing:
        assert standing.get("/readyz").status_code in (200, 503)
        until(lambda: standing.get("/readyz").status_code == 503)
        expires = [line for line in standing.get("/metrics").text.splitlines() if "certificate_expiry" in line][-1]
        assert float(expires.split()[-1]) < time.time()
        webhook.issue()
        until(lambda: standing.get("/readyz").status_code == 200)
