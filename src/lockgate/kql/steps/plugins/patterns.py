"""Plugins that say what rows have in common: ``basket`` (all frequent patterns), ``autocluster`` (a few that tell much)
and ``diffpatterns`` (those that tell two sets of rows apart).

``autocluster`` grows patterns from the most frequent values (seed and expand, as its documentation says) by the score
that is documented: coverage and share of the columns that are told, weighted. The service samples; nothing is sampled
here, and ties are broken by the order of the rows.
"""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, Run, framed
from lockgate.kql.steps.plugins.arguments import Arguments, columns_of
from lockgate.kql.steps.plugins.itemsets import Items, Pattern, wildcards
from lockgate.kql.text import text_of
from lockgate.kql.types import single

_ALIKE = 0.5
"""Patterns that share more of their rows than this say nearly the same."""
_LEAST = 0.02
"""Least share of the rows that a cluster must have."""
MOST_SEEDS = 1_000
"""Most seeds of autocluster."""


def _fraction(given: Arguments, name: str, default: float) -> float:
    found = given.constant(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise EvaluationError(f"'{name}' of the plugin '{given.name}' is a number from 0 to 1.")
    return float(found)


def _count(given: Arguments, name: str, default: int) -> int:
    found = given.constant(name, default)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise EvaluationError(f"'{name}' of the plugin '{given.name}' is 1 or more.")
    return found


def _weights(given: Arguments) -> tuple[list[object] | None, list[int]]:
    """The weight of each row, and the column that holds it, which makes no patterns."""
    found = given.values.get("weight_column")
    if not found or not isinstance(found[0], bound.Use):
        return None, []
    own = found[0].column
    places = [i for i, one in enumerate(given.frame.columns) if one is own]
    return given.column("weight_column"), places


def _row(items: Items, pattern: Pattern, blank: list[object]) -> list[object]:
    shown = list(blank)
    for item in pattern.items:
        shown[item[0]] = items.value(item)
    return shown


def _blank(given: Arguments) -> list[object]:
    return wildcards(given, [single(one.type) for one in given.frame.columns])


def basket(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Every pattern of at least a share of the rows."""
    given = Arguments(step, frames, context)
    least, most = _fraction(given, "threshold", 0.05), _count(given, "max_dimensions", 5)
    weights, skip = _weights(given)
    items = Items(given.frame, weights, skip)
    whole = items.weight(items.whole)
    found = items.frequent(lambda rows: items.weight(rows) >= least * whole > 0, most)
    return _shown(step, given, items, found)


def _shown(step: bound.Step, given: Arguments, items: Items, found: list[Pattern]) -> Frame:
    whole, blank = items.weight(items.whole), _blank(given)
    order = sorted(found, key=lambda one: (-items.weight(one.rows), len(one.items), _first(one.rows)))
    rows = []
    for i, one in enumerate(order):
        weight = items.weight(one.rows)
        rows.append((i, weight // items.scale, round(100 * weight / whole, 1), *_row(items, one, blank)))
    return framed(columns_of(step), list(rows))


def _first(rows: int) -> int:
    return (rows & -rows).bit_length()


def autocluster(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """A few patterns that together tell much of the rows."""
    given = Arguments(step, frames, context)
    size, seeds = _fraction(given, "size_weight", 0.5), min(MOST_SEEDS, _count(given, "num_seeds", 25))
    weights, skip = _weights(given)
    items = Items(given.frame, weights, skip)
    whole = items.weight(items.whole)
    if not whole:
        return framed(columns_of(step), [])

    def score(pattern: Pattern) -> float:
        share = len(pattern.items) / len(items.columns)
        return float((items.weight(pattern.rows) / whole) ** size * share ** (1 - size))

    singles = sorted(items.rows.values(), key=lambda rows: (-items.weight(rows), _first(rows)))
    singles = [one for one in singles if items.weight(one) >= _LEAST * whole]
    grown = {one.rows: one for one in (_grown(items, rows, singles, score) for rows in singles[:seeds])}
    chosen: list[Pattern] = []
    for one in sorted(grown.values(), key=lambda one: (-score(one), _first(one.rows))):
        if all(_apart(items, one.rows, other.rows) for other in chosen):
            chosen.append(one)
    return _shown(step, given, items, chosen)


def _grown(items: Items, rows: int, singles: list[int], score: object) -> Pattern:
    """The pattern that a seed grows to: a value is added as long as the score rises."""
    assert callable(score)
    best = items.closed(rows)
    while True:
        options = {best.rows & one for one in singles} - {0, best.rows}
        better = max((items.closed(one) for one in options), key=score, default=best)
        if score(better) <= score(best):
            return best
        best = better


def _apart(items: Items, one: int, other: int) -> bool:
    """Whether two patterns have most of their rows for themselves."""
    return items.weight(one & other) <= _ALIKE * min(items.weight(one), items.weight(other))


def diffpatterns(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Patterns that are frequent in one set of rows and less so in another."""
    given = Arguments(step, frames, context)
    least, most = _fraction(given, "threshold", 0.05), _count(given, "max_dimensions", 1 << 20)
    split = given.value("split_column")
    write = text_of(single(split.type))
    labels = [write(one) for one in given.column("split_column")]
    ends = [str(given.constant("split_value_a", "")), str(given.constant("split_value_b", ""))]
    weights, skip = _weights(given)
    skip += [i for i, one in enumerate(given.frame.columns) if isinstance(split, bound.Use) and one is split.column]
    items = Items(given.frame, weights, skip)
    sets = [sum(1 << i for i, one in enumerate(labels) if one == end) for end in ends] if labels else [0, 0]
    totals = [items.weight(one) for one in sets]
    if not all(totals):
        raise EvaluationError("diffpatterns needs rows of both values of the column that splits them.")

    def shares(rows: int) -> tuple[float, float]:
        return items.weight(rows & sets[0]) / totals[0], items.weight(rows & sets[1]) / totals[1]

    items.whole = sets[0] | sets[1]
    found = items.frequent(lambda rows: max(shares(rows & items.whole)) >= max(least, 1e-9), most)
    differing = [(one, *shares(one.rows)) for one in found]
    differing = [one for one in differing if abs(one[1] - one[2]) >= least]
    differing.sort(key=lambda one: (-abs(one[1] - one[2]), len(one[0].items), _first(one[0].rows)))
    rows: list[tuple[object, ...]] = []
    chosen: list[int] = []
    blank = _blank(given)
    for one, a, b in differing:
        if not all(_apart(items, one.rows, other) for other in chosen):
            continue
        chosen.append(one.rows)
        counts = [items.weight(one.rows & own) // items.scale for own in sets]
        percents = [round(100 * share, 2) for share in (a, b, abs(a - b))]
        rows.append((len(rows), *counts, *percents, *_row(items, one, blank)))
    return framed(columns_of(step), rows)


PLUGINS: dict[str, Run] = {"basket": basket, "autocluster": autocluster, "diffpatterns": diffpatterns}
