"""The bound tree to the relational tree that engines share: rules of null, order and names stand here, once."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.kql import bound, relation
from lockgate.kql.lower.partitions import OpenKeys
from lockgate.kql.lower.pipes import OpenStep, Pipes
from lockgate.kql.row_security import RowSecurity

__all__ = ["Lowered", "OpenKeys", "OpenStep", "lower"]


class Lowered:
    """What a query is for an engine."""

    __slots__ = ("alive", "places", "results", "source")

    def __init__(
        self, source: str, results: tuple[relation.Result, ...], places: dict[int, tuple[int, int]],
        alive: list[object] | None = None,
    ) -> None:  # fmt: skip
        self.source = source
        self.results = results
        self.places = places
        """Where calls, operators and steps stand, by the identity of the value."""
        self.alive = alive or []
        """What these identities are of."""


def lower(
    source: str, answer: bound.Answer, *, now: int, opened: Mapping[int, str] | None = None,
    security: RowSecurity | None = None,
) -> Lowered:  # fmt: skip
    """The relational tree of a bound query. ``now``: what ``now()`` is, in ticks; ``security``: which rows it sees.

    ``opened``: of steps that have run already, by the identity of their syntax, the tables of what they gave. Raises
    :class:`~lockgate.kql.errors.QueryError` with the place of what has no form in the tree, and :class:`OpenStep` for
    the first step, :class:`OpenKeys` for the first values, that must be known before more is.
    """
    pipes = Pipes(source, now, opened or {}, security)
    try:
        results = pipes.results(answer)
    except (OpenStep, OpenKeys) as unknown:
        unknown.places, unknown.alive = pipes.places, pipes.alive
        raise
    return Lowered(source, results, pipes.places, pipes.alive)
