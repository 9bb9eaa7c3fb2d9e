"""Guesses which file became which, from the findings that vanished with one path and appeared at another.

For a run over everything where no version control tells renames. One finding in common says little when its line
stands in many files; so each shared fingerprint votes with a weight that falls with the files it may speak of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from lockgate.model import Finding
from lockgate.store.known import KnownFinding

MAX_PAIRS = 400
"""Pairs of paths that one fingerprint may vote on; a line that stands in more files tells nothing."""


class Placed(Protocol):
    """What has a finding with a place."""

    @property
    def finding(self) -> Finding: ...


def guessed_renames(
    observed: Mapping[str, Sequence[Placed]], known: Mapping[str, Sequence[KnownFinding]]
) -> dict[str, str]:
    """Old path -> new path, each at most once; both by fingerprint. Ties go to the paths most alike."""
    here = _paths(one for same in observed.values() for one in same)
    there = _paths(one for same in known.values() for one in same if not one.fixed_at)
    votes: dict[tuple[str, str], float] = defaultdict(float)
    for mark, same in known.items():
        gone = _paths(one for one in same if not one.fixed_at) - here
        if not gone:
            continue
        come = _paths(observed.get(mark, ())) - there
        if 0 < len(gone) * len(come) <= MAX_PAIRS:
            weight = 1 / (len(gone) * len(come))
            for old in gone:
                for new in come:
                    votes[old, new] += weight
    renames: dict[str, str] = {}
    taken: set[str] = set()
    for old, new in sorted(votes, key=lambda pair: (-round(votes[pair], 9), -alikeness(*pair), pair)):
        if old not in renames and new not in taken:
            renames[old] = new
            taken.add(new)
    return renames


def alikeness(one: str, other: str) -> int:
    """How many trailing parts two paths share, the file's name counting most, then leading ones."""
    first, second = one.split("/"), other.split("/")
    return 4 * _shared(first[::-1], second[::-1]) + _shared(first, second)


def _paths(placed: Iterable[Placed | KnownFinding]) -> set[str]:
    return {one.finding.location.path for one in placed}


def _shared(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
