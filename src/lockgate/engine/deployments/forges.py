"""What the forge where a deployment waits knows of its commits and checks: no pipeline could leave any out.

GitHub and GitLab are asked; at Azure DevOps, and in pipelines without a forge, what the pipeline told counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from lockgate.engine.deployments.commits import FIRST, MOST, co_authors
from lockgate.engine.deployments.gathering import Checks, Commits, History
from lockgate.engine.forges.connections import Connection
from lockgate.gates.deployment.evidence import CheckState, CommitSeen
from lockgate.sources.forges.github.deployed import ToldCommit
from lockgate.sources.forges.github.forge import GitHubForge
from lockgate.sources.forges.gitlab.forge import GitLabForge
from lockgate.store.team.gates import Kept

Connections = Callable[[], Mapping[str, Connection]]
"""By the names of the settings, as they are now."""


def commits_of(connections: Connections) -> Commits:
    """Commits by the forge."""

    def commits(kept: Kept, since: str) -> History | None:
        with _forge(connections, kept) as forge:
            if forge is None:
                return None
            most = MOST if since else FIRST
            told = forge.commits(_name(kept), kept.request.commit, since, most + 1)
        return History(tuple(map(_seen, told[:most])), len(told) <= most)

    return commits


def _seen(one: ToldCommit) -> CommitSeen:
    names = {*one.names, *co_authors(one.message)}
    return CommitSeen(one.id, tuple(sorted(names)), one.message.partition("\n")[0][:500])


def checks_of(connections: Connections) -> Checks:
    """Checks by the forge."""

    def checks(kept: Kept) -> Mapping[str, CheckState] | None:
        with _forge(connections, kept) as forge:
            if forge is None:
                return None
            found = forge.checks(_name(kept), kept.request.commit)
        return {name: CheckState(state) for name, state in found.items()}

    return checks


@contextmanager
def _forge(connections: Connections, kept: Kept) -> Iterator[GitHubForge | GitLabForge | None]:
    """Who tells of the request; None where it waits at no forge that does. Raises ``LockgateError``."""
    connection = connections().get(kept.callback.get("connection", ""))
    if connection is None:
        yield None
        return
    installation = kept.callback.get("installation", "0")
    forge = connection.forge(int(installation) if installation.isdigit() else 0)
    try:
        yield forge if isinstance(forge, GitHubForge | GitLabForge) else None
    finally:
        forge.close()


def _name(kept: Kept) -> str:
    """Without the host."""
    return kept.request.repository.partition("/")[2]
