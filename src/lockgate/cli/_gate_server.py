"""The gate of a server, asked over its API by whom a token stands for: ``LOCKGATE_TOKEN``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from lockgate.cli._server_calls import call
from lockgate.errors import LockgateError, SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.formats.rebuild_requests import web_address
from lockgate.transport import Transport, Trust

TOKEN = "LOCKGATE_TOKEN"  # noqa: S105 - the name of a variable


class RefusedError(LockgateError):
    """The server does not do what it was asked."""

    code = "refused"


class Server:
    """A server. Every method raises :class:`SourceError` where it does not answer, :class:`RefusedError` where it says
    no."""

    def __init__(self, address: str, *, ca_file: str = "") -> None:
        try:
            self._base = web_address(address)
        except FormatError as error:
            raise UsageError(error.reason, where="--server") from None
        self._token = os.environ.get(TOKEN, "")
        if not self._token or not self._token.isascii() or not self._token.isprintable():
            raise UsageError("the server asks for a token", where=TOKEN, hint=f"export {TOKEN}=...")
        self._transport = Transport(urlsplit(self._base).netloc, Trust(ca_file=ca_file))

    def running(self, environment: str, repository: str) -> str:
        """As ``House`` has it."""
        query = urlencode({"environment": environment, "repository": repository})
        return str(self._call("GET", f"/running?{query}")["commit"])

    def ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._call("POST", "", asked)

    def look(self, id: str) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._call("GET", f"/{quote(id, safe='')}")

    def answer(self, id: str, answer: str, binding: str, comment: str) -> dict[str, Any]:
        """As ``House`` has it."""
        told = {"answer": answer, "binding": binding, "comment": comment}
        return self._call("POST", f"/{quote(id, safe='')}/answers", told)

    def break_glass(self, id: str, reason: str) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._call("POST", f"/{quote(id, safe='')}/break-glass", {"reason": reason})

    def follow_up(self, id: str, glass: str, reason: str) -> dict[str, Any]:
        """As ``House`` has it."""
        path = f"/{quote(id, safe='')}/glass/{quote(glass, safe='')}/follow-up"
        return self._call("POST", path, {"reason": reason})

    def withdraw(self, id: str, reason: str) -> dict[str, Any]:
        """As ``House`` has it."""
        return self._call("POST", f"/{quote(id, safe='')}/withdraw", {"reason": reason})

    def listed(self, standing: str, environment: str) -> list[dict[str, Any]]:
        """As ``House`` has it."""
        chosen = {"open": ("asking", "waiting"), "all": ("",)}.get(standing, (standing,))
        found: list[dict[str, Any]] = []
        for one in chosen:
            query = urlencode({**({"standing": one} if one else {}), "environment": environment})
            found += self._call("GET", f"?{query}")["items"]
        return sorted(found, key=lambda one: -int(one["number"]))

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        content = None
        if body is not None:
            content, headers["Content-Type"] = orjson.dumps(dict(body)), "application/json"
        address = f"{self._base}/api/v1/deployments{path}"
        status, answer = call(self._transport, method, address, headers=headers, body=content)
        try:
            told = orjson.loads(answer)
        except ValueError:
            told = {}
        if status in (200, 201) and isinstance(told, dict):
            return told
        detail = told.get("detail") if isinstance(told, dict) else None
        reason = clipped(printable(str(detail or f"it answers {status}")), 500)
        if status == 429 or status >= 500:
            raise SourceError(reason, where=self._base)
        hint = str(told.get("hint", "")) if isinstance(told, dict) else ""
        raise RefusedError(reason, where=self._base, hint=clipped(printable(hint), 300))
