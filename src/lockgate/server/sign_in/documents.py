"""What an issuer of OpenID Connect says of itself (discovery) and signs with, asked again as its keys are rotated.

OpenID Connect Discovery 1.0, RFC 8414. An issuer must name itself exactly as the settings name it, or a token of
another could count. Algorithms are ours to choose, never a token's: those with public keys that are in use today.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, SourceError
from lockgate.server.sign_in.asked import document
from lockgate.server.sign_in.identity import SignInError

if TYPE_CHECKING:
    from lockgate.transport import Transport

ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""By the kind of key. None of a shared secret, and never ``none``."""
FRESH, HELD, PAUSE = 24 * 3600.0, 72 * 3600.0, 30.0
"""Seconds after which documents are asked for again, for which they hold when that fails, and between two tries."""
_MOST_KEYS = 100
_LEAST_BITS = 2048
_log = logging.getLogger("lockgate.sign_in")


@dataclass(frozen=True, slots=True)
class Told:
    """What an issuer told last."""

    document: Mapping[str, Any]
    keys: Mapping[str, tuple[Any, tuple[str, ...]]]
    """Key of ``cryptography`` and the algorithms that it may be used with, by ``kid``; empty where a key names none."""


class Issuer:
    """One issuer. For several threads; asking may wait for the network."""

    def __init__(self, issuer: str, *, ca_file: str = "") -> None:
        self.issuer, self._ca_file = issuer, ca_file
        self._lock = threading.Lock()
        self._known: Told | None = None
        self._fetched = self._tried = float("-inf")

    def transport(self) -> Transport:
        """Connections to it."""
        from lockgate.transport import Transport, Trust

        return Transport(urlsplit(self.issuer).netloc, Trust(ca_file=self._ca_file))

    def told(self, key: str | None = None) -> Told:
        """What it tells; asked anew where that is old, or lacks a ``key`` and was not asked within :data:`PAUSE`.

        Raises :class:`SourceError` where nothing is known that may still hold.
        """
        with self._lock:
            now, known = time.monotonic(), self._known
            if known is not None and now - self._fetched < FRESH and (key is None or key in known.keys):
                return known
            failure: LockgateError | None = None
            if now - self._tried >= PAUSE:
                self._tried = now
                try:
                    self._known, self._fetched = self._asked(), now
                except LockgateError as error:
                    failure = error
                    _log.error("the documents of an issuer could not be read: %s", error)
            if self._known is None or now - self._fetched >= HELD:
                raise failure or SourceError("it could not be asked just now", where=self.issuer)
            return self._known

    def address(self, name: str) -> str:
        """An endpoint, by its name in the document. Raises :class:`SourceError` where there is none."""
        found = self.told().document.get(name)
        if not isinstance(found, str) or urlsplit(found).scheme not in ("https", "http"):
            raise SourceError(f"its documents name no {name}", where=self.issuer)
        return found

    def verified(
        self, token: str, *, audience: str | Sequence[str], skew: int, required: tuple[str, ...]
    ) -> dict[str, Any]:
        """The claims of a token that it signed, for ``audience``, or one of them.

        Raises :class:`SignInError`, and :class:`SourceError` where the issuer cannot be asked for its keys.
        """
        import jwt

        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise SignInError("what came back is no token") from None
        kid = header["kid"] if isinstance(header.get("kid"), str) else ""
        key, algorithms = self.told(kid).keys.get(kid, (None, ()))
        if key is None:
            raise SignInError("the token is signed with a key that its issuer does not name")
        if header.get("alg") not in algorithms or "crit" in header:
            raise SignInError("the token is signed in a way that does not count")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=list(algorithms), audience=audience, issuer=self.issuer, leeway=skew,
                options={"require": ["iss", "aud", "iat", *required]},
            )  # fmt: skip
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise SignInError(f"the token does not hold: {type(error).__name__}") from None
        return claims

    def _asked(self) -> Told:
        transport = self.transport()
        try:
            said = document(transport, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if said.get("issuer") != self.issuer:
                raise SourceError("its documents are of another issuer", where=self.issuer,
                                  hint=f"they say {str(said.get('issuer'))[:200]!r}")  # fmt: skip
            keys = _keys_of(document(transport, str(said.get("jwks_uri", ""))))
        finally:
            transport.close()
        if not keys:
            raise SourceError("it names no key that counts", where=self.issuer)
        return Told(said, keys)


def _keys_of(said: Mapping[str, Any]) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Public keys for signatures; others, and what is none, are passed over."""
    import jwt

    found: dict[str, tuple[Any, tuple[str, ...]]] = {}
    listed = said.get("keys")
    for one in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or str(one.get("kty")) not in ALGORITHMS:
            continue
        try:
            key = jwt.PyJWK(one).key
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if one["kty"] == "RSA" and getattr(key, "key_size", 0) < _LEAST_BITS:
            continue
        bound = tuple(name for name in ALGORITHMS[one["kty"]] if one.get("alg", name) == name)
        found[one["kid"] if isinstance(one.get("kid"), str) else ""] = key, bound
    return found
