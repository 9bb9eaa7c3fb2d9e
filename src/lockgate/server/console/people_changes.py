"""What is changed about people, teams and tokens, each with its entry of the trail; for pages and API alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lockgate.access.permissions import grant
from lockgate.access.personas import narrower
from lockgate.access.ruling import reach
from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Actor, ActorKind, Asset, Grant, Persona, Scope, Team
from lockgate.server.sign_in import enrolment
from lockgate.server.sign_in.house import Came, House
from lockgate.store.team import people, sessions, teams, tokens, trail, views
from lockgate.store.team.database import Transaction
from lockgate.store.team.people import Person
from lockgate.store.team.tokens import Token


@dataclass(frozen=True, slots=True)
class Invited:
    """A new account, and the link that its holder is given, shown this once."""

    person: Person
    link: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Who changes something, from where."""

    house: House
    actor: Actor
    came: Came

    def invite(self, *, username: str, name: str, email: str, personas: Collection[Persona]) -> Invited:
        """Make a local account. Raises :class:`UsageError`."""
        if not self.house.settings.local:
            raise UsageError("there are no accounts of our own here", where="people.local")
        with self.house.database.begin() as connection:
            person = people.create(connection, username=username, name=name, email=email, personas=personas,
                                   now=self.house.now())  # fmt: skip
            link = enrolment.invitation(self.house, connection, person)
            self._tell(connection, "people:invite", person.id, username=person.username, personas=_texts(personas))
        return Invited(person, link)

    def reset(self, person_id: str) -> Invited:
        """A link by which somebody adds new factors in place of all that they had."""
        with self.house.database.begin() as connection:
            person = _known(connection, person_id)
            link = enrolment.invitation(self.house, connection, person, reset=True)
            self._tell(connection, "people:reset", person.id)
        return Invited(person, link)

    def set_personas(self, person_id: str, personas: Collection[Persona], joined: Collection[str]) -> None:
        """Say what somebody is, beside what groups say; nobody says it of themselves. Raises :class:`UsageError`."""
        if person_id == self.actor.id:
            raise UsageError("nobody changes what they are themselves", hint="another administrator can")
        with self.house.database.begin() as connection:
            person = _known(connection, person_id)
            people.change(connection, person.id, personas=tuple(personas))
            teams.set_joined(connection, person.id, joined)
            if not people.administrators(connection):
                raise UsageError("nobody would be an administrator any more")
            self._tell(connection, "people:change", person.id, personas=_texts(personas), teams=sorted(joined),
                       before=_texts(person.personas))  # fmt: skip

    def disable(self, person_id: str) -> bool:
        """Let somebody sign in no longer; whether they could. Raises :class:`UsageError` for the last administrator."""
        with self.house.database.begin() as connection:
            person = _known(connection, person_id)
            done = people.disable(connection, person.id, actor=self.actor.id, now=self.house.now())
            if not people.administrators(connection):
                raise UsageError("nobody would be an administrator any more")
            if done:
                self._tell(connection, "people:disable", person.id, username=person.username)
        return done

    def enable(self, person_id: str) -> bool:
        """Let somebody sign in again; whether they could not."""
        with self.house.database.begin() as connection:
            person = _known(connection, person_id)
            done = people.enable(connection, person.id)
            if done:
                self._tell(connection, "people:enable", person.id, username=person.username)
        return done

    def end_session(self, session_id: str, *, person: str) -> bool:
        """End a session of somebody; whether there was one."""
        with self.house.database.begin() as connection:
            done = sessions.end(connection, session_id, person=person)
            if done:
                self._tell(connection, "sessions:end", session_id, person=person)
        return done

    def end_sessions(self, person_id: str, *, but: str = "") -> int:
        """End all sessions of somebody, ``but`` one."""
        with self.house.database.begin() as connection:
            ended = sessions.end_all(connection, person_id, but=but)
            self._tell(connection, "sessions:end", person_id, ended=ended)
        return ended

    def put_team(self, name: str, *, about: str, owns: Sequence[Asset]) -> Team:
        """Make a team, or change one. Raises :class:`UsageError`."""
        with self.house.database.begin() as connection:
            team = teams.put(connection, name, about=about, owns=owns)
            owned = [f"{one.kind}:{one.name}" for one in team.owns]
            self._tell(connection, "teams:change", f"team:{name}", owns=owned)
        return team

    def delete_team(self, name: str) -> bool:
        """Take a team away; whether there was one."""
        with self.house.database.begin() as connection:
            done = teams.delete_team(connection, name)
            if done:
                unshared = views.unshare(connection, name)
                self._tell(connection, "teams:delete", f"team:{name}", unshared_views=unshared)
        return done

    def create_token(
        self, name: str, grants: Sequence[str], *, days: float, service: bool = False, of_teams: Collection[str] = ()
    ) -> tuple[str, Token]:
        """A token of one's own, or of a service: what is shown once, and the token. None grants what its maker may
        not, but for what programs are for (:data:`OF_PROGRAMS`), which administrators hand out.

        Raises :class:`UsageError`."""
        wanted = tuple(grant(one) for one in grants)
        for one in wanted:
            self._check(one, service)
        with self.house.database.begin() as connection:
            known = teams.every(connection)
            if not set(of_teams) <= set(known):
                raise UsageError(f"there is no team {min(set(of_teams) - set(known))}")
            shown, token = tokens.create(
                connection, name, kind=ActorKind.SERVICE if service else ActorKind.PERSON, grants=wanted,
                seconds=days * 86_400, created_by=self.actor.id, person="" if service else self.actor.id,
                teams=of_teams if service else (), now=self.house.now(),
            )  # fmt: skip
            self._tell(connection, "tokens:create", token.id, name=name, grants=list(grants), days=days)
        return shown, token

    def revoke_token(self, token: Token) -> bool:
        """Take a token away; whether it held."""
        with self.house.database.begin() as connection:
            done = tokens.revoke(connection, token.id, now=self.house.now())
            if done:
                self._tell(connection, "tokens:revoke", token.id, name=token.name)
        return done

    def _check(self, wanted: Grant, service: bool) -> None:
        reached = reach(self.actor, wanted.permission)
        # Whose teams a service is of is said by who makes it, so that ``team`` is worth no less than ``any`` to them.
        needed = Scope.ANY if service else wanted.scope
        enough = reached is not None and narrower(needed, reached) is needed
        hands_out = service and Persona.ADMINISTRATOR in self.actor.personas
        if not (enough or (hands_out and str(wanted.permission) in OF_PROGRAMS)):
            had = f"you may {wanted.permission} only for {reached}" if reached else f"you may not {wanted.permission}"
            raise UsageError(f"{wanted} is more than you may", hint=had)

    def _tell(self, connection: Transaction, action: str, target: str, **detail: object) -> None:
        entry = trail.Entry(self.actor, action, target, address=self.came.address, detail=detail)
        trail.append(connection, entry, now=self.house.moment())


OF_PROGRAMS = frozenset((
    "deployments:request", "findings:read", "images:notify", "people:provision", "record:ingest", "repositories:scan",
    "runs:upload",
))  # fmt: skip
"""What administrators may have services do, though they do none of it themselves."""


def _known(connection: Transaction, person_id: str) -> Person:
    person = people.get(connection, person_id)
    if person is None:
        raise UsageError("there is nobody of that id")
    return person


def _texts(personas: Collection[Persona]) -> list[str]:
    return sorted(str(one) for one in personas)
