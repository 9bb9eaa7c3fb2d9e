"""One request to a registry and its answer, as the client passes them about."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.dataclass import dataclass
from lockgate.sources.image.place import Body


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
