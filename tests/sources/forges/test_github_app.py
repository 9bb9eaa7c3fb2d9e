"""A GitHub App: what it signs, and the tokens that it keeps."""

from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.simulators.scripted import Said, scripted

from lockgate.errors import ConfigurationError, SourceError
from lockgate.sources.forges.github import github_client
from lockgate.sources.forges.github.app import GitHubApp

NOW = 1_800_000_000.0
ENDS = "2027-01-15T09:00:00Z"


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_a_token_is_asked_for_by_a_signature_and_kept() -> None:
    with scripted(Said(201, {"token": "ghs_a", "expires_at": ENDS}), Said(body={})) as server:
        app = GitHubApp("1234", pem(key()), api=server.base, clock=lambda: NOW)
        client = github_client(app.installation(7), api=server.base)
        client.get("repos/a/b")
        client.get("repos/a/b")
        assert server.paths == ["/app/installations/7/access_tokens", "/repos/a/b", "/repos/a/b"]
        signed = server.asked[0].headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(signed, key().public_key(), algorithms=["RS256"], options={"verify_exp": False,
                            "verify_iat": False})  # fmt: skip
        assert claims == {"iss": "1234", "iat": int(NOW) - 60, "exp": int(NOW) + 540}
        assert server.asked[1].headers["authorization"] == "Bearer ghs_a"
        assert app.installation(7).git() == ("x-access-token", "ghs_a")


def test_a_token_is_renewed_before_its_end_and_when_it_is_refused() -> None:
    clock = [1_800_003_000.0]
    script = (
        Said(201, {"token": "ghs_a", "expires_at": "2027-01-15T09:00:00Z"}), Said(body={}),
        Said(201, {"token": "ghs_b", "expires_at": "2027-01-15T10:00:00Z"}), Said(401),
        Said(201, {"token": "ghs_c", "expires_at": "2027-01-15T10:00:00Z"}), Said(body={"ok": 1}),
    )  # fmt: skip
    with scripted(*script) as server:
        app = GitHubApp("1234", pem(key()), api=server.base, clock=lambda: clock[0])
        client = github_client(app.installation(7), api=server.base)
        client.get("x")
        clock[0] += 500  # nearer than two minutes to 09:00
        assert client.get("x") == {"ok": 1}
        shown = [one.headers["authorization"] for one in server.asked if one.path == "/x"]
    assert shown == ["Bearer ghs_a", "Bearer ghs_b", "Bearer ghs_c"]


@pytest.mark.parametrize("text", ["", "no key", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_what_is_no_key_of_an_app_is_refused_at_once(text: str) -> None:
    with pytest.raises(ConfigurationError, match="private key"):
        GitHubApp("1", text)


@pytest.mark.parametrize("body", [{}, {"token": "a\nb", "expires_at": ENDS}, {"token": "a", "expires_at": "soon"}, []])
def test_an_answer_without_a_token_is_an_error(body: object) -> None:
    with scripted(Said(201, body)) as server, pytest.raises(SourceError, match="no token"):
        GitHubApp("1", pem(key()), api=server.base).token(7)
