"""Asking the same of many objects: when the first are refused, the others are not asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lockgate.errors import SourceError
from lockgate.sources.forges.budget import SpentError
from lockgate.sources.forges.posture import Missing, missing
from lockgate.transport import RefusedError

_ENOUGH = 3


class Refusals:
    """What was refused of one question to many objects."""

    def __init__(self, words: str, permission: str) -> None:
        """As of :class:`Missing`."""
        self._words, self._permission = words, permission
        self._row = 0
        self._answered = False
        self.told = Missing(words, f"needs {permission}" if permission else "it was not shown")
        """Why the last one was refused."""
        self.enough = False
        """Whether asking on is in vain: the budget is used up, or the first few were all refused."""

    @contextmanager
    def catching(self) -> Iterator[None]:
        """One question."""
        try:
            yield
            self._answered = True
        except SourceError as error:
            self.told = missing(error, self._words, self._permission)
            self._row += 1
            refused = isinstance(error, RefusedError) and self._row >= _ENOUGH and not self._answered
            self.enough = isinstance(error, SpentError) or refused
