"""What forges say of how often they may be asked: pure readers of the headers of their answers.

GitHub: ``x-ratelimit-*`` and ``retry-after``, 403 or 429 for both its limits
(https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api). Azure DevOps: ``X-RateLimit-*``,
``Retry-After`` also on answers of success, where it delays (https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits).
GitLab: ``RateLimit-*`` and ``Retry-After`` (https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/).
"""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.dataclass import dataclass
from lockgate.transport.answers import TRANSIENT, retry_after

_SECONDARY = 60.0
"""Seconds that GitHub wants to be left alone after its secondary limit, where it names none."""
_LONGEST = 8.0
_PREFIXES = ("x-ratelimit-", "ratelimit-")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one limit of a forge still allows."""

    resource: str
    """Its name, such as ``core`` or ``graphql``; empty where the forge has one without a name."""
    limit: int
    remaining: int
    reset: float
    """Seconds since 1970 at which all is allowed again."""


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """What an answer says; None where it says nothing. ``headers``: by name in lower case."""
    for prefix in _PREFIXES:
        remaining, reset = _number(headers.get(f"{prefix}remaining")), _number(headers.get(f"{prefix}reset"))
        if remaining is not None and reset is not None:
            limit = _number(headers.get(f"{prefix}limit"))
            resource = headers.get(f"{prefix}resource", "")[:64]
            return Allowance(resource, remaining if limit is None else limit, remaining, float(reset))
    return None


def wait_for(status: int, headers: Mapping[str, str], told: str, *, now: float, attempt: int) -> float | None:
    """Seconds to wait before the same is asked again; None where asking again is of no use.

    ``told``: the forge's own words; ``attempt``: which try this was, from 1 on."""
    after = retry_after(headers.get("retry-after", ""))
    if status in (403, 429):
        left = allowance(headers)
        if after:
            return after
        if left is not None and left.remaining <= 0:
            return max(left.reset - now, 0.0) + 1.0
        if "rate limit" in told.lower():
            return float(_SECONDARY * 2 ** (attempt - 1))
        if status == 403:
            return None
    return (after or float(min(0.25 * 2**attempt, _LONGEST))) if status in TRANSIENT else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
