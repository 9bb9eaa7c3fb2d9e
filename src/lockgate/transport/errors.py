"""What a server elsewhere may do in place of answering, as errors that callers tell apart."""

from __future__ import annotations

from lockgate.errors import SourceError


class RefusedError(SourceError):
    """The server answered with ``status``, which was none of success."""

    def __init__(self, message: str, *, where: str, hint: str, status: int) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class AbsentError(RefusedError):
    """The server has nothing under that name, or no longer."""


class UnansweredError(SourceError):
    """The server does not answer as it should, and has not within the budget. It may another time.

    ``after``: seconds after which it asks to be asked again; 0 where it says nothing of it."""

    def __init__(self, message: str, *, where: str = "", hint: str = "", after: float = 0.0) -> None:
        super().__init__(message, where=where, hint=hint)
        self.after = after
