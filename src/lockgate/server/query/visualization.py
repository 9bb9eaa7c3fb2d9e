"""What ``render`` asks for, as the services tell it to what draws.

https://learn.microsoft.com/kusto/query/render-operator. Kusto has the names with a capital letter, in a text of JSON;
Log Analytics with a small one, as an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from lockgate.store.ask import AnswerTable

_NAMES = (
    "Visualization", "Title", "XColumn", "Series", "YColumns", "AnomalyColumns", "XTitle", "YTitle", "XAxis", "YAxis",
    "Legend", "YSplit", "Accumulate", "IsQuerySorted", "Kind", "Ymin", "Ymax",
)  # fmt: skip
_LISTS = frozenset(("Series", "YColumns", "AnomalyColumns"))
_NUMBERS = {"Ymin": "NaN", "Ymax": "NaN"}


def properties(table: AnswerTable) -> dict[str, Any]:
    """Every property, null where the query says nothing."""
    chart, given = table.render if table.render is not None else (None, {})
    own = {name.lower(): value for name, value in given.items()}
    found: dict[str, Any] = {}
    for name in _NAMES:
        value: Any = own.get(name.lower())
        if name in _LISTS and value is not None:
            value = [part.strip() for part in value.split(",")]
        elif name in _NUMBERS:
            value = _number(value) if value is not None else _NUMBERS[name]
        elif name in ("Accumulate", "IsQuerySorted"):
            value = str(value).lower() == "true"
        found[name] = value
    found["Visualization"] = chart
    return found


def text(table: AnswerTable) -> str:
    """As Kusto has it."""
    return orjson.dumps(properties(table)).decode()


def render(table: AnswerTable) -> dict[str, Any]:
    """As Log Analytics has it."""
    return {_small(name): value for name, value in properties(table).items()}


def _small(name: str) -> str:
    named = {"Ymin": "yMin", "Ymax": "yMax"}
    return named.get(name, name[0].lower() + name[1:])


def _number(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return "NaN"
