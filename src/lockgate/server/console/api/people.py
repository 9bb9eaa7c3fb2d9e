"""People, teams and tokens of services."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel, Field

from lockgate.access import permissions
from lockgate.model.actor import Actor, Asset, AssetKind, Persona
from lockgate.server.console.asking import needs
from lockgate.server.console.paging import After, Limit, Page, cut
from lockgate.server.console.people_changes import Changes
from lockgate.server.console.signed_in import came, house_of
from lockgate.store.team import people, sessions, teams, tokens
from lockgate.store.team.people import Person
from lockgate.store.team.tokens import Token

ROUTES = APIRouter(prefix="/api/v1")
Reader = Annotated[Actor, needs(permissions.PEOPLE_READ)]
Changer = Annotated[Actor, needs(permissions.PEOPLE_CHANGE)]
Name = Annotated[str, Field(max_length=255)]


class PersonView(BaseModel):
    """Somebody."""

    id: str
    username: str
    name: str
    email: str
    personas: list[Persona]
    """That an administrator gave."""
    claimed_personas: list[Persona]
    """That groups give."""
    teams: list[str]
    origin: str
    disabled: float
    """Unix time; 0: they may sign in."""
    created: float
    seen: float


class PeoplePage(Page[PersonView]):
    """Some people, by user name."""

    total: int


class Invitation(BaseModel):
    """A new local account."""

    username: Name
    name: Name = ""
    email: Name = ""
    personas: list[Persona] = Field(default=[], max_length=len(Persona))


class InvitedView(BaseModel):
    """The account, and the link for its holder, shown this once."""

    person: PersonView
    link: str


class PersonChange(BaseModel):
    """What is to change; what is left out stays."""

    personas: list[Persona] | None = Field(default=None, max_length=len(Persona))
    teams: list[Name] | None = Field(default=None, max_length=1_000)
    disabled: bool | None = None


class SessionView(BaseModel):
    """A session of somebody."""

    id: str
    created: float
    seen: float
    expires: float
    methods: list[str]
    address: str
    agent: str
    provider: str


class AssetView(BaseModel):
    """What a team owns: a name, or a glob."""

    kind: AssetKind
    name: Name


class TeamView(BaseModel):
    """A team."""

    name: str
    about: str = Field(default="", max_length=1_000)
    owns: list[AssetView] = Field(default=[], max_length=5_000)


class TeamChange(BaseModel):
    """What a team is to be."""

    about: str = Field(default="", max_length=1_000)
    owns: list[AssetView] = Field(default=[], max_length=5_000)


class NewToken(BaseModel):
    """A token of a service."""

    name: Name
    grants: list[Name] = Field(min_length=1, max_length=100)
    teams: list[Name] = Field(default=[], max_length=100)
    days: float = Field(default=90, gt=0, le=tokens.MOST_DAYS)


class ServiceTokenView(BaseModel):
    """A token of a service; what its holder shows is told once, when it is made."""

    id: str
    name: str
    grants: list[str]
    teams: list[str]
    created: float
    created_by: str
    expires: float
    used: float
    token: str | None = None


@ROUTES.get("/people")
def listed(
    request: Request, actor: Reader, q: Annotated[str, Query(max_length=100)] = "",
    after: After = "", limit: Limit = 100,
) -> PeoplePage:  # fmt: skip
    """Whose name, user name or address holds ``q``."""
    del actor
    with house_of(request).database.read() as connection:
        found = people.listed(connection, matching=q, after=after, most=limit + 1)
        items = [_view(one, teams.joined(connection, one.id)) for one in found[:limit]]
        total = people.count(connection, matching=q)
    return PeoplePage(items=items, next=found[limit - 1].username if len(found) > limit else None, total=total)


@ROUTES.post("/people", status_code=201)
def invite(request: Request, actor: Changer, invitation: Invitation) -> InvitedView:
    """Make a local account."""
    made = _changes(request, actor).invite(
        username=invitation.username, name=invitation.name, email=invitation.email, personas=invitation.personas
    )
    return InvitedView(person=_view(made.person, ()), link=made.link)


@ROUTES.get("/people/{person_id}", responses={404: {}})
def one(request: Request, actor: Reader, person_id: str) -> PersonView:
    """Somebody."""
    del actor
    return _person(request, person_id)


@ROUTES.patch("/people/{person_id}")
def change(request: Request, actor: Changer, person_id: str, wanted: PersonChange) -> PersonView:
    """Personas, teams, and whether they may sign in."""
    before, changes = _person(request, person_id), _changes(request, actor)
    if wanted.personas is not None or wanted.teams is not None:
        personas = before.personas if wanted.personas is None else wanted.personas
        changes.set_personas(person_id, personas, before.teams if wanted.teams is None else wanted.teams)
    if wanted.disabled is not None:
        (changes.disable if wanted.disabled else changes.enable)(person_id)
    return _person(request, person_id)


@ROUTES.get("/people/{person_id}/sessions", responses={404: {}})
def their_sessions(
    request: Request, actor: Reader, person_id: str, after: After = "", limit: Limit = 100
) -> Page[SessionView]:  # fmt: skip
    """Sessions that hold, newest first."""
    del actor
    _person(request, person_id)
    house = house_of(request)
    with house.database.read() as connection:
        found = sessions.of(connection, person_id, now=house.now())
    names = SessionView.model_fields
    shown, following = cut(found, after, limit)
    items = [SessionView(**{name: getattr(one, name) for name in names}) for one in shown]
    return Page[SessionView](items=items, next=following)


@ROUTES.delete("/people/{person_id}/sessions")
def end_sessions(request: Request, actor: Changer, person_id: str) -> dict[str, int]:
    """End them all."""
    _person(request, person_id)
    return {"ended": _changes(request, actor).end_sessions(person_id)}


@ROUTES.get("/teams")
def all_teams(
    request: Request, actor: Annotated[Actor, needs(permissions.TEAMS_READ)], after: After = "", limit: Limit = 100
) -> Page[TeamView]:  # fmt: skip
    """Teams, by name."""
    del actor
    with house_of(request).database.read() as connection:
        found = teams.every(connection)
    shown, following = cut(list(found.items()), after, limit)
    items = [TeamView(name=name, about=about, owns=[AssetView(kind=one.kind, name=one.name) for one in team.owns])
             for name, (about, team) in shown]  # fmt: skip
    return Page[TeamView](items=items, next=following)


@ROUTES.put("/teams/{name}")
def put_team(
    request: Request, actor: Annotated[Actor, needs(permissions.TEAMS_CHANGE)], name: str, wanted: TeamChange
) -> TeamView:
    """Make a team, or change one."""
    owns = [Asset(one.kind, one.name) for one in wanted.owns]
    _changes(request, actor).put_team(name, about=wanted.about, owns=owns)
    return TeamView(name=name, about=wanted.about, owns=wanted.owns)


@ROUTES.delete("/teams/{name}", status_code=204)
def delete_team(request: Request, actor: Annotated[Actor, needs(permissions.TEAMS_CHANGE)], name: str) -> None:
    """Take a team away."""
    if not _changes(request, actor).delete_team(name):
        raise HTTPException(404)


@ROUTES.get("/service-tokens")
def service_tokens(
    request: Request, actor: Reader, after: After = "", limit: Limit = 100
) -> Page[ServiceTokenView]:  # fmt: skip
    """Those that hold, newest first."""
    del actor
    with house_of(request).database.read() as connection:
        shown, following = cut(tokens.of_services(connection), after, limit)
    return Page[ServiceTokenView](items=[_token_view(one) for one in shown], next=following)


@ROUTES.post("/service-tokens", status_code=201)
def create_token(request: Request, actor: Changer, wanted: NewToken) -> ServiceTokenView:
    """A new one."""
    secret, made = _changes(request, actor).create_token(
        wanted.name, wanted.grants, days=wanted.days, service=True, of_teams=wanted.teams
    )
    return _token_view(made, secret)


@ROUTES.delete("/service-tokens/{token_id}", status_code=204)
def revoke_token(request: Request, actor: Changer, token_id: str) -> None:
    """Take one away."""
    with house_of(request).database.read() as connection:
        found = tokens.get(connection, token_id)
    if found is None or not _changes(request, actor).revoke_token(found):
        raise HTTPException(404)


def _changes(request: Request, actor: Actor) -> Changes:
    return Changes(house_of(request), actor, came(request))


def _person(request: Request, person_id: str) -> PersonView:
    with house_of(request).database.read() as connection:
        person = people.get(connection, person_id)
        if person is None:
            raise HTTPException(404)
        return _view(person, teams.joined(connection, person_id))


def _view(person: Person, joined: tuple[str, ...]) -> PersonView:
    return PersonView(
        id=person.id, username=person.username, name=person.name, email=person.email, personas=list(person.personas),
        claimed_personas=list(person.claimed_personas), teams=list(joined), origin=person.origin,
        disabled=person.disabled, created=person.created, seen=person.seen,
    )  # fmt: skip


def _token_view(token: Token, secret: str | None = None) -> ServiceTokenView:
    return ServiceTokenView(
        id=token.id, name=token.name, grants=[str(one) for one in token.grants], teams=list(token.teams),
        created=token.created, created_by=token.created_by, expires=token.expires, used=token.used, token=secret,
    )  # fmt: skip
