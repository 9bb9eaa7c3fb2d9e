"""What other programs send, brought into the columns of tables: one module a sender or format.

Pure: values in, rows by table out. What does not belong: HTTP (``server.ingest``), and fitting rows to the types of
columns, which the tables do for all of them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from lockgate.store.ingest.fitting import text_of


def line_of(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON. Raises :class:`MisfitError` for half of a character."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except (TypeError, ValueError):  # whole numbers beyond 64 bits
        return text_of(row).encode() + b"\n"
