"""A GitHub App: signs who it is, and has tokens made for the installations that it works for.

Source: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app. A token lasts an hour; it is
kept and made anew before its end. It may be longer than the 40 characters of old: it is passed on as it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lockgate.errors import ConfigurationError, SourceError
from lockgate.formats.moments import moment_of
from lockgate.sources.forges.budget import Bounds, CallBudget
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import RenewedCredential
from lockgate.sources.forges.github import API, github_client
from lockgate.sources.forges.times import ShortLived
from lockgate.transport import Trust

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_BACK, _AHEAD = 60, 540
"""Seconds: a signature is dated back, for clocks differ, and ends before GitHub's ten minutes."""
_LEAST_BITS = 2048
_TOKEN = Bounds(calls=10, retries=3, wait_seconds=6.0, longest_wait=5.0)
"""Of one token."""


class AppCredential:
    """Who the App itself is, for what only it may ask: its installations and its deliveries."""

    def __init__(self, app: str, key: RSAPrivateKey, clock: Callable[[], float] = time.time) -> None:
        """``app``: its id or its client id."""
        self._app, self._key, self._clock = app, key, clock

    def headers(self) -> Mapping[str, str]:
        """Signed anew for each request."""
        import jwt

        now = int(self._clock())
        claims = {"iat": now - _BACK, "exp": now + _AHEAD, "iss": self._app}
        return {"Authorization": f"Bearer {jwt.encode(claims, self._key, algorithm='RS256')}"}

    def renewed(self) -> bool:
        """Never: a signature that was just made and is refused stays refused."""
        return False

    def git(self) -> tuple[str, str]:
        """An App itself may read no repository."""
        raise SourceError("an App reads repositories through its installations alone")


class InstallationCredential(RenewedCredential):
    """Tokens of one installation."""

    def __init__(self, app: GitHubApp, installation: int) -> None:
        super().__init__(lambda: app.token(installation), "x-access-token", app.clock)


class GitHubApp:
    """One App on one GitHub. Its installations' credentials are kept, each with its token."""

    def __init__(
        self, app: str, private_key: str, *, api: str = API, trust: Trust | None = None,
        spend: Callable[[Bounds], CallBudget] = CallBudget, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """``private_key``: PEM, as GitHub gives it; ``spend`` makes the budget of a token. Raises
        ``ConfigurationError``."""
        self.clock = clock
        self.api, self._trust, self._spend = api, trust, spend
        self._credential = AppCredential(app, _key(private_key), clock)
        self._installations: dict[int, InstallationCredential] = {}
        self._lock = threading.Lock()

    def client(self, budget: CallBudget | None = None) -> ForgeClient:
        """A client of the App itself; to be closed by who asked for it."""
        return github_client(self._credential, api=self.api, trust=self._trust, budget=budget)

    def installation(self, id: int) -> InstallationCredential:
        """The credential of an installation."""
        with self._lock:
            return self._installations.setdefault(id, InstallationCredential(self, id))

    def installations(self, budget: CallBudget | None = None) -> Sequence[dict[str, Any]]:
        """All of them, as GitHub describes them."""
        with closing(self.client(budget)) as client:
            return tuple(client.items("app/installations", {"per_page": "100"}))

    def installation_of(self, repository: str, budget: CallBudget | None = None) -> int:
        """The number of the installation that a repository, ``owner/name``, belongs to. Raises ``AbsentError``."""
        with closing(self.client(budget)) as client:
            return _whole(client.get(f"repos/{repository}/installation").get("id"))

    def token(self, installation: int) -> ShortLived:
        """A new token. Raises ``SourceError``."""
        path = f"app/installations/{installation}/access_tokens"
        with closing(self.client(self._spend(_TOKEN))) as client:
            told = client.send("POST", path, {}, again=True)
        token, ends = (told.get("token"), told.get("expires_at")) if isinstance(told, dict) else (None, None)
        until = moment_of(ends) if isinstance(ends, str) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or until is None:
            raise SourceError("GitHub answered no token", where=f"{self.api}/{path}")
        return ShortLived(token, until.timestamp())


def _key(text: str) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    hint = "GitHub gives it as a .pem file when one is made for the App"
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError("that is no private key of a GitHub App", hint=hint) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise ConfigurationError("the private key of a GitHub App is one of RSA, 2048 bits or more", hint=hint)
    return key


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise SourceError("GitHub answered no number of an installation")
    return value
