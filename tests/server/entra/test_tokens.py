"""Which tokens count, against an issuer that really signs them; whose they are; what is asked of the issuer."""

import asyncio
import base64
import hmac
import inspect
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.server.entra.issuer import ANA, AUDIENCE, GRAFANA, SENDER, TENANT

from lockgate.errors import ConfigurationError
from lockgate.server.access import StrangerError
from lockgate.server.entra import keys as keys_module
from lockgate.server.entra.tokens import entra_of, looks_like_one
from lockgate.settings import EntraPerson, EntraSettings

PEOPLE = (
    EntraPerson("grafana", app=GRAFANA.upper(), limit=("seconds=30",)),
    EntraPerson("ana", object=ANA, may=("query", "functions")),
    EntraPerson("sre", role="Lockgate.Reader"),
)


def settings(issuer, **more):
    given = {"tenant": TENANT, "audiences": (f"{AUDIENCE}/",), "people": PEOPLE, "authority": issuer.url}
    return EntraSettings(**given | {"ca_file": str(issuer.ca)} | more)


@pytest.fixture
def entra(issuer):
    return entra_of(settings(issuer))


def told(entra, token):
    """The person, or status and reason."""

    async def ask():
        found = entra.of(token)
        return await found if inspect.isawaitable(found) else found

    try:
        return asyncio.run(ask())
    except StrangerError as error:
        return error.status, str(error)


def test_an_application_a_person_and_a_role_are_who_the_settings_say(issuer, entra):
    grafana = told(entra, issuer.token())
    assert (grafana.name, grafana.rights, grafana.allowance.seconds) == ("grafana", {"query"}, 30.0)
    assert told(entra, issuer.token(azp=SENDER, oid=ANA, scp="user_impersonation")).rights == {"query", "functions"}
    assert told(entra, issuer.token(azp=SENDER, oid="someone", roles=["X", "Lockgate.Reader"])).name == "sre-someone"


def test_tokens_of_version_one_say_it_in_their_own_way(issuer, entra):
    old = issuer.token(
        iss=f"https://sts.test/{TENANT}/", aud=f"{AUDIENCE}/", appid=GRAFANA, without=("azp",), ver="1.0"
    )
    assert told(entra, old).name == "grafana"


def test_a_person_who_uses_an_application_is_not_the_application(issuer, entra):
    assert told(entra, issuer.token(scp="user_impersonation", oid="p"))[0] == 403
    assert told(entra, issuer.token(idtyp="user", oid="p"))[0] == 403


def test_nobody_is_told_with_the_ids_to_put_into_the_settings(issuer, entra):
    status, said = told(entra, issuer.token(azp=SENDER, oid="9"))
    assert status == 403 and SENDER in said and " 9." in said


@pytest.mark.parametrize(("changed", "said"), [
    ({"exp": time.time() - 3600}, "expired"), ({"nbf": time.time() + 3600}, "ImmatureSignature"),
    ({"aud": "https://kusto.kusto.windows.net"}, "audience"), ({"iss": "https://sts.test/other/"}, "issuer"),
    ({"tid": "other"}, "tenant"), ({"without": ("tid",)}, "tenant"), ({"without": ("exp",)}, "MissingRequiredClaim"),
    ({"kid": "elsewhere"}, "does not name"),
])  # fmt: skip
def test_what_does_not_hold_is_refused_with_the_reason(issuer, entra, changed, said):
    status, reason = told(entra, issuer.token(**changed))
    assert status == 401 and said in reason


def test_a_signature_must_be_the_tenants_and_of_the_one_algorithm(issuer, entra):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert told(entra, issuer.token(key=other)) == (401, "The token does not hold: InvalidSignatureError.")
    whole = issuer.token()
    head, body, signature = whole.split(".")
    assert told(entra, f"{head}.{body}.{'A' * len(signature)}")[0] == 401
    none = jwt.encode({"aud": AUDIENCE}, None, "none", headers={"kid": issuer.signing})
    assert told(entra, none)[0] == 401
    public = issuer.keys[issuer.signing].public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    signed = f"{base64.urlsafe_b64encode(head_of(issuer).encode()).decode().rstrip('=')}.{body}"
    forged = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")
    assert told(entra, f"{signed}.{forged}")[0] == 401
    assert told(entra, issuer.token(algorithm="RS512"))[0] == 401
    assert told(entra, "a" * 20_000 + ".b.c")[0] == 401
    assert told(entra, "e30.e30.e30")[0] == 401


def head_of(issuer):
    return json.dumps({"alg": "HS256", "typ": "JWT", "kid": issuer.signing})


def test_keys_are_asked_for_once_and_again_when_they_are_rotated(issuer, monkeypatch):
    monkeypatch.setattr(keys_module, "PAUSE", 0.0)
    entra = entra_of(settings(issuer))
    issuer.asked.clear()
    assert told(entra, issuer.token()).name == told(entra, issuer.token(jti="2")).name == "grafana"
    assert len(issuer.asked) == 4
    issuer.rotate()
    assert told(entra, issuer.token()).name == "grafana"
    assert len(issuer.asked) == 8
    before = issuer.token()
    issuer.rotate(forget=True)
    assert told(entra, issuer.token()).name == "grafana"
    assert told(entra, before)[0] == 401


def test_made_up_keys_do_not_have_the_issuer_asked_again(issuer):
    entra = entra_of(settings(issuer))
    assert told(entra, issuer.token()).name == "grafana"
    issuer.asked.clear()
    assert {told(entra, issuer.token(kid=f"made up {number}"))[0] for number in range(20)} == {401}
    assert issuer.asked == []


def test_known_keys_hold_while_the_issuer_is_silent_and_not_for_ever(issuer, monkeypatch):
    monkeypatch.setattr(keys_module, "PAUSE", 0.0)
    entra = entra_of(settings(issuer))
    told(entra, issuer.token())
    issuer.broken = True
    try:
        monkeypatch.setattr(keys_module, "FRESH", 0.0)
        assert told(entra, issuer.token(jti="3")).name == "grafana"
        monkeypatch.setattr(keys_module, "HELD", 0.0)
        assert told(entra, issuer.token(jti="4")) == (503, "Tokens of Entra cannot be checked now.")
    finally:
        issuer.broken = False


def test_keys_that_are_said_to_be_elsewhere_are_not_looked_for_there(issuer):
    for elsewhere in ("https://169.254.169.254/keys", f"http://{issuer.host}/{TENANT}/discovery/keys", "file:///etc/x"):
        issuer.jwks_uri = elsewhere
        try:
            assert told(entra_of(settings(issuer)), issuer.token())[0] == 503
        finally:
            issuer.jwks_uri = ""


def test_an_issuer_whose_certificate_nobody_vouches_for_is_not_believed(issuer):
    assert told(entra_of(settings(issuer, ca_file=None)), issuer.token())[0] == 503


def test_settings_that_cannot_hold_are_refused(issuer):
    wrong = (
        {"tenant": "common"}, {"audiences": ()}, {"authority": "http://login.example"},
        {"authority": "https://login.example/x"},
        {"people": (EntraPerson("a"),)}, {"people": (EntraPerson("a", app=GRAFANA, role="r"),)},
        {"people": (EntraPerson("a", app="grafana"),)}, {"people": (EntraPerson("no name", app=GRAFANA),)},
        {"people": (EntraPerson("a", app=GRAFANA, may=("everything",)),)},
        {"people": (EntraPerson("a", app=GRAFANA, limit=("seconds=soon",)),)},
    )  # fmt: skip
    for one in wrong:
        with pytest.raises(ConfigurationError):
            entra_of(settings(issuer, **one))
    assert entra_of(EntraSettings()) is None


def test_our_own_tokens_do_not_look_like_one():
    assert not looks_like_one("q" * 43) and looks_like_one("a.b.c") and not looks_like_one("a.b.c d")
