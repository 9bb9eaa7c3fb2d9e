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
_MOST_AROUND = 64 << 10
"""Bytes before and behind the array of a field at most."""
_MARK = "(the elements)"
_BLANKS = b" \t\r\n"


def lines_of(content: bytes) -> tuple[list[bytes], frozenset[str]] | None:
    """The elements, a line each without its end, and all fields that they have; None where they are not known."""
    pieces = pieces_of(content)
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


def pieces_within(content: bytes, field: str) -> list[bytes] | None:
    """As :func:`pieces_of`, of the array that is this ``field`` of the one object in ``content``; what stands around it
    is known to be JSON."""
    found = re.search(rb'"%s"[ \t\r\n]*:[ \t\r\n]*(?=\[)' % re.escape(field.encode()), content[:_MOST_AROUND])
    end = content.rfind(b"]") + 1
    if found is None or end <= found.end() or len(content) - end > _MOST_AROUND:
        return None
    try:  # with quotes, so that the place of the array cannot be within a text
        around = orjson.loads(b'%s["%s"]%s' % (content[: found.end()], _MARK.encode(), content[end:]))
    except ValueError:
        return None
    if not isinstance(around, dict) or around.get(field) != [_MARK]:
        return None
    return pieces_of(content[found.end() : end])


def pieces_of(content: bytes) -> list[bytes] | None:
    """Texts of which nothing is known but that each begins with a brace; None where an array cannot be cut so.

    If each of them is one JSON object, they are the elements of the array.
    """
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
