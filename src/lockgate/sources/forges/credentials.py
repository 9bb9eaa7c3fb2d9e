"""What a forge is shown: tokens as they stand in each forge's header. A value has no repr."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from lockgate.errors import ConfigurationError
from lockgate.sources.forges.times import ShortLived

_ENTRA_SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps as an application of Microsoft Entra, the same in every tenant. Source: Microsoft Learn,
"Authenticate to Azure DevOps with Microsoft Entra"."""


class Credential(Protocol):
    """Who asks."""

    def headers(self) -> Mapping[str, str]:
        """What to send with a request. Raises ``LockgateError``."""

    def renewed(self) -> bool:
        """Called when it was refused; whether another may be good now."""

    def git(self) -> tuple[str, str]:
        """User and password for git over HTTPS. Raises ``LockgateError``."""


class TokenCredential:
    """A token that somebody made, in one header."""

    __slots__ = ("_header", "_token", "_user", "_written")

    def __init__(self, token: str, *, header: str = "Authorization", written: str = "Bearer {}", user: str) -> None:
        """``written``: how the token stands in ``header``; ``user``: who git says it is."""
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError("the token of the forge holds what a header cannot", hint="is it the right file?")
        self._header, self._token, self._written, self._user = header, token, written, user

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {self._header: self._written.format(self._token)}

    def renewed(self) -> bool:
        """Never: another has to be made by a person."""
        return False

    def git(self) -> tuple[str, str]:
        """The token is the password."""
        return self._user, self._token


def github_token(token: str) -> TokenCredential:
    """A personal access token, or that of a workflow."""
    return TokenCredential(token, user="x-access-token")


def gitlab_token(token: str) -> TokenCredential:
    """A personal, project or group access token."""
    return TokenCredential(token, header="PRIVATE-TOKEN", written="{}", user="oauth2")


def azure_token(token: str) -> TokenCredential:
    """A personal access token of Azure DevOps, which goes as the password of nobody."""
    packed = base64.b64encode(f":{token}".encode()).decode()
    return _AzureToken(token, packed)


class _AzureToken(TokenCredential):
    __slots__ = ("_packed",)

    def __init__(self, token: str, packed: str) -> None:
        super().__init__(token, user="lockgate")
        self._packed = packed

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Basic {self._packed}"}


class RenewedCredential:
    """Tokens that end, each held until another is made before that."""

    def __init__(self, make: Callable[[], ShortLived], user: str, clock: Callable[[], float]) -> None:
        """``user``: whom git names beside the token."""
        self._make, self._user, self._clock, self._lock = make, user, clock, threading.Lock()
        self._held = ShortLived("", 0.0)

    def headers(self) -> Mapping[str, str]:
        """A token that lasts."""
        return {"Authorization": f"Bearer {self._token()}"}

    def renewed(self) -> bool:
        """Whether one was held: it may have ended early or been revoked, and another may be good."""
        with self._lock:
            held, self._held = self._held, ShortLived("", 0.0)
            return bool(held.value)

    def git(self) -> tuple[str, str]:
        """The token as a password."""
        return self._user, self._token()

    def _token(self) -> str:
        with self._lock:
            if self._held.over(self._clock()):
                self._held = self._make()
            return self._held.value


class EntraCredential(RenewedCredential):
    """Tokens of Microsoft Entra for Azure DevOps, from the identity this machine has."""

    def __init__(
        self, ask: Callable[[str], tuple[str, float]] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """``ask``: gives a token for a scope and when it ends; by default ``azure-identity``."""
        asked = ask or _entra
        super().__init__(lambda: ShortLived(*asked(_ENTRA_SCOPE)), "lockgate", clock)


def _entra(scope: str) -> tuple[str, float]:
    try:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential
    except ImportError:
        hint = "pip install 'lockgate[azure]', or name a personal access token"
        raise ConfigurationError("azure-identity is not installed", hint=hint) from None
    try:
        told = DefaultAzureCredential().get_token(scope)
    except ClientAuthenticationError:
        hint = "az login, a managed identity, or the variables AZURE_CLIENT_ID and so on"
        raise ConfigurationError("this machine has no identity that Azure DevOps knows", hint=hint) from None
    return str(told.token), float(told.expires_on)
