"""What somebody is here by what their provider says of them, and whether they have shown a second factor. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from lockgate.dataclass import dataclass
from lockgate.model.actor import Persona
from lockgate.server.sign_in.identity import Identity
from lockgate.settings import BelongingLine, ProviderSettings


@dataclass(frozen=True, slots=True)
class Belonging:
    """Personas and teams, each once, in the order of the settings."""

    personas: tuple[Persona, ...] = ()
    teams: tuple[str, ...] = ()


def belonging(identity: Identity, lines: Sequence[BelongingLine]) -> Belonging:
    """What all lines that fit make of somebody."""
    fitting = [line for line in lines if _fits(identity, line)]
    personas = dict.fromkeys(one for line in fitting for one in line.personas)
    return Belonging(tuple(personas), tuple(dict.fromkeys(one for line in fitting for one in line.teams)))


def showed_mfa(identity: Identity, settings: ProviderSettings) -> bool:
    """Whether the provider says that there was a second factor, in a way that the settings accept."""
    return bool(identity.acr and identity.acr in settings.acr) or bool(set(identity.amr) & set(settings.amr))


def _fits(identity: Identity, line: BelongingLine) -> bool:
    asked = (
        (line.provider, (identity.provider,)),
        (line.group, identity.groups),
        (line.role, identity.roles),
        (line.email, (identity.email,) if identity.email else ()),
    )
    if all(pattern is None for pattern, _ in asked):
        return False  # it says what people are, and not whom it means
    return all(pattern is None or _any(pattern, names) for pattern, names in asked)


def _any(pattern: str, names: Iterable[str]) -> bool:
    wanted = pattern.lower()
    return any(fnmatchcase(name.lower(), wanted) for name in names)
