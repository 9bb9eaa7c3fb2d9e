"""Where a line of a body ends in the text, so that it can be shown as its author wrote it."""

from __future__ import annotations

from typing import Final

_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_OPERATORS: Final = ("=", "<", ">", "+", "-", "*", "/", "%", "&", "|", ",", " in", " with", " as")


def line_number(text: str, at: int) -> int:
    """The line of an offset, counted from 1."""
    return text.count("\n", 0, at) + 1


def line_text(text: str, at: int) -> str:
    """The line of a body that begins at an offset, on one line: up to the end of the line, a ``;`` or the closing
    bracket of what is around it, brackets within it and lines that go on after an operator included."""
    depth = 0
    parts: list[str] = []
    end = at
    while end < len(text):
        character = text[end]
        if character in '"`':
            stop = _string_end(text, end)
            parts.append(text[end:stop])
            end = stop
            continue
        if character == "#":
            stop = text.find("\n", end)
            end = len(text) if stop < 0 else stop
            continue
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
            if depth < 0:
                break
        elif depth == 0 and (character == ";" or (character == "\n" and not _goes_on("".join(parts)))):
            break
        parts.append(character)
        end += 1
    return " ".join("".join(parts).split())


def _goes_on(written: str) -> bool:
    return written.rstrip().endswith(_OPERATORS)


def _string_end(text: str, start: int) -> int:
    quote = text[start]
    at = start + 1
    while at < len(text) and text[at] != quote:
        at += 2 if quote == '"' and text[at] == "\\" else 1
    return min(at + 1, len(text))
