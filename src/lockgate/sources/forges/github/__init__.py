"""GitHub and GitHub Enterprise Server: a client of its REST API and of GraphQL, as an App or with a token.

``app`` makes the tokens of an App; ``graphql`` asks many things at once.
"""

from __future__ import annotations

from lockgate.sources.forges.budget import CallBudget
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.kept import KeptAnswers
from lockgate.sources.forges.so_far import AnswersSoFar
from lockgate.transport import Trust

API = "https://api.github.com"
VERSION = "2022-11-28"
"""Of the REST API, which stays as it is under this date. Source: GitHub, "API Versions"."""
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}


def github_client(
    credential: Credential | None, *, api: str = API, trust: Trust | None = None, budget: CallBudget | None = None,
    kept: KeptAnswers | None = None, so_far: AnswersSoFar | None = None,
) -> ForgeClient:  # fmt: skip
    """A client of ``api``, of GitHub Enterprise Server ``https://HOST/api/v3``."""
    return ForgeClient(api, credential, trust=trust, budget=budget, kept=kept, headers=_HEADERS,
                       so_far=so_far)  # fmt: skip
