"""Rows in the order of ``sort by`` and its kin: descending unless ``asc`` is written; a null counts as the least."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql import syntax as s


def ordered(items: Sequence[s.Expression], columns: Sequence[list[object]], height: int) -> list[int]:
    """The numbers of the rows, in order; rows that are equal stay as they are."""
    places = list(range(height))
    for item, data in reversed(list(zip(items, columns, strict=True))):
        ascending = isinstance(item, s.Ordered) and item.order == "asc"
        written = item.nulls if isinstance(item, s.Ordered) else ""
        first = written == "first" if written else ascending
        places = by_value(places, data, descending=not ascending, nulls_first=first)
    return places


def by_value(
    places: Sequence[int], data: Sequence[object], *, descending: bool, nulls_first: bool | None = None
) -> list[int]:
    """Rows ordered by one column. What is no number (NaN) comes between nulls and numbers."""
    first = not descending if nulls_first is None else nulls_first
    nulls = [i for i in places if data[i] is None]
    odd = [i for i in places if data[i] is not None and data[i] != data[i]]
    known = [i for i in places if data[i] is not None and data[i] == data[i]]
    known.sort(key=lambda i: data[i], reverse=descending)  # type: ignore[arg-type, return-value]
    known = [*known, *odd] if descending else [*odd, *known]
    return [*nulls, *known] if first else [*known, *nulls]
