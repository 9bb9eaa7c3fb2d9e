"""Sign-in with GitHub, against a server on loopback that answers as its REST description has it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from lockgate.errors import SourceError
from lockgate.server.sign_in import by_provider
from lockgate.server.sign_in.house import Came, Waiting
from lockgate.server.sign_in.identity import SignInError
from lockgate.settings import BelongingLine, PeopleSettings, ProviderKind, ProviderSettings
from lockgate.store.team import people

CAME = Came("192.0.2.7", "Firefox")
CODE, TOKEN = "c0de", "gho_" + "t" * 36


class Github:
    """What it answers to whom; codes need the verifier whose hash was shown (PKCE)."""

    def __init__(self):
        self.challenge, self.asked, self.broken = "", [], False
        self.answers = {
            "/api/v3/user": {"id": 7, "login": "Ana-R", "name": "Ana Ruiz", "email": None},
            "/api/v3/user/orgs": [{"login": f"org-{number}"} for number in range(100)],
            "/api/v3/user/teams": [{"slug": "platform", "organization": {"login": "Acme"}}],
            "/api/v3/user/emails": [{"email": "x@x", "primary": True, "verified": False},
                                    {"email": "Ana@acme.example", "primary": True, "verified": True}],
        }  # fmt: skip
        self.second = {"/api/v3/user/orgs": [{"login": "Acme"}]}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self.tell(*outer.token({name: one[0] for name, one in parse_qs(body).items()}))

            def do_GET(self):
                parts = urlsplit(self.path)
                outer.asked.append(self.path)
                if self.headers["authorization"] != f"Bearer {TOKEN}" or outer.broken:
                    self.tell(500 if outer.broken else 401, {"message": "Bad credentials"})
                    return
                page = parse_qs(parts.query).get("page", ["1"])[0]
                found = outer.answers if page == "1" else outer.second
                self.tell(200, found.get(parts.path, []))

            def tell(self, status, told):
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, form):
        import base64
        import hashlib

        shown = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if form["code"] != CODE or shown != self.challenge or form["client_secret"] != "s" * 20:
            return 200, {"error": "bad_verification_code"}  # GitHub tells errors with 200
        return 200, {"access_token": TOKEN, "token_type": "bearer", "scope": "read:org,read:user"}

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def github(house, people_settings, monkeypatch):
    running = Github()
    monkeypatch.setenv("GITHUB_SECRET", "s" * 20)
    one = ProviderSettings(kind=ProviderKind.GITHUB, issuer=running.address, client_id="Iv1.x",
                           client_secret="env:GITHUB_SECRET", organizations=("ACME",))  # fmt: skip
    line = BelongingLine(group="acme/platform", teams=("platform",))
    people_settings["settings"] = PeopleSettings(providers={"github": one}, belonging=(line,))
    yield running
    running.close()


def signed_in(house, github, code=CODE):
    sent = by_provider.begin(house, "github", next="/")
    asked = {name: one[0] for name, one in parse_qs(urlsplit(sent.address).query).items()}
    assert sent.address.startswith(f"{github.address}/login/oauth/authorize?")
    assert asked["code_challenge_method"] == "S256" and asked["scope"] == "read:user user:email read:org"
    github.challenge = asked["code_challenge"]
    return by_provider.finish(house, "github", state=asked["state"], code=code, browser=sent.browser, came=CAME)


def test_organizations_and_teams_are_groups_and_a_second_factor_is_ours_to_ask(house, github):
    waiting = signed_in(house, github)
    assert isinstance(waiting, Waiting) and waiting.enrol
    with house.database.read() as connection:
        ana = people.by_identity(connection, "github", "7")
    assert (ana.username, ana.name, ana.claimed_teams) == ("ana@acme.example", "Ana Ruiz", ("platform",))
    assert "/api/v3/user/orgs?per_page=100&page=2" in github.asked


def test_nobody_signs_in_who_is_in_none_of_the_organizations(house, github):
    github.second = {}
    with pytest.raises(SignInError, match="in none of the organizations"):
        signed_in(house, github)


def test_a_code_that_github_does_not_take_is_told(house, github):
    with pytest.raises(SignInError, match=r"does not take the code \(200 bad_verification_code\)"):
        signed_in(house, github, code="other")


def test_a_github_that_does_not_answer_is_no_refusal(house, github):
    github.broken = True
    with pytest.raises(SourceError, match="it answers 500"):
        signed_in(house, github)
