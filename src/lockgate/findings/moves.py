"""Guesses which file became which, from the findings that vanished with one path and appeared at another.

For a run over everything where no version control tells renames. One finding in common says little when its line
stands in many files; so each shared fingerprint votes with a weight that falls with the files it may speak of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from lockgate.model import Finding
from lockgate.store.known import KnownFinding

MAX_PAIRS = 400
"""Pairs of paths that one fingerprint may vote on; a line that stands in more files tells nothing."""


class Placed(Protocol):
    """What has a finding with a place, and its fingerprint."""

    @property
    def finding(self) -> Finding: ...

    @property
    def fingerprint(self) -> str: ...


def guessed_renames(observed: Sequence[Placed], known: Sequence[KnownFinding]) -> dict[str, str]:
    """Old path -> new path, each at most once. Ties go to the paths most alike."""
    here = {one.finding.location.path for one in observed}
    there = {one.path for one in known if not one.fixed_at}
    if there <= here:
        return {}
    gone: dict[str, set[str]] = defaultdict(set)
    for one in known:
        if one.path not in here and not one.fixed_at:
            gone[one.fingerprint].add(one.path)
    come: dict[str, set[str]] = defaultdict(set)
    for seen in observed:
        path = seen.finding.location.path
        if path not in there and seen.fingerprint in gone:
            come[seen.fingerprint].add(path)
    votes: dict[tuple[str, str], float] = defaultdict(float)
    for mark, new_paths in come.items():
        old_paths = gone[mark]
        if len(old_paths) * len(new_paths) <= MAX_PAIRS:
            weight = 1 / (len(old_paths) * len(new_paths))
            for old in old_paths:
                for new in new_paths:
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


def _shared(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
