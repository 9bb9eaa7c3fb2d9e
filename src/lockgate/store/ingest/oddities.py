"""What DuckDB's reader of JSON takes and JSON has not, looked for in a whole block at once.

DuckDB reads ``nan``, ``inf`` and ``Infinity`` in any case where a value stands, a comma after the last value of an
object or array, and blanks that are none in JSON (RFC 8259, 2, 3 and 6). Afterwards nothing tells such a value from a
text of the same letters, so a block that may hold one is not read by it. Neither is one with a number that no double
can hold, which it keeps as it stands. Two passes of Hyperscan, piece by piece while the piece is in the processor's
cache, cost a fifth of asking every value.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

from lockgate.store.ingest.memory import Bytes

FORMS = (rb"[:,\[][ \t\r]*-?(?:nan|inf(?:inity)?)[ \t\r]*[,}\]]", rb",[}\]]", rb",[ \t\r]+[}\]]", rb"[\x0b\x0c]")
"""Letters in any case. The second and third are not one, since Hyperscan 5.4 misses ``,}`` for ``,[ ]*}`` at times."""
BEYOND = (rb"[0-9]e[+]?[0-9]{3,}[ \t\r]*[,}\]]", rb"[0-9]{300}")
"""Numbers that may be beyond what a double holds: of an exponent of three digits, or of very many digits."""
LARGE = rb"[0-9]{19}"
"""As many digits as a whole number beyond 64 bits has at least."""
_BY_NUMBER = rb"\\u00(?:2[0-57-9a-fA-F]|3[0-9abdfABDF]|[4-7])"
"""A sign of ASCII by its number; but for ``&``, ``<`` and ``>``, which Go writes so."""
_OVERLAP = 64
_PIECE = 256 << 10
_alone = threading.Lock()  # a database has room for one search at a time
_MARK = b"\xef\xbb\xbf"
"""The byte order mark, which DuckDB passes over at the begin of a file."""


def odd(data: Bytes) -> bool:
    """Whether lines of JSON may hold what JSON has not; texts that look like it count too."""
    if data[: len(_MARK)] == _MARK:
        return True
    view, at = memoryview(data), 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + _PIECE) + 1 or data.find(b"\n", at) + 1 or len(data)
        if holds(FORMS, view[at:end]) or holds(BEYOND, view[at:end]):
            return True
        at = end
    return False


def marks_in(data: Bytes, marks: Sequence[str]) -> tuple[str, ...]:
    """Those of ``marks``, texts without blanks, that JSON of the values in ``data`` may hold, written without blanks.

    All, where a letter or sign that they may consist of is written by its number.
    """
    found: set[int] = set()
    view = memoryview(data)
    for at in range(0, len(data), _PIECE):
        with _alone:  # pieces overlap, since a mark may stand where they meet
            _marks(tuple(marks)).scan(view[at : at + _PIECE + _OVERLAP], match_event_handler=_kept, context=found)
        if len(found) > len(marks):
            break
    return tuple(marks) if len(marks) in found else tuple(mark for at, mark in enumerate(marks) if at in found)


def _kept(number: int, _begin: int, _end: int, _flags: int, found: set[int]) -> None:
    found.add(number)


@functools.cache
def _marks(marks: tuple[str, ...]) -> Any:
    """A database of marks, each up to the sign after which JSON may have blanks, and of what hides them."""
    import re

    import hyperscan

    forms = [re.escape(mark.partition(":")[0]).encode() for mark in marks] + [_BY_NUMBER]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    flags = [hyperscan.HS_FLAG_SINGLEMATCH] * len(forms)
    database.compile(expressions=forms, ids=list(range(len(forms))), flags=flags)
    return database


def holds_large(data: Bytes) -> bool:
    """Whether there are so many digits in a row that a whole number may be beyond what 64 bits hold."""
    return holds((LARGE,), data)


def holds(forms: tuple[bytes, ...], data: Bytes | memoryview) -> bool:
    """Whether one of ``forms`` is there."""
    found: list[int] = []
    with _alone:
        _database(forms).scan(data, match_event_handler=_noted, context=found)
    return bool(found)


def _noted(number: int, _begin: int, _end: int, _flags: int, found: list[int]) -> None:
    found.append(number)


@functools.cache
def _database(forms: tuple[bytes, ...]) -> Any:
    """:data:`FORMS` and :data:`BEYOND` are two, since in one they are looked for at a fifth of the speed."""
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    flags = [hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH] * len(forms)
    database.compile(expressions=forms, ids=list(range(len(forms))), flags=flags)
    return database
