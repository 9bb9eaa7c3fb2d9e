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
    lines: dict[int, list[int]]
    """The lines of the members of each map and list, in their order, by its ``id``; not of what stands in brackets,
    which is all on one line."""
    _found: dict[str, tuple[Any, int]] = field(default_factory=dict)
    """By pointer what stands there and its line; of what does not stand there ``_NOWHERE`` and the line around it."""
    _marks: dict[int, dict[Any, int]] = field(default_factory=dict)

    def line_of(self, pointer: str) -> int:
        """As ``_go_yaml.line_of``, of a JSON pointer. Those that are asked for in one document begin alike."""
        found = self._found
        if pointer in found:
            return found[pointer][1]
        waiting: list[tuple[str, str]] = []
        while pointer and pointer not in found:
            above, _, part = pointer.rpartition("/")
            waiting.append((pointer, part))
            pointer = above
        value, line = found[pointer] if pointer else (self.value, self.line)
        for pointer, part in reversed(waiting):
            value, line = found[pointer] = self._below(value, line, part)
        return line

    def _below(self, value: Any, line: int, part: str) -> tuple[Any, int]:
        """What stands in a value at ``line`` under one part of a pointer."""
        key: Any
        if type(value) is dict:
            key = unescaped(part) if "~" in part else part
        elif type(value) is list:
            key = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else -1
        else:
            return _NOWHERE, line
        marks = self._marks.get(id(value))
        if marks is None:
            lines = self.lines.get(id(value))
            keys = value if type(value) is dict else range(len(value))
            marks = dict.fromkeys(keys, line) if lines is None else dict(zip(keys, lines, strict=False))
            self._marks[id(value)] = marks
        return (value[key], marks[key]) if key in marks else (_NOWHERE, line)


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
    reader = _Reader(text)
    try:
        line = reader.lines()
    except _OddError:
        return None
    return None if reader.root is None else Block(reader.root, reader.nodes, line, reader.places)


class _OddError(Exception):
    """Something that is left to libyaml."""


_Said = tuple[int, int, str | None, Any, str | None]
"""Of one line: its column, how wide the dash of a member is (0: it is none), its key, its value, and what its value
begins with when that is no scalar: a list or map in brackets, the head of a literal block, ``_BELOW``."""
_Open = tuple[int, Any, list[int]]
"""The column of the members of a map or list, the map or list, and the lines of its members."""
_NONE: _Open = (-1, None, [])
_BELOW = ""
"""Whatever follows on the next lines, if anything does."""


def _read_line(line: str) -> _Said | None:
    """What the line says; None when it says nothing, or is left to libyaml."""
    match = _LINE.match(line)
    if match is None:
        return None
    indent, dash, key, plain, double, single, brackets, literal = match.groups()
    if (dash is None and key is None) or (key is not None and key[0] in FIRST and not _is_text(key)):
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
    """The maps and lists that are open, each with the column of its members, and what waits for a value below it."""

    __slots__ = ("_hole", "_open", "_text", "_whole", "line", "nodes", "places", "root")

    def __init__(self, text: str) -> None:
        self._whole = text.endswith("\n")
        self._text = text if self._whole else text + "\n"
        self._open: list[_Open] = []
        self._hole: tuple[Any, Any, int, list[int]] | None = None
        """Map or list, key or index, and column of what has no value yet, and the lines of the map or list, of which
        it is the last."""
        self.root: Any = None
        self.line = 1
        self.places: dict[int, list[int]] = {}
        self.nodes = 1

    def lines(self) -> int:
        """Read all of them; gives the line of the root."""
        text, opened = self._text, self._open
        at, end, first = 0, len(text), 0
        begin = _BEGIN.match(text)
        if begin is not None:
            at, self.line = begin.end(), 2
        while at < end:
            stop = text.index("\n", at) + 1
            said = _said(text[at:stop]) if stop - at <= _SHORT else _read_line(text[at:stop])
            if said is None:
                at = self._nothing(at)
                continue
            first = first or self.line
            column, dash, key, value, more = said
            if more is None and not dash and self._hole is None and opened and opened[-1][0] == column:
                _, holder, lines = opened[-1]
                if type(holder) is dict and key not in holder:  # as most lines: one more field with its value
                    holder[key] = value
                    lines.append(self.line)
                    self.nodes += 2
                    self.line += 1
                    at = stop
                    continue
            at = self._take(said, stop)
        return first

    def _nothing(self, at: int) -> int:
        """Lines without anything that counts. Gives where the next begins."""
        nothing = _NOTHING.match(self._text, at)
        if nothing is None:
            raise _OddError
        self.line += self._text.count("\n", at, nothing.end())
        return nothing.end()

    def _take(self, said: _Said, at: int) -> int:
        """One line, which ends at ``at``: where it belongs by its column, then what it says. Gives where the next
        begins."""
        column, dash, key, value, more = said
        line, count = self.line, 1
        own, holder, lines = self._open[-1] if self._open else _NONE
        if own != column or dash or self._hole is not None or type(holder) is list:
            holder, lines = self._holder(column, listed=dash > 0)
        if more is not None and more is not _BELOW:
            if more[0] == "|":
                value, at, count = self._literal(at, column if key is None else column + dash, more)
            else:
                value, end = _brackets(more, 0, 0)
                if _END.match(more, end) is None:
                    raise _OddError
                self._count(value)
        place: Any = key
        if dash:
            place = len(holder)
            holder.append(value)
            lines.append(line)
            if key is not None:
                column += dash
                made, lines = self._made(column, listed=False)
                holder[place] = made
                holder, place = made, key
                self.nodes += 1
        if key is not None:
            if key in holder:
                raise _OddError
            holder[key] = value
            lines.append(line)
            self.nodes += 1
        self.nodes += 1
        if more is _BELOW:
            self._hole = (holder, place, column, lines)
        self.line = line + count
        return at

    def _holder(self, column: int, *, listed: bool) -> tuple[Any, list[int]]:
        """The map or list that a line of this column belongs to, and its lines."""
        opened, hole = self._open, self._hole
        if hole is not None:
            self._hole = None
            holder, key, above, lines = hole
            if column > above or (column == above and listed and type(holder) is dict):
                made, inner = self._made(column, listed=listed)
                holder[key] = made
                if type(holder) is list:  # a member begins where what is in it begins, not at its dash
                    lines[-1] = self.line
                return made, inner
        while opened:
            own, holder, lines = opened[-1]
            if own == column and (type(holder) is list) is listed:
                return holder, lines
            if own < column or (own == column and listed):
                raise _OddError
            opened.pop()
        if self.root is not None:
            raise _OddError
        self.root, lines = self._made(column, listed=listed)
        return self.root, lines

    def _made(self, column: int, *, listed: bool) -> tuple[Any, list[int]]:
        if len(self._open) > _MOST_DEEP:
            raise _OddError
        made: Any = [] if listed else {}
        lines = self.places[id(made)] = []
        self._open.append((column, made, lines))
        return made, lines

    def _count(self, value: Any) -> None:
        """The members of what stands in brackets."""
        for one in value.values() if type(value) is dict else value:
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
