"""The bound tree to the relational tree that engines share: rules of null, order and names stand here, once."""

from __future__ import annotations

from lockgate.kql import bound, relation
from lockgate.kql.lower.pipes import Pipes


class Lowered:
    """What a query is for an engine."""

    __slots__ = ("places", "results", "source")

    def __init__(self, source: str, results: tuple[relation.Result, ...], places: dict[int, tuple[int, int]]) -> None:
        self.source = source
        self.results = results
        self.places = places
        """Where calls and operators stand, by the identity of the value."""


def lower(source: str, answer: bound.Answer, *, now: int) -> Lowered:
    """The relational tree of a bound query. ``now``: what ``now()`` is, in ticks.

    Raises :class:`~lockgate.kql.errors.QueryError` with the place of what has no form in the tree.
    """
    pipes = Pipes(source, now)
    results = pipes.results(answer)
    lowered = Lowered(source, results, pipes.places)
    pipes.alive.clear()
    return lowered


__all__ = ["Lowered", "lower"]
