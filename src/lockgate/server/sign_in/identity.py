"""What a provider says of who signed in, and what is remembered while they are away signing in there."""

from __future__ import annotations

import secrets
from datetime import datetime

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError

MAX_GROUPS = 2_000
"""Of one person that are read; more is no directory but an attack."""


class SignInError(LockgateError):
    """A sign-in that does not count. The message may be shown to who tried."""

    code = "sign-in"


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in at a provider that is under way. Kept by us under the hash of ``state``, used once."""

    state: str
    """Comes back from the provider; whoever lacks it did not begin here."""
    nonce: str
    """Stands in the id token."""
    verifier: str
    """Of PKCE; only who has it can redeem the code."""
    address: str
    """Where the browser is sent."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as their provider says."""

    provider: str
    """Name in the settings; of a directory ``scim``."""
    subject: str
    """What the provider never gives to another."""
    name: str = ""
    email: str = ""
    """Only an address that the provider has verified."""
    username: str = ""
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    acr: str = ""
    authenticated: datetime | None = None
    """When they showed it to the provider (``auth_time``); None where it does not say: perhaps long ago."""
    session: str = ""
    """``sid`` of the provider, by which it logs out."""
    id_token: str = ""
    """Shown to the provider when logging out there."""
    left_out: tuple[str, ...] = ()
    """What the provider did not tell, in words: a group overage."""


def random_text() -> str:
    """43 characters that nobody guesses (256 bits)."""
    return secrets.token_urlsafe(32)
