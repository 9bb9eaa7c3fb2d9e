"""Finds what nobody told of: tags that are new, tags that moved, tags that are gone. Page by page, within a budget.

New tags are jobs at once, at a request a thousand. Tags that are known are asked for by HEAD, those first that were
looked at longest ago, so that a registry of any size is gone round in so many looks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from lockgate.dataclass import dataclass
from lockgate.engine.registry.scope import Scope
from lockgate.errors import SourceError
from lockgate.sources.image.registry import catalogue
from lockgate.store.registry.queue import FullError, Queue, Wanted
from lockgate.store.registry.seen import Seen
from lockgate.transport import AbsentError

_log = logging.getLogger("lockgate.registry")
CAUSE = "poll"
LOOKS = 2_000
"""Known tags that are asked for in one look."""


@dataclass(slots=True)
class Found:
    """What one look brought."""

    repositories: int = 0
    tags: int = 0
    new: int = 0
    """Jobs."""
    gone: int = 0
    trouble: str = ""
    """Why the look ended early; empty where it did not."""


def look(scope: Scope, queue: Queue, seen: Seen, *, looks: int = LOOKS) -> Found:
    """One look at the registry. Raises nothing that a registry can bring about: that is told in what was found."""
    found = Found()
    try:
        for repository in _repositories(scope):
            found.repositories += 1
            _new_tags(scope, repository, queue, seen, found)
        _known_tags(scope, queue, seen, found, looks)
    except SourceError as error:
        found.trouble = str(error)
    except FullError:
        found.trouble = "more images wait than may; the rest is found by a later look"
    return found


def _repositories(scope: Scope) -> Iterator[str]:
    exact = [one for one in scope.settings.repositories if "*" not in one]
    if len(exact) == len(scope.settings.repositories):
        yield from (one for one in exact if scope.covers(one, ""))
        return
    try:
        with scope.opened(scope.below or "catalog") as place:
            yield from (one for one in catalogue.repositories(place.client) if scope.covers(one, ""))
    except AbsentError:
        if not scope.below:
            hint = "name its repositories: registry.repositories in lockgate.yaml, or HOST/REPOSITORY"
            raise SourceError("the registry lists no repositories", where=scope.registry, hint=hint) from None
        yield scope.below


def _new_tags(scope: Scope, repository: str, queue: Queue, seen: Seen, found: Found) -> None:
    try:
        with scope.opened(repository) as place:
            for page in catalogue.tags(place.client):
                found.tags += len(page)
                new = [tag for tag in seen.unknown(repository, page) if scope.covers(repository, tag)]
                found.new += queue.accept(Wanted(scope.registry, repository, "", tag, CAUSE) for tag in new)
    except AbsentError:
        return  # listed, and gone since


def _known_tags(scope: Scope, queue: Queue, seen: Seen, found: Found, looks: int) -> None:
    several: dict[str, list[tuple[str, str]]] = {}
    for repository, tag, digest in seen.longest_ago(looks):
        if scope.covers(repository, tag):
            several.setdefault(repository, []).append((tag, digest))
    for repository, tags in several.items():
        with scope.opened(repository) as place:
            for tag, digest in tags:
                try:
                    current = catalogue.digest_of(place.client, tag)
                except AbsentError:
                    seen.untag(repository, tag)
                    found.gone += 1
                    continue
                if current != digest:
                    found.new += queue.accept([Wanted(scope.registry, repository, current, tag, CAUSE)])
                else:
                    seen.tag(repository, tag, digest)
