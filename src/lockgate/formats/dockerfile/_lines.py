"""From bytes to logical lines: parser directives, comments, continuation and here-documents.

Source: https://docs.docker.com/reference/dockerfile/ (parser directives, format, here-documents).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.dataclass import dataclass
from lockgate.formats.dockerfile._nouns import Heredoc, Problem
from lockgate.formats.dockerfile._words import split_words, unquote
from lockgate.lazy_pattern import lazy_pattern

_KNOWN_DIRECTIVES = ("syntax", "escape", "check")
_HEREDOC = lazy_pattern(r"\d*<<(-?)([^<\s]+)")
_HEREDOC_KEYWORDS = ("RUN", "COPY", "ADD")


@dataclass(frozen=True, slots=True)
class Logical:
    """One instruction as written, on one line."""

    text: str
    line: int
    end_line: int
    marks: tuple[tuple[int, int], ...]
    heredocs: tuple[Heredoc, ...]


def directives(lines: Sequence[str]) -> dict[str, str]:
    """The parser directives: comments ``# name=value`` before anything else, each name once."""
    found: dict[str, str] = {}
    for line in lines:
        text = line.strip()
        name, equals, value = text[1:].partition("=")
        name = name.strip().lower()
        if not text.startswith("#") or not equals or name not in _KNOWN_DIRECTIVES or name in found:
            break
        found[name] = value.strip()
    return found


def logical_lines(lines: Sequence[str], escape: str, problems: list[Problem]) -> Iterator[Logical]:
    """Every instruction; what is wrong with one is put on ``problems``."""
    position = 0
    while position < len(lines):
        if not lines[position].strip() or lines[position].lstrip().startswith("#"):
            position += 1
            continue
        first = position
        text, marks, position = _joined(lines, position, escape)
        heredocs: tuple[Heredoc, ...] = ()
        if "<<" in text and _may_hold_heredocs(text):
            heredocs, position = _heredocs(lines, position, text=text, escape=escape, problems=problems)
        yield Logical(text, first + 1, position, marks, heredocs)


def _joined(lines: Sequence[str], position: int, escape: str) -> tuple[str, tuple[tuple[int, int], ...], int]:
    """One logical line from ``position`` on; the next position. Comments and blank lines in between are dropped."""
    pieces: list[str] = []
    marks: list[tuple[int, int]] = []
    size, first = 0, True
    while position < len(lines):
        line = lines[position]
        position += 1
        if not first and (not line.strip() or line.lstrip().startswith("#")):
            continue
        piece = line.lstrip() if first else line
        first = False
        marks.append((size, position))
        stripped = piece.rstrip(" \t")
        goes_on = stripped.endswith(escape) and not stripped.endswith(escape * 2)
        if goes_on:
            piece = stripped[:-1]
        pieces.append(piece)
        size += len(piece)
        if not goes_on:
            break
    return "".join(pieces), tuple(marks), position


def _may_hold_heredocs(text: str) -> bool:
    words = text[:64].split(None, 2)
    keyword = words[0].upper() if words else ""
    if keyword == "ONBUILD" and len(words) > 1:
        keyword = words[1].upper()
    return keyword in _HEREDOC_KEYWORDS


def _heredocs(
    lines: Sequence[str], position: int, *, text: str, escape: str, problems: list[Problem]
) -> tuple[tuple[Heredoc, ...], int]:
    found: list[Heredoc] = []
    for word in split_words(text, escape):
        match = _HEREDOC.fullmatch(word)
        if match is None:
            continue
        dash, name = match.group(1) == "-", unquote(match.group(2), escape)
        start, content, closed = position, [], False
        while position < len(lines) and not closed:
            line = lines[position].lstrip("\t") if dash else lines[position]
            position += 1
            if line == name:
                closed = True
            else:
                content.append(line)
        if not closed:
            problems.append(Problem(start, f"the here-document {name[:40]!r} is never closed"))
        found.append(Heredoc(name, "\n".join(content), start + 1, quoted=name != match.group(2)))
    return tuple(found), position
