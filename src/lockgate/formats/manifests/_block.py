"""The part of YAML that nearly every manifest is written in, read line by line: several times as fast as libyaml.

A line is a key with a value beside it or below it, or a member of a list. Values are plain or quoted words on one
line, lists and maps of such words in brackets, and literal blocks. Whatever else a document holds (anchors, tags, merge
keys, escapes, folded or continued text, a key that stands twice, tabs, every error) is not for here: :func:`read` gives
None, and libyaml reads the whole document. So this may refuse what is YAML, and must never read anything otherwise than
``_go_yaml`` does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.formats.manifests._go_yaml import FIRST, resolved
from lockgate.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re

MAX_BYTES = 256 * 1024
_MOST_DEEP = 60
_LONGEST = 64
"""Characters of the longest word that may be anything but text."""
_ASCII = bytes(range(0x20, 0x7F)) + b"\n"
# YAML 1.1 knows more line breaks than Python's patterns, and characters that may not stand in a document at all.
_STRANGE = lazy_pattern("[^\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_KEY = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}"
# A plain value begins with no sign of YAML's, and holds neither ": " nor " #".
_PLAIN = r"(?:[A-Za-z0-9_./$(+^;~\\]|-(?=[^\s:#]))[^\s:#]*+(?:(?::++(?=[^\s:#])| ++(?=[^\s:#]))[^\s:#]++)*+"
_WORD = r"(?:[A-Za-z0-9_./][A-Za-z0-9_./-]*+|\"[^\"\\\n]*+\"|'[^'\n]*+')"
_LIST = rf"\[ *(?:{_WORD}(?: *, *{_WORD})*)? *\]"
_MAP = rf"\{{ *(?:{_KEY}: +{_WORD}(?: *, *{_KEY}: +{_WORD})*)? *\}}"
_LINE = lazy_pattern(
    rf"( *)(- +|-(?= *\n))?(?:({_KEY}):(?=[ \n]))?"
    rf" *(?:({_PLAIN})|\"([^\"\\\n]*+)\"|'([^'\n]*+)'|({_LIST}|{_MAP})|(\|-?))? *(?: #[^\n]*)?\n"
)
_NOTHING = lazy_pattern(r"(?: *(?:#[^\n]*)?\n)+")
_ENTRY = lazy_pattern(rf"({_KEY}): +({_WORD})")
_WORDS = lazy_pattern(_WORD)
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
    marks: dict[int, dict[Any, int]]
    """Lines of keys and members by the identity of their map or list; empty unless they were asked for."""

    def line_of(self, parts: list[str]) -> int:
        """As ``_go_yaml.line_of``."""
        value, line = self.value, self.line
        for part in parts:
            key: Any = part
            if isinstance(value, list):
                key = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else -1
            lines = self.marks.get(id(value), {})  # what stands in brackets stands on one line
            if key not in lines:
                return line
            value, line = value[key], lines[key]
        return line


def read(chunk: bytes, *, marked: bool = False) -> Block | None:
    """The document of ``chunk``, with the lines of its fields when ``marked``; None when libyaml must read it."""
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
    reader = _Reader(text, marked=marked)
    try:
        line = reader.lines()
    except _OddError:
        return None
    return None if reader.root is None else Block(reader.root, reader.nodes, line, reader.marks)


class _OddError(Exception):
    """Something that is left to libyaml."""


class _Reader:
    """The maps and lists that are open, each with the column of its members, and what waits for a value below it."""

    __slots__ = ("_hole", "_marked", "_open", "_text", "_whole", "line", "marks", "nodes", "root")

    def __init__(self, text: str, *, marked: bool) -> None:
        self._whole = text.endswith("\n")
        self._text = text if self._whole else text + "\n"
        self._marked = marked
        self._open: list[tuple[int, Any]] = []
        self._hole: tuple[Any, Any, int] | None = None
        """Map or list, key or index, and column of what has no value yet."""
        self.root: Any = None
        self.line = 1
        self.marks: dict[int, dict[Any, int]] = {}
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
        indent, dash, key, plain, double, single, flow, literal = match.groups()
        column = len(indent)
        holder = self._holder(column, listed=dash is not None)
        at = match.end()
        if literal is not None:
            value, at, count = self._literal(at, column if key is None else column + len(dash or ""), literal)
        else:
            count = 1
            value = _plain(plain) if plain is not None else self._other(double, single, flow)
        if dash is not None:
            place: Any = len(holder)
            holder.append(value)
            if self._marked:
                self._mark(holder, place)
            if key is not None:
                column += len(dash)
                self.nodes += 1
                made: Any = {}
                holder[place] = made
                self._open.append((column, made))
                holder = made
        if key is not None:
            place = _key(key)
            if place in holder:
                raise _OddError
            holder[place] = value
            self.nodes += 1
            if self._marked:
                self._mark(holder, place)
        self.nodes += 1
        if value is None and plain is None:
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
                made = self._made(column, listed)
                holder[key] = made
                if self._marked and type(holder) is list:
                    self._mark(holder, key)
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
        self.root = self._made(column, listed)
        return self.root

    def _made(self, column: int, listed: bool) -> Any:
        if len(self._open) > _MOST_DEEP:
            raise _OddError
        made: Any = [] if listed else {}
        self._open.append((column, made))
        return made

    def _mark(self, holder: Any, key: Any) -> None:
        self.marks.setdefault(id(holder), {})[key] = self.line

    def _other(self, double: str | None, single: str | None, flow: str | None) -> Any:
        """A value that is no plain word; None when there is none."""
        if double is not None:
            return double
        if flow is None:
            return single
        if flow[0] == "[":
            members = [_word(word) for word in _WORDS.findall(flow)]
            self.nodes += len(members)
            return members
        entries = _ENTRY.findall(flow)
        made = {_key(key): _word(word) for key, word in entries}
        if len(made) != len(entries):
            raise _OddError
        self.nodes += 2 * len(made)
        return made

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


def _plain(text: str) -> Any:
    if text[0] not in FIRST or len(text) > _LONGEST:
        return text
    value = resolved(text)
    if type(value) is float and not math.isfinite(value):
        raise _OddError
    return value


def _word(text: str) -> Any:
    return text[1:-1] if text[0] in "\"'" else _plain(text)


def _key(text: str) -> str:
    if text[0] in FIRST and len(text) <= _LONGEST and type(resolved(text)) is not str:
        raise _OddError
    return text
