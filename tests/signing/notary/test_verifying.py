"""A signature counts only whole, by a chain as the specification has it, of somebody trusted, in its time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signing.notary.authorities import CODE, ISSUE, KEYS, NOW, SIGN, certificate, chain, named
from tests.signing.notary.timestamping import authority

from lockgate.errors import ConfigurationError
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.signatures.notary import cose, jws
from lockgate.formats.signatures.notary.envelope import AUTHORITY, COSE, JWS, Request, payload_of
from lockgate.formats.signatures.notary.trust_policy import Action, Check, Statement
from lockgate.signing.notary import chains
from lockgate.signing.notary.chains import Purpose
from lockgate.signing.notary.making import sign
from lockgate.signing.notary.verifying import verify
from lockgate.signing.refused import RefusedError
from lockgate.signing.signer import HeldKey, Scheme, raw_of

TARGET = Descriptor("application/vnd.oci.image.manifest.v1+json", f"sha256:{'a' * 64}", 417)
ALL = dict.fromkeys(Check, Action.ENFORCE)
STRICT = Statement("ours", ("*",), "strict", ALL, (("ca", "ours"),), ({"C": "US", "ST": "WA", "O": "Harbour, Inc."},),
                   False, False)  # fmt: skip
KEY, CHAIN = chain()
STORES = {("ca", "ours"): [CHAIN[-1]], ("signingAuthority", "ours"): [CHAIN[-1]]}
ROOT_KEY = KEYS["P-256"]()
ROOT = certificate(ROOT_KEY, named("Root"), ca=True, usage=ISSUE, days=(-99, 99))
SIGNED = {form: sign(TARGET, HeldKey(KEY), CHAIN, media_type=form, now=NOW)[0] for form in (JWS, COSE)}


def outcome(content, form=COSE, *, statement=STRICT, stores=STORES, now=NOW, target=TARGET):
    return verify(content, form, target, statement, stores, now)


def by_authority(form, moment):
    request = Request(payload_of(TARGET), "ES256", moment, scheme=AUTHORITY)
    write = jws if form == JWS else cose
    signed = write.to_be_signed(request)
    signature = raw_of(HeldKey(KEY).sign(signed, Scheme.ES256), KEY.public_key())
    ders = [one.public_bytes(Encoding.DER) for one in CHAIN]
    return write.write(signed if form == JWS else request, signature, ders, agent="test")


@pytest.mark.parametrize("form", [JWS, COSE])
def test_a_signature_counts_for_what_it_names_alone(form):
    found = outcome(SIGNED[form], form)
    assert found.holds
    assert [one.check for one in found.checks] == [
        Check.INTEGRITY, Check.AUTHENTICITY, Check.EXPIRY, Check.TIMESTAMP, Check.REVOCATION
    ]  # fmt: skip
    for other in (replace(TARGET, digest=f"sha256:{'b' * 64}"), replace(TARGET, size=418)):
        assert "it signs" in outcome(SIGNED[form], form, target=other).problem
    assert not outcome(SIGNED[form], COSE if form == JWS else JWS).holds
    assert not outcome(SIGNED[form], "application/json").holds


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=150)
@given(st.sampled_from([JWS, COSE]), st.data())
def test_no_changed_byte_of_it_changes_what_counts(form, data):
    content = bytearray(SIGNED[form])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    found = outcome(bytes(content), form)
    if found.holds:  # the byte was of what nobody signs: the agent, or a name that nobody knows
        assert found.target == TARGET
        assert found.signer == CHAIN[0].subject.rfc4514_string()
    cut = bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert not outcome(cut, form).holds


def test_each_check_is_enforced_told_or_skipped():
    nobody = replace(STRICT, subjects=({"C": "US", "ST": "WA", "O": "Others"},))
    told = replace(nobody, level="audit", actions=ALL | {Check.AUTHENTICITY: Action.LOG})
    assert "trusted identities" in outcome(SIGNED[COSE], statement=nobody).problem
    found = outcome(SIGNED[COSE], statement=told)
    assert found.holds
    assert [one.check for one in found.checks if one.problem] == [Check.AUTHENTICITY]
    skips = replace(STRICT, level="skip")
    assert outcome(b"nothing", statement=skips).holds
    assert "no trust store" in outcome(SIGNED[COSE], stores={}).problem
    assert "trust store of type ca" in outcome(SIGNED[COSE], stores={("ca", "ours"): [ROOT]}).problem
    assert outcome(SIGNED[COSE], statement=replace(nobody, anybody=True, subjects=())).holds


@pytest.mark.parametrize("form", [JWS, COSE])
def test_without_a_timestamp_the_chain_must_be_valid_now_and_by_an_authority_then(form):
    for days in (-11, 11):
        assert "a certificate is valid from" in outcome(SIGNED[form], form, now=NOW + timedelta(days=days)).problem
    of_authority = replace(STRICT, stores=(("signingAuthority", "ours"),))
    content = by_authority(form, NOW)
    assert outcome(content, form, statement=of_authority, now=NOW + timedelta(days=11)).holds
    assert not outcome(content, form).holds  # the store of authorities is not asked for
    early = by_authority(form, NOW - timedelta(days=11))
    assert "authority" in outcome(early, form, statement=of_authority).problem


@pytest.mark.parametrize("form", [JWS, COSE])
def test_what_must_be_understood_is_not_passed_over(form):
    request = Request(payload_of(TARGET), "ES256", NOW, more={"io.cncf.notary.verificationPlugin": "p"})
    write = jws if form == JWS else cose
    signed = write.to_be_signed(request)
    signature = raw_of(HeldKey(KEY).sign(signed, Scheme.ES256), KEY.public_key())
    ders = [one.public_bytes(Encoding.DER) for one in CHAIN]
    content = write.write(signed if form == JWS else request, signature, ders, agent="test")
    assert "without understanding" in outcome(content, form).problem


@pytest.mark.parametrize(
    "extension",
    [
        x509.CRLDistributionPoints([x509.DistributionPoint(
            [x509.UniformResourceIdentifier("http://crl.example/a")], None, None, None)]),
        x509.AuthorityInformationAccess([x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/"))]),
    ],
)  # fmt: skip
def test_a_revocation_that_was_not_asked_for_is_told(extension):
    key, certificates = chain(more=[extension])
    content, _ = sign(TARGET, HeldKey(key), certificates, media_type=JWS, now=NOW)
    stores = {("ca", "ours"): [certificates[-1]]}
    assert "revoked" in outcome(content, JWS, stores=stores).problem
    skips = replace(STRICT, actions=ALL | {Check.REVOCATION: Action.SKIP})
    assert outcome(content, JWS, stores=stores, statement=skips).holds


def test_a_timestamp_of_others_or_of_another_signature_does_not_count(tmp_path):
    statement = replace(STRICT, stores=(*STRICT.stores, ("tsa", "clock")))
    with authority(tmp_path / "a") as tsa, authority(tmp_path / "b", purposes=CODE) as other:
        tokens = {"right": tsa.token, "no token": lambda signature: b"\x30\x03\x02\x01\x00",
                  "another": lambda signature: tsa.token(b"another signature")}  # fmt: skip
        words = {"right": "", "no token": "cannot be read", "another": "does not hold"}
        for name, token in tokens.items():
            content, _ = sign(TARGET, HeldKey(KEY), CHAIN, media_type=COSE, now=NOW, countersigned=token)
            found = outcome(content, statement=statement, stores=STORES | {("tsa", "clock"): [tsa.root]})
            assert (words[name] in found.problem) and found.holds is (name == "right"), name
            distrusted = outcome(content, statement=statement, stores=STORES | {("tsa", "clock"): [other.root]})
            assert not distrusted.holds
        assert "no timestamp" in outcome(
            SIGNED[COSE], statement=statement, stores=STORES | {("tsa", "clock"): [tsa.root]}
        ).problem
        later = replace(statement, timestamp_after_expiry=True)
        assert outcome(SIGNED[COSE], statement=later, stores=STORES | {("tsa", "clock"): [tsa.root]}).holds


def leaf(kind="P-256", issuer=(ROOT_KEY, ROOT), **more):
    return certificate(KEYS[kind](), named("leaf"), issuer, **({"purposes": CODE} | more))


def through(**middle):
    key = KEYS["P-256"]()
    between = certificate(key, named("Between"), (ROOT_KEY, ROOT), **({"ca": True, "usage": ISSUE} | middle))
    return [leaf(issuer=(key, between)), between, ROOT]


SELF = KEYS["P-256"]()
CHAINS = {
    "plain": ([leaf(), ROOT], ""), "through another": (through(length=0), ""),
    "self-signed": ([certificate(SELF, named("self"), purposes=CODE)], ""),
    "no purposes": ([leaf(purposes=None), ROOT], ""), "empty": ([], "no certificate"),
    "no root": ([leaf()], "not self-signed"), "another root": ([leaf(), CHAIN[-1]], "not issued"),
    "root twice": ([leaf(), ROOT, ROOT], "before the end"), "leaf issues": ([leaf(ca=True), ROOT], "must not issue"),
    "no usage": ([leaf(usage=None), ROOT], "without a critical key usage"),
    "usage not critical": ([leaf(usage_critical=False), ROOT], "without a critical key usage"),
    "not for signatures": ([leaf(usage=("content_commitment",)), ROOT], "not for signatures"),
    "for more": ([leaf(usage=(*SIGN, "key_encipherment")), ROOT], "for other things"),
    "for servers": ([leaf(purposes=[*CODE, ExtendedKeyUsageOID.SERVER_AUTH]), ROOT], "other purposes"),
    "no authority between": (through(ca=False, usage=SIGN), "may issue none"),
    "between may not sign": (through(usage=("crl_sign",)), "may not sign any"),
    "too deep": ([*through()[:2], certificate(ROOT_KEY, named("Root"), ca=True, usage=ISSUE, length=0)], "it allows"),
    "by a weak hash": ([leaf(hashed=hashes.SHA224()), ROOT], "not issued"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_is_as_the_specification_has_it(name):
    certificates, words = CHAINS[name]
    if not words:
        chains.check(certificates, Purpose.CODE)
        return
    with pytest.raises(RefusedError, match=words):
        chains.check(certificates, Purpose.CODE)


def test_nothing_is_signed_that_nobody_could_verify():
    for certificates, now, words in (
        ([leaf(), ROOT], NOW, "another key"), (CHAIN[:1], NOW, "self-signed"),
        (CHAIN, NOW + timedelta(days=20), "not valid now"),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match=words):
            sign(TARGET, HeldKey(KEY), certificates, media_type=JWS, now=now)
    with pytest.raises(ConfigurationError, match="JWS or COSE"):
        sign(TARGET, HeldKey(KEY), CHAIN, media_type="text/plain", now=NOW)
