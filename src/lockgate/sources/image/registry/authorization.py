"""Answers the challenges of a registry: Basic, and tokens for one repository at a time.

Source: distribution's ``auth/token`` and ``auth/oauth``, and Azure Container Registry's exchange of a token of
Microsoft Entra for a refresh token (``/oauth2/exchange``) and of that for an access token (``/oauth2/token``).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from lockgate.errors import SourceError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.sources.image.registry.challenges import Challenge, parsed
from lockgate.sources.image.registry.credentials import Credentials
from lockgate.transport import RefusedError

_MAX_TOKEN = 1024 * 1024
_SHORTEST = 60.0
"""Seconds a token lasts where its server does not say; so does Docker's client."""
_MARGIN = 10.0
"""Seconds before its end in which a token is taken for over."""
_CLIENT = "lockgate"


class Ask(Protocol):
    """How a token server is asked: once, within the client's budget."""

    def __call__(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        """Status and body."""


class Authorization:
    """The header for one repository, made anew when it is refused or over."""

    def __init__(
        self, base: str, scope: str, credentials: Credentials, ask: Ask, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``base``: of the registry; ``scope``: what is asked where a challenge names none."""
        self._base, self._scope, self._credentials, self._ask, self._clock = base, scope, credentials, ask, clock
        self._header = ""
        self._until = float("inf")
        self._challenge: Challenge | None = None

    def header(self) -> dict[str, str]:
        """What to send; nothing before the first challenge. A token that is over is asked for anew."""
        if self._challenge is not None and self._clock() > self._until:
            self._answer(self._challenge)
        return {"Authorization": self._header} if self._header else {}

    def answer(self, challenges: str) -> bool:
        """Take up a refusal's challenges; whether there is now something else to send. Raises ``SourceError``."""
        found = parsed(challenges)
        before = self._header
        for challenge in sorted(found, key=lambda one: one.scheme != "bearer"):
            if challenge.scheme == "bearer" and challenge.parameters.get("realm"):
                self._answer(challenge)
                return True
            if challenge.scheme == "basic" and self._credentials.username:
                self._header = _basic(self._credentials)
                return self._header != before
        return False

    def _answer(self, challenge: Challenge) -> None:
        asked = challenge.parameters
        service, scope = asked.get("service", ""), _widened(asked.get("scope", ""), self._scope)
        held = self._credentials
        if held.azure and not held.identity:
            held = Credentials(identity=self._exchanged(service, held.azure))
        answer = self._token(asked["realm"], service, scope, held)
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise SourceError("the token server answered no token", where=_where(asked["realm"]))
        lasts = answer.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, int | float) and 0 < lasts < 1e9 else _SHORTEST
        self._header, self._challenge = f"Bearer {token}", challenge
        self._until = self._clock() + max(seconds - _MARGIN, 1.0)

    def _token(self, realm: str, service: str, scope: str, held: Credentials) -> dict[str, Any]:
        if held.identity:
            form = {"grant_type": "refresh_token", "service": service, "scope": scope, "client_id": _CLIENT,
                    "refresh_token": held.identity}  # fmt: skip
            return self._posted(realm, form)
        scopes = [("scope", one) for one in scope.split()]  # each by itself, as Docker's client asks
        query = urlencode([(key, value) for key, value in (("service", service), *scopes) if value])
        headers = {"Authorization": _basic(held)} if held.username else {}
        address = realm + ("&" if urlsplit(realm).query else "?") + query if query else realm
        return _object(*self._ask("GET", address, headers=headers, body=None), realm)

    def _exchanged(self, service: str, token: str) -> str:
        """A refresh token of Azure Container Registry. Asked of the registry itself, whatever the challenge names."""
        form = {"grant_type": "access_token", "service": service, "access_token": token}
        found = self._posted(f"{self._base}/oauth2/exchange", form).get("refresh_token")
        if not isinstance(found, str) or not found:
            raise SourceError("the registry exchanged no token", where=f"{self._base}/oauth2/exchange")
        return found

    def _posted(self, address: str, form: Mapping[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return _object(*self._ask("POST", address, headers=headers, body=urlencode(form).encode()), address)


def _widened(told: str, own: str) -> str:
    """What a challenge asks for, with all that is wanted of the own repository: one token reads and writes it."""
    repository, _, actions = own.rpartition(":")
    found = []
    for one in told.split():
        resource, _, more = one.rpartition(":")
        both = ",".join(dict.fromkeys((*more.split(","), *actions.split(","))))
        found.append(f"{resource}:{both}" if resource == repository else one)
    return " ".join(found) or own


def _basic(held: Credentials) -> str:
    return "Basic " + base64.b64encode(f"{held.username}:{held.password}".encode()).decode()


def _object(status: int, content: bytes, address: str) -> dict[str, Any]:
    where = _where(address)
    if status in (400, 401, 403):
        hint = "log in again (docker login, az acr login), or ask for access to the repository"
        raise RefusedError(f"the token server refuses ({status})", where=where, hint=hint, status=401)
    if status != 200:
        raise SourceError(f"the token server answers {status}", where=where)
    try:
        body = json_safe.load(content, max_bytes=_MAX_TOKEN)
    except FormatError as error:
        raise SourceError(f"the token server: {error.reason}", where=where) from None
    if not isinstance(body, dict):
        raise SourceError("the token server answered no object", where=where)
    return body


def _where(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300]
