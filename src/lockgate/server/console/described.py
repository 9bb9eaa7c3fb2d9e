"""The OpenAPI 3.1 description: what FastAPI reads off the routes, and what the layers around them add to every one.

Who may ask, the refusals that any call may meet, as problem documents (RFC 9457), and the headers by which a write is
known again.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from lockgate.model.actor import Permission
from lockgate.server.console.asking import needed_by
from lockgate.server.console.idempotency import HEADER, REPLAYED
from lockgate.server.console.unchanged import TAGGED

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_SCHEMAS = {
    "Problem": {
        "type": "object", "required": ["type", "title", "status"],
        "description": "A problem document (RFC 9457).",
        "properties": {
            "type": {"type": "string", "const": "about:blank"}, "title": {"type": "string"},
            "status": {"type": "integer"}, "detail": {"type": "string"},
            "hint": {"type": "string", "description": "What can be done about it."},
        },
    },
}  # fmt: skip
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token, which begins with `lkg_`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "lockgate", "description": "Of a browser."},
}
_REFUSALS = {
    400: "What was asked cannot be done as it was asked.",
    401: "Nobody is signed in, or a second factor is asked for (`insufficient_user_authentication`, RFC 9470).",
    403: "They may not.",
    404: "There is no such thing, or none that they may see.",
    409: f"Things do not stand so that it could be done, or a request with this `{HEADER}` is at work (`Retry-After`).",
    413: "The body is larger than it may be here.",
    422: f"What was sent is not as described, or this `{HEADER}` was another request's.",
    429: "Too much at once (`Retry-After`).",
    503: "The database does not answer (`Retry-After`).",
}
_ANY, _OF_ACTORS, _OF_WRITES = (429, 503), (401, 403), (400, 413, 422)
_KEY = {
    "name": HEADER, "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 3, "maxLength": 257, "pattern": '^"[A-Za-z0-9._~:/+=@-]{1,255}"$'},
    "description": (
        "A string, in quotes, that no other request of yours has. A write that is sent again with it, and with the "
        f"same body, within a day is done once, and answered alike with `{REPLAYED}: true`."
    ),
}  # fmt: skip

_KNOWN = {
    "name": "If-None-Match", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": '^"[a-f0-9]+"$'},
    "description": "The `ETag` of an answer that the client has.",
}  # fmt: skip


def described(app: FastAPI) -> dict[str, Any]:
    """The description of all that is below ``/api/``; made once."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes,
                            openapi_version="3.1.0")  # fmt: skip
        components = found.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):  # refusals are problem documents
            schemas.pop(unused, None)
        schemas.update(_SCHEMAS)
        components["securitySchemes"] = _SECURITY
        for route in iter_route_contexts(app.routes):
            path = route.path or ""
            for method in route.methods or ():
                operation = found["paths"].get(path, {}).get(method.lower())
                if operation is not None:
                    _add(operation, path, needed_by(route.original_route.dependant), method)  # type: ignore[attr-defined]
        app.openapi_schema = found
    return app.openapi_schema


def _add(operation: dict[str, Any], path: str, needed: Permission | None, method: str) -> None:
    is_write, of_one = method not in ("GET", "HEAD"), (404,) if "{" in path else ()
    statuses = {*_ANY, *of_one, *(_OF_ACTORS if needed else ()), *(_OF_WRITES if is_write else ())}
    responses = operation["responses"]
    if needed is not None:
        operation["security"] = [{"token": []}, {"session": []}]
        operation["x-permission"] = str(needed)
        if is_write:
            operation.setdefault("parameters", []).append(_KEY)
            statuses.add(409)
        elif path.startswith(TAGGED):
            operation.setdefault("parameters", []).append(_KNOWN)
            responses["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
            responses["304"] = {"description": "As the client has it."}
    else:
        operation["security"] = []
    for status in {*statuses, *(int(one) for one in responses if one in map(str, _REFUSALS))}:
        known = responses.get(str(status), {})
        told = _REFUSALS[status] if status in _REFUSALS else known.get("description", "")
        content = known.get("content", {}) if status != 422 else {}
        responses[str(status)] = {
            "description": told, "content": {**content, "application/problem+json": {"schema": _PROBLEM}},
        }  # fmt: skip
    operation["responses"] = dict(sorted(responses.items()))
