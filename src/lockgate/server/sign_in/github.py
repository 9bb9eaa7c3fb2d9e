"""Sign-in with GitHub: OAuth with PKCE and the REST API, since github.com signs nobody in by OpenID Connect.

GitHub says nothing of second factors, so that one of ours is asked where one is required. Organizations and teams are
the groups: ``acme`` and ``acme/platform``, by their slugs
(https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from lockgate.errors import SourceError
from lockgate.server.sign_in.asked import told
from lockgate.server.sign_in.identity import MAX_GROUPS, Begun, Identity, SignInError, random_text
from lockgate.settings import ProviderSettings

if TYPE_CHECKING:
    from lockgate.transport import Transport

_SCOPES = ("read:user", "user:email", "read:org")
_MOST_PAGES = 20


class GithubProvider:
    """github.com or a GitHub Enterprise Server."""

    def __init__(self, name: str, settings: ProviderSettings, *, secret: str, ca_file: str = "") -> None:
        self.name, self.settings, self._secret, self._ca_file = name, settings, secret, ca_file
        base = settings.issuer.rstrip("/")
        self._api = settings.api or ("https://api.github.com" if base == "https://github.com" else f"{base}/api/v3")

    def begin(self, *, back: str, step_up: bool = False) -> Begun:
        """Where to send the browser. GitHub cannot be made to ask for a second factor: ``step_up`` is ours to do."""
        del step_up
        state, verifier = random_text(), random_text()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.settings.client_id, "redirect_uri": back, "state": state, "allow_signup": "false",
            "scope": " ".join(self.settings.scopes or _SCOPES), "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        address = f"{self.settings.issuer.rstrip('/')}/login/oauth/authorize?{urlencode(asked)}"
        return Begun(state, "", verifier, address)

    def finish(self, code: str, begun: Begun, *, back: str, issuer: str = "") -> Identity:
        """Who signed in. Raises :class:`SignInError` and :class:`SourceError`."""
        del issuer
        token = self._token(code, begun, back)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json",
                   "X-GitHub-Api-Version": "2022-11-28"}  # fmt: skip
        transport = self._transport(self._api)
        try:
            user = self._one(transport, "/user", headers)
            if not isinstance(user.get("id"), int) or not isinstance(user.get("login"), str):
                raise SignInError("GitHub does not say who that is")
            member_of = self._listed(transport, "/user/orgs", headers)
            orgs = {one["login"].lower() for one in member_of if _named(one, "login")}
            groups = [*sorted(orgs), *self._teams(transport, headers)]
            email = self._email(transport, headers)
        finally:
            transport.close()
        wanted = {one.lower() for one in self.settings.organizations}
        if not wanted & orgs:
            raise SignInError("nobody signs in who is in none of the organizations that the settings name")
        name = user.get("name")
        return Identity(
            self.name, str(user["id"]), name[:300] if isinstance(name, str) and name else user["login"], email,
            user["login"], tuple(groups[:MAX_GROUPS]),
        )  # fmt: skip

    def _token(self, code: str, begun: Begun, back: str) -> str:
        form = {"client_id": self.settings.client_id, "client_secret": self._secret, "code": code,
                "redirect_uri": back, "code_verifier": begun.verifier}  # fmt: skip
        base = self.settings.issuer.rstrip("/")
        transport = self._transport(base)
        try:
            status, found, _ = told(transport, f"{base}/login/oauth/access_token", form=form)
        finally:
            transport.close()
        if status >= 500:
            raise SourceError(f"it answers {status} to the code", where=base)
        token = found.get("access_token") if isinstance(found, dict) else None
        if status != 200 or not isinstance(token, str):
            said = found.get("error") if isinstance(found, dict) else ""
            raise SignInError(f"GitHub does not take the code ({status} {str(said)[:80]})")
        return token

    def _teams(self, transport: Transport, headers: dict[str, str]) -> Iterator[str]:
        for one in self._listed(transport, "/user/teams", headers):
            organization = one.get("organization")
            if _named(one, "slug") and isinstance(organization, dict) and _named(organization, "login"):
                yield f"{organization['login'].lower()}/{one['slug']}"

    def _email(self, transport: Transport, headers: dict[str, str]) -> str:
        for one in self._listed(transport, "/user/emails", headers):
            if one.get("primary") is True and one.get("verified") is True and _named(one, "email"):
                return str(one["email"]).lower()[:300]
        return ""

    def _one(self, transport: Transport, path: str, headers: dict[str, str]) -> dict[str, Any]:
        status, found, _ = told(transport, f"{self._api}{path}", headers=headers)
        if status != 200 or not isinstance(found, dict):
            raise SourceError(f"it answers {status}", where=f"{self._api}{path}")
        return found

    def _listed(self, transport: Transport, path: str, headers: dict[str, str]) -> Iterator[dict[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            status, found, _ = told(transport, f"{self._api}{path}?per_page=100&page={page}", headers=headers)
            if status != 200 or not isinstance(found, list):
                raise SourceError(f"it answers {status}", where=f"{self._api}{path}",
                                  hint="was the application approved by the organization?")  # fmt: skip
            yield from (one for one in found if isinstance(one, dict))
            if len(found) < 100:
                return

    def _transport(self, base: str) -> Transport:
        from lockgate.transport import Transport, Trust

        return Transport(urlsplit(base).netloc, Trust(ca_file=self._ca_file))


def _named(one: dict[str, Any], key: str) -> bool:
    return isinstance(one.get(key), str) and bool(one[key])
