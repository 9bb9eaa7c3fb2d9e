"""Who may answer: the people of the team's database, or, on a single machine, those whom ``lockgate.yaml`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.errors import ConfigurationError
from lockgate.gates.deployment import Approver
from lockgate.settings import FILE_NAME, TeamSettings

if TYPE_CHECKING:
    from lockgate.store.team.gates import Transaction

LOCAL = "local:"
"""Ids of accounts of this machine begin so."""


def of_team(connection: Transaction) -> Mapping[str, Approver]:
    """Everybody of the console by their ids, as they are now."""
    from lockgate.store.team.approvers import everybody

    return {
        person.id: Approver(
            person.id, person.name, teams, frozenset(str(one) for one in person.all_personas),
            frozenset(filter(None, (person.username, person.email, *subjects))), active=not person.disabled,
        )
        for person, teams, subjects in everybody(connection)
    }  # fmt: skip


def of_settings(teams: Sequence[TeamSettings]) -> Mapping[str, Approver]:
    """Everybody whom ``teams`` of the settings name. Raises :class:`ConfigurationError` for a team without a name."""
    accounts: dict[str, tuple[set[str], set[str]]] = {}
    for number, team in enumerate(teams):
        if not team.name or not team.people:
            hint = "{name: security, people: [ada ada@example.com]}"
            raise ConfigurationError("a team has a name and people", where=f"{FILE_NAME}: teams[{number}]", hint=hint)
        for one in team.people:
            account, *others = one.split()
            names, of = accounts.setdefault(account, (set(), set()))
            names |= {account, *others}
            of.add(team.name)
    return {
        f"{LOCAL}{account}": Approver(f"{LOCAL}{account}", account, frozenset(of), frozenset(), frozenset(names))
        for account, (names, of) in accounts.items()
    }  # fmt: skip
