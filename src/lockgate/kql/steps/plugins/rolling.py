"""``rolling_percentile`` and ``rows_near``, which look at the rows around."""

from __future__ import annotations

from bisect import bisect_left, insort

from lockgate.kql import bound
from lockgate.kql.aggregates.percentiles import rank
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.evaluation import bounded, grouped, keyed
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of

Row = tuple[object, ...]
MAX_BINS = 1_000_000
"""Most bins of one combination of dimensions."""


def rolling_percentile(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Of each bin, from the first with rows to the last, the percentile of its rows and those of the bins before."""
    given = Arguments(step, frames, context)
    share, size, count = given.constant("percentile"), given.positive("bin_size"), given.positive("bins_per_window")
    if not isinstance(share, int | float) or not 0 <= share <= 100:
        raise EvaluationError("rolling_percentile takes a percentile from 0 to 100.")
    values, index = given.column("value_column"), given.column("index_column")
    dimensions = given.columns("dimension")
    found: list[Row] = []
    for members in grouped(keyed(dimensions, given.types("dimension"), len(values))).values():
        bins: dict[int, list[float]] = {}
        for i in members:
            at, value = index[i], values[i]
            if isinstance(at, int | float) and value is not None and value == value:
                bins.setdefault(int(at // size), []).append(value)  # type: ignore[arg-type]
        shared = tuple(one[members[0]] for one in dimensions)
        found += [(at * size, *shared, value) for at, value in _windows(bins, count, share)]
    return framed(columns_of(step), found)


def _windows(bins: dict[int, list[float]], count: int, share: float) -> list[tuple[int, object]]:
    if not bins:
        return []
    first, last = min(bins), max(bins)
    bounded(last - first + 1, MAX_BINS, "bins")
    inside: list[float] = []
    found: list[tuple[int, object]] = []
    for at in range(first, last + 1):
        for value in bins.get(at, ()):
            insort(inside, value)
        for value in bins.get(at - count, ()):
            del inside[bisect_left(inside, value)]
        if inside:
            found.append((at, inside[rank(share, len(inside)) - 1]))
    return found


def rows_near(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """The rows near those for which a condition holds, in their order."""
    given = Arguments(step, frames, context)
    before = int(given.number("num_rows"))
    after = int(given.number("num_rows_after", before))
    if before < 0 or after < 0:
        raise EvaluationError("rows_near takes numbers of rows that are 0 or more.")
    rows = given.frame.rows()
    found: list[Row] = []
    at = 0
    for i, one in enumerate(given.column("condition")):
        if one is True:
            begin, end = max(at, i - before), min(len(rows), i + after + 1)
            found += rows[begin:end]
            at = max(at, end)
    return framed(given.frame.columns, found)


PLUGINS: dict[str, Run] = {"rolling_percentile": rolling_percentile, "rows_near": rows_near}
