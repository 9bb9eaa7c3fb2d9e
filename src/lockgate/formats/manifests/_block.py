"""The part of YAML that nearly every manifest is written in, read line by line: several times as fast as libyaml.

A line is a key with a value beside it or below it, or a member of a list. Values are plain or quoted words on one
line, lists and maps in brackets on one line, and literal blocks. Whatever else a document holds (anchors, tags, merge
keys, escapes, folded or continued text, a key that stands twice, tabs, every error) is not for here: :func:`read` gives
None, and libyaml reads the whole document. So this may refuse what is YAML, and must never read anything otherwise than
``_go_yaml`` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.manifests._go_yaml import FIRST, resolved
from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re

MAX_BYTES = 256 * 1024
_MOST_DEEP = 60
_MOST_IN_BRACKETS = 20
_LONGEST = 64
"""Characters of the longest word that may be anything but text."""
_ASCII = bytes(range(0x20, 0x7F)) + b"\n"
# YAML 1.1 knows more line breaks than Python's patterns, and characters that may not stand in a document at all.
_STRANGE = lazy_pattern("[^\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_KEY = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}"
# A plain value begins with no sign of YAML's, and holds neither ": " nor " #".
_PLAIN = r"(?:[A-Za-z0-9_./$(+^;~\\]|-(?=[^\s:#]))[^\s:#]*+(?:(?::++(?=[^\s:#])| ++(?=[^\s:#]))[^\s:#]++)*+"
_WORD = r"(?:[A-Za-z0-9_./][A-Za-z0-9_./-]*+|\"[^\"\\\n]*+\"|'[^'\n]*+')"
_LINE = lazy_pattern(
    rf"( *)(- +|-(?= *\n))?(?:({_KEY}):(?=[ \n]))?"
    rf" *(?:({_PLAIN})|\"([^\"\\\n]*+)\"|'([^'\n]*+)'|([\[{{][^\n]*+)|(\|-?))? *(?: #[^\n]*)?\n"
)
_END = lazy_pattern(r" *(?: #[^\n]*)?\Z")
_NOTHING = lazy_pattern(r"(?: *(?:#[^\n]*)?\n)+")
_ENTRY = lazy_pattern(rf"({_KEY}): +")
_BLANKS = lazy_pattern(" *")
_IN_BRACKETS = lazy_pattern(_WORD)
_BEGIN = lazy_pattern(r"---(?: +#[^\n]*| *)\n")


@dataclass(slots=True)
class Block:
    """What was read."""

    value: Any
    """A map or a list."""
    nodes: int
    """Nodes as libyaml counts them: every key, every value, every map and list."""
    line: int
    """The line of the root, from 1."""
    lines: list[int]
    """The line of every key and member, in the order in which they stand."""
    _marks: dict[int, dict[Any, int]] = field(default_factory=dict)

    def line_of(self, parts: list[str]) -> int:
        """As ``_go_yaml.line_of``."""
        if not self._marks:
            left = iter(self.lines)
            self._mark(self.value, left)
        value, line = self.value, self.line
        for part in parts:
            key: Any = part
            if isinstance(value, list):
                key = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else -1
            lines = self._marks.get(id(value), {})
            if key not in lines:
                return line
            value, line = value[key], lines[key]
        return line

    def _mark(self, value: Any, left: Iterator[int]) -> None:
        own = self._marks[id(value)] = {}
        for key, one in value.items() if type(value) is dict else enumerate(value):
            own[key] = next(left)
            if type(one) is dict or type(one) is list:
                self._mark(one, left)


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
    reader = _Reader(text)
    try:
        line = reader.lines()
    except _OddError:
        return None
    return None if reader.root is None else Block(reader.root, reader.nodes, line, reader.places)


class _OddError(Exception):
    """Something that is left to libyaml."""


class _Reader:
    """The maps and lists that are open, each with the column of its members, and what waits for a value below it."""

    __slots__ = ("_hole", "_open", "_text", "_whole", "line", "nodes", "places", "root")

    def __init__(self, text: str) -> None:
        self._whole = text.endswith("\n")
        self._text = text if self._whole else text + "\n"
        self._open: list[tuple[int, Any]] = []
        self._hole: tuple[Any, Any, int] | None = None
        """Map or list, key or index, and column of what has no value yet; it is the last of ``places``."""
        self.root: Any = None
        self.line = 1
        self.places: list[int] = []
        self.nodes = 1

    def lines(self) -> int:
        """Read all of them; gives the line of the root."""
        text, match_line = self._text, _LINE.match
        at, end, first = 0, len(text), 0
        begin = _BEGIN.match(text)
        if begin is not None:
            at, self.line = begin.end(), 2
        while at < end:
            match = match_line(text, at)
            if match is None or (match[2] is None and match[3] is None):
                nothing = _NOTHING.match(text, at)
                if nothing is None:
                    raise _OddError
                self.line += text.count("\n", at, nothing.end())
                at = nothing.end()
                continue
            first = first or self.line
            at = self._take(match)
        return first

    def _take(self, match: re.Match[str]) -> int:
        """One line: where it belongs by its column, then what it says. Gives where the next begins."""
        indent, dash, key, plain, double, single, brackets, literal = match.groups()
        column = len(indent)
        holder: Any
        own, holder = self._open[-1] if self._open else (-1, None)
        if own != column or dash is not None or self._hole is not None or type(holder) is list:
            holder = self._holder(column, listed=dash is not None)
        at, count, value = match.end(), 1, None
        if plain is not None:
            value = plain if plain[0] not in FIRST else _plain(plain)
        elif literal is not None:
            value, at, count = self._literal(at, column if key is None else column + len(dash or ""), literal)
        elif brackets is not None:
            value, end = _brackets(brackets, 0, 0)
            if _END.match(brackets, end) is None:
                raise _OddError
        else:
            value = double if double is not None else single
        place: Any = key
        if dash is not None:
            place = len(holder)
            holder.append(value)
            self.places.append(self.line)
            if key is not None:
                holder[place] = holder = self._made(column + len(dash), listed=False)
                column += len(dash)
                place = key
                self.nodes += 1
        if key is not None:
            if key in holder or (key[0] in FIRST and not _is_text(key)):
                raise _OddError
            holder[key] = value
            self.places.append(self.line)
            self.nodes += 1
        self.nodes += 1
        if brackets is not None:
            self._count(value)
        elif value is None and plain is None:
            self._hole = (holder, place, column)
        self.line += count
        return at

    def _holder(self, column: int, *, listed: bool) -> Any:
        """The map or list that a line of this column belongs to."""
        opened, hole = self._open, self._hole
        if hole is not None:
            self._hole = None
            holder, key, above = hole
            if column > above or (column == above and listed and type(holder) is dict):
                holder[key] = made = self._made(column, listed=listed)
                if type(holder) is list:  # a member begins where what is in it begins, not at its dash
                    self.places[-1] = self.line
                return made
        while opened:
            own, holder = opened[-1]
            if own == column and (type(holder) is list) is listed:
                return holder
            if own < column or (own == column and listed):
                raise _OddError
            opened.pop()
        if self.root is not None:
            raise _OddError
        self.root = self._made(column, listed=listed)
        return self.root

    def _made(self, column: int, *, listed: bool) -> Any:
        if len(self._open) > _MOST_DEEP:
            raise _OddError
        made: Any = [] if listed else {}
        self._open.append((column, made))
        return made

    def _count(self, value: Any) -> None:
        """The members of what stands in brackets: all of them begin on this line."""
        for one in value.values() if type(value) is dict else value:
            self.places.append(self.line)
            self.nodes += 2 if type(value) is dict else 1
            if type(one) is dict or type(one) is list:
                self._count(one)

    def _literal(self, at: int, parent: int, style: str) -> tuple[str, int, int]:
        """A literal block below a line of column ``parent``: its text, where the next line begins, lines with head."""
        text, end = self._text, len(self._text)
        found: list[str] = []
        width = 0
        while at < end:
            stop = text.index("\n", at)
            line = text[at:stop]
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
            at = stop + 1
        if not found or (at >= end and not self._whole):
            raise _OddError
        count = len(found) + 1
        while not found[-1]:
            found.pop()
        return "\n".join(found) + ("" if style == "|-" else "\n"), at, count


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
