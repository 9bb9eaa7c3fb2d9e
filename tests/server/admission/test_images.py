"""Images of Pods verified while an API server waits: the webhook over TLS, signatures in Debian's registry."""

import shutil
import socket
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.simulators.real_registry import debians_registry, needs_registry
from tests.simulators.sigstore import pem
from tests.sources.image.building import Layout

from lockgate.engine.image_trust.admitting import ImageVerdicts, registries
from lockgate.engine.image_trust.policies import load
from lockgate.engine.image_trust.sign import Written, sign
from lockgate.engine.image_trust.verify import Known
from lockgate.formats.oci import references
from lockgate.server.admission import FailureMode, FailureModes
from lockgate.server.admission.images import ImageJudge
from lockgate.settings import AdmissionSettings, Mildness
from lockgate.signing.signer import HeldKey
from lockgate.sources.image.registry import Trust, registry_of

from .conftest import NoPrivileged, pod_request

needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo pushes the images")
FAILURE = FailureModes(FailureMode.CLOSED, {"kube-system": FailureMode.OPEN})


class Shop:
    """A registry with an image that is signed and one that is not."""

    def __init__(self, folder, host):
        self.folder, self.host = folder, host
        layout = Layout(folder / "layout")
        self.digests = {}
        for name in ("signed", "unsigned"):
            self.digests[name] = layout.name(layout.image({name: b""}), name)["digest"]
            to = f"docker://{host}/team/{name}:1"
            subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:layout:{name}", to], cwd=folder,
                           check=True, timeout=50)  # fmt: skip
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "release.pub").write_bytes(pem(key))
        reference = references.parse(f"{host}/team/signed:1")
        with registry_of(reference, Trust(), writes=True) as place:
            sign(place, "1", HeldKey(key), name=reference.name, form=Written.TAG)
        (folder / "images.yaml").write_text(
            "authorities: {release: {keys: [release.pub]}}\nimages: [{match: ['127.0.0.1:*'], signed_by: [release]}]\n"
        )

    def image(self, name, *, tag=False):
        return f"{self.host}/team/{name}" + (":1" if tag else f"@{self.digests[name]}")

    def judge(self, **settings):
        verdicts = ImageVerdicts(registries(Known(lambda digest: None)))
        return ImageJudge(NoPrivileged(), load(self.folder / "images.yaml"), verdicts, AdmissionSettings(**settings))


@pytest.fixture
def shop(tmp_path):
    with debians_registry(tmp_path) as host:
        yield Shop(tmp_path, host)


@needs_registry
@needs_skopeo
def test_a_pod_starts_when_its_images_are_signed_and_not_otherwise(serve, shop):
    webhook = serve(shop.judge())
    signed = webhook.review(image=shop.image("signed"))
    assert (signed["allowed"], signed.get("warnings")) == (True, None)
    denied = webhook.review(image=shop.image("unsigned"))
    assert not denied["allowed"]
    assert denied["status"]["message"].startswith(
        f"[images[0].signed_by] container web runs {shop.image('unsigned')}: not signed by release"
    )
    assert denied["auditAnnotations"]["denied-by"] == "images[0].signed_by"
    elsewhere = webhook.review(image="registry.example.com/team/signed:1")
    assert "no line of the policy is about registry.example.com/team/signed" in elsewhere["status"]["message"]


@needs_registry
@needs_skopeo
def test_init_and_ephemeral_containers_are_judged_and_what_an_update_leaves_is_not(serve, shop):
    webhook = serve(shop.judge())
    for field in ("initContainers", "ephemeralContainers"):
        request = pod_request(image=shop.image("signed"))
        request["object"]["spec"][field] = [{"name": "second", "image": shop.image("unsigned")}]
        assert "container second runs" in webhook.review(request)["status"]["message"]
        request |= {"operation": "UPDATE", "oldObject": pod_request(image=shop.image("unsigned"))["object"]}
        assert webhook.review(request)["allowed"]


@needs_registry
@needs_skopeo
def test_an_image_that_is_mounted_as_a_volume_is_judged_too(serve, shop):
    request = pod_request(image=shop.image("signed"))
    request["object"]["spec"]["volumes"] = [{"name": "models", "image": {"reference": shop.image("unsigned")}}]
    assert "volume models mounts" in serve(shop.judge()).review(request)["status"]["message"]


@needs_registry
@needs_skopeo
def test_a_tag_is_resolved_and_that_is_said(serve, shop):
    told = serve(shop.judge()).review(image=shop.image("signed", tag=True))
    assert told["allowed"]
    assert f"which is {shop.digests['signed']} now" in told["warnings"][-1]


@needs_registry
@needs_skopeo
def test_what_makes_pods_is_warned_of_or_refused_as_the_settings_say(serve, shop):
    def deployment():
        request = pod_request(image=shop.image("unsigned"))
        spec = {"template": {"spec": request["object"]["spec"]}}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}
        return request | {"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "object": body}

    mild = serve(shop.judge()).review(deployment())
    assert mild["allowed"]
    assert "its Pods will be refused: container web runs" in mild["warnings"][0]
    assert not serve(shop.judge(workloads=Mildness.DENY)).review(deployment())["allowed"]
    assert "warnings" not in serve(shop.judge(workloads=Mildness.OFF)).review(deployment())


@needs_registry
@needs_skopeo
def test_a_namespace_that_is_exempt_is_not_judged(serve, shop):
    webhook = serve(shop.judge(exempt=("legacy-*",)))
    assert webhook.review(image=shop.image("unsigned"), namespace="legacy-shop")["allowed"]
    assert not webhook.review(image=shop.image("unsigned"), namespace="shop")["allowed"]


@needs_registry
@needs_skopeo
def test_a_registry_that_is_away_is_for_the_failure_mode_and_what_is_known_goes_on(tmp_path, serve):
    with debians_registry(tmp_path) as host:
        shop = Shop(tmp_path, host)
        webhook = serve(shop.judge(), options={"failure": FAILURE})
        assert webhook.review(image=shop.image("signed"))["allowed"]
    assert webhook.review(image=shop.image("signed"))["allowed"]  # by the verdict on its digest
    closed = webhook.review(image=shop.image("unsigned"), timeout="2s")
    assert (closed["allowed"], closed["auditAnnotations"]["failure-mode"]) == (False, "closed")
    opened = webhook.review(image=shop.image("unsigned"), timeout="2s", namespace="kube-system")
    assert (opened["allowed"], opened["auditAnnotations"]["failure-mode"]) == (True, "open")


def judge_of(folder, match):
    (folder / "release.pub").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    (folder / "images.yaml").write_text(
        f"authorities: {{release: {{keys: [release.pub]}}}}\nimages: [{{match: ['{match}'], signed_by: [release]}}]\n"
    )
    trust = load(folder / "images.yaml")
    return ImageJudge(NoPrivileged(), trust, ImageVerdicts(registries(Known(lambda digest: None))), AdmissionSettings())


def test_a_registry_that_never_answers_is_for_the_failure_mode_and_others_are_judged_meanwhile(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        webhook = serve(judge_of(tmp_path, "127.0.0.1:*"), options={"failure": FAILURE})
        image = f"127.0.0.1:{silent.getsockname()[1]}/team/shop:1"
        told = webhook.review(image=image, timeout="2s")
        assert (told["allowed"], told["auditAnnotations"]["failure-mode"]) == (False, "closed")
        assert webhook.review(image="registry.example.com/other:1")["status"]["message"].startswith("[unmatched]")


def test_who_creates_pods_does_not_make_the_webhook_ask_its_own_machine(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as own:
        own.settimeout(0.2)
        webhook = serve(judge_of(tmp_path, "*"))
        told = webhook.review(image=f"localhost:{own.getsockname()[1]}/team/shop:1")
        assert "a server on this machine or its link is not asked" in told["status"]["message"]
        with pytest.raises(TimeoutError):
            own.accept()
