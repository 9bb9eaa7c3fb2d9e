"""An advisory as every reader here gives it, whatever file it came from."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model import Severity


class Kind(StrEnum):
    """What an advisory says about a package."""

    VULNERABLE = "vulnerable"
    MALICIOUS = "malicious"
    UNSOUND = "unsound"
    UNMAINTAINED = "unmaintained"
    UPDATE_PENDING = "update-pending"
    """A distribution has a security update, whatever it mends."""


STATES = ("end-of-life", "will-not-fix")
"""No fix will come: for this release of the distribution, or for this flaw."""


class RecordError(ValueError):
    """A record that cannot be read; the message says why, without its content."""


@dataclass(frozen=True, slots=True)
class PackageRanges:
    """What a record says about one package."""

    ecosystem: str
    name: str
    ranges: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Events ``(introduced | fixed | last_affected | limit, version)`` of each range of versions."""
    versions: tuple[str, ...] = ()
    git_ranges: int = 0
    """Ranges over commits, which are not read."""
    state: str = ""
    """What a distribution says of a flaw that it has not fixed: one of ``STATES``; mostly nothing."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One record."""

    id: str
    packages: tuple[PackageRanges, ...]
    aliases: tuple[str, ...] = ()
    """Other identifiers of the same flaw."""
    related: tuple[str, ...] = ()
    """Identifiers of other, close flaws; never joined with this one."""
    kind: Kind = Kind.VULNERABLE
    withdrawn: str = ""
    """When it was taken back; empty while it stands."""
    modified: str = ""
    summary: str = ""
    """One line, cut to 200 characters."""
    vector: str = ""
    """CVSS vector of the newest version given that can be scored."""
    score: float | None = None
    severity: Severity | None = None
    """From the score, otherwise from a word of the database; None when it says neither."""
    reference: str = ""
    """First address of the advisory."""
    flaws: tuple[str, ...] = ()
    """CVE identifiers of the flaws that an advisory of a distribution is about, where that is not one flaw by its own
    name: an update mends several at once."""
