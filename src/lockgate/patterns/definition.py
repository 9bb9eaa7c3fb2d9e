"""What a pattern is, and what a match of it is."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.quick import quick


class Target(StrEnum):
    """What an allowance looks at."""

    SECRET = "secret"  # noqa: S105 -- a name, not a value
    MATCH = "match"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Allow:
    """Something that makes a match harmless.

    Holds when any of its parts holds, or, with ``every``, when each kind of part that is given holds.
    """

    regexes: tuple[str, ...] = ()
    """RE2, searched (not anchored) in the target."""
    target: Target = Target.SECRET
    stopwords: tuple[str, ...] = ()
    """Lower case; contained in the secret, whatever the case."""
    paths: tuple[str, ...] = ()
    """RE2, searched in the path."""
    every: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing to look for."""

    id: str
    regex: str = ""
    """RE2 syntax over Latin-1 bytes. Empty: the path alone decides."""
    keywords: tuple[str, ...] = ()
    """Lower case; at least one must stand in the content, whatever the case."""
    entropy: float = 0.0
    """Shannon entropy of the secret in bits per byte that it must exceed."""
    allow: tuple[Allow, ...] = ()
    path: str = ""
    """RE2 that must be found in the path."""
    exclude_path: str = ""
    """RE2 that must not be found in the path."""
    group: int = 0
    """Capture group that is the secret; 0: the group named ``secret``, else the first that took part, else all."""
    context: tuple[str, ...] = ()
    """Lower case; one must stand within three lines, whatever the case."""
    ends: str = ""
    """What Hyperscan is asked in place of ``regex``: ends wherever a match of it ends, and costs less to look for."""


@quick
@dataclass(frozen=True, slots=True)
class Hit:
    """One match: byte offsets into the content, never the text itself."""

    index: int
    """Of the pattern, in the order the matcher was given."""
    start: int
    end: int
    secret_start: int
    secret_end: int
