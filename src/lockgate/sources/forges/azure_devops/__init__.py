"""Azure DevOps Services and Server: clients of its REST API, one for each of its hosts, under one identity and budget.

Source: MicrosoftDocs/vsts-rest-api-specs. What is not under ``dev.azure.com`` is on hosts of its own (graph, member
entitlements, advanced security); on a Server all is under the collection.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from lockgate.errors import ConfigurationError
from lockgate.sources.forges.budget import CallBudget
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.kept import KeptAnswers
from lockgate.sources.forges.so_far import AnswersSoFar
from lockgate.transport import Trust

VERSION = "7.1"
"""Of the API; what is still a preview there is asked with ``-preview.N`` behind it."""
_HEADERS = {"Accept": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
"""The second has it answer 401 in place of a page for signing in, as Microsoft's own client libraries ask."""
_CLOUD = "dev.azure.com"
HOSTS = frozenset(("vssps", "vsaex", "advsec", "auditservice", "feeds", "extmgmt", "vsrm"))
"""Services of Azure DevOps that have a host of their own, ``https://NAME.dev.azure.com/ORGANIZATION``."""


class AzureDevOps:
    """The clients of one organization or collection. Those of other hosts are made when they are asked for."""

    def __init__(
        self, organization: str, credential: Credential | None, *, trust: Trust | None = None,
        budget: CallBudget | None = None, kept: KeptAnswers | None = None, so_far: AnswersSoFar | None = None,
    ) -> None:  # fmt: skip
        """``organization``: its address, ``https://dev.azure.com/NAME`` or that of a collection of a Server. The rest
        as of :class:`ForgeClient`."""
        self.organization = organization.rstrip("/")
        parts = urlsplit(self.organization)
        if not parts.netloc or not parts.path.strip("/"):
            hint = "https://dev.azure.com/NAME, or the address of a collection"
            raise ConfigurationError("that is no address of an organization", where=organization[:200], hint=hint)
        self._credential, self._trust, self._kept, self._so_far = credential, trust, kept, so_far
        self.budget = budget or CallBudget()
        self.client = self._made(self.organization)
        self._others: dict[str, ForgeClient] = {}

    def _made(self, base: str) -> ForgeClient:
        return ForgeClient(
            base, self._credential, trust=self._trust, budget=self.budget, kept=self._kept, headers=_HEADERS,
            so_far=self._so_far,
        )  # fmt: skip

    def at(self, host: str) -> ForgeClient:
        """The client of a service by the name of :data:`HOSTS`; on a Server that of the collection."""
        parts = urlsplit(self.organization)
        if host not in HOSTS:
            raise ValueError(host)
        if (parts.hostname or "") != _CLOUD:
            return self.client
        if host not in self._others:
            self._others[host] = self._made(f"{parts.scheme}://{host}.{_CLOUD}{parts.path}")
        return self._others[host]

    def close(self) -> None:
        """Hang up."""
        for client in (self.client, *self._others.values()):
            client.close()
