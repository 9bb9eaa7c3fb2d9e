"""cosign itself: what it signs holds here, and what is signed here it verifies, in a registry on this machine."""

import json
import os
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.simulators.real_registry import debians_registry, needs_cosign
from tests.simulators.sigstore import ISSUER, WORKFLOW, Sigstore, b64
from tests.sources.image.building import Layout

from lockgate.engine.image_trust.policies import load
from lockgate.engine.image_trust.sign import Written, attest, sign
from lockgate.engine.image_trust.verify import verified
from lockgate.formats.oci import references
from lockgate.formats.signatures import dsse, in_toto, sigstore_bundle
from lockgate.model import Verdict
from lockgate.signing.signer import held_key
from lockgate.sources.image.attached import subject_of
from lockgate.sources.image.attesting import put_bundle
from lockgate.sources.image.registry import Trust, registry_of

pytestmark = needs_cosign
PREDICATE = {
    "buildDefinition": {"buildType": "https://b/1", "externalParameters": {"workflow": {
        "ref": "refs/heads/main", "repository": "https://github.com/team/shop", "path": "build.yml"}}},
    "runDetails": {"builder": {"id": "https://builder"}},
}  # fmt: skip
BY_KEY = """\
authorities: {release: {keys: [release.pub]}}
images:
- match: ["*"]
  signed_by: [release]
  provenance: {by: [release], repository: https://github.com/team/shop, workflow: build.yml, ref: refs/heads/main}
"""
BY_WORKFLOW = f"""\
trusted_root: root.json
authorities: {{ci: {{keyless: {{issuer: {ISSUER}, identity: '{WORKFLOW}'}}}}}}
images: [{{match: ["*"], signed_by: [ci]}}]
"""
PASSWORD = "pw" * 4


class Line:
    """A registry with an image, and cosign in a folder."""

    def __init__(self, folder, host):
        self.folder, self.host = folder, host
        layout = Layout(folder / "layout")
        layout.name(layout.image({"a": b""}), "1")

    def image(self, name: str) -> str:
        to = f"{self.host}/team/{name}:1"
        command = ["skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:layout:1", f"docker://{to}"]
        subprocess.run(command, cwd=self.folder, check=True, timeout=50)
        return to

    def cosign(self, *arguments: str) -> str:
        env = {**os.environ, "COSIGN_PASSWORD": PASSWORD, "HOME": str(self.folder)}
        done = subprocess.run(["cosign", *arguments], cwd=self.folder, env=env, capture_output=True, text=True,
                              timeout=50)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def verdict(self, image: str, policy: str):
        (self.folder / "images.yaml").write_text(policy)
        name = references.parse(image)
        with registry_of(name, Trust()) as place:
            return verified(load(self.folder / "images.yaml"), place, name.key, name=name.name, image=image,
                            now=datetime.now(UTC), scan_of=lambda digest: None).trusted.decision  # fmt: skip


@pytest.fixture
def line(tmp_path):
    with debians_registry(tmp_path) as host:
        yield Line(tmp_path, host)


@pytest.mark.parametrize("form", list(Written))
def test_what_cosign_signs_holds_here_and_what_is_signed_here_it_verifies(line, form):
    (line.folder / "predicate.json").write_text(json.dumps(PREDICATE))
    (line.folder / "root.json").write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    line.cosign("generate-key-pair", "--output-key-prefix", "release")
    newer = ["--new-bundle-format"] if form is Written.BUNDLE else []
    made = ["-y", "--key", "release.key", "--tlog-upload=false", *newer]
    theirs, own = line.image("theirs"), line.image("own")
    line.cosign("sign", *made, theirs)
    assert line.verdict(theirs, BY_KEY).reasons[0].rule == "images[0].provenance"
    line.cosign("attest", *made, "--type", "slsaprovenance1", "--predicate", "predicate.json", theirs)
    assert line.verdict(theirs, BY_KEY).verdict is Verdict.ALLOW

    signer = held_key((line.folder / "release.key").read_bytes(), PASSWORD.encode(), "release.key")
    name = references.parse(own)
    with registry_of(name, Trust(), writes=True) as place:
        sign(place, "1", signer, name=name.name, form=form)
        attest(place, "1", signer, name=name.name, predicate_type=in_toto.SLSA_1, predicate=PREDICATE, form=form)
    assert line.verdict(own, BY_KEY).verdict is Verdict.ALLOW
    held = ["--key", "release.pub", "--insecure-ignore-tlog=true", *newer]
    held += ["--trusted-root", "root.json"] if newer else []
    assert "docker-manifest-digest" in line.cosign("verify", *held, own)
    assert "payload" in line.cosign("verify-attestation", *held, "--type", "slsaprovenance1", own)


def test_a_certificate_for_minutes_counts_here_and_for_cosign_alike(line):
    instance = Sigstore(line.folder)
    (line.folder / "root.json").write_bytes(instance.trusted_root())
    image = line.image("certified")
    with registry_of(references.parse(image), Trust(), writes=True) as place:
        subject = subject_of(place, "1")
        put_bundle(place, subject, certified(instance, subject.digest), in_toto.COSIGN_SIGN)
    assert line.verdict(image, BY_WORKFLOW).verdict is Verdict.ALLOW
    line.cosign("verify", "--new-bundle-format", "--trusted-root", "root.json", "--certificate-identity", WORKFLOW,
                "--certificate-oidc-issuer", ISSUER, image)  # fmt: skip


def certified(instance: Sigstore, digest: str) -> bytes:
    """A bundle of a signature by a certificate of ``instance``, in its log."""
    statement = in_toto.written(digest, "", in_toto.COSIGN_SIGN, {})
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = instance.certificate(key)
    signature = key.sign(dsse.Envelope(dsse.IN_TOTO, statement, ()).signed, ec.ECDSA(hashes.SHA256()))
    entry = instance.entry(instance.dsse(statement, signature, certificate.public_bytes(Encoding.PEM)))
    held = {"rawBytes": b64(certificate.public_bytes(Encoding.DER))}
    envelope = {"payload": b64(statement), "payloadType": dsse.IN_TOTO, "signatures": [{"sig": b64(signature)}]}
    body = {"mediaType": sigstore_bundle.MEDIA_TYPE, "dsseEnvelope": envelope,
            "verificationMaterial": {"certificate": held, "tlogEntries": [entry]}}  # fmt: skip
    return json.dumps(body).encode()
