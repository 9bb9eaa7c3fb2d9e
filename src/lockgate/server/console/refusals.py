"""What is answered when something cannot be done: a page for people, a problem document (RFC 9457) for programs."""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from lockgate.errors import ConfigurationError, LockgateError, StoreError, UsageError
from lockgate.formats.printable import clipped, printable
from lockgate.server.console.asking import ForbiddenError, NobodyError, services_of
from lockgate.server.console.drawing import is_fragment, page
from lockgate.server.console.idempotency import AnsweredBeforeError
from lockgate.server.sign_in.identity import SignInError

API = ("/api/", "/metrics")
"""How paths begin where programs ask: they are answered in JSON, and led nowhere."""
SIGN_IN, STEP_UP = "/sign-in", "/sign-in/step-up"
_log = logging.getLogger("lockgate.console")


def install(app: FastAPI) -> None:
    """Have the application answer so."""
    app.add_exception_handler(NobodyError, _nobody)
    app.add_exception_handler(AnsweredBeforeError, _answered_before)
    app.add_exception_handler(ForbiddenError, _forbidden)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(LockgateError, _ours)
    app.add_exception_handler(Exception, _defect)


def refused(
    request: Request, status: int, detail: str, *, hint: str = "", headers: dict[str, str] | None = None
) -> Response:  # fmt: skip
    """An answer with that status."""
    title = HTTPStatus(status).phrase
    if request.url.path.startswith(API):
        body = {"type": "about:blank", "title": title, "status": status, "detail": printable(detail)}
        body |= {"hint": printable(hint)} if hint else {}
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    values = {"title": title, "detail": printable(detail), "hint": printable(hint)}
    return page(request, "refused.html", status=status, headers=headers, **values)


def back_to(request: Request) -> str:
    """Where somebody goes on after a sign-in: a path of ours, with its query, never another origin.

    A form's own address shows nothing: they go on where the form stood, as the browser tells.
    """
    if request.method in ("GET", "HEAD"):
        asked, query = request.url.path, request.url.query if request.method == "GET" else ""
    else:
        origin = services_of(request).origin
        asked, _, query = request.headers.get("referer", "").removeprefix(origin).partition("#")[0].partition("?")
    if not asked.startswith("/") or asked.startswith("//") or "\\" in asked:
        return "/"
    return clipped(f"{asked}?{query}" if query else asked, 1_000)


async def _nobody(request: Request, _: Exception) -> Response:
    if request.url.path.startswith(API):
        return refused(request, 401, "Sign in, or show a token.", headers={"www-authenticate": "Bearer"})
    return _led(request, SIGN_IN)


async def _forbidden(request: Request, error: Exception) -> Response:
    assert isinstance(error, ForbiddenError)
    if not error.is_step_up:
        return refused(request, 403, str(error))
    if request.url.path.startswith(API):  # RFC 9470
        challenge = 'Bearer error="insufficient_user_authentication", error_description="a second factor is needed"'
        return refused(request, 401, str(error), headers={"www-authenticate": challenge})
    return _led(request, STEP_UP)


def _led(request: Request, where: str) -> Response:
    """To another page; htmx is told by its own header, since it would put a redirect's page into this one."""
    address = f"{where}?{urlencode({'next': back_to(request)})}"
    if is_fragment(request):
        return Response(status_code=200, headers={"hx-redirect": address})
    return RedirectResponse(address, 303)


async def _answered_before(_: Request, error: Exception) -> Response:
    assert isinstance(error, AnsweredBeforeError)
    return error.response


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "There is nothing here.", 405: "That cannot be done here."}.get(error.status_code)
    return refused(request, error.status_code, said or str(error.detail), headers=dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = [f"{'.'.join(map(str, one['loc'][1:])) or one['loc'][0]}: {one['msg']}" for one in error.errors()[:20]]
    return refused(request, 422, "; ".join(told))


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, LockgateError)
    if isinstance(error, StoreError):
        _log.error("%s", error)
        return refused(request, 503, error.message, hint=error.hint, headers={"retry-after": "5"})
    statuses = {SignInError: 403, UsageError: 400, ConfigurationError: 500}
    status = next((status for kind, status in statuses.items() if isinstance(error, kind)), 502)
    told = f"{error.where}: {error.message}" if error.where else error.message
    return refused(request, status, told, hint=error.hint)


async def _defect(request: Request, error: Exception) -> Response:
    where = printable(request.url.path)
    _log.error("%s %s could not be answered: %s", request.method, where, type(error).__name__, exc_info=error)
    return refused(request, 500, "The request could not be answered. The server's log says why.")
