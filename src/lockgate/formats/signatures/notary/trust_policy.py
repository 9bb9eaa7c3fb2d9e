"""The trust policy of the Notary Project: whose signatures count for which repositories, and what of them must hold.

Source: trust-store-trust-policy.md, version 1.0 of the document. What notation refuses is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.signatures.notary import names

_MAX_BYTES = 1024 * 1024
_VERSION = "1.0"
_STORE = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_SUBJECT = "x509.subject"
STORE_TYPES = ("ca", "signingAuthority", "tsa")


class Check(StrEnum):
    """What of a signature is looked at."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    TIMESTAMP = "authenticTimestamp"
    EXPIRY = "expiry"
    REVOCATION = "revocation"


class Action(StrEnum):
    """What becomes of a check that fails."""

    ENFORCE = "enforce"
    LOG = "log"
    SKIP = "skip"


_E, _L, _S = Action.ENFORCE, Action.LOG, Action.SKIP
_LEVELS: Mapping[str, tuple[Action, ...]] = {
    "strict": (_E, _E, _E, _E, _E), "permissive": (_E, _E, _L, _L, _L), "audit": (_E, _L, _L, _L, _L),
    "skip": (_S, _S, _S, _S, _S),
}  # fmt: skip
"""For each level the actions in the order of :class:`Check`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    name: str
    scopes: tuple[str, ...]
    """Repositories with their hosts, or ``*`` alone."""
    level: str
    actions: Mapping[Check, Action]
    stores: tuple[tuple[str, str], ...]
    """Type and name of each trust store."""
    subjects: tuple[Mapping[str, str], ...]
    """Distinguished names that the signer's certificate must have one of; with ``anybody`` none is asked."""
    anybody: bool
    timestamp_after_expiry: bool
    """Whether a timestamp is asked for only when a certificate of the chain is over."""

    @property
    def skips(self) -> bool:
        """Whether nothing of a signature is looked at."""
        return self.level == "skip"


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """A document."""

    statements: tuple[Statement, ...]

    def for_repository(self, name: str) -> Statement | None:
        """The statement for a repository with its host: the one that names it, else the one for all."""
        found = [one for one in self.statements if name in one.scopes] or [
            one for one in self.statements if "*" in one.scopes
        ]
        return found[0] if found else None


def read(content: bytes) -> TrustPolicy:
    """Raises :class:`FormatError`, whose text names the statement."""
    body = json_safe.load(content, max_bytes=_MAX_BYTES, unique_keys=True)
    if not isinstance(body, dict) or body.get("version") != _VERSION:
        raise FormatError(f"a trust policy is an object of version {_VERSION}")
    entries = body.get("trustPolicies")
    if not isinstance(entries, list) or not entries:
        raise FormatError("'trustPolicies' is no list of statements")
    statements = tuple(_statement(one, number) for number, one in enumerate(entries))
    called = [one.name for one in statements]
    scopes = [scope for one in statements for scope in one.scopes]
    for what, several in (("statements are called", called), ("statements are for", scopes)):
        twice = sorted({one for one in several if several.count(one) > 1})
        if twice:
            raise FormatError(f"two {what} {twice[0]!r}")
    return TrustPolicy(statements)


def _statement(entry: Any, number: int) -> Statement:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise FormatError(f"trustPolicies[{number}] has no name")
    name = entry["name"]
    try:
        verification = entry.get("signatureVerification")
        if not isinstance(verification, dict):
            raise FormatError("'signatureVerification' is no object")
        level, actions = _actions(verification)
        stores, identities = _texts(entry, "trustStores"), _texts(entry, "trustedIdentities")
        if level == "skip" and (stores or identities):
            raise FormatError("level 'skip' has neither trust stores nor trusted identities")
        if level != "skip" and not (stores and identities):
            raise FormatError("it needs trust stores and trusted identities")
        subjects, anybody = _identities(identities)
        after = verification.get("verifyTimestamp", "always")
        if after not in ("always", "afterCertExpiry", ""):
            raise FormatError("'verifyTimestamp' is neither 'always' nor 'afterCertExpiry'")
        scopes, held = _scopes(_texts(entry, "registryScopes")), tuple(_store(one) for one in stores)
        return Statement(name, scopes, level, actions, held, subjects, anybody, after == "afterCertExpiry")
    except FormatError as error:
        raise FormatError(f"statement {name!r}: {error.reason}") from None


def _actions(verification: Mapping[str, Any]) -> tuple[str, Mapping[Check, Action]]:
    level = verification.get("level")
    if not isinstance(level, str) or level not in _LEVELS:
        raise FormatError(f"'level' is none of {', '.join(_LEVELS)}")
    actions = dict(zip(Check, _LEVELS[level], strict=True))
    override = verification.get("override") or {}
    if not isinstance(override, dict):
        raise FormatError("'override' is no object")
    if override and level == "skip":
        raise FormatError("level 'skip' cannot be overridden")
    for check, action in override.items():
        if check not in list(Check) or action not in list(Action):
            raise FormatError(f"'override' of {str(check)[:50]!r} is none that is known")
        if check == Check.INTEGRITY or (action == Action.SKIP and check != Check.REVOCATION):
            raise FormatError(f"{check!r} cannot be overridden so")
        actions[Check(check)] = Action(action)
    return level, actions


def _store(text: str) -> tuple[str, str]:
    kind, colon, name = text.partition(":")
    if not colon or kind not in STORE_TYPES or not _STORE.fullmatch(name) or name in (".", ".."):
        raise FormatError(f"a trust store is written as {'|'.join(STORE_TYPES)}:name")
    return kind, name


def _identities(texts: tuple[str, ...]) -> tuple[tuple[Mapping[str, str], ...], bool]:
    if "*" in texts:
        if len(texts) > 1:
            raise FormatError("the identity '*' stands alone")
        return (), True
    found = []
    for text in texts:
        prefix, colon, value = text.partition(":")
        if not colon or not value:
            raise FormatError("a trusted identity is '*' or 'x509.subject: C=..., ST=..., O=...'")
        if prefix == _SUBJECT:
            found.append(names.parse(value))
    for number, one in enumerate(found):
        if any(names.within(one, other) for place, other in enumerate(found) if place != number):
            raise FormatError("a trusted identity that another one includes")
    return tuple(found), False


def _scopes(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts or ("*" in texts and len(texts) > 1):
        raise FormatError("'registryScopes' names repositories, or '*' alone")
    for text in texts:
        host, slash, path = text.partition("/")
        try:
            known = text == "*" or (bool(slash) and references.parse(f"{host}/{path}:t").path in (path, text))
        except FormatError:
            known = False
        if not known:
            raise FormatError(f"the scope {text[:100]!r} is no repository with its host")
    return texts


def _texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = entry.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise FormatError(f"'{name}' is no list of texts")
    return tuple(value)
