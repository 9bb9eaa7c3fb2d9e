"""The part of YAML that nearly every manifest is written in, read line by line: several times as fast as libyaml.

A line is a key with a value beside it or below it, or a member of a list. Values are plain or quoted words on one
line, lists and maps in brackets on one line, and literal blocks. Whatever else a document holds (anchors, tags, merge
keys, escapes, folded or continued text, a key that stands twice, tabs, every error) is not for here: :func:`read` gives
None, and libyaml reads the whole document. So this may refuse what is YAML, and must never read anything otherwise than
``_go_yaml`` does.
"""

from __future__ import annotations

import math
from dataclasses import field
from functools import lru_cache
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.manifests._go_yaml import FIRST, resolved
from lockgate.formats.objects import unescaped
from lockgate.lazy_pattern import lazy_pattern

MAX_BYTES = 256 * 1024
_MOST_DEEP = 60
_MOST_IN_BRACKETS = 20
_LONGEST = 64
"""Characters of the longest word that may be anything but text."""
_SHORT = 120
"""Characters of a line that may be kept for the next that says the same."""
_ASCII = bytes(range(0x20, 0x7F)) + b"\n"
# YAML 1.1 knows more line breaks than Python's patterns, and characters that may not stand in a document at all.
_STRANGE = lazy_pattern("[^\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_KEY = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}"
# A plain value begins with no sign of YAML's, and holds neither ": " nor " #".
_PLAIN = r"(?:[A-Za-z0-9_./$(+^;~\\]|-(?=[^\s:#]))[^\s:#]*+(?:(?::++(?=[^\s:#])| ++(?=[^\s:#]))[^\s:#]++)*+"
_WORD = r"(?:[A-Za-z0-9_./][A-Za-z0-9_./-]*+|\"[^\"\\]*+\"|'[^']*+')"
_LINE = lazy_pattern(
    rf"( *)(- +|-(?= *\Z))?(?:({_KEY}):(?= |\Z))?"
    rf" *(?:({_PLAIN})|\"([^\"\\]*+)\"|'([^']*+)'|([\[{{].*+)|(\|-?))? *(?: #.*)?\Z"
)
_END = lazy_pattern(r" *(?: #.*)?\Z")
_NOTHING = lazy_pattern(r" *(?:#.*)?\Z")
_ENTRY = lazy_pattern(rf"({_KEY}): +")
_BLANKS = lazy_pattern(" *")
_IN_BRACKETS = lazy_pattern(_WORD)
_BEGIN = lazy_pattern(r"---(?: +#.*| *)\Z")


@dataclass(slots=True)
class Block:
    """What was read."""

    value: Any
    """A map or a list."""
    nodes: int
    """Nodes as libyaml counts them: every key, every value, every map and list."""
    line: int
    """The line of the root, from 1."""
    lines: dict[int, list[int]]
    """The lines of the members of each map and list, in their order, by its ``id``; not of what stands in brackets,
    which is all on one line."""
    _found: dict[str, tuple[Any, int]] = field(default_factory=dict)
    """By pointer what stands there and its line; of what does not stand there ``_NOWHERE`` and the line around it."""
    _marks: dict[int, dict[Any, int]] = field(default_factory=dict)

    def line_of(self, pointer: str) -> int:
        """As ``_go_yaml.line_of``, of a JSON pointer. Those that are asked for in one document begin alike."""
        found = self._found
        held = found.get(pointer)
        if held is None:
            if not pointer:
                return self.line
            above, _, part = pointer.rpartition("/")
            value, line = found.get(above) or self._led_to(above)
            held = found[pointer] = self._below(value, line, part)
        return held[1]

    def _led_to(self, pointer: str) -> tuple[Any, int]:
        """What stands at a pointer and its line, found with all that stands above it."""
        found = self._found
        waiting: list[tuple[str, str]] = []
        while pointer and pointer not in found:
            above, _, part = pointer.rpartition("/")
            waiting.append((pointer, part))
            pointer = above
        value, line = found[pointer] if pointer else (self.value, self.line)
        for pointer, part in reversed(waiting):
            value, line = found[pointer] = self._below(value, line, part)
        return value, line

    def _below(self, value: Any, line: int, part: str) -> tuple[Any, int]:
        """What stands in a value at ``line`` under one part of a pointer."""
        if type(value) is dict:
            key = unescaped(part) if "~" in part else part
            if key not in value:  # as what most findings are about
                return _NOWHERE, line
            marks = self._marks.get(id(value))
            if marks is None:
                lines = self.lines.get(id(value))
                marks = dict.fromkeys(value, line) if lines is None else dict(zip(value, lines, strict=True))
                self._marks[id(value)] = marks
            return value[key], marks[key]
        if type(value) is list and part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(value):
            lines = self.lines.get(id(value))
            return value[int(part)], line if lines is None else lines[int(part)]
        return _NOWHERE, line


_NOWHERE = None


def read(chunk: bytes) -> Block | None:
    """The document of ``chunk``; None when libyaml must read it."""
    if len(chunk) > MAX_BYTES:
        return None
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\n", b"\n")
    try:
        text = chunk.decode()
    except UnicodeDecodeError:
        return None
    if chunk.translate(None, _ASCII) if chunk.isascii() else _STRANGE.search(text):
        return None
    try:
        return _Reader(text).read()
    except _OddError:
        return None


class _OddError(Exception):
    """Something that is left to libyaml."""


_Said = tuple[int, int, str | None, Any, str | None]
"""Of one line: its column, how wide the dash of a member is (0: it is none), its key, its value, and what its value
begins with when that is no scalar: a list or map in brackets, the head of a literal block, ``_BELOW``."""
_Open = tuple[int, Any, list[int]]
"""The column of the members of a map or list, the map or list, and the lines of its members."""
_BELOW = ""
"""Whatever follows on the next lines, if anything does."""


def _read_line(line: str) -> _Said | tuple[()] | None:
    """What the line says, which may be nothing; None when it is left to libyaml."""
    match = _LINE.match(line)
    if match is None:
        return () if _NOTHING.match(line) else None
    indent, dash, key, plain, double, single, brackets, literal = match.groups()
    if dash is None and key is None:
        return () if _NOTHING.match(line) else None
    if key is not None and key[0] in FIRST and not _is_text(key):
        return None
    head = len(indent), len(dash or ""), key
    if plain is not None:
        try:
            return *head, _plain(plain), None
        except _OddError:
            return None
    if double is not None or single is not None:
        return *head, single if double is None else double, None
    return *head, None, brackets or literal or _BELOW


_said = lru_cache(maxsize=8_192)(_read_line)
"""What people write in one manifest they write in the next, line by line."""


class _Reader:
    """The lines of a document, and the maps and lists that are open, each with the column of its members."""

    __slots__ = ("_end", "_in_line", "_lines", "_open", "_root", "_whole")

    def __init__(self, text: str) -> None:
        self._whole = text.endswith("\n")
        self._lines = text.split("\n")
        self._end = len(self._lines) - self._whole
        self._open: list[_Open] = []
        self._root: Any = None
        self._in_line = 0
        """Nodes within brackets."""

    def read(self) -> Block | None:
        """The document; None when there is none. Raises ``_OddError`` where it is left to libyaml.

        Each line goes where its column says. One loop without calls for what most lines are: this is a third of what
        judging a manifest takes.
        """
        rows, end, opened = self._lines, self._end, self._open
        places: dict[int, list[int]] = {}
        own, first, nodes = -1, 0, 1
        holder: Any = None  # of what stands at ``own``, with its ``lines``
        lines: list[int] = []
        hole: Any = None  # where the last line's value is to stand, at ``place``, if it is deeper than ``above``
        place: Any = None
        above, hole_lines = 0, lines
        at = 1 if _BEGIN.match(rows[0]) else 0
        while at < end:
            row = rows[at]
            at += 1  # the number of the line
            said = _said(row) if len(row) < _SHORT else _read_line(row)
            if not said:
                if said is None:
                    raise _OddError
                continue
            column, dash, key, value, more = said
            if hole is not None:
                if column > above or (column == above and dash and hole.__class__ is dict):
                    if hole.__class__ is list:  # a member begins where what is in it begins, not at its dash
                        hole_lines[-1] = at
                    own, holder, lines = column, [] if dash else {}, []
                    hole[place] = holder
                    places[id(holder)] = lines
                    opened.append((own, holder, lines))
                hole = None
            if own != column or (holder.__class__ is list) is not (dash > 0):
                if self._root is None:
                    first, own, holder, lines = at, column, [] if dash else {}, []
                    self._root = holder
                    places[id(holder)] = lines
                    opened.append((own, holder, lines))
                else:
                    own, holder, lines = self._holder(column, listed=dash > 0)
            line = at
            if more:
                if more[0] == "|":
                    value, at = self._literal(at, column if key is None else column + dash, more)
                else:
                    value = self._in_brackets(more)
            lines.append(line)
            if dash:
                place = len(holder)
                if key is None:
                    holder.append(value)
                    nodes += 1
                else:
                    holder.append({key: value})
                    own, holder, lines, place = column + dash, holder[place], [line], key
                    places[id(holder)] = lines
                    opened.append((own, holder, lines))
                    nodes += 3
            elif key in holder:
                raise _OddError
            else:
                holder[key] = value
                place = key
                nodes += 2
            if more is not None and not more:
                above, hole, hole_lines = own, holder, lines
                if len(opened) > _MOST_DEEP:
                    raise _OddError
        return None if self._root is None else Block(self._root, nodes + self._in_line, first, places)

    def _holder(self, column: int, *, listed: bool) -> _Open:
        """The map or list that a line of this column belongs to, where it does not belong to the innermost one."""
        opened = self._open
        while opened:
            own, holder, _ = found = opened[-1]
            if own == column and (holder.__class__ is list) is listed:
                return found
            if own < column or (own == column and listed):
                break
            opened.pop()
        raise _OddError

    def _in_brackets(self, text: str) -> Any:
        """The value of what stands in brackets until the end of a line, whose nodes are counted."""
        value, end = _brackets(text, 0, 0)
        if _END.match(text, end) is None:
            raise _OddError
        self._count(value)
        return value

    def _count(self, value: Any) -> None:
        """The members of what stands in brackets."""
        for one in value.values() if type(value) is dict else value:
            self._in_line += 2 if type(value) is dict else 1
            if type(one) is dict or type(one) is list:
                self._count(one)

    def _literal(self, at: int, parent: int, style: str) -> tuple[str, int]:
        """A literal block below a line of column ``parent``: its text, and the place of the line behind it."""
        rows, end = self._lines, self._end
        found: list[str] = []
        width = 0
        while at < end:
            line = rows[at]
            indent = len(line) - len(line.lstrip(" "))
            blank = indent == len(line)
            if not found:
                width = indent
                if blank or width <= parent:
                    raise _OddError
            elif not blank and indent < width:
                if indent > parent:
                    raise _OddError
                break
            found.append(line[width:])
            at += 1
        if not found or (at >= end and not self._whole):
            raise _OddError
        while not found[-1]:
            found.pop()
        return "\n".join(found) + ("" if style == "|-" else "\n"), at


def _brackets(text: str, at: int, depth: int) -> tuple[Any, int]:
    """The list or map that begins there, and where it ends."""
    if depth > _MOST_IN_BRACKETS:
        raise _OddError
    listed = text[at] == "["
    made: Any = [] if listed else {}
    at = _past_blanks(text, at + 1)
    if text[at : at + 1] == ("]" if listed else "}"):
        return made, at + 1
    while True:
        name = ""
        if not listed:
            key = _ENTRY.match(text, at)
            if key is None or key[1] in made or not _is_text(key[1]):
                raise _OddError
            name, at = key[1], key.end()
        if text[at : at + 1] in ("[", "{"):
            value, at = _brackets(text, at, depth + 1)
        else:
            word = _IN_BRACKETS.match(text, at)
            if word is None:
                raise _OddError
            value, at = _word(word[0]), word.end()
        if listed:
            made.append(value)
        else:
            made[name] = value
        at = _past_blanks(text, at)
        sign, at = text[at : at + 1], at + 1
        if sign == ("]" if listed else "}"):
            return made, at
        if sign != ",":
            raise _OddError
        at = _past_blanks(text, at)


def _past_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return at if match is None else match.end()


def _plain(text: str) -> Any:
    if text[0] not in FIRST or len(text) > _LONGEST:
        return text
    value = resolved(text)
    if type(value) is float and not math.isfinite(value):
        raise _OddError
    return value


def _word(text: str) -> Any:
    return text[1:-1] if text[0] in "\"'" else _plain(text)


def _is_text(key: str) -> bool:
    """Whether a plain key is itself, and no number or word of YAML's."""
    return key[0] not in FIRST or len(key) > _LONGEST or type(resolved(key)) is str
