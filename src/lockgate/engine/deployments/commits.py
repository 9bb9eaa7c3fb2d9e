"""The commits of a deployment, from a repository on this machine.

Who wrote a commit is what it says; a forge knows more of its authors. Committers count too, and those whom the
trailers ``Co-authored-by`` name: whoever had a hand in it is no second pair of eyes.
"""

from __future__ import annotations

from lockgate.engine.deployments.gathering import Commits, History
from lockgate.gates.deployment.evidence import CommitSeen
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.repository import Git
from lockgate.sources.repository.git import resolved
from lockgate.store.team.gates import Kept

MOST, FIRST = 2_000, 250
"""Commits that are told, and of a repository of which nothing runs yet."""
_FORMAT = "%H%x00%ae%x00%ce%x00%s%x00%(trailers:key=Co-authored-by,valueonly,separator=%x1f)%x1e"
_ADDRESS = lazy_pattern(r"<([^<>\s]{1,300})>")
_WEB = "noreply@github.com"
"""The committer of what was merged at GitHub: nobody."""


def history(git: Git, commit: str, since: str) -> History:
    """The commits up to ``commit`` that are not in ``since``; the last ones where that is empty. Raises
    :class:`SourceError` where one of them is not in the repository, as in a clone that was cut short."""
    most = MOST if since else FIRST
    range_ = [resolved(git, commit), *([f"^{resolved(git, since)}"] if since else [])]
    told = git.output("log", f"--max-count={most + 1}", f"--format={_FORMAT}", "--end-of-options", *range_)
    entries = [one for one in told.decode("utf-8", "replace").split("\x1e") if one.strip()]
    return History(tuple(_commit(one.lstrip("\n")) for one in entries[:most]), len(entries) <= most)


def of_repository(git: Git) -> Commits:
    """The same for requests."""

    def commits(kept: Kept, since: str) -> History:
        return history(git, kept.request.commit, since)

    return commits


def _commit(entry: str) -> CommitSeen:
    id, author, committer, subject, others = entry.split("\x00", 4)
    names = {author, committer, *_ADDRESS.findall(others)} - {"", _WEB}
    return CommitSeen(id, tuple(sorted(names)), subject[:500])


def co_authors(message: str) -> set[str]:
    """Addresses that the trailers ``Co-authored-by`` of a message name."""
    lines = (one for one in message.splitlines() if one.lower().startswith("co-authored-by:"))
    return {address for one in lines for address in _ADDRESS.findall(one)}

