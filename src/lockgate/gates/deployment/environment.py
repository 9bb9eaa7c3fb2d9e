"""The line of ``lockgate.yaml`` that holds for an environment, made ready: what is wrong with one is said at once."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.gates.deployment import calendar
from lockgate.gates.deployment.calendar import Calendar
from lockgate.settings import FILE_NAME, EnvironmentSettings, QuorumLine
from lockgate.settings.globs import word_matches


@dataclass(frozen=True, slots=True)
class Environment:
    """One line, and where it stands."""

    settings: EnvironmentSettings
    line: str
    """As reasons name it: ``environments[0]``."""
    calendar: Calendar


def environments_of(settings: Sequence[EnvironmentSettings]) -> tuple[Environment, ...]:
    """Every line, ready. Raises :class:`ConfigurationError`, which names the line."""
    return tuple(_ready(one, f"environments[{number}]") for number, one in enumerate(settings))


def find(environments: Sequence[Environment], name: str, repository: str) -> Environment | None:
    """The first line that an environment and a repository meet; None where none does."""
    for one in environments:
        if word_matches(one.settings.name, name) and any(
            word_matches(glob, repository) for glob in one.settings.repositories
        ):
            return one
    return None


def _ready(one: EnvironmentSettings, line: str) -> Environment:
    where = f"{FILE_NAME}: {line}"
    if not one.name:
        raise ConfigurationError("an environment has a name", where=where, hint="name: production")
    for number, asked in enumerate(one.approvals):
        _check(asked, f"{where}.approvals[{number}]")
    if one.break_glass is not None:
        if not one.break_glass.by:
            hint = "by: [{team: sre}]"
            raise ConfigurationError("it is not said who may break it", where=f"{where}.break_glass", hint=hint)
        for number, asked in enumerate(one.break_glass.by):
            _check(asked, f"{where}.break_glass.by[{number}]")
    return Environment(one, line, calendar.read(one.windows, one.freezes, where=where))


def _check(asked: QuorumLine, where: str) -> None:
    if sum((asked.team is not None, asked.persona is not None, bool(asked.people))) != 1:
        hint = "{count: 2, team: security}"
        raise ConfigurationError("one of team, persona and people says who", where=where, hint=hint)
    if asked.people and asked.count > len(set(asked.people)):
        raise ConfigurationError(f"{asked.count} of {len(set(asked.people))} people can never agree", where=where)


def words(asked: QuorumLine) -> str:
    """Who a line asks for, for people."""
    return asked.team or asked.persona or ", ".join(asked.people)
