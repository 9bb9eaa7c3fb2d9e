"""Which digests may run in an environment: those of what was allowed last, and for a while those of what was before.

A digest is the same whatever name it is pulled under; a name without one is nothing that anybody approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from lockgate.dataclass import dataclass
from lockgate.gates.deployment.environment import Environment, find
from lockgate.settings.globs import word_matches


@dataclass(frozen=True, slots=True)
class AllowedDeployment:
    """A request that was allowed."""

    environment: str
    repository: str
    digests: frozenset[str]
    at: datetime


def approved(
    deployments: Iterable[AllowedDeployment], environments: Sequence[Environment], now: datetime
) -> dict[str, frozenset[str]]:
    """Digests by the line of an environment, ``environments[0]``. Of each environment and repository what was allowed
    last may run without end, and what was before for ``rollback_days`` since something later was."""
    by_place: dict[tuple[str, str], list[AllowedDeployment]] = {}
    for one in deployments:
        by_place.setdefault((one.environment, one.repository), []).append(one)
    found: dict[str, set[str]] = {}
    for (name, repository), ones in by_place.items():
        line = find(environments, name, repository)
        if line is None:
            continue
        held = found.setdefault(line.line, set())
        ones.sort(key=lambda one: one.at)
        lasts = timedelta(days=line.settings.rollback_days)
        for place, one in enumerate(ones):
            if place == len(ones) - 1 or now - ones[place + 1].at <= lasts:
                held |= one.digests
    return {line: frozenset(digests) for line, digests in found.items()}


def lines_of(environments: Sequence[Environment], namespace: str, cluster: str) -> tuple[Environment, ...]:
    """The lines of environments that a namespace of a cluster runs; none: anything may run there."""
    return tuple(
        one for one in environments
        if any(word_matches(glob, namespace) for glob in one.settings.namespaces)
        and any(word_matches(glob, cluster) for glob in one.settings.clusters)
    )  # fmt: skip
