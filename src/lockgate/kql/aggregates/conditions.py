"""Aggregates with a condition: the same, of the rows for which it is true."""

from __future__ import annotations

from itertools import compress

from lockgate.kql.aggregates import Compute, Maker
from lockgate.kql.types import Type


def conditional(maker: Maker, at: int = 1) -> Maker:
    """``maker`` of the rows for which the argument number ``at`` is true."""

    def make(types: tuple[Type, ...], result: Type) -> Compute:
        compute = maker((*types[:at], *types[at + 1 :]), result)

        def of(*columns: list[object]) -> object:
            chosen = [one is True for one in columns[at]]
            kept = [list(compress(one, chosen)) for one in (*columns[:at], *columns[at + 1 :])]
            return compute(*kept)

        return of

    return make
