"""Whether a certificate was revoked: by lists that are given, by who it names; what nobody tells is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from tests.signing.notary.authorities import KEYS, NOW, certificate, key_pem, named
from tests.signing.notary.revoking import ROOT, ROOT_KEY, Responder, crl, der, lists_at, responder_at, serving, signer
from tests.signing.notary.test_verifying import ALL, STRICT, TARGET

from lockgate.errors import SourceError
from lockgate.formats.signatures.notary.envelope import JWS
from lockgate.formats.signatures.notary.trust_policy import Action, Check
from lockgate.signing.notary.making import sign
from lockgate.signing.notary.revocation import Revocation, lists_of
from lockgate.signing.notary.verifying import verify
from lockgate.signing.refused import RefusedError
from lockgate.signing.signer import HeldKey
from lockgate.sources.revocation_servers import Patience, RevocationServers


def servers(**more) -> RevocationServers:
    """That ask this machine, too, where the tests' servers are."""
    return RevocationServers(named_by_others=False, **more)


def problem(chain, known: Revocation, **more) -> str:
    try:
        known.refuse(chain, datetime.now(UTC), **more)  # a responder answers by the clock
    except RefusedError as error:
        return error.reason
    return ""


def test_a_list_that_is_given_says_who_was_revoked_whatever_the_certificate_names():
    for more in ((), (lists_at("http://crl.example/a"), responder_at("http://ocsp.example/"))):
        _, chain = signer(*more)
        assert problem(chain, Revocation([crl()])) == ""
        assert "was revoked on" in problem(chain, Revocation([crl(chain[0])]))
        assert "was revoked on" in problem(chain, Revocation([crl(), crl(chain[0])]))


def test_a_certificate_that_names_nobody_and_of_whose_issuer_no_list_is_given_cannot_be_revoked():
    _, chain = signer()
    other = certificate(KEYS["P-256"](), named("Other root"), ca=True)
    assert problem(chain, Revocation([crl(chain[0], issuer=other)])) == ""


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda one: crl(key=KEYS["P-256"]()), "not signed by the certificate's issuer"),
        (lambda one: crl(days=(-9, -1)), "over since"),
        (lambda one: crl(days=(1, 2)), "of the future"),
        (lambda one: crl(more=[(x509.DeltaCRLIndicator(1), True)]), "changes alone"),
        (lambda one: crl(more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), True)]),
         "must be understood"),
        (lambda one: crl(more=[(x509.IssuingDistributionPoint(
            None, None, False, True, None, False, False), True)]), "of other certificates"),
    ],
)  # fmt: skip
def test_a_list_that_tells_nothing_of_the_certificate_is_no_acquittal(made, words):
    _, chain = signer()
    assert words in problem(chain, Revocation([made(chain[0])]))


def test_what_was_signed_before_a_certificate_became_invalid_counts_where_the_moment_is_proved():
    _, chain = signer()
    known = Revocation([crl(chain[0], invalid_since=NOW)])
    assert problem(chain, known, signed_at=NOW - timedelta(days=1)) == ""
    assert "was revoked" in problem(chain, known, signed_at=NOW + timedelta(days=1))
    assert "was revoked" in problem(chain, known)


def test_lists_are_read_in_both_forms_several_in_a_file():
    one, other = crl(), crl(days=(-2, 1))
    text = one.public_bytes(Encoding.PEM) + other.public_bytes(Encoding.PEM)
    assert [*lists_of(text)] == [one, other]
    assert lists_of(der(one)) == [one]
    for content in (b"", b"\x30\x03", b"-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----"):
        with pytest.raises(RefusedError):
            lists_of(content)


def test_a_list_is_fetched_from_where_the_certificate_says_and_kept_for_a_while():
    files: dict[str, bytes] = {}
    with serving(files) as address:
        _, chain = signer(lists_at(f"{address}/a.crl"))
        assert "nobody tells (" in problem(chain, Revocation(ask=servers(patience=Patience(silent=-1))))
        files["a.crl"] = der(crl())
        asking = Revocation(ask=servers())
        assert problem(chain, asking) == ""
        files["a.crl"] = der(crl(chain[0]))
        assert problem(chain, asking) == ""  # as it was told a moment ago
        assert "was revoked" in problem(chain, Revocation(ask=servers()))
        files["a.crl"] = b"no list"
        assert "cannot be read" in problem(chain, Revocation(ask=servers()))
        both = signer(lists_at(f"{address}/b.crl", f"{address}/a.crl"))[1]
        files |= {"b.crl": der(crl()), "a.crl": der(crl(both[0]))}
        assert "was revoked" in problem(both, Revocation(ask=servers()))  # each list that is named counts
        many = signer(lists_at(*(f"{address}/b.crl?{number}" for number in range(5))))[1]
        assert "more than 4 lists" in problem(many, Revocation(ask=servers()))


@pytest.mark.parametrize("own", [True, False])
def test_a_responder_is_asked_first_and_lists_where_it_does_not_know(tmp_path, own):
    responder = Responder(tmp_path / "ocsp", own=own)
    files: dict[str, bytes] = {}
    with serving(files, responder) as address:
        _, chain = signer(responder_at(f"{address}/ocsp/"), lists_at(f"{address}/a.crl"))
        responder.knows(good=[chain[0]])
        assert problem(chain, Revocation(ask=servers())) == ""
        responder.knows(revoked=[chain[0]])
        assert "was revoked" in problem(chain, Revocation(ask=servers()))
        responder.knows()
        files["a.crl"] = der(crl())
        assert problem(chain, Revocation(ask=servers())) == ""
        files["a.crl"] = der(crl(chain[0]))
        assert "was revoked" in problem(chain, Revocation(ask=servers()))
        _, alone = signer(responder_at(f"{address}/ocsp/"))
        assert "does not know the certificate" in problem(alone, Revocation(ask=servers()))


def test_an_answer_of_somebody_else_or_about_another_certificate_counts_for_nothing(tmp_path):
    responder = Responder(tmp_path / "ocsp")
    _, chain = signer(responder_at("http://ocsp.example/"))
    _, other = signer()
    responder.knows(good=[chain[0], other[0]])

    def about_another(address: str, request: bytes) -> bytes:
        builder = ocsp.OCSPRequestBuilder().add_certificate(other[0], ROOT, hashes.SHA1())
        return responder.answer(builder.build().public_bytes(Encoding.DER))

    assert "about something else" in problem(chain, Revocation(ask=about_another))
    foreign = KEYS["RSA 2048"]()
    (responder.folder / "signer.pem").write_bytes(
        certificate(foreign, named("Responder"), (ROOT_KEY, ROOT)).public_bytes(Encoding.PEM)
    )  # of the authority, but not for answers
    (responder.folder / "key.pem").write_bytes(key_pem(foreign))
    foreign_answer = Revocation(ask=lambda _, sent: responder.answer(sent))
    assert "neither the issuer nor a responder" in problem(chain, foreign_answer)
    assert "cannot be read" in problem(chain, Revocation(ask=lambda _, sent: b"no answer"))


def test_servers_on_this_machine_and_other_protocols_are_not_asked():
    with serving({"a.crl": der(crl())}) as address:
        for one in (f"{address}/a.crl", "ldap://ca.example/cn=a", "file:///etc/passwd", "", "http://a@127.0.0.1/x"):
            with pytest.raises(SourceError):
                RevocationServers()(one, b"")


def test_the_action_of_the_policy_says_what_follows_and_nobody_is_asked_for_a_stranger():
    key, chain = signer(lists_at("http://crl.example/a"))
    content, _ = sign(TARGET, HeldKey(key), chain, media_type=JWS, now=NOW)
    asked: list[str] = []

    def ask(address: str, request: bytes) -> bytes:
        asked.append(address)
        return der(crl(chain[0]))

    def holds(action: Action, *, trusted=ROOT, others=ALL) -> bool:
        statement = replace(STRICT, actions=others | {Check.REVOCATION: action})
        stores = {("ca", "ours"): [trusted]}
        return verify(content, JWS, TARGET, statement, stores, NOW, Revocation(ask=ask)).holds

    assert not holds(Action.ENFORCE)
    assert holds(Action.LOG)
    assert asked == ["http://crl.example/a"] * 2
    assert holds(Action.SKIP)
    stranger = certificate(KEYS["P-256"](), named("Other root"), ca=True)
    audit = ALL | {Check.AUTHENTICITY: Action.LOG}
    holds(Action.LOG, trusted=stranger, others=audit)
    assert len(asked) == 2
