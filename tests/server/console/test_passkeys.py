"""Passkeys in a real browser: Chromium with a virtual authenticator, at a server on loopback."""

import re
import shutil

import pytest

from lockgate.server.sign_in import enrolment
from lockgate.store.team import credentials, people

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
AUTHENTICATOR = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                 "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_an_account_begins_with_a_passkey_signs_in_and_steps_up_with_it(served):
    house = served

    from playwright.sync_api import sync_playwright

    link = enrolment.setup_link(house)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        told = []
        page.on("console", lambda message: told.append(message.text))
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        authenticator = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]

        page.goto(link)
        assert "#" not in page.url  # the secret is taken out of the address at once
        page.fill("#username", "root")
        page.click("text=Next")
        page.click("text=Make a passkey")
        page.wait_for_selector("text=They are shown this once")
        page.goto(f"{house.site.origin}/account")
        assert "administrator" in page.inner_text("main")

        page.click("text=Sign out")
        page.goto(f"{house.site.origin}/sign-in?next=/account")
        page.click("text=Sign in with a passkey")
        page.wait_for_url(re.compile(r":\d+/account$"))
        page.goto(f"{house.site.origin}/sign-in/step-up?next=/account")
        before = page.context.cookies()
        page.click("text=Use a passkey")
        page.wait_for_url(re.compile(r":\d+/account$"))
        assert page.context.cookies() != before
        signed = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]

        page.click("text=Sign out")
        session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
        page.click("text=Sign in with a passkey")
        page.wait_for_selector("text=No passkey was shown")
        browser.close()
    with house.database.read() as connection:
        root = people.by_username(connection, "root")
        [passkey] = credentials.passkeys(connection, root.id)
    assert (passkey.sign_count, len(signed)) == (signed[0]["signCount"], 1)
    assert passkey.used > 0 and [one for one in told if "Content Security Policy" in one] == []
