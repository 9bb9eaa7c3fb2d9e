"""The keys that a tenant of Entra signs with, as its own documents name them, fetched again as they are rotated.

Two documents say who issues tokens, one for each version of them
(https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens). Only the host that the settings
name is ever asked: no redirect is followed, and keys that a document says to be elsewhere are not looked for there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, SourceError

if TYPE_CHECKING:
    from lockgate.transport import Transport

_log = logging.getLogger("lockgate.access")
DOCUMENTS = ("/v2.0/.well-known/openid-configuration", "/.well-known/openid-configuration")
"""Below the tenant; the second, of tokens of version 1.0, need not be there."""
FRESH = 24 * 3600.0
"""Seconds after which keys are fetched anew. Entra tells new ones long before it signs with them."""
HELD = 3 * FRESH
"""Seconds for which keys hold that cannot be fetched anew."""
PAUSE = 30.0
"""Seconds between two tries: whoever sends tokens with made-up keys cannot have us ask more often."""
_MOST = 1 << 20
_SECONDS = 10.0
_LEAST_BITS = 2048


@dataclass(frozen=True, slots=True)
class Keys:
    """What was told."""

    issuers: frozenset[str]
    keys: Mapping[str, Any]
    """By their id, as ``cryptography`` has public keys of RSA."""


class TenantKeys:
    """The keys of one tenant. For several threads."""

    def __init__(self, authority: str, tenant: str, *, ca_file: str = "") -> None:
        """``authority``: ``https://login.microsoftonline.com``, say; ``ca_file``: PEM, beside those of the machine."""
        self._authority, self._tenant, self._ca_file = authority.rstrip("/"), tenant, ca_file
        self._lock = threading.Lock()
        self._known = Keys(frozenset(), {})
        self._fetched = self._tried = float("-inf")

    @property
    def place(self) -> tuple[str, str, str]:
        """Where they are asked for."""
        return self._authority, self._tenant, self._ca_file

    def known(self, key: str) -> Keys | None:
        """What is known, where ``key`` is in it and it is fresh; None: ask :meth:`fetched`, which may wait."""
        fresh = time.monotonic() - self._fetched < FRESH
        return self._known if fresh and key in self._known.keys else None

    def fetched(self, key: str) -> Keys:
        """What is known after asking the tenant, unless it was asked just now.

        Raises :class:`SourceError` where nothing is known that may still hold.
        """
        with self._lock:
            now = time.monotonic()
            if (found := self.known(key)) is not None:
                return found
            failure: LockgateError | None = None
            if now - self._tried >= PAUSE:
                self._tried = now
                try:
                    self._known = self._asked()
                    self._fetched = time.monotonic()
                except LockgateError as error:
                    failure = error
                    _log.error("the keys of Entra could not be fetched: %s", error)
            if now - self._fetched >= HELD:
                raise failure or SourceError("the keys of Entra are not known yet", where=self._authority)
            return self._known

    def _asked(self) -> Keys:
        from urllib.parse import urlsplit

        from lockgate.transport import Transport, Trust

        transport = Transport(urlsplit(self._authority).netloc, Trust(ca_file=self._ca_file))
        try:
            issuers: set[str] = set()
            keys: dict[str, Any] = {}
            for place in DOCUMENTS:
                told = self._document(transport, f"{self._authority}/{self._tenant}{place}", optional=bool(issuers))
                if told is None:
                    continue
                address = str(told.get("jwks_uri", ""))
                if not transport.same_origin(address):
                    raise SourceError("it says that its keys are on another host", where=self._authority)
                issuers.add(str(told.get("issuer", "")))
                keys |= _keys_of(self._document(transport, address) or {})
            if not keys:
                raise SourceError("it names no key of RSA", where=self._authority)
            return Keys(frozenset(issuers - {""}), keys)
        finally:
            transport.close()

    def _document(self, transport: Transport, address: str, *, optional: bool = False) -> dict[str, Any] | None:
        import urllib3

        timeout = urllib3.Timeout(total=_SECONDS)
        where = address[:200]
        try:
            answer = transport.request("GET", address, headers={"Accept": "application/json"}, body=None,
                                       timeout=timeout)  # fmt: skip
            content = answer.read(_MOST + 1)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise SourceError(f"it cannot be asked: {type(error).__name__}", where=where) from None
        if answer.status == 404 and optional:
            return None
        if answer.status != 200 or len(content) > _MOST:
            raise SourceError(f"it answers {answer.status} with {len(content)} bytes", where=where)
        try:
            told = orjson.loads(content)
        except ValueError:
            raise SourceError("it does not answer with JSON", where=where) from None
        if not isinstance(told, dict):
            raise SourceError("it answers with another kind of JSON", where=where)
        return told


def _keys_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of RSA for signatures in a set; others, and what is none, are passed over."""
    import jwt

    found: dict[str, Any] = {}
    listed = told.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("kty") != "RSA" or one.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(one, algorithm="RS256").key
        except (jwt.PyJWTError, ValueError):
            continue
        if isinstance(one.get("kid"), str) and key.key_size >= _LEAST_BITS:
            found[one["kid"]] = key
    return found
