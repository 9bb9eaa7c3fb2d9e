"""Testimonies of cosign and sigstore, each held or refused for its reason."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from tests.simulators.sigstore import ISSUER, REPOSITORY, SIGNED_AT, WORKFLOW, Sigstore, b64, pem

from lockgate.formats.oci.digests import digest_of
from lockgate.formats.signatures import dsse, in_toto, sigstore_bundle, simple_signing, trusted_root
from lockgate.formats.signatures import testimony as said
from lockgate.formats.signatures.testimony import Form, Subject
from lockgate.gates.images.cosign import KeyAuthority, KeylessAuthority, Wanted
from lockgate.signing import keys
from lockgate.signing.refused import RefusedError

MANIFEST = b'{"schemaVersion":2}'
DIGEST = digest_of(MANIFEST)
IMAGE = Subject(DIGEST, MANIFEST)
OTHER = f"sha256:{'0' * 64}"


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def ecdsa(key, content, sha=None):
    return key.sign(content, ec.ECDSA(sha or hashes.SHA256()))


def by(*privates, **more) -> KeyAuthority:
    return KeyAuthority(tuple(keys.from_pem(pem(one)) for one in privates), **more)


def simple(signature: bytes, payload: bytes | None = None, **annotations: str) -> said.Testimony:
    content = simple_signing.written(DIGEST, "registry.example.com/team/shop") if payload is None else payload
    told = {simple_signing.SIGNATURE: b64(signature), **annotations}
    return said.Testimony(Form.SIMPLE_SIGNING, content, "tag[0]", simple_signing.MEDIA_TYPE, told)


PAYLOAD = simple_signing.written(DIGEST, "registry.example.com/team/shop")


@pytest.mark.parametrize(
    ("key", "sign"),
    [
        (p256(), lambda key: ecdsa(key, PAYLOAD)),
        (ec.generate_private_key(ec.SECP384R1()), lambda key: ecdsa(key, PAYLOAD, hashes.SHA384())),
        (ec.generate_private_key(ec.SECP384R1()), lambda key: ecdsa(key, PAYLOAD)),
        (ec.generate_private_key(ec.SECP521R1()), lambda key: ecdsa(key, PAYLOAD, hashes.SHA512())),
        (rsa.generate_private_key(65537, 2048), lambda key: key.sign(PAYLOAD, padding.PKCS1v15(), hashes.SHA256())),
        (rsa.generate_private_key(65537, 2048), lambda key: key.sign(
            PAYLOAD, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
        (ed25519.Ed25519PrivateKey.generate(), lambda key: key.sign(PAYLOAD)),
    ],
    ids=["P-256", "P-384", "P-384 as cosign does it", "P-521", "RSA", "RSA-PSS", "Ed25519"],
)  # fmt: skip
def test_a_signature_by_each_kind_of_key_holds_and_by_another_key_of_the_kind_does_not(key, sign):
    found = simple(sign(key))
    assert by(key).check(found, IMAGE).is_signature
    with pytest.raises(RefusedError, match="not by this key"):
        by(p256()).check(found, IMAGE)


def test_one_of_several_keys_is_enough():
    key = p256()
    assert by(p256(), key).check(simple(ecdsa(key, PAYLOAD)), IMAGE).by.startswith("ECDSA P-256 key ")


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (simple_signing.written(OTHER), "of another image"),
        (PAYLOAD.replace(b'"type"', b'"type":"x","type"'), "twice"),
        (PAYLOAD.replace(b"cosign container image signature", b"something else"), "no signature of an image"),
        (b'{"critical":{}}', "no signature of an image"),
        (b"[]", "no JSON object"),
        (b"{" * 300, "JSON"),
        (PAYLOAD + b" " * simple_signing.MAX_PAYLOAD, "larger"),
    ],
    ids=["replayed", "key twice", "type", "bare", "list", "no JSON", "giant"],
)  # fmt: skip
def test_a_payload_that_is_not_about_the_image_is_refused_though_it_is_signed(payload, told):
    key = p256()
    with pytest.raises(RefusedError, match=told):
        by(key).check(simple(ecdsa(key, payload), payload), IMAGE)


def test_a_signature_of_another_image_put_beside_this_one_is_refused():
    key = p256()
    other = simple_signing.written(OTHER)
    with pytest.raises(RefusedError, match="not by this key"):
        by(key).check(simple(ecdsa(key, other)), IMAGE)


@pytest.mark.parametrize("signature", [b"", b"x" * 5000, b"\x30\x06\x02\x01\x00\x02\x01\x00"])
def test_what_is_no_signature_is_refused(signature):
    with pytest.raises(RefusedError):
        by(p256()).check(simple(signature), IMAGE)


def test_a_public_key_is_no_secret_that_signs():
    """The confusion of algorithms: a MAC under the bytes of the public key is no signature."""
    import hashlib
    import hmac

    key = p256()
    with pytest.raises(RefusedError):
        by(key).check(simple(hmac.new(pem(key), PAYLOAD, hashlib.sha256).digest()), IMAGE)


@pytest.mark.parametrize("weak", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())])
def test_weak_and_unknown_keys_are_no_authorities(weak):
    with pytest.raises(RefusedError):
        by(weak)


# Attestations


def envelope(key, statement: bytes, kind: str = dsse.IN_TOTO) -> dsse.Envelope:
    bare = dsse.Envelope(kind, statement, ())
    return dsse.Envelope(kind, statement, (dsse.Signature(ecdsa(key, bare.signed)),))


def attestation(made: dsse.Envelope) -> said.Testimony:
    return said.Testimony(Form.ENVELOPE, dsse.written(made), "tag[0]", dsse.MEDIA_TYPE)


def test_an_attestation_holds_for_the_image_it_is_about_and_is_no_signature():
    key = p256()
    statement = in_toto.written(DIGEST, "shop", in_toto.SLSA_1, {"buildDefinition": {}})
    found = by(key).check(attestation(envelope(key, statement)), IMAGE)
    assert found.statement.predicate_type == in_toto.SLSA_1
    assert not found.is_signature


@pytest.mark.parametrize(
    ("statement", "kind", "told"),
    [
        (in_toto.written(OTHER, "", in_toto.SLSA_1, {}), dsse.IN_TOTO, "about something else"),
        (in_toto.written(DIGEST, "", in_toto.SLSA_1, {}), "text/plain", "no statement of in-toto"),
        (b'{"_type":"x"}', dsse.IN_TOTO, "_type"),
        (b"{}", dsse.IN_TOTO, "_type"),
    ],
)
def test_an_envelope_that_says_nothing_of_the_image_is_refused(statement, kind, told):
    key = p256()
    with pytest.raises(RefusedError, match=told):
        by(key).check(attestation(envelope(key, statement, kind)), IMAGE)


def test_the_type_of_a_payload_is_signed_with_it():
    key = p256()
    made = envelope(key, in_toto.written(DIGEST, "", in_toto.SLSA_1, {}), "application/other+json")
    lied = dsse.Envelope(dsse.IN_TOTO, made.payload, made.signatures)
    with pytest.raises(RefusedError, match="not by this key"):
        by(key).check(attestation(lied), IMAGE)


def bundle(content: bytes) -> said.Testimony:
    return said.Testimony(Form.BUNDLE, content, "artifact", sigstore_bundle.MEDIA_TYPE)


def test_a_bundle_by_a_key_is_a_signature_where_its_predicate_says_nothing_more():
    key = p256()
    signed = in_toto.written(DIGEST, "", in_toto.COSIGN_SIGN, {})
    assert by(key).check(bundle(sigstore_bundle.written(envelope(key, signed), "")), IMAGE).is_signature
    built = in_toto.written(DIGEST, "", in_toto.SLSA_1, {})
    assert not by(key).check(bundle(sigstore_bundle.written(envelope(key, built), "")), IMAGE).is_signature


def test_a_bundle_may_sign_the_bytes_of_the_manifest():
    key = p256()

    def made(digest, signed):
        body = {"mediaType": sigstore_bundle.MEDIA_TYPE, "verificationMaterial": {"publicKey": {"hint": ""}},
                "messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(bytes.fromhex(digest))},
                                     "signature": b64(ecdsa(key, signed))}}  # fmt: skip
        return bundle(json.dumps(body).encode())

    assert by(key).check(made(DIGEST[7:], MANIFEST), IMAGE).is_signature
    with pytest.raises(RefusedError, match="something else"):
        by(key).check(made("00" * 32, MANIFEST), IMAGE)
    with pytest.raises(RefusedError, match="not by this key"):
        by(key).check(made(DIGEST[7:], b"another manifest"), IMAGE)


# Certificates


@pytest.fixture
def instance(tmp_path):
    return Sigstore(tmp_path)


WHO = Wanted(ISSUER, WORKFLOW, claims={"repository": REPOSITORY, "ref": "refs/heads/main"})


def keyless(instance, wanted=WHO, **more) -> KeylessAuthority:
    return KeylessAuthority(wanted, trusted_root.read(instance.trusted_root()), **more)


def signed(instance, *, entry_at=SIGNED_AT, entry=True, payload=PAYLOAD, **certificate) -> said.Testimony:
    """In cosign's older form: certificate and entry of the log as annotations."""
    key = p256()
    held = instance.certificate(key, **certificate).public_bytes(Encoding.PEM)
    signature = ecdsa(key, payload)
    told = {simple_signing.CERTIFICATE: held.decode()}
    if entry:
        made = instance.entry(instance.hashedrekord(payload, signature, held), at=entry_at)
        told[simple_signing.REKOR] = json.dumps({
            "SignedEntryTimestamp": made["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {"body": made["canonicalizedBody"], "integratedTime": int(made["integratedTime"]),
                        "logIndex": int(made["logIndex"]), "logID": base64.b64decode(made["logId"]["keyId"]).hex()},
        })  # fmt: skip
    return simple(signature, payload, **told)


def test_a_signature_with_a_certificate_names_the_workflow_that_made_it(instance):
    found = keyless(instance).check(signed(instance), IMAGE)
    assert found.by == f"{WORKFLOW} ({ISSUER})"
    assert found.logged
    assert found.moments == (SIGNED_AT,)
    assert found.claims["repository"] == REPOSITORY


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"san": "https://github.example.com/evil/shop/.github/workflows/build.yml@refs/heads/main"}, "and not by"),
        ({"issuer": "https://accounts.example.com"}, "vouched for by https://accounts"),
        ({"claims": {12: "https://github.example.com/evil/shop"}}, "for repository and not"),
        ({"claims": {14: "refs/pull/7/merge"}}, "refs/pull/7/merge for ref"),
        ({"entry_at": SIGNED_AT + timedelta(hours=1)}, "when its certificate was not valid"),
        ({"entry": False}, "no entry of a transparency log"),
        ({"promised": False}, "in no log of certificates"),
    ],
)
def test_a_certificate_for_somebody_else_or_at_another_time_is_refused(instance, more, told):
    with pytest.raises(RefusedError, match=told):
        keyless(instance).check(signed(instance, **more), IMAGE)


def test_an_identity_may_be_a_pattern_that_matches_the_whole(instance):
    whole = Wanted(ISSUER, identity_pattern=r"https://github\.example\.com/team/[^/]+/.*@refs/heads/main")
    assert keyless(instance, whole).check(signed(instance), IMAGE)
    with pytest.raises(RefusedError, match="does not match"):
        keyless(instance, Wanted(ISSUER, identity_pattern="https://github.example.com/team/")).check(
            signed(instance), IMAGE
        )


def test_a_key_that_signed_needs_no_log_unless_one_is_asked_for(instance):
    key = p256()
    root = trusted_root.read(instance.trusted_root())
    found = simple(ecdsa(key, PAYLOAD))
    assert not by(key, root=root).check(found, IMAGE).logged
    with pytest.raises(RefusedError, match="no entry"):
        by(key, root=root, log=True).check(found, IMAGE)
    signature = ecdsa(key, PAYLOAD)
    made = instance.entry(instance.hashedrekord(PAYLOAD, signature, pem(key)))
    body = {"SignedEntryTimestamp": made["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {"body": made["canonicalizedBody"], "integratedTime": int(made["integratedTime"]),
                        "logIndex": int(made["logIndex"]), "logID": instance.log_id.hex()}}  # fmt: skip
    logged = simple(signature, **{simple_signing.REKOR: json.dumps(body)})
    assert by(key, root=root, log=True).check(logged, IMAGE).logged
    body["Payload"]["logIndex"] += 1
    with pytest.raises(RefusedError, match="not by the transparency log"):
        by(key, root=root).check(simple(signature, **{simple_signing.REKOR: json.dumps(body)}), IMAGE)


def test_a_signature_by_a_key_is_none_by_an_identity(instance):
    with pytest.raises(RefusedError, match="no certificate came along"):
        keyless(instance).check(simple(ecdsa(p256(), PAYLOAD)), IMAGE)
