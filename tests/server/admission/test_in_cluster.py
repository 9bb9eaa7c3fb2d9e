"""The webhook called by an API server: what the person at the keyboard sees."""

import base64
import shutil
import subprocess

import pytest
import yaml
from tests.simulators.cluster import client_of

from lockgate.server.tls.bundle import publish
from lockgate.sources.cluster.connection import configured

from .conftest import NoPrivileged, SetLabel

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/{}webhookconfigurations"
PODS = "/api/v1/namespaces/default/pods"


def pod(name="p", *, privileged=False):
    container = {"name": "web", "image": "nginx:1.27", "securityContext": {"privileged": privileged}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}


@pytest.fixture
def api(simulator):
    with client_of(simulator.kubeconfig()) as client:
        yield client


def register(api, simulator, webhook, kind="validating", *, bundle=""):
    """Registers the webhook as the Service that its certificate names."""
    simulator.admission.services["lockgate-system", "lockgate"] = ("127.0.0.1", webhook.server.port)
    path = {"validating": "/validate", "mutating": "/mutate"}[kind]
    client = {"service": {"namespace": "lockgate-system", "name": "lockgate", "path": path}}
    if bundle:
        client["caBundle"] = base64.b64encode(bundle.encode()).decode()
    hook = {
        "name": f"{kind}.lockgate.example", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": client, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                                           "operations": ["CREATE", "UPDATE"]}],
    }  # fmt: skip
    body = {"metadata": {"name": "lockgate"}, "webhooks": [hook]}
    assert api.post(CONFIGURATIONS.format(kind), json=body).status_code == 201


def test_kubectl_apply_is_denied_with_our_message(api, simulator, serve, tmp_path):
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed (Debian package kubernetes-client)")
    webhook = serve()
    register(api, simulator, webhook, bundle=webhook.bundles[-1])
    done = subprocess.run(
        [program, "--kubeconfig", simulator.kubeconfig(), "--cache-dir", tmp_path / "cache", "apply", "-f", "-"],
        input=yaml.safe_dump(pod(privileged=True)), capture_output=True, text=True, timeout=50,
        env={"HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert ('admission webhook "validating.lockgate.example" denied the request: '
            "[no-privileged] container web is privileged") in done.stderr  # fmt: skip
    assert api.get(f"{PODS}/p").status_code == 404


def test_what_is_allowed_is_created_with_the_audit_note_of_the_policies(api, simulator, serve):
    webhook = serve()
    register(api, simulator, webhook, bundle=webhook.bundles[-1])
    assert api.post(PODS, json=pod()).status_code == 201
    notes = simulator.audit[-1]["annotations"]
    assert notes["validating.lockgate.example/policy-version"] == "v1"


def test_mutation_changes_what_is_stored(api, simulator, serve):
    webhook = serve(mutating=SetLabel())
    register(api, simulator, webhook, "mutating", bundle=webhook.bundles[-1])
    assert api.post(PODS, json=pod()).json()["metadata"]["labels"] == {"checked": "yes"}


def test_publishing_the_bundle_makes_the_certificate_trusted(api, simulator, serve):
    webhook = serve()
    register(api, simulator, webhook)
    refused = api.post(PODS, json=pod())
    assert (refused.status_code, "failed to verify certificate" in refused.text) == (500, True)
    configuration, _ = configured(kubeconfig=simulator.kubeconfig())
    bundle = webhook.bundles[-1]
    assert publish(configuration, kind="validating", name="lockgate", bundle=bundle) is True
    assert publish(configuration, kind="validating", name="lockgate", bundle=bundle) is False
    assert api.post(PODS, json=pod()).status_code == 201


def test_publishing_to_what_is_not_there_says_so(simulator):
    from lockgate.errors import SourceError

    configuration, _ = configured(kubeconfig=simulator.kubeconfig())
    with pytest.raises(SourceError, match="could not be published: Not Found"):
        publish(configuration, kind="validating", name="absent", bundle="x")


def test_policies_changed_meanwhile_judge_the_next_request(api, simulator, serve):
    webhook = serve()
    register(api, simulator, webhook, bundle=webhook.bundles[-1])
    api.post(PODS, json=pod("one"))
    webhook.server.swap(NoPrivileged("v2"))
    api.post(PODS, json=pod("two"))
    assert simulator.audit[-1]["annotations"]["validating.lockgate.example/policy-version"] == "v2"
