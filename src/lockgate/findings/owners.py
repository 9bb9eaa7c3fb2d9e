"""Who owns a path, from CODEOWNERS.

Syntax: https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
(gitignore patterns without ``!``, ``[]`` and ``\\#``; the last match wins; a pattern without owners takes them away).
GitLab's section lines are understood: their owners stand for entries without any.
"""

from __future__ import annotations

import re
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

MAX_BYTES = 3 * 1024 * 1024
"""GitHub reads no larger CODEOWNERS."""
_MAX_PATTERN = 1_000
_SECTION = lazy_pattern(r"\^?\[[^\]]{1,200}\](\[\d{1,3}\])?\s*(.*)\Z")


class Glob:
    """A pattern over paths."""

    def __init__(self, expression: str) -> None:
        import re2

        self._compiled = re2.compile(f"(?s:{expression})")  # type: ignore[no-untyped-call]  # re2 has no types

    def matches(self, path: str) -> bool:
        """Whether the whole of ``path`` is meant."""
        text = path if path.isascii() else path.encode("utf-8", "replace").decode()
        return self._compiled.fullmatch(text) is not None


@dataclass(slots=True)
class Owners:
    """The entries of one CODEOWNERS file."""

    entries: tuple[tuple[Glob, tuple[str, ...]], ...] = ()
    """Pattern and owners, in file order."""
    _asked: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

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
        if path not in self._asked:
            self._asked[path] = next((names for matcher, names in reversed(self.entries) if matcher.matches(path)), ())
        return self._asked[path]


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
