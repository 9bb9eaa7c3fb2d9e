"""What GitLab knows of a commit that is to be deployed: the commits that it brings, who wrote them, how jobs stand.

Source: https://docs.gitlab.com/api/repositories/ (compare) and https://docs.gitlab.com/api/commits/ (list, statuses).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.github.deployed import ToldCommit
from lockgate.sources.forges.gitlab import project_path

_PER_PAGE = {"per_page": "100"}
_BAD = frozenset(("failed", "canceled", "canceling", "skipped"))
"""A job is skipped where one before it has failed."""


def commits(client: ForgeClient, project: str, commit: str, since: str, most: int) -> tuple[ToldCommit, ...]:
    """Those that are in ``commit`` and not in ``since``, or the last ones where that is empty; at most ``most``.

    Raises ``SourceError``.
    """
    path = f"{project_path(project)}/repository"
    if since:
        listed = client.items(f"{path}/compare", {"from": since, "to": commit}, key="commits")
    else:
        listed = client.items(f"{path}/commits", {**_PER_PAGE, "ref_name": commit})
    return tuple(map(_commit, islice(listed, most)))


def _commit(told: Mapping[str, Any]) -> ToldCommit:
    names = {str(told.get(f"{who}_email") or "") for who in ("author", "committer")} - {""}
    return ToldCommit(str(told.get("id") or ""), tuple(sorted(names)), str(told.get("message") or ""))


def checks(client: ForgeClient, project: str, commit: str) -> dict[str, str]:
    """``success``, ``failure`` or ``pending`` by the name of the job or status, its newest. Raises ``SourceError``."""
    found: dict[str, str] = {}
    for one in client.items(f"{project_path(project)}/repository/commits/{commit}/statuses", _PER_PAGE):
        status = one.get("status")
        name = str(one.get("name") or "")
        state = "success" if status == "success" else "failure" if status in _BAD else "pending"
        if found.get(name, "success") == "success" or state == "failure":
            found[name] = state
    return found
