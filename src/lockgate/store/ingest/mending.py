"""Lines that are JSON but for a sign or a number, put right so that their rows are not lost to who asks a table. Pure.

Whoever puts one wrong byte into a row would else keep the row out of its table, and so from every rule. What came is
told of beside the table as it was.
"""

from __future__ import annotations

import math
import re
from codecs import BOM_UTF8

MOST = 1 << 20
"""Bytes of a line that is put right; a longer one costs too much to look through."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""Of texts; the group holds one that is half of a character alone."""
_BEYOND = re.compile(rb"[0-9][eE]\+?[0-9]{3}|[0-9]{300}")
"""What a number has that no double holds."""
_CONSTANT = re.compile(rb"NaN|Infinity")
_TOKENS = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|(-?(?:NaN|Infinity)|-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)', re.DOTALL
)
"""Texts, of which the last may be cut; the group holds a number, or what some languages write for one that is none."""


def mended(line: bytes) -> bytes:
    """``line`` with U+FFFD for what is not UTF-8 and for halves of characters, and numbers beyond doubles as texts.

    The same line where it has none of these or more than :data:`MOST` bytes, whether it is JSON or not.
    """
    if len(line) > MOST:
        return line
    line = line.removeprefix(BOM_UTF8).decode("utf-8", "replace").encode()
    if _HALF.search(line):
        line = _ESCAPES.sub(_whole, line)
    return _TOKENS.sub(_quoted, line) if _BEYOND.search(line) else json_of(line)


def json_of(line: bytes) -> bytes:
    """``line`` with ``NaN`` and ``Infinity``, which no number of JSON is, as texts."""
    return _TOKENS.sub(_quoted, line) if _CONSTANT.search(line) else line


def _whole(found: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if found[1] else found[0]


def _quoted(found: re.Match[bytes]) -> bytes:
    number = found[1]
    return found[0] if number is None or math.isfinite(float(number)) else b'"%s"' % number
