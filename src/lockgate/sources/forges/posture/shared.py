"""Asking the same of many objects: each keeps its own reason, and when the first are all refused, the others are not
asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.errors import SourceError
from lockgate.sources.forges.budget import CallsSpentError
from lockgate.sources.forges.posture import Missing, missing

_ENOUGH = 3


class Refusals:
    """What was not answered of one question to many objects."""

    def __init__(self, words: str, permission: str) -> None:
        """As of :class:`Missing`."""
        self._words, self._permission = words, permission
        self._row = 0
        self._answered = False
        self._of: dict[str, Missing] = {}
        self._told = Missing(words, f"needs {permission}" if permission else "it was not shown")
        self.enough = False
        """Whether asking on is in vain: all calls are used up, or the first few were all refused."""

    @contextmanager
    def catching(self, key: str) -> Iterator[None]:
        """One question, about what ``key`` names."""
        try:
            yield
            self._answered = True
        except SourceError as error:
            self._told = self._of[key] = missing(error, self._words, self._permission)
            self._row += 1
            self.enough = isinstance(error, CallsSpentError) or (self._row >= _ENOUGH and not self._answered)

    def why(self, key: str) -> Missing:
        """Why there is no answer of one; of those that were not asked, why the last was refused."""
        return self._of.get(key, self._told)

    def all_for(self, reason: Missing) -> None:
        """Nothing is asked, for this reason."""
        self._told, self.enough = reason, True
