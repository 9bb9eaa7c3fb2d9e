"""What keeps a branch from being changed by one person alone, in words that all forges share.

Rules read ``spec.protection`` of a repository whichever forge it is on. Several rules may protect one branch; then the
stricter of each setting holds, as forges join them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, field
from typing import Any

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Protection:
    """What one rule, or several together, demand of a change to a branch."""

    by: tuple[str, ...] = ()
    """Names of the rules; empty where nothing protects the branch."""
    pull_requests: bool = False
    """Changes come by pull requests alone."""
    approvals: int = 0
    """People who must approve a pull request."""
    dismisses_stale: bool = False
    """A new commit takes approvals back."""
    code_owners: bool = False
    """An owner of each changed file must approve."""
    last_push: bool = False
    """Somebody other than who pushed last must approve."""
    conversations: bool = False
    """Every conversation must be resolved."""
    checks: tuple[str, ...] = ()
    """Checks, builds or pipelines that must pass."""
    strict: bool = False
    """They must pass on the newest state of the branch."""
    signatures: bool = False
    linear: bool = False
    forced: bool = True
    """Whether history may be rewritten by a forced push."""
    deletable: bool = True
    bypass: tuple[str, ...] = ()
    """Who need not follow any of it."""
    admins_exempt: bool = True
    """Administrators need not follow any of it."""
    pushers: tuple[str, ...] = field(default=())
    """Who may push without a pull request."""

    def spec(self) -> dict[str, Any]:
        """As rules see it."""
        plain = asdict(self)
        names = {
            "pull_requests": "pullRequests", "dismisses_stale": "dismissesStale", "code_owners": "codeOwners",
            "last_push": "lastPush", "admins_exempt": "adminsExempt",
        }  # fmt: skip
        told = {names.get(key, key): list(value) if isinstance(value, tuple) else value for key, value in plain.items()}
        return {"protected": bool(self.by), **told}


def joined(rules: Sequence[Protection]) -> Protection:
    """What several rules demand together; nothing where there is none."""
    if not rules:
        return Protection()
    return Protection(
        by=_all(one.by for one in rules),
        pull_requests=any(one.pull_requests for one in rules),
        approvals=max(one.approvals for one in rules),
        dismisses_stale=any(one.dismisses_stale for one in rules),
        code_owners=any(one.code_owners for one in rules),
        last_push=any(one.last_push for one in rules),
        conversations=any(one.conversations for one in rules),
        checks=_all(one.checks for one in rules),
        strict=any(one.strict for one in rules),
        signatures=any(one.signatures for one in rules),
        linear=any(one.linear for one in rules),
        forced=all(one.forced for one in rules),
        deletable=all(one.deletable for one in rules),
        bypass=_all(one.bypass for one in rules),
        admins_exempt=all(one.admins_exempt for one in rules),
        pushers=_all(one.pushers for one in rules),
    )


def _all(names: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for some in names for name in some}))
