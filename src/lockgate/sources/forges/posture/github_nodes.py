"""What GraphQL tells of an organisation on GitHub and its repositories: by pages, and one by one what no page brought.

A page that GitHub does not answer is asked for in halves. Where a small one is not answered either, the pages are asked
for from the other end, and what is left between is asked for by name; each that is not answered keeps its own reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.errors import NothingCheckedError, SourceError
from lockgate.formats.forge_settings import github, github_query, mapping
from lockgate.sources.forges.budget import CallsSpentError, SpentError
from lockgate.sources.forges.client import ForgeClient
from lockgate.sources.forges.github.graphql import GraphAnswer, ask
from lockgate.sources.forges.posture import Missing, missing
from lockgate.sources.forges.posture.shared import Refusals
from lockgate.transport import UnansweredError

_LEAST = 3
"""Repositories of a page that is not halved again."""


class GitHubNodes:
    """All of it, once it was read."""

    def __init__(self, client: ForgeClient, organization: str, root: str) -> None:
        """``root``: for people."""
        self._client, self._login, self._root = client, organization, root
        self.organization: Mapping[str, Any] = {}
        """What only GraphQL knows of the organisation; empty where no page was answered."""
        self.found: dict[str, Mapping[str, Any]] = {}
        """Repositories by name."""
        self.refused: dict[str, list[str]] = {}
        """Fields that GitHub refused, by the name of the repository; under no name those of the organisation."""
        self._cut: Missing | None = None
        self._spent = False
        """Whether all calls are used up."""
        self._one_by_one = Refusals("its settings", "")

    def read(self, names: Sequence[str]) -> None:
        """Ask for all. ``names``: of the repositories that there are. Raises ``NothingCheckedError`` where GitHub shows
        none of it."""
        if not self._read_pages("ASC"):
            self._read_pages("DESC")
        if self._spent:
            return
        for name in names:
            if name not in self.found and not self._one_by_one.enough:
                with self._one_by_one.catching(name):
                    self._read_one(name)

    def why(self, name: str) -> Missing | None:
        """Why nothing of a repository is there; None where nothing tells more than that it was not shown."""
        if name in self.found:
            return None
        return self._cut if self._spent else self._one_by_one.why(name)

    def _read_pages(self, direction: str) -> bool:
        """Page after page, by name or from the last name back, until one brings nothing new; whether that was the end
        of all. Raises ``NothingCheckedError``."""
        after: str | None = None
        size = github_query.PAGE
        while True:
            variables = {"login": self._login, "after": after, "page": size, "inner": github_query.INNER,
                         "direction": direction}
            try:
                answer = ask(self._client, github_query.REPOSITORIES, variables, again=False)
            except SourceError as error:
                halved = isinstance(error, UnansweredError) and not isinstance(error, SpentError) and size > _LEAST
                if halved:
                    size //= 2  # GitHub gives up on a query after ten seconds, and fewer repositories take less
                    continue
                self._cut, self._spent = missing(error, "its settings", ""), isinstance(error, CallsSpentError)
                return self._spent
            own = answer.data.get("organization")
            if not isinstance(own, dict):
                raise NothingCheckedError("GitHub does not show the organisation over GraphQL", where=self._root)
            self.organization = self.organization or own
            page, known = mapping(own.get("repositories")), len(self.found)
            self._take(answer, page["nodes"] if isinstance(page.get("nodes"), list) else [])
            info = mapping(page.get("pageInfo"))
            following = info.get("endCursor")
            if not info.get("hasNextPage") or not isinstance(following, str) or following == after:
                return True
            if len(self.found) == known:
                return True
            after = following

    def _take(self, answer: GraphAnswer, nodes: Sequence[Any]) -> None:
        for problem in answer.problems:
            name, field = _place(problem.path, nodes)
            self.refused.setdefault(name, []).append(field)
        for node in nodes:
            if isinstance(node, dict) and node.get("name"):
                name = str(node["name"])
                self.found[name] = node
                if github.is_cut(node):
                    self._complete(name, node)

    def _complete(self, name: str, node: Mapping[str, Any]) -> None:
        """Ask by itself for a repository whose lists were longer than a page of them brings."""
        try:
            self._read_one(name)
        except SourceError:
            self.refused.setdefault(name, []).extend(github.cut_fields(node))  # as far as it goes, it is no whole list

    def _read_one(self, name: str) -> None:
        """One repository. Raises ``SourceError`` where it is not answered."""
        variables = {"owner": self._login, "name": name, "inner": github_query.MOST_INNER}
        answer = ask(self._client, github_query.ONE, variables)
        node = answer.data.get("repository")
        if not isinstance(node, dict):
            told = answer.problems[0].message if answer.problems else "GitHub does not show it"
            raise SourceError(told, where=f"{self._root}/{name}")
        self.found[name] = node
        fields = [str(one.path[1]) for one in answer.problems if len(one.path) > 1]
        self.refused.setdefault(name, []).extend((*fields, *github.cut_fields(node)))


def _place(path: Sequence[str | int], nodes: Sequence[Any]) -> tuple[str, str]:
    """Name of the repository and field of it that a problem is about; no name for a field of the organisation."""
    if len(path) > 4 and path[1] == "repositories" and isinstance(path[3], int) and path[3] < len(nodes):
        node = nodes[path[3]]
        if isinstance(node, dict):
            return str(node.get("name", "")), str(path[4])
    return "", str(path[1]) if len(path) > 1 else ""


def has_environments(node: Mapping[str, Any]) -> bool:
    """Whether a repository has environments, or it is not known."""
    told = node.get("environments")
    return not isinstance(told, dict) or bool(told.get("nodes"))
