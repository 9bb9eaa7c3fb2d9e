"""Values as JSON in the answers of the services, and the names of their types there.

As recorded of the service: times with as many digits as they have, at most seven; spans as ``d.hh:mm:ss.fffffff``;
decimals and guids as texts; a real that JSON has no number for as a text. Dynamic values are the text of their JSON,
but a text is itself; in the first version of Kusto's answers they are JSON within the JSON, as what the tests of
Grafana's source have recorded of it (https://github.com/grafana/azure-data-explorer-datasource, models/testdata).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.kql.text import decimal_text, moment_text, real_text, span_text

if TYPE_CHECKING:
    from lockgate.store.ask import AnswerTable

DATA_TYPES = {
    "bool": "SByte", "int": "Int32", "long": "Int64", "real": "Double", "decimal": "SqlDecimal", "string": "String",
    "datetime": "DateTime", "timespan": "TimeSpan", "guid": "Guid", "dynamic": "Object",
}  # fmt: skip
"""What .NET calls each type, as the first version of the API has it."""
ROWS = 2_000
"""Rows that are written at once."""

Write = Callable[[Any], Any]


def pieces(table: AnswerTable, *, inline: bool = False) -> Iterator[list[list[Any]]]:
    """The rows of ``table`` as JSON holds them, some thousand at a time. ``inline``: dynamic values as JSON itself."""
    known: dict[str, Write] = {**_WRITERS, "dynamic": _inline} if inline else _WRITERS
    writers = [known.get(type_) for _, type_ in table.columns]
    empty = ["" if type_ == "string" else None for _, type_ in table.columns]
    for start in range(0, len(table.rows), ROWS):
        yield [
            [
                nothing if value is None else value if write is None else write(value)
                for value, write, nothing in zip(row, writers, empty, strict=True)
            ]
            for row in table.rows[start : start + ROWS]
        ]


def rows_text(rows: Sequence[Any]) -> bytes:
    """Rows as they stand within an array, without its brackets."""
    return orjson.dumps(rows)[1:-1]


def moment(ticks: int) -> str:
    """A time, with the digits of its fraction that count."""
    text = moment_text(ticks)
    return f"{text[:-1].rstrip('0').rstrip('.')}Z"


def _real(value: float) -> float | str:
    return value if value - value == 0 else real_text(value)


def _dynamic(text: str) -> Any:
    return orjson.loads(text) if text[:1] == '"' else text


def _inline(text: str) -> Any:
    """The value as it stands, digits and order of keys too; what is no JSON after all stays a text."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return orjson.Fragment(text)


_WRITERS: dict[str, Write] = {
    "real": _real, "decimal": decimal_text, "datetime": moment, "timespan": span_text, "dynamic": _dynamic,
}  # fmt: skip
