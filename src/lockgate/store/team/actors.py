"""From what is kept to who asks: the actor of a person with a session or a token, of a service, of a workload."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from lockgate.model.actor import Actor, ActorKind, Strength
from lockgate.store.team import people, teams
from lockgate.store.team.people import Person
from lockgate.store.team.sessions import Session
from lockgate.store.team.tokens import Token


def of_session(connection: Connection, session: Session) -> Actor | None:
    """Who has a session; None where they may not sign in any more."""
    person = people.get(connection, session.person)
    if person is None or person.disabled:
        return None
    mfa = datetime.fromtimestamp(session.mfa, UTC) if session.mfa else None
    return _person(connection, person, Strength(session.methods, datetime.fromtimestamp(session.created, UTC), mfa))


def of_token(connection: Connection, token: Token) -> Actor | None:
    """Who shows a token; None where its owner may not sign in any more."""
    if token.kind is ActorKind.PERSON:
        person = people.get(connection, token.person)
        if person is None or person.disabled:
            return None
        strength = Strength(("token",), datetime.fromtimestamp(token.created, UTC))
        owner = _person(connection, person, strength)
        return Actor(owner.id, owner.name, owner.kind, owner.personas, owner.teams, (), token.grants, strength)
    strength = Strength(("token",), datetime.fromtimestamp(token.created, UTC))
    return Actor(token.subject or token.id, token.name, token.kind, (), teams.named(connection, token.teams),
                 token.grants, None, strength)  # fmt: skip


def of_person(connection: Connection, person_id: str) -> Actor | None:
    """Somebody, as who they are without having signed in: for notices, and for quorums that are counted later."""
    person = people.get(connection, person_id)
    return None if person is None or person.disabled else _person(connection, person, Strength())


def _person(connection: Connection, person: Person, strength: Strength) -> Actor:
    names = {*teams.joined(connection, person.id), *person.claimed_teams}
    personas, theirs = person.all_personas, teams.named(connection, names)
    return Actor(person.id, person.name, ActorKind.PERSON, personas, theirs, strength=strength)
