"""What a directory (SCIM) does to people and groups, each with its entry of the trail.

It changes whom it made, and whom it takes over by their user name; local administrators stay out of its reach: a token
of a directory must not be a way to lock everybody out, or to become one of them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError, UsageError
from lockgate.model.actor import Actor, Persona
from lockgate.server.sign_in.belonging import Belonging, belonging
from lockgate.server.sign_in.house import Came, House
from lockgate.server.sign_in.identity import Identity
from lockgate.store.team import people, teams, trail
from lockgate.store.team.database import Transaction
from lockgate.store.team.people import DIRECTORY, Person
from lockgate.store.team.teams import Group


class DirectoryError(LockgateError):
    """A request that is refused, with the status and the word of SCIM for it."""

    code = "directory"

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


@dataclass(frozen=True, slots=True)
class PersonGiven:
    """What a directory says of somebody; None: nothing of it."""

    username: str | None = None
    name: str | None = None
    email: str | None = None
    external_id: str | None = None
    active: bool | None = None


class Directory:
    """One request of it."""

    def __init__(self, house: House, actor: Actor, came: Came) -> None:
        self._house, self._actor, self._came = house, actor, came

    def create(self, given: PersonGiven) -> Person:
        """Add somebody. Raises :class:`DirectoryError` 409 where the user name is taken."""
        if not given.username:
            raise DirectoryError(400, "userName is missing", "invalidValue")
        with self._house.database.begin() as connection:
            if people.by_username(connection, given.username) is not None:
                raise DirectoryError(409, "there is somebody of that userName already", "uniqueness")
            person = people.create(
                connection, username=given.username, name=given.name or "", email=given.email or "", origin=DIRECTORY,
                external_id=given.external_id or "", now=self._house.now(),
            )  # fmt: skip
            self._tell(connection, "people:provision", person.id, username=person.username)
            if given.active is False:
                self._disable(connection, person)
        return person

    def change(self, person_id: str, given: PersonGiven) -> None:
        """Change somebody whom the directory made. Raises :class:`DirectoryError`."""
        with self._house.database.begin() as connection:
            person = self._theirs(connection, person_id)
            values = {"username": given.username, "name": given.name, "email": given.email,
                      "external_id": given.external_id}  # fmt: skip
            new: dict[str, Any] = {
                name: value for name, value in values.items() if value is not None and value != getattr(person, name)
            }
            if new:
                try:
                    people.change(connection, person.id, **new)
                except UsageError as error:
                    raise DirectoryError(409, error.message, "uniqueness") from None
                self._tell(connection, "people:change", person.id, **new)
            if given.active is False:
                self._disable(connection, person)
            elif given.active is True and people.enable(connection, person.id):
                self._tell(connection, "people:enable", person.id, username=person.username)

    def put_group(
        self, name: str, *, external_id: str = "", members: Collection[str] = (), group_id: str = ""
    ) -> Group:
        """Make a group, or have one be as is said. Raises :class:`DirectoryError`."""
        with self._house.database.begin() as connection:
            if group_id:
                self._group(connection, group_id)
            try:
                group = teams.put_group(connection, name, external_id=external_id, group_id=group_id)
            except UsageError as error:
                raise DirectoryError(409 if "already" in error.message else 400, error.message, "uniqueness") from None
            self._set_members(connection, group, add=members, only=True)
        return group

    def rename_group(self, group_id: str, name: str) -> None:
        """Give a group another name."""
        with self._house.database.begin() as connection:
            group = self._group(connection, group_id)
            try:
                renamed = teams.put_group(connection, name, external_id=group.external_id, group_id=group_id)
            except UsageError as error:
                raise DirectoryError(409, error.message, "uniqueness") from None
            self._tell(connection, "people:group", group_id, name=name, before=group.name)
            self._claims(connection, teams.group_members(connection, renamed.id))

    def change_members(
        self, group_id: str, *, add: Collection[str] = (), remove: Collection[str] = (), only: bool = False
    ) -> None:
        """Change who is in a group."""
        with self._house.database.begin() as connection:
            self._set_members(connection, self._group(connection, group_id), add=add, remove=remove, only=only)

    def delete_group(self, group_id: str) -> None:
        """Take a group away."""
        with self._house.database.begin() as connection:
            group = self._group(connection, group_id)
            members = teams.group_members(connection, group_id)
            teams.delete_group(connection, group_id)
            self._tell(connection, "people:group", group_id, deleted=group.name)
            self._claims(connection, members)

    def _set_members(
        self, connection: Transaction, group: Group, *, add: Collection[str] = (), remove: Collection[str] = (),
        only: bool = False,
    ) -> None:  # fmt: skip
        before = set(teams.group_members(connection, group.id))
        known = [one for one in add if people.get(connection, one) is not None]
        if len(known) < len(add):
            raise DirectoryError(400, "a member is nobody who is known here", "invalidValue")
        teams.set_group_members(connection, group.id, add=known, remove=remove, only=only)
        after = set(teams.group_members(connection, group.id))
        if before != after:
            self._tell(connection, "people:group", group.id, name=group.name, added=sorted(after - before),
                       removed=sorted(before - after))  # fmt: skip
            self._claims(connection, before ^ after)

    def _claims(self, connection: Transaction, person_ids: Collection[str]) -> None:
        """What groups make of people holds at once, not at their next sign-in. What their provider's own claims make
        of them is known only then, and stays as it was for those who signed in with one that tells groups."""
        for person_id in person_ids:
            person = people.get(connection, person_id)
            if person is None:
                continue
            names = tuple(one.name for one in teams.groups_of(connection, person_id))
            identity = Identity(DIRECTORY, person.external_id, email=person.email, groups=names)
            now = belonging(identity, self._house.settings.belonging)
            if now != Belonging(person.claimed_personas, person.claimed_teams):
                people.change(connection, person_id, claimed_personas=now.personas, claimed_teams=now.teams)
                self._tell(connection, "people:claimed", person_id, personas=[str(one) for one in now.personas],
                           teams=list(now.teams))  # fmt: skip

    def _disable(self, connection: Transaction, person: Person) -> None:
        if people.disable(connection, person.id, actor=self._actor.id, now=self._house.now()):
            self._tell(connection, "people:disable", person.id, username=person.username)

    def _theirs(self, connection: Transaction, person_id: str) -> Person:
        person = people.get(connection, person_id)
        if person is None:
            raise DirectoryError(404, "there is nobody of that id")
        if person.origin == people.LOCAL or Persona.ADMINISTRATOR in person.personas:
            raise DirectoryError(403, "local accounts and administrators are not the directory's to change")
        return person

    def _group(self, connection: Transaction, group_id: str) -> Group:
        group = teams.group(connection, group_id)
        if group is None:
            raise DirectoryError(404, "there is no group of that id")
        return group

    def _tell(self, connection: Transaction, action: str, target: str, **detail: object) -> None:
        entry = trail.Entry(self._actor, action, target, address=self._came.address, detail=detail)
        trail.append(connection, entry, now=self._house.moment())


