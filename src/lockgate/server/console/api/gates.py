"""Deployments that wait at a gate: asked for by pipelines, answered by people, looked at by both."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from lockgate.access import permissions
from lockgate.engine.deployments.desk import Looked, NotEntitledError
from lockgate.engine.deployments.view import view_of
from lockgate.gates.deployment.evidence import CheckState
from lockgate.model.actor import Actor
from lockgate.model.deployment import Answered, DeploymentRequest, DeploymentWaits, Standing
from lockgate.server.console.asking import address_of, needs, services_of
from lockgate.server.console.deployments import desk_of, found, permitted, seen
from lockgate.server.console.paging import After, Limit, Page, number_of
from lockgate.server.console.refusals import refused
from lockgate.store.team import gates
from lockgate.store.team.gates import ConflictError, Kept

ROUTES = APIRouter(prefix="/api/v1/deployments")
_Word = Annotated[str, Field(min_length=1, max_length=255)]
_Line = tuple[Annotated[str, Field(max_length=300)], Annotated[str, Field(max_length=1_000)]]
_MOST = 5_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Told(_Strict):
    """What a pipeline knows beside digests."""

    commits_since: Annotated[str, Field(max_length=64)] = ""
    """The commit that `running` answered."""
    commits: Annotated[list[tuple[str, list[str], str]], Field(max_length=_MOST)] | None = None
    """Hash, who wrote and committed it, and subject of each commit behind that."""
    more_commits: bool = False
    checks: dict[str, CheckState] = {}
    policies: Annotated[list[tuple[str, str, str, str]], Field(max_length=_MOST)] = []
    """Rule, object, verdict and words of policies that deny or warn."""
    network: Annotated[list[_Line], Field(max_length=_MOST)] = []
    permissions: Annotated[list[_Line], Field(max_length=_MOST)] = []


class Asked(_Strict):
    """A request for a deployment."""

    environment: _Word
    repository: _Word
    ref: Annotated[str, Field(max_length=255)] = ""
    commit: Annotated[str, Field(pattern="^[0-9a-f]{40,64}$")]
    images: Annotated[list[Annotated[str, Field(max_length=1024)]], Field(max_length=gates.MOST_IMAGES)] = []
    manifests: Annotated[str, Field(pattern="^(sha256:[0-9a-f]{64})?$")] = ""
    key: Annotated[str, Field(max_length=255)] = ""
    """The same for each call about the same wait; asked again, the request is found."""
    forge: Annotated[str, Field(pattern="^(pipeline|github|azure-devops|gitlab)$")] = "pipeline"
    started_by: Annotated[str, Field(max_length=255)] = ""
    """Login of who started the run, where a pipeline asks: theirs is a yes that does not count."""
    url: Annotated[str, Field(max_length=1_000, pattern="^(https?://[^\\s]+)?$")] = ""
    told: Told = Told()


class Answering(_Strict):
    """An answer to a request."""

    answer: Answered
    binding: Annotated[str, Field(max_length=80)]
    """What was shown: of the card."""
    comment: Annotated[str, Field(max_length=4_000)] = ""


class Reason(_Strict):
    """Why something is done."""

    reason: Annotated[str, Field(max_length=4_000)]


class DeploymentView(BaseModel):
    """A request as it stands."""

    id: str
    number: int
    standing: Standing
    environment: str
    repository: str
    ref: str
    commit: str
    images: list[str]
    manifests: str
    requested_by: str
    requested_at: str
    settled_at: str | None
    usable_until: str | None
    binding: str
    missing: list[str]
    reasons: list[dict[str, str]]
    url: str


class DeploymentPage(Page[DeploymentView]):
    """Some requests, newest first."""


class Running(BaseModel):
    """What was last allowed."""

    commit: str
    """Empty where nothing was."""


@ROUTES.get("")
def listed(
    request: Request, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_READ)], standing: Standing | None = None,
    environment: Annotated[str, Query(max_length=255)] = "", after: After = "", limit: Limit = 100,
) -> DeploymentPage:  # fmt: skip
    """Requests, newest first."""
    standings = (standing,) if standing else ()
    before = number_of(after)
    shown, more = seen(request, actor, standings=standings, environment=environment, before=before, most=limit)
    return DeploymentPage(items=[_view(request, one) for one in shown], next=str(more) if more else None)


@ROUTES.post("", status_code=201, responses={200: {"model": DeploymentView}, 400: {}, 409: {}})
def ask(
    request: Request, asked: Asked, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_REQUEST)]
) -> Response:
    """Ask for a deployment; 200 where it was asked for under this key before."""
    now = services_of(request).now()
    about = DeploymentRequest("", asked.environment, asked.repository, asked.ref, asked.commit, (), "", "", now)
    permitted(request, actor, permissions.DEPLOYMENTS_REQUEST, about)
    waits = DeploymentWaits(
        asked.forge, asked.key, asked.environment, asked.repository, asked.ref, asked.commit,
        asked.started_by or actor.id, asked.url, tuple(asked.images), asked.manifests,
    )  # fmt: skip
    try:
        kept, new = desk_of(request).ask(waits, actor, asked.told.model_dump(mode="json", exclude_none=True))
    except ConflictError as error:
        return refused(request, 409, error.message, hint=error.hint)
    services_of(request).wake()
    return JSONResponse(_view(request, kept).model_dump(mode="json"), 201 if new else 200,
                        headers={"location": f"/api/v1/deployments/{kept.request.id}"})  # fmt: skip


@ROUTES.get("/running")
def running(
    request: Request, environment: Annotated[str, Query(max_length=255)],
    repository: Annotated[str, Query(max_length=255)],
    actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_READ)],
) -> Running:  # fmt: skip
    """The commit that was last allowed for an environment and a repository: commits are told from there on."""
    about = DeploymentRequest("", environment, repository, "", "", (), "", "", services_of(request).now())
    permitted(request, actor, permissions.DEPLOYMENTS_READ, about)
    with desk_of(request).database.read() as connection:
        last = gates.last_allowed(connection, environment, repository)
    return Running(commit=last.request.commit if last else "")


@ROUTES.get("/{id}", responses={404: {}})
def one(request: Request, id: str, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_READ)]) -> Response:
    """A request with its card: what changes, who has answered, what happens next."""
    try:
        found(request, actor, id)
    except ConflictError as error:
        return refused(request, 404, error.message)
    return _card(request, desk_of(request).show(id))


@ROUTES.post("/{id}/answers", responses={403: {}, 404: {}, 409: {}})
def answer(
    request: Request, id: str, given: Answering, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_APPROVE)]
) -> Response:
    """Answer what the card shows. 409 where that has changed since."""
    return _done(request, actor, id, permissions.DEPLOYMENTS_APPROVE, lambda: desk_of(request).answer(
        id, actor, given.answer, binding=given.binding, comment=given.comment, address=address_of(request),
    ))  # fmt: skip


@ROUTES.post("/{id}/break-glass", responses={403: {}, 404: {}, 409: {}})
def break_glass(
    request: Request, id: str, given: Reason, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_BREAK_GLASS)]
) -> Response:
    """Let it through before its time, with a reason; others must look at it afterwards."""
    return _done(request, actor, id, permissions.DEPLOYMENTS_BREAK_GLASS, lambda: desk_of(request).break_glass(
        id, actor, given.reason, address=address_of(request),
    ))  # fmt: skip


@ROUTES.post("/{id}/withdraw", responses={403: {}, 404: {}, 409: {}})
def withdraw(
    request: Request, id: str, given: Reason, actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_REQUEST)]
) -> Response:
    """Take a request back, also an allowed one."""
    def back() -> Looked:
        desk_of(request).withdraw(id, actor, given.reason, address=address_of(request))
        return desk_of(request).show(id)

    return _done(request, actor, id, permissions.DEPLOYMENTS_REQUEST, back)


@ROUTES.post("/{id}/glass/{glass}/follow-up", responses={403: {}, 404: {}, 409: {}})
def follow_up(
    request: Request, id: str, glass: str, given: Reason,
    actor: Annotated[Actor, needs(permissions.DEPLOYMENTS_FOLLOW_UP)],
) -> Response:  # fmt: skip
    """Say that one has looked at a break of the glass."""
    def looked() -> Looked:
        shown = desk_of(request).show(id)
        if glass not in {one.id for one in shown.glass}:
            raise ConflictError("there is no such break", where=glass[:100])
        desk_of(request).follow_up(glass, actor, given.reason, address=address_of(request))
        return desk_of(request).show(id)

    return _done(request, actor, id, permissions.DEPLOYMENTS_FOLLOW_UP, looked)


def _done(request: Request, actor: Actor, id: str, permission: Any, work: Any) -> Response:
    try:
        found(request, actor, id, permission)
    except ConflictError as error:
        return refused(request, 404, error.message)
    try:
        looked: Looked = work()
    except NotEntitledError as error:
        return refused(request, 403, error.message, hint=error.hint)
    except ConflictError as error:
        return refused(request, 409, error.message, hint=error.hint)
    services_of(request).wake()
    return _card(request, looked)


def _card(request: Request, looked: Looked) -> Response:
    return JSONResponse(view_of(looked.kept, looked, page=_page(request, looked.kept)))


def _view(request: Request, kept: Kept) -> DeploymentView:
    return DeploymentView(**view_of(kept, page=_page(request, kept)))


def _page(request: Request, kept: Kept) -> str:
    return f"{services_of(request).origin}/deployments/{kept.request.id}"
