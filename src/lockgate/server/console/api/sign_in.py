"""How programs sign in: the device flow (RFC 8628), token exchange (RFC 8693), and logouts that providers tell."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from lockgate.access import permissions
from lockgate.access.personas import held
from lockgate.model.actor import Actor, ActorKind, Persona
from lockgate.server.console.asking import needs, public
from lockgate.server.console.signed_in import came, house_of
from lockgate.server.sign_in import by_program, by_provider
from lockgate.server.sign_in.by_program import FlowError
from lockgate.server.sign_in.identity import SignInError
from lockgate.store.team import tokens

ROUTES = APIRouter(prefix="/api/v1")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_JWT, _ID_TOKEN = "urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_NEVER_KEPT = {"cache-control": "no-store"}


class DeviceView(BaseModel):
    """What a command line shows its user, and what it asks with."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int
    interval: int


class TokenView(BaseModel):
    """A token, shown this once."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the kind of a token, not one
    expires_in: int
    scope: str
    issued_token_type: str = _ACCESS


class OAuthError(BaseModel):
    """Why there is no token (RFC 6749, 5.2)."""

    error: str
    error_description: str


class MeView(BaseModel):
    """Who asks."""

    id: str
    name: str
    kind: ActorKind
    personas: list[Persona]
    teams: list[str]
    grants: list[str]
    """What they may, as ``scope:resource:action``."""
    methods: list[str]


@ROUTES.get("/me")
def me(actor: Annotated[Actor, needs(permissions.ACCOUNT_READ)]) -> MeView:
    """Who asks, and what they may."""
    narrowed = None if actor.narrowed is None else {one.permission for one in actor.narrowed}
    grants = [f"{scope}:{one}" for one, scope in held(actor).items() if narrowed is None or one in narrowed]
    return MeView(
        id=actor.id, name=actor.name, kind=actor.kind, personas=list(actor.personas), grants=sorted(grants),
        teams=[team.name for team in actor.teams], methods=list(actor.strength.methods),
    )  # fmt: skip


@ROUTES.post("/device", dependencies=[public])
def device(request: Request, client_name: Annotated[str, Form(max_length=100)] = "") -> DeviceView:
    """A command line asks to be let in."""
    begun = by_program.begin_device(house_of(request), name=client_name, came=came(request))
    return DeviceView(
        device_code=begun.device_code, user_code=begun.user_code, verification_uri=begun.address,
        expires_in=by_program.DEVICE_SECONDS, interval=by_program.INTERVAL,
    )  # fmt: skip


@ROUTES.post("/token", dependencies=[public], response_model=TokenView, responses={400: {"model": OAuthError}})
def token(
    request: Request, grant_type: Annotated[str, Form(max_length=100)],
    device_code: Annotated[str, Form(max_length=200)] = "", subject_token: Annotated[str, Form(max_length=32_768)] = "",
    subject_token_type: Annotated[str, Form(max_length=100)] = _JWT,
) -> Response:  # fmt: skip
    """A token for a command line that was let in, or for the pipeline whose forge vouches for it."""
    house = house_of(request)
    try:
        if grant_type == DEVICE_GRANT:
            given = by_program.poll_device(house, device_code, came=came(request))
        elif grant_type == EXCHANGE_GRANT and subject_token_type in (_JWT, _ID_TOKEN):
            given = by_program.exchange(house, subject_token, came=came(request))
        else:
            raise FlowError("unsupported_grant_type", "the device flow, and token exchange of a JWT")
    except FlowError as error:
        return JSONResponse({"error": error.code, "error_description": error.description}, error.status, _NEVER_KEPT)
    view = TokenView(access_token=given.token, expires_in=given.seconds, scope=given.scope)
    return JSONResponse(view.model_dump(), headers=_NEVER_KEPT)


@ROUTES.post("/token/revoke", dependencies=[public])
def revoke(request: Request, token: Annotated[str, Form(max_length=200)]) -> Response:
    """Have the token that is shown hold no longer (RFC 7009): whoever has it may say so."""
    house = house_of(request)
    with house.database.begin() as connection:
        found = tokens.find(connection, token, now=house.now())
        if found is not None:
            tokens.revoke(connection, found.id, now=house.now())
    return Response(status_code=200, headers=_NEVER_KEPT)


@ROUTES.post("/back-channel-logout/{provider}", dependencies=[public], responses={400: {"model": OAuthError}})
def logged_out(request: Request, provider: str, logout_token: Annotated[str, Form(max_length=32_768)]) -> Response:
    """A provider says that somebody has logged out there."""
    try:
        by_provider.logged_out(house_of(request), provider, logout_token)
    except SignInError as error:
        body = {"error": "invalid_request", "error_description": error.message}
        return JSONResponse(body, 400, _NEVER_KEPT)
    return Response(status_code=200, headers=_NEVER_KEPT)
