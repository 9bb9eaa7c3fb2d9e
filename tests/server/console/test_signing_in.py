"""Signing in as a browser and as a program: pages, cookies, and the ways that lead nowhere."""

import asyncio
import re
from dataclasses import replace

import httpx
import pyotp
import pytest
from tests.server.console.conftest import ORIGIN

from lockgate.model.actor import ActorKind, Persona
from lockgate.server.console.application import application
from lockgate.server.console.signed_in import identify, path_of_ours
from lockgate.server.sign_in import enrolment
from lockgate.server.sign_in.house import House
from lockgate.settings import PeopleSettings
from lockgate.store.team import people, sessions, tokens, trail
from lockgate.store.team.sealing import Seal

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """Argon2id with the least of memory and time: how long a guess takes is no matter of these tests."""
    from argon2 import PasswordHasher

    from lockgate.server.sign_in import factors

    monkeypatch.setattr(factors, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def house(services, tmp_path):
    return House(services.database, PeopleSettings, Seal(b"k" * 32), origin=ORIGIN, project=tmp_path)


@pytest.fixture
def app(services, house):
    return application(replace(services, identify=identify(house), more={House: house}, now=house.moment))


class Browser:
    """Keeps cookies and follows nothing by itself."""

    def __init__(self, app):
        self._app, self.cookies = app, httpx.Cookies()

    def __call__(self, method, path, form=None, **headers):
        async def asked():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            given = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "user-agent": "Firefox", **headers}
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=self.cookies) as client:
                answer = await client.request(method, path, data=form, headers=given)
                self.cookies = client.cookies
                return answer

        return asyncio.run(asked())

    def get(self, path, **headers):
        return self("GET", path, **headers)

    def post(self, path, form=None, **headers):
        return self("POST", path, form or {}, **headers)


@pytest.fixture
def browser(app):
    return Browser(app)


def set_up(browser, house, username="root"):
    """The first administrator, as a person would become it; the generator of their codes."""
    link = enrolment.setup_link(house).rpartition("#")[2]
    led = browser.post("/welcome", {"link": link, "username": username, "name": "Root"})
    assert led.headers["location"] == "/welcome/factor"
    page = browser.get("/welcome/factor").text
    codes = pyotp.TOTP(re.search(r"<code>([A-Z2-7]{32})</code>", page)[1])
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    done = browser.post("/welcome/code", {"key": key, "password": PASSWORD, "code": codes.now()})
    assert done.status_code == 200 and len(re.findall(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b", done.text)) == 10
    return codes


def later(house, seconds):
    """Let time pass."""
    before = house._now
    from datetime import timedelta

    house._now = lambda: before() + timedelta(seconds=seconds)


def test_from_the_link_of_the_first_run_to_the_account_and_back_in(browser, app, house):
    codes = set_up(browser, house)
    account = browser.get("/account")
    assert account.status_code == 200 and "administrator" in account.text
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    later(house, 60)
    first = browser.post("/sign-in", {"username": "ROOT", "password": PASSWORD, "next": "/trail"})
    assert first.headers["location"] == "/sign-in/second"
    assert browser.get("/account").status_code == 303
    assert "One-time code" in browser.get("/sign-in/second").text
    wrong = browser.post("/sign-in/second", {"code": "000000"})
    assert wrong.status_code == 401 and "not right" in wrong.text
    done = browser.post("/sign-in/second", {"code": codes.at(house.moment())})
    assert (done.status_code, done.headers["location"]) == (303, "/trail")
    assert "sign-in" in browser.get("/trail").text


def test_cookies_are_kept_from_scripts_and_other_sites(browser, house, services):
    set_up(browser, house)
    later(house, 60)
    answer = browser.post("/sign-in", {"username": "root", "password": PASSWORD})
    told = answer.headers["set-cookie"]
    assert "HttpOnly" in told and "SameSite=lax" in told and "Path=/" in told and "Domain" not in told


def test_over_tls_cookies_are_bound_to_the_host(services, house):
    from fastapi import Request
    from fastapi.responses import Response

    from lockgate.server.console.signed_in import keep

    class App:
        state = type("State", (), {"services": replace(services, origin="https://lockgate.example")})

    answer = Response()
    keep(Request({"type": "http", "headers": [], "app": App}), answer, "lockgate", "x", 60)
    assert answer.headers["set-cookie"].startswith("__Host-lockgate=x;") and "Secure" in answer.headers["set-cookie"]


def test_what_a_browser_held_before_signing_in_opens_nothing_after_it(browser, app, house):
    browser.cookies.set("lockgate", "chosen-by-somebody-else", domain="localhost.local")
    set_up(browser, house)
    other = Browser(app)
    other.cookies.set("lockgate", "chosen-by-somebody-else", domain="localhost.local")
    assert other.get("/account").status_code == 303
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize(
    "where",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/a\nb",
     "/" + "x" * 2000, "", "evil.example"],
)  # fmt: skip
def test_nobody_is_led_to_another_place_after_a_sign_in(browser, house, where):
    assert path_of_ours(where) == "/"
    codes = set_up(browser, house)
    browser.post("/sign-out")
    later(house, 60)
    browser.post("/sign-in", {"username": "root", "password": PASSWORD, "next": where})
    assert browser.post("/sign-in/second", {"code": codes.at(house.moment())}).headers["location"] == "/"


def test_a_form_of_another_site_signs_nobody_in_and_changes_nothing(browser, house):
    set_up(browser, house)
    for path in ("/sign-in", "/sign-out", "/account/remove", "/account/tokens", "/people", "/welcome"):
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert browser.post(path, {"username": "x"}, **foreign).status_code == 403
    assert browser.get("/account").status_code == 200


def test_names_are_shown_and_never_run(browser, house):
    evil = "<script>alert(1)</script>"
    link = enrolment.setup_link(house).rpartition("#")[2]
    answer = browser.post("/welcome", {"link": link, "username": evil.replace(" ", ""), "name": evil})
    assert answer.headers["location"] == "/welcome/factor"
    assert "<script>alert" not in browser.get("/welcome/factor").text
    page = browser.post("/welcome", {"link": "x", "username": evil, "name": '"><img src=x onerror=alert(1)>'})
    assert "<img" not in page.text and "<script>alert" not in page.text


def test_sessions_are_listed_and_ended(browser, app, house):
    codes = set_up(browser, house)
    other = Browser(app)
    later(house, 60)
    other.post("/sign-in", {"username": "root", "password": PASSWORD})
    other.post("/sign-in/second", {"code": codes.at(house.moment())})
    assert other.get("/account").status_code == 200
    assert browser.get("/account").text.count("Firefox") == 2
    browser.post("/account/sessions/end")
    assert other.get("/account").status_code == 303
    assert browser.get("/account").status_code == 200


def test_changing_factors_needs_a_factor_shown_just_now(browser, house):
    codes = set_up(browser, house)
    later(house, 1_200)
    led = browser.post("/account/recovery")
    assert led.headers["location"].startswith("/sign-in/step-up?next=")
    assert "show one of them first" in browser.get("/account").text
    before = browser.cookies.get("lockgate")
    done = browser.post("/sign-in/step-up", {"next": "/account", "code": codes.at(house.moment())})
    assert done.headers["location"] == "/account" and browser.cookies.get("lockgate") != before
    assert "Recovery codes" in browser.post("/account/recovery").text


def api(app, token, method, path, **more):
    async def asked():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, path, headers={"authorization": f"Bearer {token}"}, **more)

    return asyncio.run(asked())


def test_a_command_line_signs_in_by_a_code_that_its_person_types(browser, app, house):
    set_up(browser, house)
    device = api(app, "", "POST", "/api/v1/device", data={"client_name": "laptop"}).json()
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device["device_code"]}
    waiting = api(app, "", "POST", "/api/v1/token", data=form)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    assert "laptop" in browser.post("/device", {"code": device["user_code"]}).text
    assert "is signed in" in browser.post("/device", {"code": device["user_code"], "decision": "allow"}).text
    given = api(app, "", "POST", "/api/v1/token", data=form).json()
    me = api(app, given["access_token"], "GET", "/api/v1/me").json()
    assert (me["name"], me["personas"]) == ("Root", ["administrator"])
    assert "any:people:read" not in me["grants"] and "any:findings:read" in me["grants"]
    assert api(app, given["access_token"], "GET", "/api/v1/people").status_code == 403
    api(app, "", "POST", "/api/v1/token/revoke", data={"token": given["access_token"]})
    assert api(app, given["access_token"], "GET", "/api/v1/me").status_code == 401


def test_a_token_of_a_disabled_person_is_refused_and_told_once_in_a_while(app, house, services):
    from lockgate.access.permissions import grant

    with services.database.begin() as connection:
        people.create(connection, username="root", personas=[Persona.ADMINISTRATOR])
        gone = people.create(connection, username="gone", personas=[Persona.DEVELOPER])
        shown, _ = tokens.create(connection, "old", kind=ActorKind.PERSON, grants=[grant("own:account:read")],
                                 seconds=600, created_by=gone.id, person=gone.id)  # fmt: skip
        people.disable(connection, gone.id, actor="test")
    for _ in range(3):
        assert api(app, shown, "GET", "/api/v1/me").status_code == 401
    with services.database.read() as connection:
        told = [one for one in trail.entries(connection) if one.action == "sign-in"]
    assert [one.reason for one in told] == ["a token of a disabled account was shown"]


def test_people_are_invited_changed_and_disabled(browser, app, house):
    set_up(browser, house)
    browser.post("/teams", {"name": "shop", "owns": "repository acme/shop-*\nenvironment shop-production"})
    assert "acme/shop-*" in browser.get("/teams").text
    form = {"username": "bo", "name": "Bo", "personas": ["developer", "sre"]}
    invited = browser.post("/people", form)
    link = re.search(r"#([\w-]{43})", invited.text)[1]
    with house.database.read() as connection:
        bo = people.by_username(connection, "bo")
    theirs = Browser(app)
    assert theirs.post("/welcome", {"link": link}).headers["location"] == "/welcome/factor"
    changed = browser.post(f"/people/{bo.id}", {"personas": ["security"], "joined": ["shop"]})
    assert changed.status_code == 303
    page = browser.get(f"/people/{bo.id}").text
    assert re.search(r'value="security" checked', page) and re.search(r'value="shop" checked', page)
    assert browser.post(f"/people/{bo.id}/disable").status_code == 303
    assert "disabled" in browser.get("/people").text
    assert theirs.get("/welcome/factor").status_code in (400, 401, 403)


def test_nobody_makes_themselves_more_than_they_are_or_locks_everybody_out(browser, house):
    set_up(browser, house)
    with house.database.read() as connection:
        root = people.by_username(connection, "root")
    said = browser.post(f"/people/{root.id}", {"personas": ["administrator", "security"]})
    assert said.status_code == 400 and "nobody changes what they are themselves" in said.text
    said = browser.post(f"/people/{root.id}/disable")
    assert said.status_code == 400 and "nobody would be an administrator" in said.text
    assert browser.get("/account").status_code == 200
    said = browser.post("/account/tokens", {"name": "x", "grants": ["any:waivers:approve"]})
    assert said.status_code == 400 and "more than you may" in said.text


def test_a_service_token_is_shown_once_and_does_what_it_says(browser, app, house):
    set_up(browser, house)
    browser.post("/teams", {"name": "shop", "owns": "repository acme/shop-*"})
    made = browser.post("/tokens", {"name": "ci", "grants": ["team:findings:read"], "of_teams": ["shop"], "days": "7"})
    token = re.search(r"lkg_[\w-]{43}", made.text)[0]
    assert token not in browser.get("/tokens").text
    assert api(app, token, "GET", "/api/v1/me").status_code == 403
    assert api(app, token, "GET", "/api/v1/teams").status_code == 403
    said = browser.post("/tokens", {"name": "ci", "grants": ["any:deployments:approve"]})
    assert said.status_code == 400 and "more than you may" in said.text


def test_the_api_changes_people_as_the_pages_do(browser, app, house):
    set_up(browser, house)

    async def asked(method, path, body=None):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=browser.cookies) as client:
            return await client.request(method, path, json=body, headers={"origin": ORIGIN})

    def call(*given):
        return asyncio.run(asked(*given))

    assert call("PUT", "/api/v1/teams/shop", {"owns": [{"kind": "repository", "name": "acme/shop"}]}).status_code == 200
    made = call("POST", "/api/v1/people", {"username": "cy", "personas": ["developer"]})
    assert made.status_code == 201 and "/welcome#" in made.json()["link"]
    cy = made.json()["person"]["id"]
    changed = call("PATCH", f"/api/v1/people/{cy}", {"teams": ["shop"], "disabled": True}).json()
    assert (changed["teams"], changed["personas"], changed["disabled"] > 0) == (["shop"], ["developer"], True)
    page = call("GET", "/api/v1/people?limit=1").json()
    assert (page["items"][0]["username"], page["next"], page["total"]) == ("cy", "cy", 2)
    assert call("GET", "/api/v1/people/person:none").status_code == 404
    assert call("POST", "/api/v1/people", {"username": "cy"}).status_code == 400
    token = call("POST", "/api/v1/service-tokens", {"name": "scim", "grants": ["any:people:provision"]}).json()
    assert token["token"].startswith("lkg_")
    assert call("GET", "/api/v1/service-tokens").json()["items"][0]["token"] is None
    assert call("DELETE", f"/api/v1/service-tokens/{token['id']}").status_code == 204


def test_a_session_is_not_left_after_its_person_is_disabled(browser, house):
    set_up(browser, house)
    with house.database.begin() as connection:
        root = people.by_username(connection, "root")
        people.disable(connection, root.id, actor="test")
    assert browser.get("/account").headers["location"].startswith("/sign-in")
    with house.database.read() as connection:
        assert sessions.of(connection, root.id) == ()
