"""``name = value`` lines of INI, dotenv, properties, shell and code files, with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

_SECTION = lazy_pattern(r"\s{0,20}\[([^\]]{1,300})\]")
_INI = lazy_pattern(r"\s{0,40}([^\s=:#;\[][^=:]{0,199}?)\s{0,20}[=:]\s{0,20}(.*)")
_SHELL = lazy_pattern(
    r"\s{0,40}(?:(?:export|declare(?:\s-\w{1,5})?|typeset(?:\s-\w{1,5})?|local|setenv|set\s-gx|set|env)\s{1,10})?"
    r"([A-Za-z_][A-Za-z0-9_.-]{0,199})(?:\s{0,10}=\s{0,10}|\s{1,10})(.*)"
)
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """One name and its value, quotes taken off."""

    section: str
    name: str
    value: str = field(repr=False)
    line: int


def ini(text: str, *, comments: str = "#;") -> Iterator[Assignment]:
    """Assignments of an INI or properties file. Lines over 20,000 characters are passed over."""
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in comments or len(line) > _LONGEST:
            continue
        head = _SECTION.match(line)
        if head:
            section = head.group(1).strip()
            continue
        match = _INI.match(line.rstrip("\r"))
        if match:
            yield Assignment(section, match.group(1).strip(), unquoted(match.group(2)), number)


def shell(text: str) -> Iterator[Assignment]:
    """Assignments of a dotenv file or of a shell start-up file (``export``, ``setenv``, ``set -gx``)."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped[0] == "#" or len(line) > _LONGEST:
            continue
        match = _SHELL.match(line.rstrip("\r"))
        if match and ("=" in line or stripped.startswith(("setenv", "set "))):
            yield Assignment("", match.group(1), shell_word(match.group(2)), number)


def unquoted(text: str) -> str:
    """A value without its surrounding blanks and quotes."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def shell_word(text: str) -> str:
    """The first word of a shell value: what the quotes hold, or up to a blank, ``;`` or comment."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    return re.split(r"\s|;(?=\s|$)", text, maxsplit=1)[0]
