"""Whether the people who agree fill the places that are asked for, exactly, and what still would help.

A person fills one place of all lines ("2 of security, 1 of sre" are three people, and somebody in both teams counts
for one of them). To fill as many places as can be is a matching of people to places in a bipartite graph; a greedy
choice could call a quorum unmet that is met. What is short is the same for every largest matching (Dulmage and
Mendelsohn, Coverings of bipartite graphs, 1958): lines that are reached from an empty place by moving people about.
Nothing here depends on the order in which people answered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """One line: so many places, and who of those that there are may fill one."""

    count: int
    fitting: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """``count`` people more are needed, each of whom fits one of ``lines``."""

    lines: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Filling:
    """Who fills which place, and what is missing."""

    places: tuple[frozenset[str], ...]
    """By line. Of several ways to fill as many places as can be, one, the same for the same people."""
    short: tuple[Shortfall, ...]
    """The same whichever way is taken; empty where the quorum is met."""

    @property
    def met(self) -> bool:
        """Whether every place is filled."""
        return not self.short


def fill(lines: Sequence[Places], people: Collection[str], *, once: bool = True) -> Filling:
    """Fill the places of ``lines`` from ``people``. ``once``: each fills one place of all lines, not one of each."""
    if not once:
        each = [fill((line,), people) for line in lines]
        short = (Shortfall((number,), one.short[0].count) for number, one in enumerate(each) if one.short)
        return Filling(tuple(one.places[0] for one in each), tuple(short))
    fits = {one: [at for at, line in enumerate(lines) if one in line.fitting] for one in sorted(set(people))}
    filled: list[list[str]] = [[] for _ in lines]
    for person in fits:
        _seat(person, lines, fits, filled, set())
    places = tuple(frozenset(one) for one in filled)
    return Filling(places, _short(lines, fits, places))


def _seat(
    person: str, lines: Sequence[Places], fits: dict[str, list[int]], filled: list[list[str]], tried: set[int]
) -> bool:
    """Give ``person`` a place, moving others where that makes room; whether there was one. An augmenting path."""
    for line in fits[person]:
        if line in tried:
            continue
        tried.add(line)
        if len(filled[line]) < lines[line].count:
            filled[line].append(person)
            return True
        for other in list(filled[line]):
            if _seat(other, lines, fits, filled, tried):
                filled[line].remove(other)
                filled[line].append(person)
                return True
    return False


def _short(
    lines: Sequence[Places], fits: dict[str, list[int]], places: Sequence[Set[str]]
) -> tuple[Shortfall, ...]:
    reached = {at for at, line in enumerate(lines) if len(places[at]) < line.count}
    grows = True
    while grows:
        more = {
            at for at in range(len(lines)) if at not in reached
            and any(not reached.isdisjoint(fits[person]) for person in places[at])
        }  # fmt: skip
        reached |= more
        grows = bool(more)
    group = {at: at for at in reached}

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    for at in reached:
        for person in places[at]:
            for other in fits[person]:
                if other in reached:
                    group[max(root(at), root(other))] = min(root(at), root(other))
    short = []
    for first in sorted({root(at) for at in reached}):
        together = tuple(sorted(at for at in reached if root(at) == first))
        short.append(Shortfall(together, sum(lines[at].count - len(places[at]) for at in together)))
    return tuple(short)
