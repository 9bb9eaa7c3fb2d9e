"""Signing in with a provider: there and back, who that is here, and logging out when the provider says so."""

from __future__ import annotations

import hmac
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

from lockgate.dataclass import dataclass
from lockgate.model.actor import Actor, ActorKind
from lockgate.server.sign_in.belonging import Belonging, belonging, showed_mfa
from lockgate.server.sign_in.house import DISABLED, NO_SECOND, UNKNOWN, Came, Half, House, Signed, Waiting
from lockgate.server.sign_in.identity import Begun, Identity, SignInError, random_text
from lockgate.server.sign_in.oidc import OidcProvider
from lockgate.store.team import credentials, people, sessions, teams, trail
from lockgate.store.team.database import Transaction
from lockgate.store.team.people import Person
from lockgate.store.team.sessions import Session, digest

_AWAY = "away"
_AWAY_SECONDS = 600.0
_STEP_UP_SECONDS = 300
"""A sign-in at the provider that is older is no answer to being asked anew."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Somebody was sent to a provider."""

    address: str
    browser: str
    """What their browser holds until they are back."""


def back_address(house: House, provider: str) -> str:
    """Where the provider leads back to, as it must be registered there."""
    return f"{house.site.origin}/sign-in/back/{provider}"


def begin(house: House, provider: str, *, next: str, session: Session | None = None) -> Sent:
    """Send somebody to a provider; a ``session`` is to grow stronger by it.

    Raises :class:`SignInError`, :class:`SourceError`, :class:`ConfigurationError`.
    """
    one = house.provider(provider)
    begun = one.begin(back=back_address(house, provider), step_up=session is not None)
    browser = random_text()
    payload = {
        "begun": asdict(begun), "provider": provider, "browser": digest(browser), "next": next,
        "session": session.id if session else "", "person": session.person if session else "",
    }  # fmt: skip
    with house.database.begin() as connection:
        sessions.remember(connection, _AWAY, begun.state, payload, seconds=_AWAY_SECONDS, now=house.now())
    return Sent(begun.address, browser)


def finish(
    house: House, provider: str, *, state: str, code: str, browser: str, came: Came, session: Session | None = None,
    issuer: str = "", error: str = "",
) -> Signed | Waiting:  # fmt: skip
    """Somebody is back. ``browser``: what theirs holds; ``session``: that it has, for a step-up.

    Raises :class:`SignInError` for what does not count, :class:`SourceError` where the provider cannot be asked.
    """
    with house.database.begin() as connection:
        away = sessions.taken(connection, _AWAY, state, now=house.now()) if state else None
    if away is None or not browser or not hmac.compare_digest(away["browser"], digest(browser)):
        raise SignInError("that sign-in did not begin in this browser, or has taken too long", hint="begin again")
    if away["provider"] != provider:
        raise SignInError("that sign-in began at another provider")
    if error or not code:
        raise SignInError(f"the provider says: {error[:100] or 'nothing'}")
    one = house.provider(provider)
    identity = one.finish(code, Begun(**away["begun"]), back=back_address(house, provider), issuer=issuer)
    if away["session"]:
        return _stepped_up(house, identity, away, session, came)
    return _signed_in(house, identity, away["next"], came)


def _signed_in(house: House, identity: Identity, next: str, came: Came) -> Signed | Waiting:
    mfa = showed_mfa(identity, house.settings.providers[identity.provider])
    methods = (*identity.amr, *(("mfa",) if mfa else ()), "fed")
    when = identity.authenticated.timestamp() if mfa and identity.authenticated else 0.0
    with house.database.begin() as connection:
        person = _person(house, connection, identity)
        if person is not None and not person.disabled:
            claim(house, connection, person, identity)
            provider = {"provider": identity.provider, "subject": identity.subject,
                        "provider_session": identity.session, "id_token": identity.id_token}  # fmt: skip
            half = Half(person.id, methods, next, False, False, provider)
            for said in identity.left_out:
                entry = trail.Entry(Actor(person.id, person.name), "sign-in:left-out", person.id, reason=said)
                trail.append(connection, entry)
            if not house.needs_second(half):
                return house.complete(connection, half, came, mfa=min(when, house.now()))
            enrol = not credentials.factors(connection, person.id).second
            return house.begin_half(connection, replace(half, enrol=enrol))
    if person is not None:
        raise house.refuse(person, came, DISABLED, "this account is disabled")
    name = identity.username or identity.email or identity.subject
    raise house.refuse(None, came, UNKNOWN, "nobody here is known by that account; an administrator can add you",
                       name=name, reason=f"nobody is known as {identity.provider} {identity.subject}")  # fmt: skip


def _stepped_up(house: House, identity: Identity, away: dict[str, str], session: Session | None, came: Came) -> Signed:
    now = datetime.fromtimestamp(house.now(), UTC)
    fresh = identity.authenticated is not None and now - identity.authenticated <= timedelta(seconds=_STEP_UP_SECONDS)
    strong = fresh and showed_mfa(identity, house.settings.providers[identity.provider])
    with house.database.begin() as connection:
        person = people.by_identity(connection, identity.provider, identity.subject)
        same = session is not None and session.id == away["session"]
        if strong and same and person is not None and person.id == away["person"] and not person.disabled:
            assert session is not None
            token = sessions.strengthen(connection, session, methods=(*identity.amr, "mfa"), now=house.now())
            actor = Actor(person.id, person.name)
            trail.append(connection, trail.Entry(actor, "sign-in:step-up", person.id, address=came.address))
            return Signed(token, away["next"])
    raise house.refuse(person, came, NO_SECOND, "the provider did not ask this account for a second factor just now")


def _person(house: House, connection: Transaction, identity: Identity) -> Person | None:
    """Who it is here. For the first time: whom a directory made, else an account of their own, where those may be."""
    known = people.by_identity(connection, identity.provider, identity.subject)
    if known is not None:
        return known
    made = _of_directory(connection, identity)
    if made is None and house.settings.newcomers:
        username = people.free_username(connection, identity.email or identity.username or identity.name)
        made = people.create(connection, username=username, name=identity.name, email=identity.email,
                             origin=identity.provider, now=house.now())  # fmt: skip
    if made is not None:
        people.link(connection, made.id, identity.provider, identity.subject, now=house.now())
    return made


def _of_directory(connection: Transaction, identity: Identity) -> Person | None:
    """Whom a directory made and nobody has signed in as: by the directory's id, or an address the provider verified."""
    found = people.by_external_id(connection, identity.subject)
    if found is None and identity.email:
        found = people.by_username(connection, identity.email)
    if found is None or found.origin != people.DIRECTORY or people.identities(connection, found.id):
        return None
    return found


def claim(house: House, connection: Transaction, person: Person, identity: Identity) -> Belonging:
    """Write down what claims, and groups of the directory, make of somebody; told where it changed."""
    of_directory = tuple(one.name for one in teams.groups_of(connection, person.id))
    whole = replace(identity, groups=(*identity.groups, *of_directory))
    now = belonging(whole, house.settings.belonging)
    if now != Belonging(person.claimed_personas, person.claimed_teams):
        people.change(connection, person.id, claimed_personas=now.personas, claimed_teams=now.teams)
        detail = {"personas": [str(one) for one in now.personas], "teams": list(now.teams)}
        by = Actor(f"provider:{identity.provider}", identity.provider, ActorKind.SYSTEM)
        trail.append(connection, trail.Entry(by, "people:claimed", person.id, detail=detail))
    return now


def logged_out(house: House, provider: str, token: str) -> int:
    """End what a provider says is over (back-channel logout); how many sessions. Raises :class:`SignInError`."""
    one = house.provider(provider)
    if not isinstance(one, OidcProvider):
        raise SignInError("that provider tells no logouts")
    told = one.logged_out(token)
    with house.database.begin() as connection:
        once = f"{provider} {told.token_id}"
        if not sessions.remember(connection, "logout", once, {}, seconds=3600, now=house.now()):
            raise SignInError("that logout was told before")
        ended = sessions.end_at_provider(connection, provider, subject=told.subject, provider_session=told.session)
        by = Actor(f"provider:{provider}", provider, ActorKind.SYSTEM)
        entry = trail.Entry(by, "sessions:end", f"{provider} {told.subject or told.session}", detail={"ended": ended})
        trail.append(connection, entry)
    return ended


def logout_address(house: House, session: Session) -> str:
    """Where a browser goes on to log out at the provider too; empty where there is no such place."""
    if not session.provider or session.provider not in house.settings.providers:
        return ""
    one = house.provider(session.provider)
    if not isinstance(one, OidcProvider):
        return ""
    return one.logout_address(session.id_token, back=f"{house.site.origin}/sign-in")
