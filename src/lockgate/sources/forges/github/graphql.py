"""GraphQL of GitHub: many things of many repositories in one request.

Errors come beside data (``NOT_FOUND`` and ``FORBIDDEN`` of one repository among a hundred), so both are given.
Source: https://docs.github.com/graphql. Its limit is one of points, told under the resource ``graphql``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.printable import clipped, printable
from lockgate.sources.forges.client import ForgeClient

_LIMITED = frozenset(("RATE_LIMITED", "RATE_LIMIT"))
_LIMIT_WAIT = 60.0
_MOST_PAGES = 1_000


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """Why one part of an answer is missing."""

    kind: str
    """GitHub's word, such as ``NOT_FOUND``; empty where it gives none."""
    path: tuple[str | int, ...]
    """Of the part, from ``data`` down."""
    message: str


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """What one request was answered."""

    data: Mapping[str, Any]
    problems: tuple[GraphProblem, ...] = ()


def endpoint(api: str) -> str:
    """Where GraphQL is, beside REST: ``/graphql``, on an Enterprise Server ``/api/graphql``."""
    parts = urlsplit(api)
    path = "/api/graphql" if parts.path.rstrip("/") == "/api/v3" else f"{parts.path.rstrip('/')}/graphql"
    return f"{parts.scheme}://{parts.netloc}{path}"


def ask(
    client: ForgeClient, query: str, variables: Mapping[str, Any] | None = None, *, again: bool = True
) -> GraphAnswer:  # fmt: skip
    """What a query is answered. ``variables`` carry all values: a query is never made of text from elsewhere.
    ``again``: whether one that is not answered is repeated.

    Raises ``SourceError`` where there is no data at all, ``SpentError`` where the points are used up."""
    address = endpoint(client.base)
    content = orjson.dumps({"query": query, "variables": dict(variables or {})})
    attempt = 0
    while True:
        known = client.given("POST", address, content)
        reply = known or client.reply(
            "POST", address, headers={"Content-Type": "application/json"}, body=content, resource="graphql",
            again=again and query.lstrip().startswith(("query", "{")), counts=False,
        )  # fmt: skip
        told = reply.json()
        if not isinstance(told, dict):
            raise SourceError("GitHub answers no GraphQL", where=address)
        problems = tuple(_problem(one) for one in told.get("errors") or () if isinstance(one, dict))
        if any(one.kind in _LIMITED for one in problems):
            attempt += 1
            client.budget.again(_LIMIT_WAIT * attempt, "GitHub's limit of points is reached", address, limited=True)
            continue
        data = told.get("data")
        if not isinstance(data, dict):
            raise SourceError(f"GitHub refuses the query: {_first(problems)}", where=address)
        if known is None:
            client.give("POST", address, content, reply)
        return GraphAnswer(data, problems)


def nodes(
    client: ForgeClient, query: str, variables: Mapping[str, Any], path: Sequence[str]
) -> Iterator[tuple[dict[str, Any], tuple[GraphProblem, ...]]]:
    """The nodes of one connection over all its pages, each with the problems of its page.

    ``query`` takes ``$after: String`` and asks for ``pageInfo { hasNextPage endCursor }``; ``path`` leads from ``data``
    to the connection."""
    after: str | None = None
    for _ in range(_MOST_PAGES):
        answer = ask(client, query, {**variables, "after": after})
        at: Any = answer.data
        for name in path:
            at = at.get(name) if isinstance(at, dict) else None
        if not isinstance(at, dict):
            raise SourceError(f"GitHub does not show it: {_first(answer.problems)}", where=endpoint(client.base))
        yield from ((one, answer.problems) for one in at.get("nodes") or () if isinstance(one, dict))
        page = at.get("pageInfo") or {}
        following = page.get("endCursor") if page.get("hasNextPage") else None
        if not isinstance(following, str) or following == after:
            return
        after = following
    raise SourceError(f"a list of more than {_MOST_PAGES:,} pages", where=endpoint(client.base))


def _problem(told: Mapping[str, Any]) -> GraphProblem:
    path = told.get("path")
    steps = tuple(one for one in path if isinstance(one, str | int)) if isinstance(path, list) else ()
    return GraphProblem(str(told.get("type") or ""), steps, clipped(printable(str(told.get("message") or "")), 300))


def _first(problems: tuple[GraphProblem, ...]) -> str:
    return problems[0].message if problems else "it answers no data"
