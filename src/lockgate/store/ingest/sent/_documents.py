"""Objects of any shape as rows of custom tables: agents of logs send these, each as its user made it.

A field keeps its name where a column can have it. No field is lost: one whose name another has too, after what no name
may hold was taken out of it, goes into ``AdditionalFields``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lockgate.store.ingest.fitting import MisfitError, fit
from lockgate.tables import ColumnType
from lockgate.tables._azure._declared import COMMON
from lockgate.tables._collected import INGESTED

_TIMES = ("TimeGenerated", "@timestamp", "timestamp", "time", "date")
"""Fields that say when it was: of Elastic's agents and Vector, of Fluent Bit (``date``)."""
_ONLY_TIMES = ("TimeGenerated", "@timestamp")
"""Of these, those that are nothing but the time; the others keep a column of their own."""
_OTHER = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_GIVEN = {one.lower() for one in ("TimeGenerated", INGESTED.name, *(column.name for column in COMMON))}
_OWN = frozenset({"TenantId", "SourceSystem", "_ResourceId", "_SubscriptionId"})
_MORE = "AdditionalFields"
_LONGEST = 120
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (1e20, 1_000_000_000))
"""Numbers below these are seconds, thousandths, millionths, billionths of them since 1970."""


def row_of(value: Mapping[str, Any], *, time_field: str = "") -> dict[str, Any]:
    """The row of an object. ``time_field``: the one that says when it was; else the first usual one that does."""
    names = (time_field,) if time_field else _TIMES
    used = next((name for name in names if moment_of(value.get(name))), "")
    row: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for name, one in value.items():
        column = _column(name)
        if name in _ONLY_TIMES and name == used:
            continue
        if not column or column in row or column == _MORE or name in _ONLY_TIMES:
            more[name] = one
        else:
            row[column] = one
    if used:
        row["TimeGenerated"] = moment_of(value[used])
    return row | ({_MORE: more} if more else {})


def _column(name: str) -> str:
    column = _OTHER.sub("_", name)
    if not column or len(column) > _LONGEST:
        return ""
    if column[0].isdigit():
        column = f"_{column}"
    return f"{column}_" if column.lower() in _GIVEN and column not in _OWN else column


def moment_of(value: Any) -> str:
    """A time as ISO 8601 text, of a text or of a number since 1970; empty for what is none."""
    if isinstance(value, str):
        try:
            fit(ColumnType.DATETIME, value)
        except MisfitError:
            return ""
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e20:
        return ""
    parts = next(parts for most, parts in _SCALES if value < most)
    micro = value * 1_000_000 // parts if isinstance(value, int) else round(value * (1_000_000 / parts))
    return (_EPOCH + timedelta(microseconds=micro)).isoformat()


def table_of(name: str) -> str:
    """The custom table of an index, topic or tag: without a date at its end, with underscores for what no name has."""
    kept = _OTHER.sub("_", _DATED.sub("", name)).strip("_")[:_LONGEST]
    if not kept or not kept[0].isalpha():
        kept = f"T_{kept}"
    return f"{kept}_CL"


_DATED = re.compile(r"[-._](?:\d{4}[-._]\d\d(?:[-._]\d\d)?|\d{8}|\d{6})\Z", re.ASCII)
