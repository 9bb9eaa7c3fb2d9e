"""People and teams, for who looks after them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response

from lockgate.access import permissions
from lockgate.errors import UsageError
from lockgate.model.actor import Actor, Asset, AssetKind, Persona
from lockgate.server.console.asking import needs
from lockgate.server.console.drawing import page
from lockgate.server.console.lists import views_of
from lockgate.server.console.people_changes import OF_PROGRAMS, Changes
from lockgate.server.console.signed_in import came, house_of
from lockgate.store.team import credentials, people, sessions, teams, tokens

ROUTES = APIRouter()
Reader = Annotated[Actor, needs(permissions.PEOPLE_READ)]
Changer = Annotated[Actor, needs(permissions.PEOPLE_CHANGE)]
Text = Annotated[str, Form(max_length=4_096)]
Personas = Annotated[list[Persona], Form(max_length=len(Persona))]
Names = Annotated[list[str], Form(max_length=1_000)]
_PAGE = 50


@ROUTES.get("/people")
def listed(request: Request, actor: Reader, q: str = "", after: str = "") -> Response:
    """By user name."""
    return _listed(request, actor, q[:100], after[:255])


@ROUTES.post("/people")
def invite(
    request: Request, actor: Changer, username: Text, name: Text = "", email: Text = "", personas: Personas = []  # noqa: B006 - a form's default, never changed
) -> Response:
    """A local account, and the link for its holder."""
    try:
        invited = _changes(request, actor).invite(username=username, name=name, email=email, personas=personas)
    except UsageError as error:
        return _listed(request, actor, "", "", said=error.message)
    return page(request, "invited.html", person=invited.person, link=invited.link)


@ROUTES.get("/people/{person_id}")
def one(request: Request, actor: Reader, person_id: str) -> Response:
    """Somebody: personas, teams, factors, sessions, tokens."""
    return _one(request, actor, person_id)


@ROUTES.post("/people/{person_id}")
def change(
    request: Request, actor: Changer, person_id: str, personas: Personas = [], joined: Names = []  # noqa: B006
) -> Response:
    """Personas and teams."""
    return _done(request, actor, person_id, lambda changes: changes.set_personas(person_id, personas, joined))


@ROUTES.post("/people/{person_id}/disable")
def disable(request: Request, actor: Changer, person_id: str) -> Response:
    """They sign in no longer."""
    answer = _done(request, actor, person_id, lambda changes: changes.disable(person_id))
    request.app.state.services.wake()
    return answer


@ROUTES.post("/people/{person_id}/enable")
def enable(request: Request, actor: Changer, person_id: str) -> Response:
    """They sign in again."""
    return _done(request, actor, person_id, lambda changes: changes.enable(person_id))


@ROUTES.post("/people/{person_id}/end-sessions")
def end_sessions(request: Request, actor: Changer, person_id: str) -> Response:
    """All of their sessions end."""
    return _done(request, actor, person_id, lambda changes: changes.end_sessions(person_id))


@ROUTES.post("/people/{person_id}/reset")
def reset(request: Request, actor: Changer, person_id: str) -> Response:
    """A link by which they add new factors."""
    invited = _changes(request, actor).reset(person_id)
    return page(request, "invited.html", person=invited.person, link=invited.link)


@ROUTES.get("/teams")
def all_teams(request: Request, actor: Annotated[Actor, needs(permissions.TEAMS_READ)]) -> Response:
    """Teams, and what they own."""
    del actor
    return _teams(request)


@ROUTES.post("/teams")
def put_team(
    request: Request, actor: Annotated[Actor, needs(permissions.TEAMS_CHANGE)], name: Text, about: Text = "",
    owns: Annotated[str, Form(max_length=65_536)] = "",
) -> Response:  # fmt: skip
    """Make a team, or change one; ``owns``: a line for each object, its kind and its name."""
    try:
        _changes(request, actor).put_team(name.strip(), about=about, owns=_assets(owns))
    except UsageError as error:
        return _teams(request, said=error.message)
    return RedirectResponse("/teams", 303)


@ROUTES.post("/teams/{name}/delete")
def delete_team(request: Request, actor: Annotated[Actor, needs(permissions.TEAMS_CHANGE)], name: str) -> Response:
    """Take a team away."""
    _changes(request, actor).delete_team(name)
    return RedirectResponse("/teams", 303)


@ROUTES.get("/tokens")
def service_tokens(request: Request, actor: Reader) -> Response:
    """Tokens of services."""
    del actor
    return _tokens(request)


@ROUTES.post("/tokens")
def create_token(
    request: Request, actor: Changer, name: Text, grants: Names, of_teams: Names = [],  # noqa: B006
    days: Annotated[float, Form(gt=0, le=tokens.MOST_DAYS)] = 90,
) -> Response:  # fmt: skip
    """A token of a service, shown this once."""
    try:
        made = _changes(request, actor).create_token(name, grants, days=days, service=True, of_teams=of_teams)
    except UsageError as error:
        return _tokens(request, said=error.message)
    return page(request, "token.html", secret=made[0], token=made[1], next="/tokens")


@ROUTES.post("/tokens/revoke")
def revoke_token(request: Request, actor: Changer, which: Text) -> Response:
    """Take a token of a service, or of anybody, away."""
    with house_of(request).database.read() as connection:
        token = tokens.get(connection, which)
    if token is not None:
        _changes(request, actor).revoke_token(token)
    return RedirectResponse("/tokens", 303)


def _changes(request: Request, actor: Actor) -> Changes:
    return Changes(house_of(request), actor, came(request))


def _done(request: Request, actor: Actor, person_id: str, change: Callable[[Changes], object]) -> Response:
    try:
        change(_changes(request, actor))
    except UsageError as error:
        return _one(request, actor, person_id, said=error.message)
    return RedirectResponse(f"/people/{person_id}", 303)


def _assets(text: str) -> list[Asset]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        kind, _, name = line.strip().partition(" ")
        if not kind:
            continue
        if kind not in [str(one) for one in AssetKind] or not name.strip():
            kinds = ", ".join(one for one in AssetKind if one is not AssetKind.PERSON)
            raise UsageError(f"line {number} names no object", hint=f"a kind ({kinds}), a space and a name")
        found.append(Asset(AssetKind(kind), name.strip()))
    return found


def _listed(request: Request, actor: Actor, q: str, after: str, said: str = "") -> Response:
    with house_of(request).database.read() as connection:
        found = people.listed(connection, matching=q, after=after, most=_PAGE + 1)
        count = people.count(connection, matching=q)
    more = found[_PAGE - 1].username if len(found) > _PAGE else ""
    return page(request, "people.html", status=400 if said else 200, said=said, people=found[:_PAGE], count=count, q=q,
                more=more, personas=list(Persona), local=house_of(request).settings.local,
                views=views_of(request, actor, "people"))  # fmt: skip


def _one(request: Request, actor: Actor, person_id: str, said: str = "") -> Response:
    del actor
    house = house_of(request)
    with house.database.read() as connection:
        person = people.get(connection, person_id)
        if person is None:
            raise HTTPException(404)
        values = {
            "have": credentials.factors(connection, person_id), "identities": people.identities(connection, person_id),
            "sessions": sessions.of(connection, person_id, now=house.now()), "tokens": tokens.of(connection, person_id),
            "joined": teams.joined(connection, person_id), "teams": list(teams.every(connection)),
            "groups": [one.name for one in teams.groups_of(connection, person_id)],
        }  # fmt: skip
    return page(request, "person.html", status=400 if said else 200, said=said, person=person, personas=list(Persona),
                **values)  # type: ignore[arg-type]  # fmt: skip


def _teams(request: Request, said: str = "") -> Response:
    with house_of(request).database.read() as connection:
        found = teams.every(connection)
        members = {name: len(teams.members(connection, name)) for name in found}
    return page(request, "teams.html", status=400 if said else 200, said=said, teams=found, members=members)


def _tokens(request: Request, said: str = "") -> Response:
    with house_of(request).database.read() as connection:
        found, known = tokens.of_services(connection), list(teams.every(connection))
    grants = sorted(f"{scope}:{one}" for one in OF_PROGRAMS for scope in ("team", "any"))
    return page(request, "tokens.html", status=400 if said else 200, said=said, tokens=found, grants=grants,
                teams=known)  # fmt: skip
