"""The nouns of a parsed Dockerfile. No parsing and no judging here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import field

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be understood; the rest of the file was read all the same."""

    line: int
    reason: str
    fatal: bool = False
    """True: nothing of the file was read."""


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One here-document of a RUN, COPY or ADD."""

    name: str
    content: str
    """Lines joined by newlines; leading tabs already removed for ``<<-``."""
    line: int
    """First line of the content (from 1)."""
    quoted: bool
    """True: the word was quoted, so nothing inside is substituted."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, with continuation lines joined and comments between them removed."""

    keyword: str
    """Upper case."""
    text: str
    """Everything after the keyword and its flags."""
    line: int
    end_line: int
    """Last line, the terminators of here-documents included."""
    flags: tuple[tuple[str, str], ...] = ()
    """``--name=value`` in order; the value of a bare flag is empty."""
    json: tuple[str, ...] | None = None
    """The strings of the exec (JSON) form; None in shell form."""
    heredocs: tuple[Heredoc, ...] = ()
    pairs: tuple[tuple[str, str | None], ...] = ()
    """Of ENV, ARG and LABEL: names and unquoted, substituted values; None where ARG has no default."""
    words: tuple[str, ...] = ()
    """Unquoted words; substituted where Docker substitutes (not in RUN, CMD, ENTRYPOINT)."""
    resolved: bool = True
    """False when a word depends on a build argument without a default."""
    onbuild: bool = False
    """True: the instruction stands behind ONBUILD, and runs in a build on top of this image."""
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    """The shell in effect (SHELL)."""
    user: str | None = None
    """The USER in effect before the instruction; None when only the base image says."""
    workdir: str = ""
    """The WORKDIR in effect before the instruction; empty when only the base image says."""
    marks: tuple[tuple[int, int], ...] = ()
    """``(offset in text, line)`` where each physical line begins."""

    def flag(self, name: str) -> str | None:
        """The first value of that flag, or None."""
        return next((value for key, value in self.flags if key == name), None)

    def line_at(self, offset: int) -> int:
        """The physical line of a character of ``text``."""
        place = bisect_right(self.marks, (offset, 1 << 62)) - 1
        return self.marks[place][1] if place >= 0 else self.line


@dataclass(frozen=True, slots=True)
class Stage:
    """What one FROM begins."""

    index: int
    name: str
    """Lower case, as Docker compares names; empty when the stage has none."""
    base: str
    """Image or stage, substituted; empty when a build argument without a default decides."""
    parent: int | None
    """Index of the stage it builds on, or None for an image."""
    opening: Instruction
    """The FROM."""
    platform: str = ""
    """As written."""
    instructions: tuple[Instruction, ...] = ()
    """Without the FROM."""
    user: str | None = None
    """The USER at the end of the stage, parents included; None when only the base image says."""
    user_instruction: Instruction | None = None


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """One file."""

    directives: Mapping[str, str]
    """Parser directives: ``syntax``, ``escape``, ``check``."""
    escape: str
    stages: tuple[Stage, ...]
    preamble: tuple[Instruction, ...] = ()
    """ARG before the first FROM."""
    problems: tuple[Problem, ...] = ()
    lines: tuple[str, ...] = field(default=(), repr=False)
    """The physical lines, without their ends."""
