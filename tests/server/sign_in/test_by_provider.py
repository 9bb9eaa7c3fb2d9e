"""Signing in at a provider that others wrote: there and back, with what its claims make of somebody."""

from dataclasses import replace

import pytest
from tests.server.sign_in.conftest import ORIGIN, provider_settings

from lockgate.errors import ConfigurationError
from lockgate.model.actor import Persona
from lockgate.server.sign_in import by_provider
from lockgate.server.sign_in.house import Came, Signed, Waiting
from lockgate.server.sign_in.identity import SignInError
from lockgate.settings import BelongingLine, PeopleSettings, WhenMfa
from lockgate.store.team import actors, jobs, people, sessions, trail

CAME = Came("192.0.2.7", "Firefox")
LINES = (
    BelongingLine(group="platform", personas=(Persona.SRE,), teams=("platform",)),
    BelongingLine(provider="idp", role="sec-*", personas=(Persona.SECURITY,)),
    BelongingLine(provider="other", group="platform", personas=(Persona.ADMINISTRATOR,)),
)


@pytest.fixture
def trusted(house, provider, people_settings, monkeypatch):
    """The house, trusting the provider."""
    one = provider_settings(provider.issuer, monkeypatch, acr_values=("urn:mfa",))
    people_settings["settings"] = PeopleSettings(providers={"idp": one}, belonging=LINES)
    return house


def there_and_back(house, provider, *, session=None, next="/findings", came=CAME, **changed):
    sent = by_provider.begin(house, "idp", next=next, session=session)
    back = provider.visit(sent.address)
    given = {"state": back.params["state"], "code": back.params.get("code", ""), "browser": sent.browser,
             "issuer": back.params.get("iss", ""), "session": session, **changed}  # fmt: skip
    return by_provider.finish(house, "idp", came=came, **given), given


def session_of(house, signed):
    with house.database.read() as connection:
        return sessions.find(connection, signed.token, idle_seconds=600, now=house.now())


def rows_of(house):
    with house.database.read() as connection:
        return [(job.payload["UserPrincipalName"], job.payload["ResultType"])
                for job in reversed(jobs.listed(connection, kind=sessions.SIGN_IN_ROW))]  # fmt: skip


def test_claims_say_what_somebody_is_and_a_second_factor_was_shown(trusted, provider):
    provider.sign_in_as("ana-1", name="Ana Ruiz", email="ana@acme.example", email_verified=True,
                        groups=["platform", "chess"], roles=["sec-reader"])  # fmt: skip
    signed, _ = there_and_back(trusted, provider)
    assert isinstance(signed, Signed) and signed.next == "/findings"
    session = session_of(trusted, signed)
    assert "mfa" in session.methods and session.mfa > 0 and session.address == "192.0.2.7"
    with trusted.database.read() as connection:
        actor = actors.of_session(connection, session)
        assert people.get(connection, actor.id).username == "ana@acme.example"
        assert [one.action for one in trail.entries(connection)] == ["people:claimed", "sign-in"]
    assert (actor.name, actor.personas) == ("Ana Ruiz", (Persona.SRE, Persona.SECURITY))
    assert [team.name for team in actor.teams] == ["platform"]
    assert rows_of(trusted) == [("ana@acme.example", "0")]
    provider.sign_in_as("ana-1", name="Ana Ruiz", groups=[])
    again, _ = there_and_back(trusted, provider)
    with trusted.database.read() as connection:
        assert actors.of_session(connection, session_of(trusted, again)).personas == ()
        assert people.count(connection) == 1


def test_without_a_second_factor_at_the_provider_one_of_ours_is_asked(trusted, provider, people_settings):
    provider.sign_in_as("bo", amr=["pwd"], acr="urn:pwd")
    waiting, _ = there_and_back(trusted, provider)
    assert isinstance(waiting, Waiting) and waiting.enrol
    settings = people_settings["settings"]
    people_settings["settings"] = replace(settings, mfa=WhenMfa.LOCAL)
    assert isinstance(there_and_back(trusted, provider)[0], Signed)
    asked = replace(settings.providers["idp"], amr=(), acr=("urn:mfa",))
    people_settings["settings"] = replace(settings, providers={"idp": asked})
    provider.sign_in_as("bo", amr=["pwd", "otp"], acr="urn:mfa")
    assert isinstance(there_and_back(trusted, provider)[0], Signed)


def test_a_state_counts_once_in_the_browser_where_it_began(trusted, provider):
    provider.sign_in_as("ana-1")
    with pytest.raises(SignInError, match="did not begin in this browser"):
        there_and_back(trusted, provider, browser="another")
    with pytest.raises(SignInError, match="did not begin in this browser"):
        there_and_back(trusted, provider, state="made-up")
    _, given = there_and_back(trusted, provider)
    with pytest.raises(SignInError, match="did not begin in this browser"):
        by_provider.finish(trusted, "idp", came=CAME, **given)


def test_a_code_counts_once_and_only_with_its_verifier(trusted, provider):
    provider.sign_in_as("ana-1")
    _, given = there_and_back(trusted, provider)
    with pytest.raises(SignInError, match="does not take the code"):
        there_and_back(trusted, provider, code=given["code"])
    with pytest.raises(SignInError, match="of another provider than the one"):
        there_and_back(trusted, provider, issuer="https://evil.example")
    with pytest.raises(SignInError, match="the provider says: access_denied"):
        there_and_back(trusted, provider, code="", error="access_denied")


def test_a_sign_in_that_takes_too_long_begins_again(trusted, provider, clock):
    provider.sign_in_as("ana-1")
    sent = by_provider.begin(trusted, "idp", next="/")
    back = provider.visit(sent.address)
    from datetime import timedelta

    clock.ahead = timedelta(minutes=11)
    with pytest.raises(SignInError, match="has taken too long"):
        by_provider.finish(trusted, "idp", state=back.params["state"], code=back.params["code"], browser=sent.browser,
                           came=CAME)  # fmt: skip


def test_a_disabled_person_is_refused_and_that_is_told(trusted, provider):
    provider.sign_in_as("ana-1", preferred_username="ana")
    signed, _ = there_and_back(trusted, provider)
    session = session_of(trusted, signed)
    with trusted.database.begin() as connection:
        people.disable(connection, session.person, actor="test")
    assert session_of(trusted, signed) is None
    with pytest.raises(SignInError, match="this account is disabled"):
        there_and_back(trusted, provider)
    assert rows_of(trusted) == [("ana", "0"), ("ana", "50057")]
    with trusted.database.read() as connection:
        last = trail.latest(connection, 1)[0]
    assert (last.action, last.outcome, last.reason) == ("sign-in", "refused", "the account is disabled")


def test_newcomers_may_be_left_to_the_directory(trusted, provider, people_settings):
    people_settings["settings"] = replace(people_settings["settings"], newcomers=False)
    provider.sign_in_as("cy", email="cy@acme.example", email_verified=True)
    with pytest.raises(SignInError, match="nobody here is known by that account"):
        there_and_back(trusted, provider)
    with trusted.database.begin() as connection:
        cy = people.create(connection, username="cy@acme.example", origin=people.DIRECTORY)
    signed, _ = there_and_back(trusted, provider)
    assert session_of(trusted, signed).person == cy.id
    assert rows_of(trusted)[0] == ("cy@acme.example", "50034")


def test_nobody_becomes_another_by_an_address_that_was_not_verified(trusted, provider):
    with trusted.database.begin() as connection:
        boss = people.create(connection, username="boss@acme.example", origin=people.DIRECTORY)
        local = people.create(connection, username="root@acme.example")
    for email, verified in (("boss@acme.example", False), ("root@acme.example", True)):
        provider.sign_in_as(f"mallory {email}", email=email, email_verified=verified)
        signed, _ = there_and_back(trusted, provider)
        assert session_of(trusted, signed).person not in (boss.id, local.id)


def test_step_up_makes_the_same_session_stronger_for_the_same_person_alone(trusted, provider):
    provider.sign_in_as("ana-1", amr=["pwd", "otp"])
    signed, _ = there_and_back(trusted, provider)
    before = session_of(trusted, signed)
    stronger, _ = there_and_back(trusted, provider, session=before, next="/deployments/7")
    after = session_of(trusted, stronger)
    assert (after.id, stronger.next) == (before.id, "/deployments/7")
    assert after.mfa >= before.mfa and session_of(trusted, signed) is None
    provider.sign_in_as("mallory")
    with pytest.raises(SignInError, match="did not ask this account for a second factor just now"):
        there_and_back(trusted, provider, session=after)
    provider.sign_in_as("ana-1", amr=["pwd"], acr="urn:pwd")
    with pytest.raises(SignInError, match="did not ask this account"):
        there_and_back(trusted, provider, session=after)


def test_logging_out_leads_to_the_provider_and_back_here(trusted, provider):
    provider.sign_in_as("ana-1")
    session = session_of(trusted, there_and_back(trusted, provider)[0])
    address = by_provider.logout_address(trusted, session)
    assert address.startswith(f"{provider.issuer}/session/end?")
    assert f"post_logout_redirect_uri={ORIGIN.replace(':', '%3A').replace('/', '%2F')}%2Fsign-in" in address


def test_a_group_overage_is_told_and_grants_nothing(trusted, provider):
    provider.sign_in_as("ana-1", groups=[], roles=[])
    from lockgate.server.sign_in.oidc import _left_out

    claims = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}}
    assert next(_left_out(claims, "groups")).startswith("the provider left out the groups")
    assert next(_left_out({"hasgroups": True}, "groups")).startswith("the provider left out the groups")
    assert list(_left_out({"groups": ["a"]}, "groups")) == []


def test_settings_that_cannot_hold_are_told_before_anybody_signs_in(house, people_settings):
    for wrong, said in (
        (provider_of(client_id=""), "which client it is"),
        (provider_of(issuer="http://idp.example"), "must be https"),
        (provider_of(client_secret="hunter2"), "no reference to a secret"),
    ):
        people_settings["settings"] = PeopleSettings(providers={"idp": wrong})
        with pytest.raises(ConfigurationError, match=said):
            house.check()


def provider_of(**changed):
    from lockgate.settings import ProviderSettings

    return ProviderSettings(**{"client_id": "c", "issuer": "https://idp.example", **changed})
