"""How forges are set up: places, scores, rules with what mends them; readings and calls that are asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import HTTPException
from pydantic import BaseModel, Field

from lockgate.access import permissions
from lockgate.model.actor import Actor
from lockgate.server.console import posture_seen
from lockgate.server.console.asking import needs
from lockgate.server.console.posture_done import apply, mended, read_again
from lockgate.server.console.posture_seen import AREAS, Score, posture_of

ROUTES = APIRouter(prefix="/api/v1/posture")
Reader = Annotated[Actor, needs(permissions.POSTURE_READ)]
Root = Annotated[str, Query(max_length=400)]


class PlaceView(BaseModel):
    """One organisation that was read."""

    root: str
    """``github:acme``."""
    read: str
    """When last, ISO 8601."""
    open: int
    waived: int
    critical: int
    high: int


class ScoreView(BaseModel):
    """Answers of rules to objects."""

    percent: int | None
    """Share that holds, weighted by severity; null where nothing was answered."""
    held: int
    failed: int
    waived: int
    unread: int
    """What could not be read: no answer either way."""


class RuleView(BaseModel):
    """A rule that is not met."""

    rule: str
    title: str
    severity: str
    area: str
    objects: int
    """At fault, where nobody accepted it."""
    findings: int


class PostureView(BaseModel):
    """One organisation."""

    root: str
    read: str
    objects: int
    score: ScoreView
    areas: dict[str, ScoreView]
    rules: list[RuleView]
    """Worst first."""
    worst: list[str]
    """Paths of the objects with most faults, worst first."""


class ChangeView(BaseModel):
    """What mends one finding."""

    object: str
    path: str
    message: str
    call: str
    """Empty where no call does."""
    terraform: str
    """Empty where no provider has it."""
    permission: str


class MendedView(BaseModel):
    """A rule in an organisation, and what mends it."""

    rule: str
    fix: str
    command: str
    stamp: str
    """What must be shown to have the calls made."""
    changes: list[ChangeView]


class ReadAsked(BaseModel):
    """What is to be read."""

    root: Annotated[str, Field(max_length=400)] = ""
    """Empty: everything."""


class ApplyAsked(BaseModel):
    """What is to be mended."""

    root: Annotated[str, Field(max_length=400)]
    rule: Annotated[str, Field(max_length=200)]
    stamp: Annotated[str, Field(max_length=64)]
    """Of the calls that were seen."""


class Job(BaseModel):
    """The job that does it."""

    job: int


@ROUTES.get("")
async def listed(request: Request, actor: Reader) -> list[PlaceView]:
    """Every organisation that was read."""
    return [
        PlaceView(root=one["Root"], read=str(one["TimeGenerated"]), open=one["Open"], waived=one["Waived"],
                  critical=one["Critical"], high=one["High"])
        for one in await posture_seen.places(request, actor)
    ]  # fmt: skip


@ROUTES.get("/place", responses={404: {}})
async def place(request: Request, actor: Reader, root: Root) -> PostureView:
    """One organisation: its score by area, and the rules that are not met."""
    found = await posture_of(request, actor, root)
    if found is None:
        raise HTTPException(404)
    rules = [
        RuleView(rule=str(one.rule.id), title=one.rule.title, severity=str(one.rule.severity), area=one.area,
                 objects=len(one.objects), findings=len(one.findings))
        for one in found.failed
    ]  # fmt: skip
    areas = {area: _score(found.areas[area]) for area in AREAS}
    return PostureView(root=root, read=str(found.read), objects=found.objects, score=_score(found.whole), areas=areas,
                       rules=rules, worst=[path for path, _ in found.worst[:50]])  # fmt: skip


@ROUTES.get("/rule", responses={404: {}})
async def ruled(
    request: Request, actor: Reader, root: Root, rule: Annotated[str, Query(max_length=200)]
) -> MendedView:  # fmt: skip
    """A rule in an organisation, with what mends its findings: a dry run."""
    found = await mended(request, actor, root, rule)
    if found is None:
        raise HTTPException(404)
    changes = [
        ChangeView(object=one.name, path=one.path, message=one.message, terraform=one.terraform,
                   call=one.call.shown() if one.call is not None else "", permission=one.permission)
        for one in found.changes
    ]  # fmt: skip
    return MendedView(rule=rule, fix=found.seen.rule.fix, command=found.command, stamp=found.stamp, changes=changes)


@ROUTES.post("/read", status_code=202)
def read(
    request: Request, actor: Annotated[Actor, needs(permissions.POSTURE_REFRESH)], asked: ReadAsked
) -> Job:  # fmt: skip
    """Have one organisation, or every one, read now."""
    return Job(job=read_again(request, actor, asked.root))


@ROUTES.post("/apply", status_code=202, responses={400: {}, 404: {}})
async def applied(
    request: Request, actor: Annotated[Actor, needs(permissions.POSTURE_APPLY)], asked: ApplyAsked
) -> Job:  # fmt: skip
    """Have the calls made that the dry run showed."""
    number = await apply(request, actor, asked.root, asked.rule, asked.stamp)
    if number is None:
        raise HTTPException(404)
    return Job(job=number)


def _score(one: Score) -> ScoreView:
    return ScoreView(percent=one.percent, held=one.held, failed=one.failed, waived=one.waived, unread=one.unread)
