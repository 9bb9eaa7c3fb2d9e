"""Who owns a path, from CODEOWNERS.

Syntax: https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
(gitignore patterns without ``!``, ``[]`` and ``\\#``; the last match wins; a pattern without owners takes them away).
GitLab's section lines are understood: their owners stand for entries without any.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

MAX_BYTES = 3 * 1024 * 1024
"""GitHub reads no larger CODEOWNERS."""
_MAX_PATTERN = 1_000
_JOINED = 250
"""Patterns in one automaton."""
_SECTION = lazy_pattern(r"\^?\[[^\]]{1,200}\](\[\d{1,3}\])?\s*(.*)\Z")


class Glob:
    """A pattern over paths."""

    def __init__(self, expression: str) -> None:
        import re2

        self.expression = f"(?s:{expression})"
        self._compiled = re2.compile(self.expression)  # type: ignore[no-untyped-call]  # re2 has no types

    def matches(self, path: str) -> bool:
        """Whether the whole of ``path`` is meant."""
        return self._compiled.fullmatch(_encodable(path)) is not None


@dataclass(slots=True)
class Owners:
    """The entries of one CODEOWNERS file."""

    entries: tuple[tuple[Glob, tuple[str, ...]], ...] = ()
    """Pattern and owners, in file order."""
    _asked: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)
    _joined: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)
    """Patterns joined in one automaton, by the index of the first, once there was a path to ask about."""

    @classmethod
    def parse(cls, text: str) -> Owners:
        """The entries of ``text``; a line that GitHub would refuse is passed over, as GitHub does."""
        entries: list[tuple[Glob, tuple[str, ...]]] = []
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
        names = self._asked.get(path)
        if names is None:
            names = self._asked[path] = self._last(path)
        return names

    def _last(self, path: str) -> tuple[str, ...]:
        """Of the last entry that means ``path``."""
        text = _encodable(path)
        for start in range(len(self.entries) // _JOINED * _JOINED, -1, -_JOINED):
            entries = self.entries[start : start + _JOINED]
            if start not in self._joined:
                self._joined[start] = _automaton([matcher.expression for matcher, _ in entries])
            joined = self._joined[start]
            met: list[int] | None = joined.Match(text) if joined is not None else None
            if met is None:  # no automaton, or one that has run out of memory, since any path meets its first pattern
                met = [0, *(number for number, one in enumerate(entries, 1) if one[0].matches(path))]
            if len(met) > 1:
                return entries[max(met) - 1][1]
        return ()


def _automaton(expressions: list[str]) -> Any:
    """One that tells which of ``expressions``, counted from 1, match the whole of a text, and 0 of any text; None where
    they are too large for one."""
    import re2

    options = re2.Options()
    options.log_errors = False
    made = re2.Set.FullMatchSet(options)  # type: ignore[no-untyped-call]
    try:
        for expression in ("(?s:.*)", *expressions):
            made.Add(expression)
        made.Compile()
    except re2.error:
        return None
    return made


def _encodable(path: str) -> str:
    return path if path.isascii() else path.encode("utf-8", "replace").decode()


def compiled(pattern: str) -> Glob | None:
    """A gitignore pattern over whole relative paths, or None where it is not one we take. RE2 keeps it linear."""
    if len(pattern) > _MAX_PATTERN or pattern.startswith("!") or "[" in pattern or pattern.count("*") > 20:
        return None
    anchored = "/" in pattern.rstrip("/")
    parts = [part.replace("\0", "/") for part in pattern.strip("/").split("/")]
    if parts == [""]:
        return Glob(".*") if pattern == "/" else None
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
    return Glob(body)


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
