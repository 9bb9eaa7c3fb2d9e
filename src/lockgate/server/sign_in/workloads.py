"""Pipelines that sign in with the identity their forge gives them, in place of a stored secret (RFC 8693).

GitHub Actions (https://docs.github.com/actions/reference/security/oidc) and Azure Pipelines issue a signed token for
each job; a line of the settings says which of them may what, by claims that only the forge can set. A line without any
condition on those is refused: every repository of the world has tokens of the same issuer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from lockgate.access.permissions import grant
from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError, LockgateError
from lockgate.model.actor import Grant
from lockgate.server.sign_in.documents import Issuer
from lockgate.server.sign_in.identity import SignInError
from lockgate.settings import FILE_NAME, WorkloadSettings

_MOST_TOKEN = 16 << 10
_LONGEST_LIFE = 24 * 3600
"""Seconds from issue to expiry of a token of a forge; those of GitHub last minutes."""
_CONDITIONS = {
    "subject": "sub", "repository": "repository", "ref": "ref", "environment": "environment",
    "workflow": "job_workflow_ref", "event": "event_name",
}  # fmt: skip
"""Key of the settings -> claim."""
SKEW = 60


@dataclass(frozen=True, slots=True)
class Workload:
    """One job that was believed."""

    id: str
    """``workload:repo:acme/shop:ref:refs/heads/main``."""
    name: str
    """For people: repository, workflow and run."""
    line: WorkloadSettings
    grants: tuple[Grant, ...]
    claims: Mapping[str, str]
    """What was shown, for the audit trail."""
    token_id: str
    """What no two tokens share: ``jti``, with the issuer."""
    expires: datetime
    """Of the token that was shown."""


class Workloads:
    """The lines of the settings, and the issuers that they name."""

    def __init__(
        self, lines: Sequence[WorkloadSettings], *, issuer_of: Callable[[WorkloadSettings], Issuer] | None = None
    ) -> None:
        """Raises :class:`ConfigurationError` for a line that cannot hold. ``issuer_of``: makes issuers, one each."""
        self._lines = [(line, _checked(line, number)) for number, line in enumerate(lines)]
        self._made = issuer_of or (lambda line: Issuer(line.issuer, ca_file=line.ca_file or ""))
        self._issuers: dict[str, Issuer] = {}
        self._lock = threading.Lock()

    def believed(self, token: str) -> Workload:
        """Whose token it is, and what the first line that fits lets it. Raises :class:`SignInError`, ``SourceError``.

        May wait for the issuer. Whether the same token was shown before, the caller knows.
        """
        issuer, audiences = self._named(token)
        claims = issuer.verified(token, audience=audiences, skew=SKEW, required=("exp", "sub", "jti"))
        given = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        for line, grants in self._lines:
            if line.issuer == issuer.issuer and line.audience in given and _fits(line, claims):
                return _workload(line, grants, claims)
        raise SignInError("no line of the settings is for this pipeline")

    def _named(self, token: str) -> tuple[Issuer, list[str]]:
        """The issuer that a token claims, among those of the settings, and for whom their tokens may be."""
        import jwt

        if len(token) > _MOST_TOKEN:
            raise SignInError("the token is too long")
        try:
            said = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError:
            raise SignInError("that is no token") from None
        lines = [line for line, _ in self._lines if line.issuer == said]
        if not lines:
            raise SignInError("the settings name no such issuer of pipelines")
        with self._lock:
            if lines[0].issuer not in self._issuers:
                self._issuers[lines[0].issuer] = self._made(lines[0])
            issuer = self._issuers[lines[0].issuer]
        return issuer, list(dict.fromkeys(line.audience for line in lines))


def _workload(line: WorkloadSettings, grants: tuple[Grant, ...], claims: Mapping[str, Any]) -> Workload:
    issued, expires = claims["iat"], claims["exp"]
    if expires - issued > _LONGEST_LIFE:
        raise SignInError("the token is good for more than a day, which no token of a pipeline is")
    shown = {name: claims[name][:300] for name in ("sub", *_SHOWN) if isinstance(claims.get(name), str)}
    name = " ".join(shown[one] for one in ("repository", "workflow", "run_id") if one in shown) or shown["sub"]
    return Workload(
        f"workload:{shown['sub']}", name, line, grants, shown, f"{claims['iss']} {claims['jti']}"[:400],
        datetime.fromtimestamp(expires, UTC),
    )  # fmt: skip


_SHOWN = ("repository", "ref", "sha", "environment", "workflow", "job_workflow_ref", "event_name", "run_id", "actor")


def _fits(line: WorkloadSettings, claims: Mapping[str, Any]) -> bool:
    for key, claim in _CONDITIONS.items():
        wanted, found = getattr(line, key), claims.get(claim)
        if wanted is not None and not (isinstance(found, str) and fnmatchcase(found, wanted)):
            return False
    return True


def _checked(line: WorkloadSettings, number: int) -> tuple[Grant, ...]:
    where = f"{FILE_NAME}: people.workloads[{number}]"
    if line.subject is None and line.repository is None:
        raise ConfigurationError("does not say whose pipelines it means", where=where, hint="subject or repository")
    for key in ("subject", "repository"):
        owner = (getattr(line, key) or "x").replace("://", ":", 1).partition("/")[0]
        if any(sign in owner for sign in "*?["):
            said = f"{key} fits pipelines of everybody: the name of who owns them must stand in it"
            raise ConfigurationError(said, where=where, hint="acme/*, or repo:acme/shop:*")
    try:
        return tuple(grant(one) for one in line.grants)
    except LockgateError as error:
        raise ConfigurationError(error.message, where=f"{where}.grants", hint=error.hint) from None
