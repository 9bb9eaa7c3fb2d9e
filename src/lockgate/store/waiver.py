"""The noun Waiver: who accepts a finding, why, until when.

It lives here, below ``findings`` which reads, matches and counts waivers, because the cache of scan results keeps the
inline waivers of a file with its findings (``docs/decisions/0003-store.md``). ``lockgate.findings`` re-exports it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver, as a reviewed file or a comment states it."""

    by: str
    reason: str
    expires: str
    """ISO date, the last day on which it counts."""
    where: str
    """``file:line`` of the waiver."""
    rule: str = ""
    """The rule it accepts; empty: any."""
    identity: str = ""
    """The one finding it accepts; empty: any."""
    alias: str = ""
    """A vulnerability it accepts, by any of its names; empty: any. At least one of the three is set."""
    path: str = ""
    """Glob over the path (``**`` crosses folders); empty: everywhere. For an inline waiver the very path."""
    package: str = ""
    """Name of the package, for components; empty: any."""
    line: int = 0
    """Inline only: the line (from 1) it covers; 0: the whole of ``path``."""
    problem: str = ""
    """What is wrong with it; such a waiver covers nothing and is told as a notice."""

    @property
    def id(self) -> str:
        """What it accepts, in few words."""
        return " ".join(filter(None, (self.identity, self.alias, self.rule, self.package, self.path)))
