"""What GitHub knows of a commit that is to be deployed: the commits that it brings, who wrote them, how checks stand.

Source: GitHub's OpenAPI description: "Compare two commits", "List commits", "List check runs for a Git reference", "Get
the combined status for a specific reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from lockgate.dataclass import dataclass
from lockgate.sources.forges.client import ForgeClient

_PER_PAGE = {"per_page": "100"}
_CORE = "core"
_GOOD = frozenset(("success", "neutral", "skipped"))
_WORST = {"success": 0, "pending": 1, "failure": 2}


@dataclass(frozen=True, slots=True)
class ToldCommit:
    """One commit as the forge tells of it."""

    id: str
    names: tuple[str, ...]
    """Of its author and its committer: addresses of mail, and logins where the forge knows whose they are."""
    message: str


def commits(client: ForgeClient, repository: str, commit: str, since: str, most: int) -> tuple[ToldCommit, ...]:
    """Those that are in ``commit`` and not in ``since``, or the last ones where that is empty; at most ``most``.

    Raises ``SourceError``.
    """
    path = f"repos/{quote(repository)}/"
    if since:
        listed = client.items(f"{path}compare/{since}...{commit}", _PER_PAGE, key="commits", resource=_CORE)
    else:
        listed = client.items(f"{path}commits", {**_PER_PAGE, "sha": commit}, resource=_CORE)
    return tuple(map(_commit, islice(listed, most)))


def _commit(told: Mapping[str, Any]) -> ToldCommit:
    inner = told.get("commit") or {}
    names = {
        str((told.get(who) or {}).get("login") or "") for who in ("author", "committer")
    } | {str((inner.get(who) or {}).get("email") or "") for who in ("author", "committer")}  # fmt: skip
    # What was merged in the browser is committed by GitHub itself.
    names -= {"", "web-flow", "noreply@github.com"}
    return ToldCommit(str(told.get("sha") or ""), tuple(sorted(names)), str(inner.get("message") or ""))


def checks(client: ForgeClient, repository: str, commit: str) -> dict[str, str]:
    """``success``, ``failure`` or ``pending`` by the name of the check or status; of several of one name the worst.

    Raises ``SourceError``.
    """
    found: dict[str, str] = {}
    for name, state in _states(client, f"repos/{quote(repository)}/commits/{commit}"):
        if _WORST[state] >= _WORST[found.get(name, "success")]:
            found[name] = state
    return found


def _states(client: ForgeClient, path: str) -> Iterator[tuple[str, str]]:
    for one in client.items(f"{path}/check-runs", _PER_PAGE, key="check_runs", resource=_CORE):
        good = "success" if one.get("conclusion") in _GOOD else "failure"
        yield str(one.get("name") or ""), good if one.get("status") == "completed" else "pending"
    for one in client.items(f"{path}/status", _PER_PAGE, key="statuses", resource=_CORE):
        state = one.get("state")
        yield str(one.get("context") or ""), state if state in ("success", "pending") else "failure"
