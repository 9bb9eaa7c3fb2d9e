"""GitLab, hosted or one's own: a client of its REST API (v4)."""

from __future__ import annotations

from urllib.parse import quote

from lockgate.sources.forges.budget import CallBudget
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.kept import KeptAnswers
from lockgate.sources.forges.so_far import AnswersSoFar
from lockgate.transport import Trust

ADDRESS = "https://gitlab.com"


def gitlab_client(
    credential: Credential | None, *, address: str = ADDRESS, trust: Trust | None = None,
    budget: CallBudget | None = None, kept: KeptAnswers | None = None, so_far: AnswersSoFar | None = None,
) -> ForgeClient:  # fmt: skip
    """A client of the GitLab at ``address``, which may lie below a path."""
    return ForgeClient(f"{address.rstrip('/')}/api/v4", credential, trust=trust, budget=budget, kept=kept,
                       so_far=so_far)  # fmt: skip


def project_path(project: str | int) -> str:
    """How a project, by its number or its full path, stands in paths of the API."""
    return f"projects/{quote(str(project), safe='')}"
