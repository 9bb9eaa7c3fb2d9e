"""Runs of the command line, uploaded whole: kept once, however often they are sent."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException
from pydantic import BaseModel

from lockgate.access import permissions
from lockgate.errors import LockgateError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import address_of, needs, permit, services_of
from lockgate.store.row_access import repository_of
from lockgate.store.team import trail
from lockgate.store.uploads import Upload, read

ROUTES = APIRouter(prefix="/api/v1/runs")
MOST_PACKED, MOST = 64 << 20, 512 << 20
LARGER = {"/api/v1/runs": MOST_PACKED}
"""Bodies of runs may be so large."""


class Kept(BaseModel):
    """What came of an upload."""

    run: str
    was_there: bool
    """Whether it had been sent before."""


@ROUTES.post("", status_code=201, responses={400: {}, 413: {}})
async def upload(request: Request, actor: Annotated[Actor, needs(permissions.RUNS_UPLOAD)]) -> Kept:
    """A run: JSON of table names and their rows, packed by gzip where ``Content-Encoding`` says so."""
    body = await request.body()
    packed = request.headers.get("content-encoding", "") == "gzip"
    try:
        sent = await run_in_threadpool(_unpacked, body, packed)
        upload = await run_in_threadpool(read, sent)
    except (ValueError, EOFError, zlib.error, LockgateError) as error:
        raise HTTPException(400, f"that is no run: {error}") from None
    permit(request, actor, permissions.RUNS_UPLOAD, repository_of(actor, upload.root))
    return await run_in_threadpool(_kept, request, actor, upload)


def _kept(request: Request, actor: Actor, upload: Upload) -> Kept:
    services = services_of(request)
    was_there = services.keep_run(upload)
    if not was_there:
        detail: dict[str, Any] = {"root": upload.root, "findings": upload.findings}
        with services.database.begin() as connection:
            entry = trail.Entry(actor, "runs:upload", f"run:{upload.run}", address=address_of(request), detail=detail)
            trail.append(connection, entry)
    return Kept(run=upload.run, was_there=was_there)


def _unpacked(body: bytes, packed: bool) -> Any:
    if packed:
        with gzip.open(io.BytesIO(body)) as stream:
            body = stream.read(MOST + 1)
        if len(body) > MOST:
            raise ValueError("it is larger than may be when it is unpacked")
    return orjson.loads(body)
