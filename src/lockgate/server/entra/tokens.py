"""An access token of Entra: whether it holds, and who stands behind it in ``lockgate.yaml``.

A token counts when one of the tenant's keys signed it (RS256), an issuer of the tenant made it for one of our
audiences, its ``tid`` is the tenant and now is within its time
(https://learn.microsoft.com/entra/identity-platform/claims-validation). Who it is says the first line of ``people``
that fits: ``app`` an application for itself, ``object`` a person or service principal, ``role`` who has an app role.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, SourceError
from lockgate.formats.addresses import loopback
from lockgate.lazy_pattern import lazy_pattern
from lockgate.server.access import Person, StrangerError, person_of
from lockgate.server.entra.keys import Keys, TenantKeys

if TYPE_CHECKING:
    from lockgate.settings import EntraSettings

_GUID = lazy_pattern(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_JWT = lazy_pattern(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_MOST_TOKEN = 16 << 10
LEEWAY = 60
"""Seconds by which clocks may differ."""
_REMEMBERED = 1024
"""Tokens that need not be checked again; a client sends the same for an hour."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of ``people``."""

    claim: str
    wanted: str
    person: Person

    def named(self, claims: Mapping[str, Any]) -> Person | None:
        """Who it is, where the line fits."""
        if self.claim == "role":
            roles = claims.get("roles")
            if not isinstance(roles, list) or self.wanted not in roles:
                return None
            return Person(f"{self.person.name}-{_told(claims, 'oid')}", self.person.rights, self.person.allowance)
        if self.claim == "app":
            # With a scope, or as another kind, it is a person who uses the application.
            alone = "scp" not in claims and claims.get("idtyp", "app") == "app"
            found = _told(claims, "azp") or _told(claims, "appid") if alone else ""
        else:
            found = _told(claims, "oid")
        return self.person if found.lower() == self.wanted else None


class Entra:
    """What the settings say of one tenant."""

    def __init__(self, settings: EntraSettings, keys: TenantKeys, *, where: str = "") -> None:
        """Raises :class:`ConfigurationError` for settings that cannot hold."""
        self._tenant = (settings.tenant or "").lower()
        self._audiences = [form for one in settings.audiences for form in (one.rstrip("/"), one.rstrip("/") + "/")]
        self._lines = list(_lines(settings, where=where))
        self.keys = keys
        self._asking = ThreadPoolExecutor(1, "entra")  # who sends tokens with made-up keys holds up nothing else
        self._seen: OrderedDict[bytes, tuple[float, str, Person]] = OrderedDict()

    def of(self, token: str) -> Person | Awaitable[Person]:
        """Who sent a token; to be waited for where the tenant's keys must be asked for.

        Raises :class:`StrangerError`, and what it gives may.
        """
        if len(token) > _MOST_TOKEN:
            raise StrangerError("The token is too long.")
        digest = hashlib.sha256(token.encode()).digest()
        if (seen := self._seen.get(digest)) is not None and time.time() < seen[0] + LEEWAY and self.keys.known(seen[1]):
            return seen[2]
        key = _key_of(token)
        known = self.keys.known(key)
        return self._read(token, key, digest, known) if known is not None else self._asked(token, key, digest)

    async def _asked(self, token: str, key: str, digest: bytes) -> Person:
        try:
            known = await asyncio.get_running_loop().run_in_executor(self._asking, self.keys.fetched, key)
        except SourceError:
            raise StrangerError("Tokens of Entra cannot be checked now.", status=503) from None
        return self._read(token, key, digest, known)

    def _read(self, token: str, key: str, digest: bytes, known: Keys) -> Person:
        claims = self._claims(token, key, known)
        person = next((one for line in self._lines if (one := line.named(claims)) is not None), None)
        if person is None:
            app, object_ = (_told(claims, "azp") or _told(claims, "appid")), _told(claims, "oid")
            said = (
                f"lockgate.yaml names neither the application {app or '(none)'} nor the object {object_ or '(none)'}."
            )
            raise StrangerError(said, status=403)
        self._seen[digest] = float(claims["exp"]), key, person
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return person

    def _claims(self, token: str, key: str, known: Keys) -> dict[str, Any]:
        import jwt

        if key not in known.keys:
            raise StrangerError("The token is signed with a key that the tenant does not name.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, known.keys[key], algorithms=["RS256"], audience=self._audiences, issuer=sorted(known.issuers),
                leeway=LEEWAY, options={"require": ["exp", "iss", "aud"]},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise StrangerError("The token has expired.") from None
        except jwt.InvalidAudienceError:
            raise StrangerError("The token is for another audience.") from None
        except jwt.InvalidIssuerError:
            raise StrangerError("The token is of another issuer.") from None
        except jwt.PyJWTError as error:
            raise StrangerError(f"The token does not hold: {type(error).__name__}.") from None
        if _told(claims, "tid").lower() != self._tenant:
            raise StrangerError("The token is of another tenant.")
        return claims


def entra_of(
    settings: EntraSettings, before: Entra | None = None, *, folder: str = "", where: str = ""
) -> Entra | None:  # fmt: skip
    """What the settings say; None without a tenant. The keys are those of ``before`` where they are of the same place.

    Raises :class:`ConfigurationError` for settings that cannot hold.
    """
    if not settings.tenant:
        return None
    if not settings.audiences:
        raise ConfigurationError("says for whom no token must be", where=f"{where}: entra.audiences",
                                 hint="the application id URI of your registration")  # fmt: skip
    keys = _keys_of(settings, folder=folder, where=f"{where}: entra")
    return Entra(settings, before.keys if before is not None and before.keys.place == keys.place else keys, where=where)


def looks_like_one(token: str) -> bool:
    """Whether a text has the form of such a token; those of our own have no point."""
    return _JWT.fullmatch(token) is not None


def _keys_of(settings: EntraSettings, *, folder: str, where: str) -> TenantKeys:
    parts = urlsplit(settings.authority)
    plain = parts.scheme == "http" and loopback(parts.hostname or "")
    if not parts.hostname or (parts.scheme != "https" and not plain) or parts.path.strip("/") or "@" in parts.netloc:
        raise ConfigurationError(f"{settings.authority!r} is no authority", where=where,
                                 hint="https://HOST, such as https://login.microsoftonline.com")  # fmt: skip
    tenant = settings.tenant or ""
    if _GUID.fullmatch(tenant) is None:
        raise ConfigurationError(f"{tenant!r} is no id of a tenant", where=where, hint="a GUID")
    ca_file = str(Path(folder) / settings.ca_file) if settings.ca_file else ""
    return TenantKeys(settings.authority, tenant, ca_file=ca_file)


def _lines(settings: EntraSettings, *, where: str) -> Iterator[_Line]:
    for number, one in enumerate(settings.people):
        place = f"{where}: entra.people[{number}]"
        given = {claim: text for claim in ("app", "object", "role") if (text := getattr(one, claim))}
        if len(given) != 1:
            raise ConfigurationError("must say who it is, in one way", where=place, hint="app, object or role")
        [(claim, wanted)] = given.items()
        if claim != "role" and _GUID.fullmatch(wanted) is None:
            raise ConfigurationError(f"{wanted!r} is no id of Entra", where=place, hint="a GUID")
        words: Sequence[str] = [f"may={','.join(one.may)}", *one.limit]
        person = person_of(one.name or "", words, where=place)
        yield _Line(claim, wanted if claim == "role" else wanted.lower(), person)


def _key_of(token: str) -> str:
    import jwt

    try:
        key = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise StrangerError("That is no token.") from None
    if not isinstance(key, str):
        raise StrangerError("The token does not say with which key it is signed.")
    return key


def _told(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""
