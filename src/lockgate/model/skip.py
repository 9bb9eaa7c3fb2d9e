"""What could not be read. A Skip reaches the gate and every report: partial is not complete."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass


class SkipKind(StrEnum):
    """Why something was not read."""

    UNREADABLE = "unreadable"  # permission, I/O error
    TOO_LARGE = "too-large"  # over a size or depth limit
    MALFORMED = "malformed"  # cut in half, wrong syntax, wrong encoding
    UNSUPPORTED = "unsupported"  # a version or format we do not read
    SPECIAL = "special"  # FIFO, device, socket, link out of the tree
    MISSING_TOOL = "missing-tool"  # needs a program or data that is not there
    UNRESOLVED = "unresolved"  # a value that is known only elsewhere (a variable, a version range without a lock)
    LIMIT = "limit"  # a budget of time or count was used up


@dataclass(frozen=True, slots=True)
class Skip:
    """One thing that was not read, and why, in words for the person who has to decide whether that matters."""

    path: str
    kind: SkipKind
    reason: str
    """A short sentence without the content of the file; never holds a secret."""
    family: str = ""
    """The family that stays blind because of it; empty when all do."""
    line: int = 0
