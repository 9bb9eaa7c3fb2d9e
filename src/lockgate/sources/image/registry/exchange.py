"""One request to a registry and its answer, as the client passes them about."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.sources.image.place import Body


class RefusedError(SourceError):
    """The registry answered with ``status``, which was none of success."""

    def __init__(self, message: str, *, where: str, hint: str, status: int) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class AbsentError(RefusedError):
    """The registry has nothing under that name, or no longer."""


class UnansweredError(SourceError):
    """The registry does not answer as it should, and has not within the budget. It may another time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered that writes, or asks for headers alone."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    address: str
    """That answered, after redirects."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, and what of it is success."""

    method: str
    headers: Mapping[str, str]
    body: Body | None = None
    success: frozenset[int] = frozenset((200, 206))
    again: bool = True
    """Whether it may be made twice."""

    @property
    def reads(self) -> bool:
        """Whether it leaves the registry as it was."""
        return self.method in ("GET", "HEAD")
