"""Tokens that no honest provider gives: each is refused, and says why."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lockgate.errors import SourceError
from lockgate.server.sign_in import by_provider
from lockgate.server.sign_in.documents import PAUSE, Issuer
from lockgate.server.sign_in.identity import SignInError
from lockgate.server.sign_in.oidc import OidcProvider
from lockgate.settings import PeopleSettings, ProviderSettings
from lockgate.store.team import people, sessions

NONCE = "n" * 43
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def one(issuer):
    return OidcProvider("idp", ProviderSettings(issuer=issuer.issuer, client_id="lockgate"))


def claims_of(one, token):
    return one._claims(token, NONCE)


def test_an_honest_token_is_believed(one, issuer):
    assert claims_of(one, issuer.token(nonce=NONCE))["sub"] == "s"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "another"}, "answers another sign-in"),
        ({"nonce": None}, "MissingRequiredClaimError"),
        ({"aud": "others"}, "InvalidAudienceError"),
        ({"aud": ["lockgate", "others"]}, "given to another client"),
        ({"azp": "others"}, "given to another client"),
        ({"iss": "https://evil.example"}, "InvalidIssuerError"),
        ({"exp": int(time.time()) - 3600}, "ExpiredSignatureError"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"iat": int(time.time()) + 3600}, "ImmatureSignatureError"),
        ({"nbf": int(time.time()) + 3600}, "ImmatureSignatureError"),
        ({"sub": None}, "MissingRequiredClaimError"),
    ],
)
def test_claims_that_do_not_hold_are_refused(one, issuer, claims, said):
    with pytest.raises(SignInError, match=said):
        claims_of(one, issuer.token(**{"nonce": NONCE, **claims}))


def test_clocks_may_differ_by_what_the_settings_say_and_no_more(issuer):
    for seconds, holds in ((-30, True), (-90, False)):
        one = OidcProvider("idp", ProviderSettings(issuer=issuer.issuer, client_id="lockgate", skew_seconds=60))
        token = issuer.token(nonce=NONCE, exp=int(time.time()) + seconds, iat=int(time.time()) - 600)
        if holds:
            assert claims_of(one, token)
        else:
            with pytest.raises(SignInError, match="Expired"):
                claims_of(one, token)


def test_a_token_without_a_signature_is_refused(one, issuer):
    body = jwt.decode(issuer.token(nonce=NONCE), options={"verify_signature": False})

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    for algorithm in ("none", "None", "nOnE", ""):
        forged = f"{part({'alg': algorithm, 'kid': issuer.kid})}.{part(body)}."
        with pytest.raises(SignInError, match=r"signed in a way that does not count|is no token"):
            claims_of(one, forged)


def test_the_public_key_is_no_shared_secret(one, issuer):
    public = issuer.keys[issuer.kid].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac

    head, body, _ = issuer.token(nonce=NONCE).split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": issuer.kid}).encode()).rstrip(b"=").decode()
    mac = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    with pytest.raises(SignInError, match="signed in a way that does not count"):
        claims_of(one, f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_another_key_of_the_same_name_does_not_count(one, issuer):
    stranger = rsa.generate_private_key(65537, 2048)
    with pytest.raises(SignInError, match="InvalidSignatureError"):
        claims_of(one, issuer.token(key=stranger, nonce=NONCE))


def test_what_is_no_token_is_told_so(one):
    for text in ("", "a.b.c", "x" * 100, "..", "é.é.é"):
        with pytest.raises(SignInError, match="is no token"):
            claims_of(one, text)


def test_keys_are_asked_for_again_when_they_are_rotated_and_not_more_often_than_that(one, issuer, monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr("lockgate.server.sign_in.documents.time.monotonic", lambda: now[0])
    assert claims_of(one, issuer.token(nonce=NONCE))
    issuer.rotate()
    for _ in range(5):
        with pytest.raises(SignInError, match="a key that its issuer does not name"):
            claims_of(one, issuer.token(nonce=NONCE))
    asked = len(issuer.asked)
    assert asked == 2
    now[0] += PAUSE
    assert claims_of(one, issuer.token(nonce=NONCE))
    assert len(issuer.asked) == asked + 2


def test_documents_of_another_issuer_do_not_count(issuer):
    issuer.told = {"issuer": "https://evil.example"}
    with pytest.raises(SourceError, match="are of another issuer"):
        Issuer(issuer.issuer).told()


def test_a_provider_ends_sessions_by_a_logout_token_that_counts_once(house, issuer, people_settings):
    one = ProviderSettings(issuer=issuer.issuer, client_id="lockgate")
    people_settings["settings"] = PeopleSettings(providers={"idp": one})
    with house.database.begin() as connection:
        ana = people.create(connection, username="ana")
        for sid in ("s-1", "s-2"):
            sessions.start(connection, ana.id, hours=1, methods=["fed"], provider="idp", subject="s",
                           provider_session=sid)  # fmt: skip
    told = issuer.token(sid="s-1", sub=None, events={LOGOUT: {}})
    assert by_provider.logged_out(house, "idp", told) == 1
    with pytest.raises(SignInError, match="was told before"):
        by_provider.logged_out(house, "idp", told)
    for claims, said in (
        ({"events": {}}, "is no logout token"),
        ({"events": {LOGOUT: {}}, "nonce": "n"}, "is no logout token"),
        ({"events": {LOGOUT: {}}, "sub": None}, "is about nobody"),
        ({"events": {LOGOUT: {}}, "jti": None}, "MissingRequiredClaimError"),
    ):
        with pytest.raises(SignInError, match=said):
            by_provider.logged_out(house, "idp", issuer.token(**claims))
    assert by_provider.logged_out(house, "idp", issuer.token(sub="s", events={LOGOUT: {}})) == 1
