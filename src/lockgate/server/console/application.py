"""Joins the console: every module of ``pages`` and ``api``, what is answered for errors, assets, and the shield."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

import lockgate.server.console.api as api_folder
import lockgate.server.console.pages as pages_folder
from lockgate.discover import discover
from lockgate.server.asgi import Application
from lockgate.server.console import refusals
from lockgate.server.console.asking import public
from lockgate.server.console.described import described
from lockgate.server.console.drawing import asset
from lockgate.server.console.idempotency import Once
from lockgate.server.console.services import Services
from lockgate.server.console.shield import Shield
from lockgate.server.console.unchanged import Unchanged

_KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_DESCRIPTION = "What Lockgate knows and decides. Calls need a session or a bearer token, but for those that are public."


def application(
    services: Services, larger: Mapping[str, int] | None = None, *, app: FastAPI | None = None
) -> Application:  # fmt: skip
    """The console, shielded. ``larger``: as :class:`Shield` takes it; ``app``: its routes, where they were made."""
    return Shield(Once(Unchanged(app or framework(services)), services), services, larger)


def framework(services: Services) -> FastAPI:
    """The application without its shield: what tests walk."""
    app = FastAPI(
        title="Lockgate", version="1", description=_DESCRIPTION, openapi_url=None, docs_url=None, redoc_url=None,
        separate_input_output_schemas=False,
    )  # fmt: skip
    app.state.services = services
    refusals.install(app)
    for folder in (api_folder, pages_folder):
        for name, router in discover(folder, "ROUTES", APIRouter).items():
            app.include_router(router, tags=[name] if folder is api_folder else ["pages"],
                               include_in_schema=folder is api_folder)  # fmt: skip
    app.add_api_route("/static/{stamp}/{name}", _static, dependencies=[public], include_in_schema=False)
    app.add_api_route("/api/v1/openapi.json", _described, dependencies=[public], include_in_schema=False)
    app.add_api_route("/", _front, dependencies=[public], include_in_schema=False)
    return app


async def _static(stamp: str, name: str) -> Response:
    """An asset; only by the address that its content gives it, and so kept for ever."""
    kind = _KINDS.get(name[name.rfind(".") :])
    folder = files(__package__) / "static"
    if kind is None or name not in {one.name for one in folder.iterdir()} or asset(name) != f"/static/{stamp}/{name}":
        return Response("There is nothing here.", 404, media_type="text/plain")
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response((folder / name).read_bytes(), media_type=kind, headers=headers)


async def _described(request: Request) -> Response:
    """The OpenAPI 3.1 description."""
    return JSONResponse(described(request.app))


async def _front() -> Response:
    return RedirectResponse("/home", 303)
