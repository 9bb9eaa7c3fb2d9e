"""Who asks, and what may be asked for: people, services and workloads, their personas and teams, and permissions.

A permission is written ``resource:action`` where it is asked for and ``scope:resource:action`` where it is granted; the
scope says over which objects. Who may what is decided by ``access``; who somebody is, by sign-in.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.lazy_pattern import lazy_pattern

_WORD = lazy_pattern(r"[a-z][a-z-]{0,39}\Z")


class ActorKind(StrEnum):
    """What kind of actor somebody is."""

    PERSON = "person"
    SERVICE = "service"  # a program with a service token
    WORKLOAD = "workload"  # a pipeline that showed the identity its forge gives it
    SYSTEM = "system"  # Lockgate itself: jobs, expiry, reconciliation


class Persona(StrEnum):
    """What a person is to the delivery line."""

    DEVELOPER = "developer"
    SRE = "sre"  # application operator, site reliability engineer
    CLUSTER_OPERATOR = "cluster-operator"
    SECURITY = "security"
    ADMINISTRATOR = "administrator"  # of Lockgate itself: people, teams, connections


class Scope(StrEnum):
    """Over which objects a permission is granted, from narrow to wide; a wider one holds what a narrower one does."""

    OWN = "own"  # what is the actor's own
    TEAM = "team"  # what a team of theirs owns
    ANY = "any"


class AssetKind(StrEnum):
    """What an object is that somebody may own."""

    REPOSITORY = "repository"
    NAMESPACE = "namespace"
    ENVIRONMENT = "environment"
    CLUSTER = "cluster"
    IMAGE = "image"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Asset:
    """One object that is asked about."""

    kind: AssetKind
    name: str
    """As the record has it; a namespace is named ``cluster/namespace``."""
    owner: str = ""
    """Id of the actor whose own it is; empty where it is nobody's."""

    @classmethod
    def of_person(cls, actor_id: str) -> Asset:
        """Somebody's own account: their factors, sessions and tokens."""
        return cls(AssetKind.PERSON, actor_id, actor_id)


@dataclass(frozen=True, slots=True)
class Team:
    """People who own things together."""

    name: str
    owns: tuple[Asset, ...] = ()
    """What is theirs. ``name`` may be a glob (``shop/*``); letter case does not count, as with forges."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What is asked for."""

    resource: str
    """``findings``, ``deployments``: lower-case words and hyphens."""
    action: str
    """``read``, ``approve``."""

    def __post_init__(self) -> None:
        if not (_WORD.match(self.resource) and _WORD.match(self.action)):
            raise UsageError(f"{self.resource[:60]}:{self.action[:60]} is no permission", hint="resource:action")

    def __str__(self) -> str:
        return f"{self.resource}:{self.action}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission over some objects."""

    scope: Scope
    permission: Permission

    def __str__(self) -> str:
        return f"{self.scope}:{self.permission}"

    @classmethod
    def parse(cls, text: str) -> Grant:
        """``team:findings:read``. Raises :class:`UsageError`; whether the permission exists ``access`` knows."""
        parts = text.split(":")
        if len(parts) != 3 or parts[0] not in [str(one) for one in Scope]:
            raise UsageError(f"{text[:120]!r} is no grant", hint="scope:resource:action; scope is own, team or any")
        return cls(Scope(parts[0]), Permission(parts[1], parts[2]))


@dataclass(frozen=True, slots=True)
class Strength:
    """How somebody showed who they are."""

    methods: tuple[str, ...] = ()
    """As ``amr`` of RFC 8176 has them: ``pwd``, ``otp``, ``hwk``, ``mfa``; ours are written so too."""
    signed_in: datetime | None = None
    """When, with a zone."""
    mfa: datetime | None = None
    """When a second factor, or a passkey that verifies its user, was last shown; None: never in this session."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. Made anew for each request, so that what changed about somebody holds at once."""

    id: str
    """Stable and never given to another: of a person ``person:<uuid>``."""
    name: str
    """For people to read; may change."""
    kind: ActorKind = ActorKind.PERSON
    personas: tuple[Persona, ...] = ()
    teams: tuple[Team, ...] = ()
    grants: tuple[Grant, ...] = ()
    """What is granted beside what the personas may: services and workloads have no persona."""
    narrowed: tuple[Grant, ...] | None = None
    """What a token of theirs is for: no more than this, however much they may. None: all that they may."""
    strength: Strength = Strength()

    def in_team(self, name: str) -> bool:
        """Whether they are in the team of that name."""
        return any(team.name == name for team in self.teams)


SYSTEM = Actor("system", "Lockgate", ActorKind.SYSTEM)
"""Acts for nobody. It is asked for no permission: what it does was decided before."""
