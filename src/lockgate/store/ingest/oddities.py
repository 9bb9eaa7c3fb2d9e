"""What DuckDB's reader of JSON takes and JSON has not, looked for in a whole block at once.

DuckDB reads ``nan``, ``inf`` and ``Infinity`` in any case where a value stands, a comma after the last value of an
object or array, and blanks that are none in JSON (RFC 8259, 2, 3 and 6). Afterwards nothing tells such a value from a
text of the same letters, so a block that may hold one is not read by it. One pass of Hyperscan for each form, piece by
piece while the piece is in the processor's cache, costs a fifth of asking every value.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

_BLANKS = rb"[ \t\r]*"
_FORMS = (
    rb"[:,\[]" + _BLANKS + rb"-?(?:nan|inf(?:inity)?)" + _BLANKS + rb"[,}\]]",
    rb"," + _BLANKS + rb"[}\]]",
    rb"[\x0b\x0c]",
)
_PIECE = 256 << 10
_alone = threading.Lock()  # a database has room for one search at a time
_MARK = b"\xef\xbb\xbf"
"""The byte order mark, which DuckDB passes over at the begin of a file."""


def odd(data: bytes | bytearray) -> bool:
    """Whether lines of JSON may hold what JSON has not; texts that look like it count too."""
    if data.startswith(_MARK):
        return True
    found: list[int] = []
    view, databases = memoryview(data), _databases()
    at = 0
    while at < len(data) and not found:
        end = data.rfind(b"\n", at, at + _PIECE) + 1 or data.find(b"\n", at) + 1 or len(data)
        with _alone:
            for database in databases:
                database.scan(view[at:end], match_event_handler=_noted, context=found)
        at = end
    return bool(found)


def _noted(number: int, _begin: int, _end: int, _flags: int, found: list[int]) -> None:
    found.append(number)


@functools.cache
def _databases() -> tuple[Any, ...]:
    """One for each form: each alone is looked for by vector instructions, all in one by an automaton."""
    import hyperscan

    made = []
    for form in _FORMS:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(expressions=[form], flags=[hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH])
        made.append(database)
    return tuple(made)
