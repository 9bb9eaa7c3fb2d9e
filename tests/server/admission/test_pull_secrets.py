"""Private images of Pods: registries asked as ``imagePullSecrets`` have it, where the webhook may read them."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.simulators.registry import Behaviour, serving
from tests.simulators.sigstore import pem
from tests.sources.image.building import Layout

from lockgate.engine.image_trust.admitting import ImageVerdicts, registries
from lockgate.engine.image_trust.policies import load
from lockgate.engine.image_trust.pull_secrets import LIMITS, Puller, PullSecrets
from lockgate.engine.image_trust.sign import Written, sign
from lockgate.engine.image_trust.verify import Known
from lockgate.formats.oci import references
from lockgate.server.admission.images import ImageJudge
from lockgate.settings import AdmissionSettings
from lockgate.signing.signer import HeldKey
from lockgate.sources.cluster import connect
from lockgate.sources.image import place_of

from .conftest import NoPrivileged, pod_request

READS = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["registry", "other", "old"], "verbs": ["get"]}]


def secret(name, auths, *, kind=".dockerconfigjson", namespace="default"):
    document = {"auths": auths} if kind == ".dockerconfigjson" else auths
    data = {kind: base64.b64encode(json.dumps(document).encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data}


def auth(user, password):
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def private(tmp_path, monkeypatch):
    """A registry that wants to know who asks, with a signed image."""
    monkeypatch.setenv("HOME", str(tmp_path))
    layout = Layout(tmp_path / "private")
    digest = layout.name(layout.image({"a": b""}), "1")["digest"]
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "release.pub").write_bytes(pem(key))
    sign(place_of(str(layout.folder)).place, digest, HeldKey(key), name="x", form=Written.TAG)
    (tmp_path / "images.yaml").write_text(
        "authorities: {release: {keys: [release.pub]}}\nimages: [{match: ['127.0.0.1:*'], signed_by: [release]}]\n"
    )
    with serving(layout.folder, Behaviour(basic="me:secret")) as registry:
        registry.image = f"{registry.host}/team/cart@{digest}"
        yield registry


@pytest.fixture
def kubeconfig(simulator):
    """Of somebody who may read three secrets by their names, and nothing else."""
    return simulator.kubeconfig(simulator.token("lockgate", rules=READS))


def secrets_of(kubeconfig):
    return PullSecrets(lambda: connect(kubeconfig=kubeconfig, limits=LIMITS))


def judge(tmp_path, secrets):
    verdicts = ImageVerdicts(registries(Known(lambda digest: None), secrets=secrets))
    return ImageJudge(NoPrivileged(), load(tmp_path / "images.yaml"), verdicts, AdmissionSettings())


def pod(image, *names):
    request = pod_request(image=image)
    request["object"]["spec"]["imagePullSecrets"] = [{"name": name} for name in names]
    return request


def test_a_private_image_is_verified_as_the_pod_would_pull_it(serve, simulator, kubeconfig, private, tmp_path):
    simulator.add(secret("other", {"registry.example": auth("a", "b")}),
                  secret("registry", {f"http://{private.host}": auth("me", "secret")}))  # fmt: skip
    without = serve(judge(tmp_path, secrets_of(kubeconfig))).review(pod(private.image))
    assert not without["allowed"]
    assert "wants to know who asks" in json.dumps(without)
    told = serve(judge(tmp_path, secrets_of(kubeconfig))).review(pod(private.image, "absent", "other", "registry"))
    assert told["allowed"], told["status"]["message"]


def test_a_secret_that_may_not_be_read_is_told_with_the_refusal(serve, simulator, kubeconfig, private, tmp_path):
    right, wrong = {private.host: auth("me", "secret")}, {private.host: auth("me", "x")}
    simulator.add(secret("hidden", right), secret("registry", wrong))
    told = json.dumps(serve(judge(tmp_path, secrets_of(kubeconfig))).review(pod(private.image, "hidden")))
    assert "secret hidden: may not be read (get on secrets in this namespace)" in told
    refused = json.dumps(serve(judge(tmp_path, secrets_of(kubeconfig))).review(pod(private.image, "registry")))
    assert "wants to know who asks" in refused


@pytest.mark.parametrize(
    ("key", "image", "found"),
    [
        ("registry.example", "registry.example/team/a:1", True),
        ("registry.example", "registry.example:5000/a:1", False),
        ("registry.example:5000", "registry.example:5000/a:1", True), ("*.example", "registry.example/a:1", True),
        ("*.example", "a.registry.example/a:1", False), ("registry.example/team", "registry.example/team/a:1", True),
        ("registry.example/team", "registry.example/teams/a:1", False), ("*", "registry.example/a:1", False),
        ("https://index.docker.io/v1/", "debian:12", True),
        ("https://index.docker.io/v1/", "registry.example/a:1", False),
        ("https://registry.example/v2/", "registry.example/a:1", True), ("[", "registry.example/a:1", False),
    ],
)  # fmt: skip
def test_a_secret_counts_for_the_registry_that_it_names(simulator, kubeconfig, key, image, found):
    simulator.add(secret("old", {key: auth("me", "secret")}, kind=".dockercfg"))
    held, told = secrets_of(kubeconfig).credentials(Puller("default", ("old",)), references.parse(image))
    assert ((held is not None and held.password == "secret"), told) == (found, [])


def test_secrets_of_another_namespace_and_names_that_are_none_are_not_read(simulator, kubeconfig):
    simulator.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank"}},
                  secret("registry", {"registry.example": auth("me", "secret")}, namespace="bank"))  # fmt: skip
    image = references.parse("registry.example/a:1")
    read = secrets_of(kubeconfig)
    assert read.credentials(Puller("bank", ("registry",)), image)[0].username == "me"
    for puller in (Puller("default", ("registry",)), Puller("default", ("../../bank/secrets/registry",)),
                   Puller("default/secrets/x?", ("registry",)), Puller("", ("registry",))):  # fmt: skip
        assert read.credentials(puller, image)[0] is None
