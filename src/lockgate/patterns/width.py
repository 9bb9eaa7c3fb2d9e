"""How far back from its end a match of an RE2 expression can begin, and what is cheaper to ask first.

Reads just enough of RE2's syntax (https://github.com/google/re2/wiki/Syntax) to bound widths; it judges nothing: an
expression that RE2 refuses may still get a width here. What does not belong: matching.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

WORTH_LOOSENING = 5
"""Characters by which a counted repeat varies, from which its bound is worth dropping."""
_PLAIN = lazy_pattern(r"[\w/<>=#@%&~\"',:; -]+(?![*+?{])")
"""Characters that stand for themselves, once each."""
MAX_DEPTH = 200
"""Groups nested deeper count as unbounded."""
_PIECES = lazy_pattern(
    r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|"
    r"(?<!\))\{(?P<least>\d+),(?P<most>\d+)\}(?![)?]*\Z)",
    re.DOTALL,
)
"""What is passed over, and counted repeats but of groups and at the end, where every character more would be an end."""
_GROUP_AGAIN = lazy_pattern(r"\)(?:[*+]|\{)")
"""A group that is repeated."""
WORTH_DROPPING = 50
"""Upper bounds of a repeat from which RE2 is spared the many states that counting takes. Most of what is found is
shorter, so that the expression as it stands is seldom asked as well."""
MOST_REPEATS = 1000
"""What the counts of repeats within one another may come to for RE2."""
_CLASS = r"\[\^?+\]?+(?:\\.|\[:\^?\w+:\]|[^\]\\])*+\]"
_ATOMS = lazy_pattern(
    r"\\Q.*?(?:\\E|\Z)|\\[bBAzZE]|"
    rf"(?P<atom>{_CLASS}|\\.|[^\\\[(){{}}*+?|^$])\{{(?P<least>\d+),(?P<most>\d+)\}}|{_CLASS}|\\.",
    re.DOTALL,
)
"""What is passed over, and counted repeats of what takes one byte."""
_ATOM = lazy_pattern(rf"(?P<atom>{_CLASS}|\\[dws.]|[A-Za-z0-9_-])(?:\{{(?P<least>\d+)(?P<comma>,?)\d*\}})?")
_ROW = lazy_pattern(
    rf"(?:\\b|\(\?:\^\|{_CLASS}\))?\((?P<row>(?:(?:{_CLASS}|\\[dws.]|[A-Za-z0-9_-])(?:\{{\d+,?\d*\}})?)+)\)"
    rf"(?:\\b|\(\?:{_CLASS}\|\$\))?"
)
"""Atoms one after another, most of them with a count, and what has to stand on either side."""
SHORTEST_CORE = 24
"""Bytes from which a row of atoms is rare in texts."""
_GROUP_COUNT = lazy_pattern(r"\)\{(\d+),?(\d*)\}")
MOST = 1 << 20
"""A bounded width beyond this counts as unbounded over lines."""


@dataclass(frozen=True, slots=True)
class Width:
    """Bounds, in bytes, of what an expression consumes."""

    most: int = 0
    """Characters outside unbounded repeats."""
    runs: int = 0
    """Unbounded repeats that cannot cross a line end."""
    whole: bool = False
    """Holds an unbounded repeat that can cross line ends."""
    lines: int = 0
    """Line ends outside unbounded repeats."""

    def then(self, other: Width) -> Width:
        """This, followed by ``other``."""
        return Width(
            self.most + other.most, self.runs + other.runs, self.whole or other.whole, self.lines + other.lines
        )

    def either(self, other: Width) -> Width:
        """This or ``other``."""
        return Width(
            max(self.most, other.most), max(self.runs, other.runs), self.whole or other.whole,
            max(self.lines, other.lines),
        )  # fmt: skip

    def times(self, most: int | None) -> Width:
        """This, up to ``most`` times; None: without bound."""
        if most is None:
            over_lines = self.whole or self.lines > 0
            return Width(0, 0 if over_lines else 1, over_lines)
        size = self.most * most
        return Width(min(size, MOST), self.runs * most, self.whole or size > MOST, min(self.lines * most, MOST))


_UNBOUNDED = Width(whole=True)
_ZERO_WIDTH = frozenset("bBAzZ")
_PERL_WITH_NEWLINE = frozenset("sDWC")


def measure(expression: str) -> Width:
    """Bounds of ``expression``; unbounded when it nests too deep or ends too early."""
    try:
        return _Reader(expression).alternation(dotall=False, depth=0)
    except (IndexError, ValueError):
        return _UNBOUNDED


def loosened(expression: str) -> str:
    """An expression that matches wherever ``expression`` does, with fewer states: values may be longer than it allows.

    Ends of candidates are asked of it, so what it matches beyond is one candidate more. Gaps (``{0,20}``) keep their
    bound: behind an unbounded one Hyperscan walks through more than it spares.
    """

    def without_bound(piece: re.Match[str]) -> str:
        least = piece["least"]
        counts = least is not None and int(least) > 1 and int(piece["most"]) - int(least) >= WORTH_LOOSENING
        return f"{{{least},}}" if counts else piece[0]

    return _PIECES.sub(without_bound, expression)


def core(expression: str) -> str:
    """An expression that matches within every match of ``expression``, where that is one row of atoms; else empty.

    It is a row of as many rounds as each atom takes at least, between two atoms whose rounds vary. Of the first one it
    takes none: what begins late is cheap to look for, most of all when it begins with one character.
    """
    row = _ROW.fullmatch(expression)
    if row is None:
        return ""
    pieces, sizes = [""], [0]
    for one in _ATOM.finditer(row["row"]):
        atom, least = one["atom"], int(one["least"] or 1)
        pieces[-1] += f"{atom}{{{least}}}" if least > 1 else atom * least
        sizes[-1] += least
        if one["comma"] or not least:
            pieces.append("")
            sizes.append(0)
    size = max(sizes)
    return pieces[sizes.index(size)] if size >= SHORTEST_CORE else ""


def relaxed(expression: str) -> tuple[str, int | None]:
    """An expression without large bounds of repeats, and the smallest of these; None where none was dropped.

    It matches wherever ``expression`` does, and prefers the same among what both match. A match of so many bytes at
    most keeps to every bound, as every round takes a byte, so it is the match of ``expression``, group by group. RE2
    refuses the one when it refuses the other.
    """
    rounds = prod(max(1, int(most or least)) for least, most in _GROUP_COUNT.findall(expression))
    dropped: list[int] = []
    in_rounds = _GROUP_AGAIN.search(expression) is not None

    def without_bound(piece: re.Match[str]) -> str:
        most = int(piece["most"] or 0)
        if most < WORTH_DROPPING or most * rounds > MOST_REPEATS or int(piece["least"]) > most:
            return piece[0]
        if in_rounds and int(piece["least"]) == 0 and expression.startswith("?", piece.end()):
            return piece[0]  # rounds of a group may be empty then, and RE2 prefers others of them without the bound
        dropped.append(most)
        return f"{piece['atom']}{{{piece['least']},}}"

    return _ATOMS.sub(without_bound, expression), min(dropped, default=None)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def alternation(self, *, dotall: bool, depth: int) -> Width:
        """Up to the closing parenthesis of this group, which is left standing."""
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        best: Width | None = None
        branch = Width()
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                self.at += 1
                best, branch = (best.either(branch) if best else branch), Width()
                continue
            if (plain := _PLAIN.match(self.text, self.at)) is not None:
                self.at = plain.end()
                branch = branch.then(Width(len(plain.group())))
                continue
            flags = self._bare_flags()
            if flags is not None:
                dotall = flags if flags != "" else dotall  # type: ignore[assignment]
                continue
            atom = self._atom(dotall=dotall, depth=depth)
            branch = branch.then(self._repeated(atom))
        return best.either(branch) if best else branch

    def _bare_flags(self) -> bool | str | None:
        """``(?i)``: whether it sets ``s``; an empty string when it does not say; None when none stands here."""
        if not self.text.startswith("(?", self.at):
            return None
        end = self.at + 2
        while end < len(self.text) and self.text[end] in "imsU-":
            end += 1
        if end >= len(self.text) or self.text[end] != ")":
            return None
        flags = self.text[self.at + 2 : end]
        self.at = end + 1
        return _dotall_of(flags)

    def _atom(self, *, dotall: bool, depth: int) -> Width:
        char = self.text[self.at]
        if char == "(":
            return self._group(dotall=dotall, depth=depth)
        if char == "[":
            return Width(1, lines=_takes_newline(self._class()))
        self.at += 1
        if char == "\\":
            return self._escape()
        if char == ".":
            return Width(1, lines=dotall)
        if char in "^$":
            return Width()
        return Width(1, lines=char == "\n")

    def _group(self, *, dotall: bool, depth: int) -> Width:
        self.at += 1
        if self.text.startswith("?", self.at):
            if self.text[self.at + 1] in "P<":
                self.at = self.text.index(">", self.at) + 1
            else:
                colon = self.text.index(":", self.at)
                said = _dotall_of(self.text[self.at + 1 : colon])
                dotall = said if isinstance(said, bool) else dotall
                self.at = colon + 1
        inner = self.alternation(dotall=dotall, depth=depth + 1)
        if self.text[self.at] != ")":
            raise ValueError("group left open")
        self.at += 1
        return inner

    def _class(self) -> str:
        begin = self.at
        self.at += 1
        if self.text[self.at] == "^":
            self.at += 1
        if self.text[self.at] == "]":
            self.at += 1
        while self.text[self.at] != "]":
            if self.text[self.at] == "\\":
                self.at += 2
            elif self.text.startswith("[:", self.at) and ":]" in self.text[self.at : self.at + 12]:
                self.at = self.text.index(":]", self.at) + 2
            else:
                self.at += 1
        self.at += 1
        return self.text[begin : self.at]

    def _escape(self) -> Width:
        char = self.text[self.at]
        self.at += 1
        if char in _ZERO_WIDTH:
            return Width()
        if char == "Q":
            end = self.text.find("\\E", self.at)
            literal = self.text[self.at : end if end >= 0 else len(self.text)]
            self.at += len(literal) + (2 if end >= 0 else 0)
            return Width(len(literal), lines=literal.count("\n"))
        if char in "pP":
            self.at = self.text.index("}", self.at) + 1 if self.text[self.at] == "{" else self.at + 1
            return Width(1, lines=1)
        if char == "x":
            begin = self.at
            self.at = self.text.index("}", begin) + 1 if self.text[begin] == "{" else begin + 2
            return Width(1, lines=int(self.text[begin : self.at].strip("{}"), 16) == ord("\n"))
        return Width(1, lines=char in _PERL_WITH_NEWLINE or char == "n" or char.isdigit())

    def _repeated(self, atom: Width) -> Width:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "*+":
                atom = atom.times(None)
            elif char == "{" and (bounds := self._bounds()) is not None:
                atom = atom.times(bounds[1])
                self.at = bounds[0] - 1
            elif char != "?":
                break
            self.at += 1
        return atom

    def _bounds(self) -> tuple[int, int | None] | None:
        """Where a counted repeat ends and its upper bound; None when the brace is a literal."""
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at + 1 : max(end, self.at)].partition(",")
        if end < 0 or not least.isdigit() or (most and not most.isdigit()):
            return None
        if not comma:
            return end + 1, int(least)
        return end + 1, int(most) if most else None


def _dotall_of(flags: str) -> bool | str:
    on, _, off = flags.partition("-")
    return True if "s" in on else False if "s" in off else ""


@lru_cache(maxsize=4096)
def _takes_newline(character_class: str) -> bool:
    import re2

    try:
        compiled: Any = re2.compile(character_class.encode("utf-8"))  # type: ignore[no-untyped-call]
        return compiled.match(b"\n") is not None
    except re2.error:
        return True
