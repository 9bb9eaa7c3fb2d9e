"""Every page, and the main path of every persona, in a real browser at a console that people sign in to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter
from tests.server.console import recorded
from tests.server.console.whole import PASSWORD, Known, Whole, whole
from tests.simulators import browser

import lockgate.server.console.pages as pages_folder
from lockgate.discover import discover
from lockgate.model.actor import Actor, Persona
from lockgate.server.sign_in import enrolment
from lockgate.store.team import jobs, people, sessions, trail, waivers

pytestmark = pytest.mark.slow
OUTSIDE = {
    "/sign-in": "/sign-in", "/sign-in/with/{provider}": "/sign-in/with/none",
    "/sign-in/back/{provider}": "/sign-in/back/none", "/welcome": "/welcome",
}  # fmt: skip
"""Pages of who is not signed in, and how they are asked for."""
ON_THE_WAY = {"/welcome/factor", "/sign-in/second"}
"""Pages that only a step before leads to."""
ASKED = {"/search": "/search?word=x", "/ask": "/ask?query=Runs", "/trail": "/trail?verify=true",
         "/posture/rule": "/posture/rule?root=github:acme&rule=posture/github-dependabot-alerts-off"}  # fmt: skip
MORE = ("/posture?root=github:acme", "/ask?query=Rum", "/nowhere", "/deployments?standing=all", "/people?q=nobody",
        "/findings?word=nothing-has-this")  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """The console of these tests."""
    with whole(tmp_path_factory.mktemp("shop")) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser of these tests."""
    with browser.chromium() as started:
        yield started


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """Of a phone, with nothing kept from earlier tests."""
    context = chromium.new_context(bypass_csp=True, viewport={"width": 375, "height": 700})
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def sign_in(page: Any, who: Known, to: str = "/home") -> None:
    """As a person does, with a password and a code."""
    page.goto(f"{who.whole.origin}/sign-in?next={to}")
    page.fill("#username", who.name)
    page.fill("#password", PASSWORD)
    page.click("text=Next")
    page.fill("#code", who.code())
    page.click("text=Confirm")
    page.wait_for_url(f"{who.whole.origin}{to}")


def step_up(page: Any, who: Known) -> None:
    """Show a code again, since the sign-in is too long ago."""
    page.wait_for_url(re.compile(r"/sign-in/step-up"))
    page.fill("#code", who.code())
    page.click("text=Confirm")


def looked_at(page: Any, script: str) -> list[str]:
    """What is wrong with the open page, light and dark, on a phone. A scheme changes colours and nothing else."""
    page.emulate_media(color_scheme="dark")
    found = [f"dark: {one}" for one in browser.violations(page, script, rules=("color-contrast",))]
    page.emulate_media(color_scheme="light")
    found += browser.violations(page, script)
    width = page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([f"{width} pixels wide"] if width > 375 else [])]


def routes() -> set[str]:
    """Every page that the console has."""
    routers = discover(pages_folder, "ROUTES", APIRouter).values()
    return {one.path for router in routers for one in router.routes if "GET" in one.methods}


@pytest.mark.timeout(240)  # every page twice: beside other work two cores take more than a minute
def test_every_page_passes_axe_light_and_dark_and_fits_a_phone(shop: Whole, page: Any) -> None:
    script, wrong = browser.axe(), {}
    root = shop.person("root", *Persona)

    def look(address: str) -> None:
        page.goto(shop.origin + address)
        wrong[address] = looked_at(page, script)

    with shop.services.database.begin() as connection:
        jobs.enqueue(connection, "scan", key=recorded.HOSTILE)
        trail.append(connection, trail.Entry(Actor(root.id, "Root"), recorded.HOSTILE))
        guest = people.create(connection, username="guest", name=recorded.HOSTILE)
        link = enrolment.invitation(shop.sign_in, connection, guest)
    for address in OUTSIDE.values():
        look(address)
    page.goto(link)
    page.click("text=Next")
    page.wait_for_selector("text=Secure the account")
    wrong["/welcome/factor"] = looked_at(page, script)
    page.goto(f"{shop.origin}/sign-in")
    page.fill("#username", "root")
    page.fill("#password", PASSWORD)
    page.click("text=Next")
    page.wait_for_selector("text=Show a second factor")
    wrong["/sign-in/second"] = looked_at(page, script)
    page.fill("#code", root.code())
    page.click("text=Confirm")
    page.wait_for_url(re.compile("/home$"))

    page.goto(f"{shop.origin}/findings")
    identity = page.locator('a[href^="/findings/lg1-"]').first.get_attribute("href")
    filled = ASKED | {
        "/findings/{identity}": identity, "/people/{person_id}": f"/people/{guest.id}",
        "/deployments/{id}": f"/deployments/{shop.waiting()}",
        "/environments/{environment:path}": "/environments/production",
    }  # fmt: skip
    inside = routes() - {*OUTSIDE, *ON_THE_WAY}
    unfilled = [path for path in inside if "{" in path and path not in filled]
    assert unfilled == [], "say here how a page of that route is reached"
    for address in (*(filled.get(path, path) for path in sorted(inside)), *MORE):
        look(address)
    assert {address: said for address, said in wrong.items() if said} == {}


def test_lists_are_worked_by_single_keys_which_can_be_switched_off(shop: Whole, page: Any) -> None:
    kay = shop.person("kay", Persona.DEVELOPER)
    sign_in(page, kay, "/findings")

    def focused() -> str:
        return str(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.id"))

    hrefs = [one.get_attribute("href") for one in page.locator("tbody th a").all()]
    page.keyboard.press("j")
    assert focused() == hrefs[0]
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    assert focused() == hrefs[1]
    page.keyboard.press("x")
    assert page.locator("tbody input:checked").get_attribute("value") == hrefs[1].rpartition("/")[2]
    assert page.inner_text("#chosen-count") == "1 chosen"
    page.keyboard.press("/")
    assert focused() == "word"
    page.keyboard.type("jgh?x")
    assert page.input_value("#word") == "jgh?x"
    page.locator("tbody th a").nth(1).focus()
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    assert browser.violations(page, browser.axe()) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/findings/lg1-"))
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url(re.compile("/waivers$"))
    page.click("#keys-open")
    page.uncheck("#keys-on")
    page.click("text=Close")
    page.goto(f"{shop.origin}/findings")
    before = focused()
    for key in ("j", "?", "/", "g", "h"):
        page.keyboard.press(key)
    assert focused() == before
    assert page.url == f"{shop.origin}/findings"
    assert not page.locator("#keys").is_visible()


def test_a_developer_finds_what_to_mend_and_asks_for_a_waiver(shop: Whole, page: Any) -> None:
    dana = shop.person("dana", Persona.DEVELOPER)
    sign_in(page, dana)
    assert "Mend first" in page.inner_text("main")
    page.click("nav >> text=Findings")
    page.fill("#path", "Dockerfile")
    page.fill("#word", "curl")
    page.click("text=Show")
    page.locator('tbody a[href^="/findings/lg1-"]').first.click()
    page.wait_for_selector("text=What to do")
    assert "curl http://x.example/a | sh" in page.inner_text("pre.code")
    page.fill("#reason", "the mirror is ours")
    page.fill("#expires", f"{shop.clock() + timedelta(days=20):%Y-%m-%d}")
    page.click("text=Ask for a waiver")
    page.wait_for_url(f"{shop.origin}/waivers")
    card = page.locator("article", has_text="the mirror is ours")
    assert "asked for by Dana" in card.inner_text()
    assert card.locator("button").count() == 0  # who asks grants nothing


def test_security_grants_a_waiver_after_showing_a_second_factor_again(shop: Whole, page: Any) -> None:
    seth = shop.person("seth", Persona.SECURITY)
    sign_in(page, seth, "/findings")
    href = page.locator('tbody a[href^="/findings/lg1-"]').first.get_attribute("href")
    identity = href.rpartition("/")[2]
    until = f"{shop.clock() + timedelta(days=20):%Y-%m-%d}"
    with shop.services.database.begin() as connection:
        number = waivers.ask(connection, Actor("person:dev", "Dev"), [identity], "it is behind a wall", until)
    shop.clock.ahead += timedelta(minutes=11)
    page.click("nav >> text=Waivers")
    page.locator("article", has_text="it is behind a wall").locator("text=Grant").click()
    step_up(page, seth)
    page.wait_for_url(re.compile("/waivers$"))
    page.fill(f"#said-{number}", "for now")
    page.locator("article", has_text="it is behind a wall").locator("text=Grant").click()
    page.wait_for_selector("article:has-text('granted by Seth')")
    with shop.services.database.read() as connection:
        assert [one.identities for one in waivers.listed(connection) if one.answered_by == seth.id] == [(identity,)]


def test_an_sre_lets_a_deployment_through_after_showing_a_second_factor_again(shop: Whole, page: Any) -> None:
    sam = shop.person("sam", Persona.SRE)
    id = shop.waiting()
    sign_in(page, sam)
    shop.clock.ahead += timedelta(minutes=11)
    page.click("nav >> text=Deployments")
    page.click(f'a[href="/deployments/{id}"]')
    assert "Sell hats" in page.inner_text("main")
    page.click("button:has-text('Approve')")
    step_up(page, sam)
    page.wait_for_url(re.compile(f"/deployments/{id}$"))
    page.click("button:has-text('Approve')")
    page.wait_for_selector("h1 .state:has-text('allowed')")
    assert "1 of 1" in page.inner_text("main")
    assert "Sam" in page.inner_text("main")


def reach(page: Any, what: str) -> None:
    """Press Tab until the link, button or field of that name has the focus."""
    named = "(one => (one.labels?.[0] || one).innerText.trim())(document.activeElement)"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(named).startswith(what):
            return
    raise AssertionError(f"no key leads to {what!r}")


def test_a_cluster_operator_reaches_clusters_and_admission_by_keys_alone(shop: Whole, page: Any) -> None:
    olga = shop.person("olga", Persona.CLUSTER_OPERATOR)
    page.goto(f"{shop.origin}/sign-in?next=/home")
    for field, text in (("User name", "olga"), ("Password", PASSWORD)):
        reach(page, field)
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/sign-in/second"))
    reach(page, "One-time code")
    page.keyboard.type(olga.code())
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/home$"))
    assert "Admission, seven days" in page.inner_text("main")
    reach(page, "Inventory")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/inventory$"))
    assert {"Repositories and folders", "Images", "Clusters"} <= set(page.locator("h2").all_inner_texts())
    reach(page, "Skip to the content")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_an_administrator_invites_disables_and_ends_sessions(shop: Whole, page: Any, chromium: Any) -> None:
    adam = shop.person("adam", Persona.ADMINISTRATOR)
    shop.person("eve", Persona.ADMINISTRATOR)
    nora = shop.person("nora", Persona.DEVELOPER)
    theirs = chromium.new_page()
    sign_in(theirs, nora)
    sign_in(page, adam)
    page.click("nav >> text=People")
    page.click("text=Invite somebody")
    page.fill("#username", "newcomer")
    page.locator("input[name=personas][value=developer]").check()
    page.click("button:has-text('Invite')")
    link = page.inner_text("pre").strip()
    assert looked_at(page, browser.axe()) == []
    page.goto(f"{shop.origin}/people/{nora.id}")
    page.click("text=End their sessions")
    page.wait_for_url(re.compile(nora.id))
    theirs.goto(f"{shop.origin}/home")
    assert "/sign-in" in theirs.url
    theirs.goto(link)
    theirs.click("text=Next")
    theirs.wait_for_selector("text=Secure the account newcomer")
    page.goto(f"{shop.origin}/people/{nora.id}")
    page.click("button:has-text('Disable')")
    page.wait_for_selector(".state:has-text('disabled')")
    theirs.goto(f"{shop.origin}/sign-in")
    theirs.fill("#username", "nora")
    theirs.fill("#password", PASSWORD)
    theirs.click("text=Next")
    theirs.wait_for_selector("[role=alert]:visible")
    with shop.services.database.read() as connection:
        assert people.by_username(connection, "newcomer").personas == (Persona.DEVELOPER,)
        assert sessions.of(connection, nora.id) == ()
    theirs.close()
