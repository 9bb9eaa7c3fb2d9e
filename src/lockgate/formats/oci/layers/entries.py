"""What stands in a layer."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.quick import quick


class Kind(StrEnum):
    """What an entry is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"  # symbolic; never followed
    HARD_LINK = "hard-link"
    SPECIAL = "special"  # a device or FIFO; never opened
    WHITEOUT = "whiteout"  # deletes ``path`` of the layers below
    OPAQUE = "opaque"  # deletes everything in the folder ``path`` of the layers below
    REFUSED = "refused"  # leads out of the image, or can be no path; ``target`` says why


@quick
@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a layer."""

    kind: Kind
    path: str
    """From the root of the image, without a slash at either end; empty for the root itself. Bytes that are no UTF-8 are
    lone surrogates, as Python has them."""
    size: int = 0
    """Bytes of the content of a file, holes of a sparse one included."""
    mode: int = 0
    """Permission bits, with those for setuid, setgid and sticky (``0o7777`` at most)."""
    target: str = ""
    """Of a link: what it leads to as written; of a hard link: the path in the image; of what is special: what it is
    (``character 1:3``, ``block 8:0``, ``FIFO``); else empty."""
    uid: int = 0
    gid: int = 0
    capabilities: str = ""
    """The attribute ``security.capability`` of a file in hex digits: what it may do whoever runs it."""


def shown_path(path: str) -> str:
    """A path as text, whatever bytes it was."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
