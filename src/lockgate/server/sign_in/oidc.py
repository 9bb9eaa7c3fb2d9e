"""OpenID Connect: code flow with PKCE (S256), state and nonce; user info; logging out at the provider and by it.

OpenID Connect Core 1.0, RFC 7636, RFC 9700 (best practice), Back-Channel Logout 1.0, RP-Initiated Logout 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.server.sign_in.asked import document, told
from lockgate.server.sign_in.documents import Issuer
from lockgate.server.sign_in.identity import MAX_GROUPS, Begun, Identity, SignInError, random_text
from lockgate.settings import ProviderSettings

_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_DEFAULT_SCOPES = ("openid", "profile", "email")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a provider's logout token is about."""

    subject: str
    """Empty: only the session."""
    session: str
    token_id: str
    """``jti``, by which a replay is known."""


class OidcProvider:
    """One provider."""

    def __init__(self, name: str, settings: ProviderSettings, *, secret: str = "", ca_file: str = "") -> None:
        """``secret``: of the client; empty for a public one."""
        self.name, self.settings, self._secret = name, settings, secret
        self.issuer = Issuer(settings.issuer, ca_file=ca_file)

    def begin(self, *, back: str, step_up: bool = False) -> Begun:
        """Where to send the browser. ``back``: our address that it returns to; ``step_up``: sign in anew, strongly.

        Raises :class:`SourceError` where the provider cannot be asked.
        """
        state, nonce, verifier = random_text(), random_text(), random_text()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": self.settings.client_id, "redirect_uri": back, "state": state,
            "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
            "scope": " ".join(self.settings.scopes or _DEFAULT_SCOPES),
        }  # fmt: skip
        if self.settings.acr_values:
            asked["acr_values"] = " ".join(self.settings.acr_values)
        if step_up:
            asked |= {"prompt": "login", "max_age": "0"}
        endpoint = self.issuer.address("authorization_endpoint")
        joint = "&" if "?" in endpoint else "?"
        return Begun(state, nonce, verifier, f"{endpoint}{joint}{urlencode(asked)}")

    def finish(self, code: str, begun: Begun, *, back: str, issuer: str = "") -> Identity:
        """Who signed in. ``issuer``: ``iss`` of the answer, where there is one (RFC 9207).

        Raises :class:`SignInError` for what does not count, :class:`SourceError` where the provider cannot be asked.
        """
        if issuer and issuer != self.settings.issuer:
            raise SignInError("the answer is of another provider than the one that was asked")
        found = self._redeemed(code, begun, back)
        id_token = found.get("id_token")
        if not isinstance(id_token, str):
            raise SignInError("the provider gave no id token")
        claims = self._claims(id_token, begun.nonce)
        more = self._user_info(found.get("access_token"), claims)
        return self._identity({**more, **claims}, id_token)

    def _redeemed(self, code: str, begun: Begun, back: str) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": begun.verifier}
        headers: dict[str, str] = {}
        methods = self.issuer.told().document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not self._secret:
            form["client_id"] = self.settings.client_id
        elif "client_secret_basic" in methods:
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": self._secret}
        transport = self.issuer.transport()
        try:
            status, found, _ = told(transport, self.issuer.address("token_endpoint"), form=form, headers=headers)
        finally:
            transport.close()
        if status >= 500:
            raise SourceError(f"it answers {status} to the code", where=self.settings.issuer)
        if status != 200 or not isinstance(found, dict):
            said = found.get("error") if isinstance(found, dict) else ""
            raise SignInError(f"the provider does not take the code ({status} {str(said)[:80]})")
        return found

    def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        client = self.settings.client_id
        claims = self.issuer.verified(
            id_token, audience=client, skew=self.settings.skew_seconds, required=("exp", "sub", "nonce")
        )
        if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
            raise SignInError("the id token answers another sign-in")
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != client:
            raise SignInError("the id token was given to another client")
        if "azp" in claims and claims["azp"] != client:
            raise SignInError("the id token was given to another client")
        return claims

    def _user_info(self, access_token: Any, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the id token leaves out, where the provider tells it."""
        wanted = {self.settings.groups_claim, "email", "name"}
        if not isinstance(access_token, str) or all(_at(claims, one) is not None for one in wanted):
            return {}
        if not isinstance(self.issuer.told().document.get("userinfo_endpoint"), str):
            return {}
        transport = self.issuer.transport()
        try:
            found = document(transport, self.issuer.address("userinfo_endpoint"),
                             headers={"Authorization": f"Bearer {access_token}"})  # fmt: skip
        except SourceError:
            return {}  # who they are is known; what is missing is told by left_out
        finally:
            transport.close()
        if found.get("sub") != claims["sub"]:
            raise SignInError("the provider's user info is about somebody else")
        return found

    def _identity(self, claims: Mapping[str, Any], id_token: str) -> Identity:
        groups = tuple(_texts(_at(claims, self.settings.groups_claim)))
        when = claims.get("auth_time")
        return Identity(
            self.name, _text(claims, "sub"), _text(claims, "name"), _verified_email(claims),
            _text(claims, "preferred_username"), groups, tuple(_texts(_at(claims, self.settings.roles_claim))),
            tuple(_texts(claims.get("amr"))), _text(claims, "acr"),
            datetime.fromtimestamp(when, UTC) if isinstance(when, int | float) and 0 < when < 1e11 else None,
            _text(claims, "sid"), id_token, tuple(_left_out(claims, self.settings.groups_claim)),
        )  # fmt: skip

    def logout_address(self, id_token: str, *, back: str) -> str:
        """Where a browser logs out at the provider; empty where it offers none."""
        try:
            endpoint = self.issuer.address("end_session_endpoint")
        except SourceError:
            return ""
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        asked |= {"id_token_hint": id_token} if id_token else {}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def logged_out(self, token: str) -> LoggedOut:
        """Who a back-channel logout token is about. Raises :class:`SignInError`, :class:`SourceError`."""
        claims = self.issuer.verified(
            token, audience=self.settings.client_id, skew=self.settings.skew_seconds, required=("jti", "exp")
        )
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict) or "nonce" in claims:
            raise SignInError("that is no logout token")
        subject, session = _text(claims, "sub"), _text(claims, "sid")
        if not subject and not session:
            raise SignInError("the logout token is about nobody")
        return LoggedOut(subject, session, _text(claims, "jti"))


def _left_out(claims: Mapping[str, Any], groups_claim: str) -> Iterator[str]:
    """Entra leaves groups out of a token of somebody who has more than 200 of them, and names a place to ask
    (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim)."""
    names = claims.get("_claim_names")
    if claims.get("hasgroups") is True or (isinstance(names, dict) and groups_claim in names):
        yield ("the provider left out the groups, since there are too many: have it send only groups that are assigned "
               "to the application, or map app roles instead")  # fmt: skip
    found = _at(claims, groups_claim)
    if isinstance(found, list) and len(found) > MAX_GROUPS:
        yield f"only the first {MAX_GROUPS:,} groups were read"


def _verified_email(claims: Mapping[str, Any]) -> str:
    """Entra says ``xms_edov`` where a domain's owner has verified it; an address nobody verified is anybody's."""
    sure = claims.get("email_verified") in (True, "true") or claims.get("xms_edov") in (True, 1, "1", "true")
    return _text(claims, "email").lower() if sure else ""


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim; a name with points that is none leads into claims."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _texts(value: Any) -> Iterator[str]:
    listed = value if isinstance(value, list) else [value]
    yield from (one[:_LONGEST] for one in listed[:MAX_GROUPS] if isinstance(one, str) and one)


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found[:_LONGEST] if isinstance(found, str) else ""
