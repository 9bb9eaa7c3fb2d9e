"""Who owns a path, from CODEOWNERS.

Syntax: https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
(gitignore patterns without ``!``, ``[]`` and ``\\#``; the last match wins; a pattern without owners takes them away).
GitLab's section lines are understood: their owners stand for entries without any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_BYTES = 3 * 1024 * 1024
"""GitHub reads no larger CODEOWNERS."""
_MAX_PATTERN = 1_000
_SECTION = re.compile(r"\^?\[[^\]]{1,200}\](\[\d{1,3}\])?\s*(.*)\Z")


@dataclass(slots=True)
class Owners:
    """The entries of one CODEOWNERS file."""

    entries: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = ()
    """Pattern and owners, in file order."""
    _asked: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Owners:
        """The entries of ``text``; a line that GitHub would refuse is passed over, as GitHub does."""
        entries: list[tuple[re.Pattern[str], tuple[str, ...]]] = []
        standing: tuple[str, ...] = ()
        for line in text[:MAX_BYTES].splitlines():
            words = line.strip()
            if not words or words.startswith("#"):
                continue
            section = _SECTION.match(words)
            if section is not None:
                standing = _names(section[2])
                continue
            pattern, _, rest = _split(words)
            matcher = compiled(pattern)
            if matcher is not None:
                entries.append((matcher, _names(rest) or standing))
        return cls(tuple(entries))

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of ``path`` (relative, forward slashes); empty when nobody owns it."""
        if path not in self._asked:
            self._asked[path] = next((names for matcher, names in reversed(self.entries) if matcher.match(path)), ())
        return self._asked[path]


def compiled(pattern: str) -> re.Pattern[str] | None:
    """A gitignore pattern as an expression over a whole relative path, or None where it is not one we take.

    Linear: between ``/`` only ``[^/]*`` repeats, and neighbouring stars become one.
    """
    if len(pattern) > _MAX_PATTERN or pattern.startswith("!") or "[" in pattern or pattern.count("*") > 20:
        return None
    anchored = "/" in pattern.rstrip("/")
    parts = [part.replace("\0", "/") for part in pattern.strip("/").split("/")]
    if parts == [""]:
        return re.compile(r".*\Z", re.DOTALL) if pattern == "/" else None
    body = "" if anchored else "(?:.*/)?"
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            body += ".*" if last else "(?:.*/)?"
        else:
            body += _part(part) + ("" if last else "/")
    if pattern.endswith("/"):
        body += "/.*"
    elif not (anchored and parts[-1] in ("*", "**")):
        body += "(?:/.*)?"
    return re.compile(body + r"\Z", re.DOTALL)


def _part(part: str) -> str:
    out, stars = [], False
    characters = iter(part)
    for character in characters:
        if character == "*":
            if not stars:
                out.append("[^/]*")
            stars = True
            continue
        stars = False
        if character == "?":
            out.append("[^/]")
        elif character == "\\":
            out.append(re.escape(next(characters, "\\")))
        else:
            out.append(re.escape(character))
    return "".join(out)


def _split(line: str) -> tuple[str, str, str]:
    """Pattern, blank, rest: the first blank that no backslash escapes ends the pattern."""
    match = re.match(r"((?:\\.|[^\s\\])+)(\s*)(.*)\Z", line, re.DOTALL)
    return (match[1], match[2], match[3]) if match else (line, "", "")


def _names(rest: str) -> tuple[str, ...]:
    names: list[str] = []
    for word in rest.split():
        if word.startswith("#"):
            break
        if "@" in word:
            names.append(word)
    return tuple(dict.fromkeys(names))
