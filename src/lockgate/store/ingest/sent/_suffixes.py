"""Records of the HTTP Data Collector API as rows of a custom table: each field gets a suffix by the type of its value.

https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api#record-type-and-properties. A value goes to the
column that its field has already where it can be converted, else to one of its own type. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.store.ingest.fitting import MisfitError, fit, text_of
from lockgate.tables import ColumnType

RESERVED = frozenset({"tenant", "TimeGenerated", "RawData"})
"""Fields that no record may have."""
_OTHER = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}(?:\1[0-9a-fA-F]{4}){2}\1[0-9a-fA-F]{12}\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_SUFFIX = {"_s": ColumnType.STRING, "_b": ColumnType.BOOL, "_d": ColumnType.REAL, "_t": ColumnType.DATETIME,
           "_g": ColumnType.GUID}  # fmt: skip
_DIRECT = {"SourceSystem": "RestAPI"}


def row_of(
    record: Mapping[str, Any], columns: Mapping[str, ColumnType], *, time_field: str = "", resource: str = ""
) -> dict[str, Any]:
    """The row of a record by column. ``columns``: those that the table has, by name; those of rows before count too.

    ``resource``: the Azure resource that it is about.
    """
    row: dict[str, Any] = dict(_DIRECT)
    if resource:
        row["_ResourceId"] = resource
    for name, value in record.items():
        if value is not None:
            column, kept = _placed(_OTHER.sub("_", name), value, columns)
            row[column] = kept
    if time_field and isinstance(record.get(time_field), str):
        row["TimeGenerated"] = record[time_field]
    return row


def kinds_of(row: Mapping[str, Any], columns: Mapping[str, ColumnType]) -> dict[str, ColumnType]:
    """Columns of a row that are none of ``columns``, with the types that their suffixes say; none that differs from
    another by case alone, which a table cannot have."""
    new = [name for name in row if name not in columns and name[-2:] in _SUFFIX and len(name) <= 128]
    if not new:
        return {}
    taken = {name.lower() for name in columns}
    found: dict[str, ColumnType] = {}
    for name in new:
        if name.lower() not in taken:
            taken.add(name.lower())
            found[name] = _SUFFIX[name[-2:]]
    return found


def _placed(field: str, value: Any, columns: Mapping[str, ColumnType]) -> tuple[str, Any]:
    suffix, kept = typed(value)
    if f"{field}{suffix}" not in columns:
        for other, converted in _conversions(suffix, kept):
            if f"{field}{other}" in columns:
                return f"{field}{other}", converted
    return f"{field}{suffix}", kept


def typed(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool):
        return "_b", value
    if isinstance(value, int | float):
        return "_d", value
    if not isinstance(value, str):
        return "_s", text_of(value)
    found = _GUID.match(value)
    if found:
        digits = value.replace("-", "").lower()
        return "_g", "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return ("_t" if _MOMENT.match(value) else "_s"), value


def _conversions(suffix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Suffixes of columns of other types that can hold the value: only texts are converted, as the service does it."""
    if suffix in ("_t", "_g"):
        yield "_s", value
    elif suffix == "_s":
        for other in ("_d", "_b", "_t", "_g"):
            try:
                fit(_SUFFIX[other], value)
            except MisfitError:
                continue
            yield other, value
