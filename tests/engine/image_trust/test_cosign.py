"""cosign itself: what it signs holds here, and what is signed here it verifies, in a registry on this machine."""

import contextlib
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from tests.simulators.real_registry import debians_registry, needs_cosign
from tests.simulators.sigstore import ISSUER, SIGNED_AT, WORKFLOW, Sigstore, TimestampAuthority, b64
from tests.sources.image.building import Layout

from lockgate.engine.image_trust.policies import load
from lockgate.engine.image_trust.sign import Written, attest, sign
from lockgate.engine.image_trust.verify import Asked, Known, verified
from lockgate.formats.oci import references
from lockgate.formats.oci.platforms import Platform
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
        self.digest = layout.name(layout.image({"a": b""}), "1")["digest"]

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

    def verdict(self, image: str, policy: str, platform: Platform | None = None):
        (self.folder / "images.yaml").write_text(policy)
        name = references.parse(image)
        with registry_of(name, Trust()) as place:
            asked = Asked(name.key, name.name, image, platform, name.tag if name.digest else "")
            trust, known = load(self.folder / "images.yaml"), Known(lambda digest: None)
            return verified(trust, place, asked, known, now=datetime.now(UTC)).trusted.decision


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


def test_what_cosign_signs_of_an_index_covers_the_image_that_is_pulled_of_it(line):
    layout = Layout(line.folder / "several")
    entries = [
        {**layout.image({name: b""}, architecture=name), "platform": {"os": "linux", "architecture": name}}
        for name in ("amd64", "arm64")
    ]
    layout.name(layout.index(*entries), "1")
    image = f"{line.host}/team/several:1"
    command = ["skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", "oci:several:1", f"docker://{image}"]
    subprocess.run(command, cwd=line.folder, check=True, timeout=50)
    line.cosign("generate-key-pair", "--output-key-prefix", "release")
    policy = BY_KEY.partition("  provenance")[0]
    arm = f"{line.host}/team/several:1@{entries[1]['digest']}"
    assert line.verdict(image, policy, Platform("linux", "arm64")).verdict is Verdict.DENY
    line.cosign("sign", "-y", "--key", "release.key", "--tlog-upload=false", image)
    assert line.verdict(image, policy).verdict is Verdict.ALLOW
    assert line.verdict(image, policy, Platform("linux", "arm64")).verdict is Verdict.ALLOW
    assert line.verdict(arm, policy).verdict is Verdict.ALLOW
    assert line.verdict(arm.replace(":1@", "@"), policy).verdict is Verdict.DENY  # nobody tells which index has it


KEYLESS = ("--new-bundle-format", "--trusted-root", "root.json", "--certificate-identity", WORKFLOW,
           "--certificate-oidc-issuer", ISSUER)  # fmt: skip


def attached(line, name: str, bundle: dict) -> str:
    """An image of that name with the bundle beside it."""
    image = line.image(name)
    with registry_of(references.parse(image), Trust(), writes=True) as place:
        put_bundle(place, subject_of(place, "1"), json.dumps(bundle).encode(), in_toto.COSIGN_SIGN)
    return image


def test_a_certificate_for_minutes_counts_here_and_for_cosign_alike(line):
    instance = Sigstore(line.folder)
    (line.folder / "root.json").write_bytes(instance.trusted_root())
    image = attached(line, "certified", certified(instance, line.digest))
    assert line.verdict(image, BY_WORKFLOW).verdict is Verdict.ALLOW
    line.cosign("verify", *KEYLESS, image)


def test_a_log_of_the_second_version_with_a_timestamp_counts_here_and_for_cosign_alike(line):
    instance = Sigstore(line.folder, log_key=ed25519.Ed25519PrivateKey.generate())
    authority = TimestampAuthority(line.folder)
    (line.folder / "root.json").write_bytes(instance.trusted_root(timestampAuthorities=[authority.root_entry()]))
    image = attached(line, "certified", certified(instance, line.digest, authority))
    assert line.verdict(image, BY_WORKFLOW).verdict is Verdict.ALLOW
    line.cosign("verify", *KEYLESS, "--use-signed-timestamps", image)


def test_what_is_refused_here_cosign_refuses(line):
    instance = Sigstore(line.folder)
    (line.folder / "root.json").write_bytes(instance.trusted_root())
    whole = certified(instance, line.digest)
    entry = whole["verificationMaterial"]["tlogEntries"][0]
    other = certified(instance, line.digest)["verificationMaterial"]["tlogEntries"][0]
    proof = {**entry["inclusionProof"], "hashes": [b64(b"\0" * 32), *entry["inclusionProof"]["hashes"][1:]]}
    broken = {
        "unpromised": certified(instance, line.digest, promised=False),
        "another-workflow": certified(instance, line.digest, san=WORKFLOW.replace("team", "evil")),
        "late": certified(instance, line.digest, logged_at=SIGNED_AT + timedelta(hours=1)),
        "swapped-entry": with_entry(whole, other), "proof": with_entry(whole, {**entry, "inclusionProof": proof}),
        "time": with_entry(whole, {**entry, "integratedTime": str(int(entry["integratedTime"]) + 1)}),
        "another-image": certified(instance, f"sha256:{'0' * 64}"),
    }  # fmt: skip
    taken = []
    for name, bundle in broken.items():
        image = attached(line, name, bundle)
        assert line.verdict(image, BY_WORKFLOW).verdict is Verdict.DENY, name
        with contextlib.suppress(AssertionError):
            line.cosign("verify", *KEYLESS, image)
            taken.append(name)
    assert taken == []


def with_entry(bundle: dict, entry: dict) -> dict:
    return {**bundle, "verificationMaterial": {**bundle["verificationMaterial"], "tlogEntries": [entry]}}


def certified(instance: Sigstore, digest: str, authority: TimestampAuthority | None = None, *, logged_at=SIGNED_AT,
              **certificate) -> dict:  # fmt: skip
    """A bundle of a signature by a certificate of ``instance``, in its log; with ``authority`` as in Rekor 2."""
    statement = in_toto.written(digest, "", in_toto.COSIGN_SIGN, {})
    key = ec.generate_private_key(ec.SECP256R1())
    if authority is not None:
        certificate["at"] = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    held = instance.certificate(key, **certificate)
    der = held.public_bytes(Encoding.DER)
    signature = key.sign(dsse.Envelope(dsse.IN_TOTO, statement, ()).signed, ec.ECDSA(hashes.SHA256()))
    material: dict = {"certificate": {"rawBytes": b64(der)}}
    if authority is None:
        body = instance.dsse(statement, signature, held.public_bytes(Encoding.PEM))
        material["tlogEntries"] = [instance.entry(body, at=logged_at)]
    else:
        material["tlogEntries"] = [instance.entry(instance.dsse_2(statement, signature, der), at=None)]
        stamps = [{"signedTimestamp": b64(authority.stamp(signature))}]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    envelope = {"payload": b64(statement), "payloadType": dsse.IN_TOTO, "signatures": [{"sig": b64(signature)}]}
    return {"mediaType": sigstore_bundle.MEDIA_TYPE, "dsseEnvelope": envelope, "verificationMaterial": material}
