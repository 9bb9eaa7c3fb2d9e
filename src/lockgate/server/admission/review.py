"""AdmissionReview of ``admission.k8s.io/v1``: reading what an API server sends, writing what it understands.

Pure. Form and limits follow the Kubernetes API reference (AdmissionReview, admission webhooks).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.server.admission.contract import Denial, Verdict

API_VERSION = "admission.k8s.io/v1"
MAX_BODY = 7 * 1024 * 1024
"""Bytes: the object and the old object at 3 MiB each, the most an API server takes, and what stands around them."""
MAX_DEPTH = 200
_OPERATIONS = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
_MAX_MESSAGE = 8 * 1024
_MAX_WARNING = 256
"""Characters; API servers cut longer warnings."""
_MAX_WARNINGS = 4096
"""Characters of all warnings of one answer; API servers drop what exceeds it."""
_MAX_ANNOTATION = 4096
_ANNOTATION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_DURATION = re.compile(
    r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m(?!s))?(?:([0-9]{1,6}(?:\.[0-9]{1,9})?)s)?(?:([0-9]{1,9})ms)?"
)


class ReviewError(Exception):
    """The request is no review; ``status`` is the HTTP status to answer with."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


@dataclass(frozen=True, slots=True)
class Review:
    """What the webhook itself needs of a request; the whole is for the judge."""

    uid: str
    operation: str
    namespace: str
    """Empty for cluster-scoped objects; for a Namespace its own name, so that its failure mode holds for it."""
    request: Mapping[str, Any]


def parse(content: bytes) -> Review:
    """Raises :class:`ReviewError`, and nothing else, on any bytes."""
    try:
        body = json_safe.load(content, max_bytes=MAX_BODY, max_depth=MAX_DEPTH)
    except FormatError as error:
        raise ReviewError(f"the body is {error}") from None
    if not isinstance(body, dict) or body.get("kind") != "AdmissionReview":
        raise ReviewError("the body is no AdmissionReview")
    if body.get("apiVersion") != API_VERSION:
        told = clipped(printable(str(body.get("apiVersion"))), 60)
        raise ReviewError(f"apiVersion is {told!r}: only {API_VERSION} is understood")
    request = body.get("request")
    if not isinstance(request, dict):
        raise ReviewError("request is missing or no object")
    uid, operation = request.get("uid"), request.get("operation")
    if not isinstance(uid, str) or not 0 < len(uid) <= 128:
        raise ReviewError("request.uid is missing or no short text")
    if not isinstance(operation, str) or operation not in _OPERATIONS:
        raise ReviewError("request.operation is none of CREATE, UPDATE, DELETE, CONNECT")
    _check_names(request)
    _check_objects(request, operation)
    return Review(uid, operation, _namespace(request), request)


def _check_names(request: Mapping[str, Any]) -> None:
    for field, inner in (("kind", "kind"), ("resource", "resource")):
        named = request.get(field)
        if not isinstance(named, dict) or not isinstance(named.get(inner), str) or not named[inner]:
            raise ReviewError(f"request.{field} does not name a {inner}")
        if named.get("group", "").__class__ is not str or named.get("version", "").__class__ is not str:
            raise ReviewError(f"request.{field} has a group or version that is no text")
    for field in ("name", "namespace", "subResource"):
        if request.get(field, "").__class__ is not str:
            raise ReviewError(f"request.{field} is no text")
    dry_run = request.get("dryRun")
    if dry_run is not None and not isinstance(dry_run, bool):
        raise ReviewError("request.dryRun is no boolean")
    if not isinstance(request.get("userInfo", {}), dict):
        raise ReviewError("request.userInfo is no object")


def _check_objects(request: Mapping[str, Any], operation: str) -> None:
    for field in ("object", "oldObject", "options"):
        body = request.get(field)
        if body is not None and not isinstance(body, dict):
            raise ReviewError(f"request.{field} is no object")
    if operation in ("CREATE", "UPDATE") and request.get("object") is None:
        raise ReviewError(f"request.object is missing in a {operation}")


def _namespace(request: Mapping[str, Any]) -> str:
    if request["kind"]["kind"] == "Namespace" and not request["kind"].get("group"):
        return str(request.get("name") or "")
    return str(request.get("namespace") or "")


@lru_cache(maxsize=64)
def seconds_of(timeout: str) -> float:
    """Seconds of the ``timeout`` parameter (``10s``, ``1m0s``, ``500ms``); 10 without one, and never above 30.

    Raises :class:`ReviewError` for anything else.
    """
    if not timeout:
        return 10.0
    found = _DURATION.fullmatch(timeout)
    if not found or not any(found.groups()):
        raise ReviewError("the parameter timeout is no duration such as 10s")
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return min(30.0, hours * 3600 + minutes * 60 + seconds + milliseconds / 1000)


def allowed(uid: str, verdict: Verdict | None, *, mutate: bool, warnings: tuple[str, ...] = (),
            annotations: Mapping[str, str] | None = None) -> bytes:  # fmt: skip
    """The answer that lets a request through."""
    response: dict[str, Any] = {"allowed": True}
    if mutate and verdict is not None and verdict.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(orjson.dumps(verdict.patch)).decode()
        return _encoded(uid, _rest(response, verdict, warnings, annotations or {}))
    if verdict is None:
        return _encoded(uid, _rest(response, None, warnings, annotations or {}))
    name = ("allowed", warnings, tuple((annotations or {}).items()))
    return _encoded(uid, verdict.shared.kept(name, lambda: _rest(response, verdict, warnings, annotations or {})))


def denied(uid: str, verdict: Verdict | None, message: str, *, code: int = 403, reason: str = "Forbidden",
           annotations: Mapping[str, str] | None = None) -> bytes:  # fmt: skip
    """The answer that refuses; the API server puts the name of the webhook in front of ``message``."""
    def made() -> bytes:
        status = {"code": code, "reason": reason, "message": clipped(message, _MAX_MESSAGE)}
        return _rest({"allowed": False, "status": status}, verdict, (), annotations or {})

    if verdict is None:
        return _encoded(uid, made())
    name = ("denied", message, code, reason, tuple((annotations or {}).items()))
    return _encoded(uid, verdict.shared.kept(name, made))


def told(denials: tuple[Denial, ...]) -> str:
    """Denials, one a line, each with its policy: ``[no-privileged] container web is privileged``."""
    lines = [f"[{printable(one.policy)}] {printable(one.message)}" for one in denials[:50]]
    if len(denials) > 50:
        lines.append(f"and {len(denials) - 50} more")
    return "\n".join(lines)


_HEAD = b'{"kind":"AdmissionReview","apiVersion":"%s","response":{"uid":' % API_VERSION.encode()


def _encoded(uid: str, rest: bytes) -> bytes:
    """The answer of which ``rest`` is what follows the uid."""
    return b"%s%s,%s}" % (_HEAD, orjson.dumps(uid), rest)


def _rest(response: dict[str, Any], verdict: Verdict | None, warnings: tuple[str, ...],
          annotations: Mapping[str, str]) -> bytes:  # fmt: skip
    every = (*warnings, *(verdict.warnings if verdict else ()))
    if every:
        response["warnings"] = _fitting(every)
    notes = {**(verdict.audit_annotations if verdict else {}), **annotations}
    if notes:
        response["auditAnnotations"] = {
            key: clipped(value, _MAX_ANNOTATION) for key, value in notes.items() if _ANNOTATION.fullmatch(key)
        }
    return orjson.dumps(response)[1:]


def _fitting(warnings: tuple[str, ...]) -> list[str]:
    kept: list[str] = []
    room = _MAX_WARNINGS - 40
    for at, warning in enumerate(warnings):
        text = clipped(printable(warning), _MAX_WARNING)
        room -= len(text)
        if room < 0:
            kept.append(f"and {len(warnings) - at} more warnings")
            break
        kept.append(text)
    return kept
