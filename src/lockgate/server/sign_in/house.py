"""What all ways of signing in share: database, settings, providers, the clock, and what is told of each sign-in.

Of every sign-in, and of every one that failed, two things are told in the transaction that decides it: an entry of the
audit trail, and a row of ``SigninLogs`` (as Entra has it, with Entra's codes), which a job appends to the record, where
rules look at it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.model.actor import Actor
from lockgate.secrets.references import secret_of
from lockgate.server.sign_in.factors import Site
from lockgate.server.sign_in.github import GithubProvider
from lockgate.server.sign_in.identity import SignInError
from lockgate.server.sign_in.oidc import OidcProvider
from lockgate.server.sign_in.workloads import Workloads
from lockgate.settings import FILE_NAME, PeopleSettings, ProviderKind, ProviderSettings, WhenMfa
from lockgate.store.team import credentials, jobs, people, sessions, trail
from lockgate.store.team.database import TeamDatabase, Transaction
from lockgate.store.team.people import Person
from lockgate.store.team.sealing import Seal

Provider = OidcProvider | GithubProvider
OK, WRONG, LOCKED, DISABLED, NO_SECOND, UNKNOWN = "0", "50126", "50053", "50057", "500121", "50034"
"""Result codes of Entra: success, wrong name or password, locked for a while, disabled, second factor failed, nobody
(https://learn.microsoft.com/entra/identity-platform/reference-error-codes)."""
HALF = "half"
HALF_SECONDS = 600.0
ACCOUNT_FREE, ACCOUNT_FREE_ANYWHERE, ADDRESS_FREE = 5, 50, 100
"""Failures that lock nothing: of an account from one address, so that who guesses from elsewhere does not lock its
holder out; of an account from all of them; and of an address, which a whole office may share."""


@dataclass(frozen=True, slots=True)
class Came:
    """Where a request came from."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A session has begun, or grown stronger."""

    token: str
    """What the browser holds from now on."""
    next: str
    """The path to go on to."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who they are is known; a second factor is not shown yet."""

    token: str
    """What the browser holds meanwhile."""
    enrol: bool
    """Whether they have none, and must add one first."""


@dataclass(frozen=True, slots=True)
class Half:
    """A sign-in that waits for a second factor, as it is kept."""

    person: str
    methods: tuple[str, ...]
    next: str
    enrol: bool
    local: bool = True
    """Whether it is an account of ours, which needs a second factor whatever the settings say."""
    provider: Mapping[str, str] = field(default_factory=dict)
    """``provider``, ``subject``, ``provider_session`` and ``id_token`` of the session to be."""
    link: str = ""
    """The one-time link that is used up when this ends well."""

    def payload(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "person": self.person, "methods": list(self.methods), "next": self.next, "enrol": self.enrol,
            "local": self.local, "provider": dict(self.provider), "link": self.link,
        }  # fmt: skip

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Half:
        """As it was kept."""
        return cls(**{**payload, "methods": tuple(payload["methods"])})


class House:
    """One server's."""

    def __init__(
        self, database: TeamDatabase, settings: Callable[[], PeopleSettings], seal: Seal, *, origin: str, project: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """``project``: the folder that files in the settings are relative to."""
        self.database, self.seal, self.site, self._project = database, seal, Site.of(origin), project
        self._settings, self._now = settings, now
        self._lock = threading.Lock()
        self._built_of: PeopleSettings | None = None
        self._providers: dict[str, Provider] = {}
        self._workloads = Workloads(())

    @property
    def settings(self) -> PeopleSettings:
        """As they hold now."""
        return self._settings()

    def moment(self) -> datetime:
        """Now, with a zone."""
        return self._now()

    def now(self) -> float:
        """Seconds of Unix time."""
        return self._now().timestamp()

    def provider(self, name: str) -> Provider:
        """A provider of the settings. Raises :class:`SignInError` where there is none, :class:`ConfigurationError`."""
        self._build()
        if name not in self._providers:
            raise SignInError("there is no such provider")
        return self._providers[name]

    def workloads(self) -> Workloads:
        """Those of the settings. Raises :class:`ConfigurationError`."""
        self._build()
        return self._workloads

    def check(self) -> None:
        """Raises :class:`ConfigurationError` for settings that cannot hold: better at the start than at a sign-in."""
        self._build()

    def _build(self) -> None:
        settings = self.settings
        with self._lock:
            if settings != self._built_of:
                self._providers = {name: self._made(name, one) for name, one in settings.providers.items()}
                self._workloads = Workloads(settings.workloads)
                self._built_of = settings

    def _made(self, name: str, settings: ProviderSettings) -> Provider:
        where = f"{FILE_NAME}: people.providers.{name}"
        if not settings.client_id:
            raise ConfigurationError("does not say which client it is", where=f"{where}.client_id")
        if not settings.issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ConfigurationError("must be https", where=f"{where}.issuer")
        secret = secret_of(settings.client_secret, where=f"{where}.client_secret") if settings.client_secret else ""
        ca_file = str(self._project / settings.ca_file) if settings.ca_file else ""
        if settings.kind is ProviderKind.OIDC:
            return OidcProvider(name, settings, secret=secret, ca_file=ca_file)
        if not secret or not settings.organizations:
            raise ConfigurationError("GitHub needs a client secret, and organizations whose members may sign in",
                                     where=where)  # fmt: skip
        return GithubProvider(name, settings, secret=secret, ca_file=ca_file)

    def begin_half(self, connection: Transaction, half: Half) -> Waiting:
        """Keep a sign-in that waits; what the browser holds is new each time."""
        token = sessions.fresh_key()
        sessions.remember(connection, HALF, token, half.payload(), seconds=HALF_SECONDS, now=self.now())
        return Waiting(token, half.enrol)

    def half(self, connection: Transaction, token: str) -> Half:
        """The sign-in that waits for this browser. Raises :class:`SignInError` where it waits no longer."""
        found = sessions.known(connection, HALF, token, now=self.now())
        if found is None:
            raise SignInError("that sign-in has taken too long", hint="begin again")
        return Half.of(found)

    def needs_second(self, half: Half) -> bool:
        """Whether a second factor must be shown here before there is a session."""
        mfa = self.settings.mfa
        return "mfa" not in half.methods and (half.local or mfa is WhenMfa.ALWAYS)

    def complete(
        self, connection: Transaction, half: Half, came: Came, *, methods: tuple[str, ...] = (), mfa: float = 0.0,
        half_token: str = "",
    ) -> Signed:  # fmt: skip
        """Begin the session. ``mfa``: when a second factor was shown, where that is known."""
        person = people.get(connection, half.person)
        assert person is not None
        assert not person.disabled
        if half_token:
            sessions.taken(connection, HALF, half_token, now=self.now())
        shown = tuple(dict.fromkeys((*half.methods, *methods)))
        token, session = sessions.start(
            connection, person.id, hours=self.settings.session_hours, methods=shown, mfa=mfa, address=came.address,
            agent=came.agent, now=self.now(), **half.provider,
        )  # fmt: skip
        people.saw(connection, person.id, self.now())
        sessions.forget(connection, now=self.now())  # a sign-in is seldom enough, and often enough, to sweep after
        credentials.forget(connection, now=self.now())
        credentials.succeeded(connection, f"account {person.username}")
        credentials.succeeded(connection, f"account {person.username} at {came.address}")
        credentials.succeeded(connection, f"second {person.id}")
        self.tell(connection, person, came, OK, detail={"session": session.id, "methods": list(shown)})
        return Signed(token, half.next)

    def tell(
        self, connection: Transaction, person: Person | None, came: Came, result: str, *, name: str = "",
        reason: str = "", detail: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """Keep what came of a sign-in, in the trail and (by a job) in the record. ``name``: what was typed, where
        nobody is known by it."""
        who = person.username if person is not None else name[:200]
        actor = Actor(person.id, person.name) if person is not None else Actor("nobody", who or "nobody")
        outcome = trail.DONE if result == OK else trail.REFUSED
        entry = trail.Entry(actor, "sign-in", person.id if person else "", outcome, reason or _SAID[result],
                            came.address, detail)  # fmt: skip
        trail.append(connection, entry, now=self._now())
        when = self._now()
        row = {
            "TimeGenerated": when.isoformat(), "CreatedDateTime": when.isoformat(), "Id": str(uuid.uuid4()),
            "Category": "SignInLogs", "OperationName": "Sign-in activity", "AppDisplayName": "Lockgate",
            "UserPrincipalName": who, "UserDisplayName": person.name if person else "", "IPAddress": came.address,
            "UserId": person.id if person else "", "UserAgent": came.agent[:255], "IsInteractive": True,
            "ResultType": result, "ResultDescription": reason or _SAID[result], "ResourceDisplayName": self.site.origin,
        }  # fmt: skip
        jobs.enqueue(connection, sessions.SIGN_IN_ROW, row, now=self.now())

    def refuse(
        self, person: Person | None, came: Came, result: str, told: str, *, name: str = "", reason: str = ""
    ) -> SignInError:
        """Keep a refusal in a transaction of its own, and give the error to raise; ``told`` is what they may know."""
        with self.database.begin() as connection:
            self.tell(connection, person, came, result, name=name, reason=reason)
        return SignInError(told)

    def locked(self, subjects: tuple[str, ...]) -> bool:
        """Whether one of them may try nothing now."""
        with self.database.read() as connection:
            return any(credentials.locked_until(connection, one, now=self.now()) for one in subjects)

    def failed(
        self, person: Person | None, came: Came, result: str, subjects: Mapping[str, int], told: str, *, name: str = ""
    ) -> SignInError:  # fmt: skip
        """Count a failure for each of ``subjects`` (by how many are free), and give the error to raise."""
        with self.database.begin() as connection:
            untils = [credentials.failed(connection, one, now=self.now(), free=free) for one, free in subjects.items()]
            self.tell(connection, person, came, result, name=name)
            if any(untils):
                self.tell(connection, person, came, LOCKED, name=name)
        return SignInError(told)


_SAID = {
    OK: "signed in", WRONG: "the name or the password is wrong", LOCKED: "locked for a while after failed attempts",
    DISABLED: "the account is disabled", NO_SECOND: "the second factor was not shown", UNKNOWN: "nobody is known so",
}  # fmt: skip
