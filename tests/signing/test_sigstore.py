"""Signatures that certificates for minutes made: whole chains, and each link of one broken.

What the public instance itself issued (two releases of sigstore-js, its root) comes with the Go module sigstore-go.
"""

import base64
import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests import go_modules
from tests.simulators.sigstore import SIGNED_AT, WORKFLOW, Sigstore, TimestampAuthority, b64

from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures import in_toto, sigstore_bundle, trusted_root
from lockgate.signing import sigstore, timestamps
from lockgate.signing.refused import RefusedError
from lockgate.signing.sigstore import Evidence

_MODULE = go_modules.module("github.com/sigstore/sigstore-go", "v1.1.3")
ISSUED = _MODULE or Path()
needs_issued = pytest.mark.skipif(_MODULE is None, reason="sigstore-go is in no Go module cache (.ci/fetch-cases)")
ROOT_OF_ALL = "examples/trusted-root-public-good.json"
OF_RELEASE_2 = "pkg/testing/data/bundles/sigstore.js@2.0.0-provenance.sigstore.json"
DIGEST = f"sha256:{'ab' * 32}"
PAYLOAD = in_toto.written(DIGEST, "shop", in_toto.SLSA_1, {})


def evidence_of(content: bytes) -> Evidence:
    bundle = sigstore_bundle.read(content)
    envelope = bundle.content
    return Evidence(
        envelope.signatures[0].value, envelope.signed, bundle.certificates[0], bundle.entries, bundle.timestamps,
        envelope.payload,
    )  # fmt: skip


def pae(payload: bytes = PAYLOAD) -> bytes:
    kind = b"application/vnd.in-toto+json"
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


class Made:
    """A bundle in the making, each part of which a test may change."""

    def __init__(self, instance, **certificate):
        self.instance = instance
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = instance.certificate(self.key, **certificate)
        self.signature = self.key.sign(pae(), ec.ECDSA(hashes.SHA256()))
        self.pem = self.certificate.public_bytes(Encoding.PEM)
        self.stamps = []
        self.entry = instance.entry(instance.dsse(PAYLOAD, self.signature, self.pem))

    def body(self) -> dict:
        certificate = {"rawBytes": b64(self.certificate.public_bytes(Encoding.DER))}
        material = {"certificate": certificate, "tlogEntries": [self.entry] if self.entry else []}
        if self.stamps:
            stamps = [{"signedTimestamp": b64(one)} for one in self.stamps]
            material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
        envelope = {"payload": b64(PAYLOAD), "payloadType": "application/vnd.in-toto+json",
                    "signatures": [{"sig": b64(self.signature)}]}
        return {"mediaType": sigstore_bundle.MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope}

    def signer(self, root=None, *, log=True, body=None):
        evidence = evidence_of(json.dumps(body or self.body()).encode())
        return sigstore.by_certificate(evidence, trusted_root.read(root or self.instance.trusted_root()), log=log)


@pytest.fixture
def instance(tmp_path):
    return Sigstore(tmp_path)


@needs_issued
@pytest.mark.parametrize("name", ["examples/bundle-provenance.json", OF_RELEASE_2])
def test_bundles_that_sigstore_itself_issued_are_by_the_workflow_that_made_them(name):
    root = trusted_root.read((ISSUED / ROOT_OF_ALL).read_bytes())
    signer = sigstore.by_certificate(evidence_of((ISSUED / name).read_bytes()), root)
    assert signer.logged
    assert signer.identity.issuer == "https://token.actions.githubusercontent.com"
    assert signer.identity.claims["repository"] == "https://github.com/sigstore/sigstore-js"
    assert signer.identity.claims["ref"] == "refs/heads/main"


@needs_issued
def test_a_bundle_that_sigstore_issued_is_refused_once_a_byte_of_its_payload_is_another():
    body = json.loads((ISSUED / OF_RELEASE_2).read_bytes())
    payload = base64.b64decode(body["dsseEnvelope"]["payload"]).replace(b"sigstore", b"sigstone", 1)
    body["dsseEnvelope"]["payload"] = b64(payload)
    root = trusted_root.read((ISSUED / ROOT_OF_ALL).read_bytes())
    with pytest.raises(RefusedError, match="not by this key"):
        sigstore.by_certificate(evidence_of(json.dumps(body).encode()), root)


def test_a_whole_chain_names_the_workflow_and_when_it_signed(instance):
    signer = Made(instance).signer()
    assert signer.identity.names == (WORKFLOW,)
    assert signer.moments == (SIGNED_AT,)


def test_a_log_of_the_second_version_proves_inclusion_and_an_authority_the_time(tmp_path):
    instance = Sigstore(tmp_path, log_key=ed25519.Ed25519PrivateKey.generate())
    authority = TimestampAuthority(tmp_path)
    made = Made(instance, at=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
    der = made.certificate.public_bytes(Encoding.DER)
    made.entry = instance.entry(instance.dsse_2(PAYLOAD, made.signature, der), at=None)
    root = instance.trusted_root(timestampAuthorities=[authority.root_entry()])
    with pytest.raises(RefusedError, match="nothing proves when"):
        made.signer(root)
    made.stamps = [authority.stamp(made.signature)]
    assert made.signer(root).logged
    made.stamps = [authority.stamp(b"another signature")]
    with pytest.raises(RefusedError, match="of another signature"):
        made.signer(root)


def test_a_timestamp_of_an_authority_that_is_not_trusted_counts_for_nothing(tmp_path, instance):
    made = Made(instance)
    made.stamps = [TimestampAuthority(tmp_path).stamp(made.signature)]
    with pytest.raises(RefusedError, match="none of the authorities"):
        made.signer()


def test_an_authority_of_timestamps_whose_certificate_cannot_be_read_is_passed_over(tmp_path, instance):
    authority = TimestampAuthority(tmp_path)
    root = trusted_root.read(instance.trusted_root(timestampAuthorities=[authority.root_entry()]))
    good = root.timestamp_authorities[0]
    of_another_version = good.chain[0].replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1)
    assert of_another_version != good.chain[0]
    stamp = authority.stamp(b"signature")
    bad = replace(good, chain=(of_another_version, *good.chain[1:]))
    assert timestamps.check(stamp, b"signature", [bad, good])
    with pytest.raises(RefusedError, match="none of the authorities"):
        timestamps.check(stamp, b"signature", [bad])


def broken(made, instance, what):
    entry = made.entry
    match what:
        case "the log took it after the certificate was over":
            late = SIGNED_AT + timedelta(minutes=11)
            made.entry = instance.entry(instance.dsse(PAYLOAD, made.signature, made.pem), at=late)
        case "the entry is of another signature":
            other = made.key.sign(b"something else", ec.ECDSA(hashes.SHA256()))
            made.entry = instance.entry(instance.dsse(PAYLOAD, other, made.pem))
        case "the entry is of another payload":
            made.entry = instance.entry(instance.dsse(b"{}", made.signature, made.pem))
        case "the entry is of another signer":
            made.entry = instance.entry(instance.dsse(PAYLOAD, made.signature, Made(instance).pem))
        case "the signed timestamp is of another time":
            entry["integratedTime"] = str(int(entry["integratedTime"]) + 1)
        case "the proof leads elsewhere":
            entry["inclusionProof"]["hashes"][0] = b64(b"\0" * 32)
        case "the proof is cut short":
            entry["inclusionProof"]["hashes"].pop()
        case "the checkpoint is of another log":
            entry["inclusionProof"]["checkpoint"]["envelope"] = Sigstore(instance.folder).note(7, instance.tree.root())
        case "the checkpoint is of another tree":
            note = instance.note(7, b"\1" * 32)
            entry["inclusionProof"]["checkpoint"]["envelope"] = note
        case "there is no entry":
            made.entry = None


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("the log took it after the certificate was over", "when its certificate was not valid"),
        ("the entry is of another signature", "of another signature or signer"),
        ("the entry is of another payload", "of something else"),
        ("the entry is of another signer", "of another signature or signer"),
        ("the signed timestamp is of another time", "signed timestamp of its entry is not by"),
        ("the proof leads elsewhere", "does not lead to the root"),
        ("the proof is cut short", "does not lead to the root"),
        ("the checkpoint is of another log", "not signed by the transparency log"),
        ("the checkpoint is of another tree", "of another tree"),
        ("there is no entry", "no entry of a transparency log"),
    ],
)
def test_one_broken_link_refuses_the_whole(instance, what, told):
    made = Made(instance)
    broken(made, instance, what)
    with pytest.raises(RefusedError, match=told):
        made.signer()


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        ({"promised": False}, "in no log of certificates"),
        ({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, "none of the authorities"),
        ({"by": ec.generate_private_key(ec.SECP256R1())}, "none of the authorities"),
    ],
)
def test_a_certificate_that_is_not_as_an_authority_issues_it_is_refused(instance, certificate, told):
    with pytest.raises(RefusedError, match=told):
        Made(instance, **certificate).signer()


def test_authorities_and_logs_count_only_while_the_root_says_so(instance):
    made = Made(instance)
    over = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
    for part, told in (("certificateAuthorities", "none of the authorities"), ("tlogs", "when it was not trusted"),
                       ("ctlogs", "in no log of certificates that is trusted")):  # fmt: skip
        root = json.loads(instance.trusted_root())
        holder = root[part][0] if part == "certificateAuthorities" else root[part][0]["publicKey"]
        holder["validFor"] = over
        with pytest.raises(RefusedError, match=told):
            made.signer(json.dumps(root).encode())


def test_nothing_of_another_instance_is_believed(instance, tmp_path):
    with pytest.raises(RefusedError):
        Made(instance).signer(Sigstore(tmp_path).trusted_root())


def change(body, *path, value):
    made = copy.deepcopy(body)
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return made


def test_what_is_no_bundle_is_told_by_its_field(instance):
    body = Made(instance).body()
    material = body["verificationMaterial"]
    wrong = {
        "version": change(body, "mediaType", value="application/vnd.dev.sigstore.bundle.v0.4+json"),
        "one certificate": change(body, "verificationMaterial", value={**material, "publicKey": {"hint": "x"}}),
        "one signature": change(body, "dsseEnvelope", "signatures", value=body["dsseEnvelope"]["signatures"] * 2),
        "an envelope or": {**body, "messageSignature": {}},
        "no proof of inclusion": change(body, "verificationMaterial", "tlogEntries", 0, "inclusionProof", value=None),
    }
    for told, content in wrong.items():
        with pytest.raises(FormatError, match=told):
            sigstore_bundle.read(json.dumps(content).encode())
    twice = json.dumps(body).replace('"mediaType"', '"mediaType": "x", "mediaType"', 1)
    with pytest.raises(FormatError, match="twice"):
        sigstore_bundle.read(twice.encode())
    with pytest.raises(FormatError, match="larger"):
        sigstore_bundle.read(b" " * (17 << 20))
