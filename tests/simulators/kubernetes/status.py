"""Errors as an API server answers them: a ``Status`` body of ``v1`` with reason, code and causes."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request that is refused; ``body`` is the Status, ``code`` the HTTP status."""

    def __init__(self, code: int, reason: str, message: str, *, details: dict[str, Any] | None = None,
                 metadata: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> None:  # fmt: skip
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.headers = headers or {}
        self.body: dict[str, Any] = {
            "kind": "Status", "apiVersion": "v1", "metadata": metadata or {}, "status": "Failure",
            "message": message, "reason": reason, **({"details": details} if details else {}), "code": code,
        }  # fmt: skip


def cause(field: str, message: str, reason: str = "FieldValueInvalid") -> dict[str, str]:
    """One entry of ``details.causes``."""
    return {"reason": reason, "message": message, "field": field}


def details(kind: Any, name: str, causes: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """``details`` of a Status about one object; real servers put the resource, or for 422 the kind, under ``kind``."""
    found: dict[str, Any] = {"name": name, "group": kind.group, "kind": kind.plural}
    if causes:
        found["causes"] = causes
    return {key: value for key, value in found.items() if value}


def qualified(kind: Any) -> str:
    """``deployments.apps``, or ``pods`` in the core group, as messages name a resource."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def not_found(kind: Any, name: str) -> ApiError:
    """404 for an object."""
    return ApiError(404, "NotFound", f'{qualified(kind)} "{name}" not found', details=details(kind, name))


def no_such_path() -> ApiError:
    """404 for an address that nothing serves."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(kind: Any, name: str) -> ApiError:
    """409 for a create."""
    return ApiError(409, "AlreadyExists", f'{qualified(kind)} "{name}" already exists', details=details(kind, name))


def conflict(kind: Any, name: str, why: str = "") -> ApiError:
    """409 for a write against an older version than the stored one."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {qualified(kind)} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=details(kind, name))


def invalid(kind: Any, name: str, causes: list[dict[str, str]]) -> ApiError:
    """422 with causes."""
    told = [f"{one['field']}: {one['message']}" for one in causes]
    joined = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    about = {"name": name, "group": kind.group, "kind": kind.kind, "causes": causes}
    label = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    message = f'{label} "{name}" is invalid: {joined}'
    return ApiError(422, "Invalid", message, details={key: value for key, value in about.items() if value})


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no identity could be found in what the client sent."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def internal(message: str) -> ApiError:
    """500."""
    about = {"causes": [{"message": message}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", details=about)


def expired(message: str, *, token: str = "") -> ApiError:
    """410: the history that the client asks for is gone; ``token`` continues the list inconsistently."""
    return ApiError(410, "Expired", message, metadata={"continue": token} if token else None)
