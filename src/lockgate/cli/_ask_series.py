"""Rows that hold whole series (``make-series``), spread to one row a point, as ``render`` of Kusto draws them."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.kql.moments import read_moment
from lockgate.kql.types import NUMBER_NAMES
from lockgate.store.ask import AnswerTable

MAX_POINTS = 50_000
"""Points that are drawn; of more the table is left as it is."""


def spread(table: AnswerTable) -> AnswerTable:
    """The table, its lists of times and numbers as columns of them; as it is where it has numbers, or no such lists."""
    if any(type_ in NUMBER_NAMES for _, type_ in table.columns):
        return table
    places = [i for i, (_, type_) in enumerate(table.columns) if type_ == "dynamic"]
    lists = {i: _lists(table.rows, i) for i in places}
    kinds = {i: kind for i in places if (kind := _kind(lists[i]))}
    if "real" not in kinds.values() or sum(len(one) for i in kinds for one in lists[i]) > MAX_POINTS:
        return table
    rows: list[tuple[object, ...]] = []
    for number, row in enumerate(table.rows):
        own = {i: lists[i][number] for i in kinds}
        for at in range(max(map(len, own.values()))):
            rows.append(tuple(
                _value(kinds[i], own[i][at] if at < len(own[i]) else None) if i in kinds else value
                for i, value in enumerate(row)
            ))  # fmt: skip
    columns = [(name, kinds.get(i, type_)) for i, (name, type_) in enumerate(table.columns)]
    return AnswerTable(tuple(columns), rows, table.render, table.over)


def _lists(rows: Sequence[tuple[object, ...]], place: int) -> list[list[object]]:
    """Those of a column; an empty one for what is none."""
    import orjson

    found: list[list[object]] = []
    for row in rows:
        text = row[place]
        try:
            value = orjson.loads(text) if isinstance(text, str) and text[:1] == "[" else []
        except orjson.JSONDecodeError:
            value = []
        found.append(value)
    return found


def _kind(lists: Sequence[list[object]]) -> str:
    """What all elements are: times, numbers, or neither; nulls are both."""
    known = [one for own in lists for one in own if one is not None]
    if known and all(isinstance(one, int | float) and not isinstance(one, bool) for one in known):
        return "real"
    return "datetime" if known and all(isinstance(one, str) and read_moment(one) is not None for one in known) else ""


def _value(kind: str, value: object) -> object:
    return read_moment(value) if kind == "datetime" and isinstance(value, str) else value
