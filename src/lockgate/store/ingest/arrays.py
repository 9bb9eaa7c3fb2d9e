"""A JSON array of objects as lines of JSON, without writing anew what was read.

The array is cut where elements seem to end: before a brace and the name that the first of them begins with. Where every
piece turns out to be one JSON object the cuts are right, since JSON can be read in one way only; where one does not,
nothing is known of the array, and it has to be read as a whole. Each object goes before the next is made: those of a
whole megabyte are 5 MB, which Python gets from the system and gives back each time. Pure.
"""

from __future__ import annotations

import re

import orjson

from lockgate.store.ingest.oddities import holds_large

_FIRST = re.compile(rb"[ \t\r\n]*\[[ \t\r\n]*(\{[ \t]*\"[^\"\\\n]{1,200}\"[ \t]*:)")
_BETWEEN = re.compile(rb"\}(,[ \t\r\n]{0,20})\Z")
_MOST_TRIED = 32
_BLANKS = b" \t\r\n"


def lines_of(content: bytes) -> tuple[list[bytes], frozenset[str]] | None:
    """The elements, a line each without its end, and all fields that they have; None where they are not known."""
    pieces = _cut(content)
    if pieces is None or holds_large(content):  # whose digits orjson does not keep
        return None
    fields: set[str] = set()
    try:
        for piece in pieces:
            fields.update(orjson.loads(piece))
            if b"\n" in piece:
                return None
    except ValueError:
        return None
    return pieces, frozenset(fields)


def _cut(content: bytes) -> list[bytes] | None:
    """Texts of which nothing is known but that each begins with a brace."""
    first = _FIRST.match(content)
    whole = content.rstrip(_BLANKS)
    if first is None or not whole.endswith(b"]"):
        return None
    head, begin = first[1], first.start(1)
    between, at = None, begin
    for _ in range(_MOST_TRIED):  # an object within may begin so too, but seldom after another one
        at = content.find(head, at + 1)
        between = _BETWEEN.search(content, max(begin, at - 22), at) if at > 0 else None
        if at < 0 or between is not None:
            break
    if between is None:
        return None
    one, *others, last = whole[begin:-1].split(b"}" + between[1] + head)
    return [one + b"}", *(head + other + b"}" for other in others), head + last]
