"""Names of fields and the paths they stand for: ``a.b``, ``a[*].b``, ``a[0]``, ``a['b.c']``, ``tags['''x''']``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lockgate.policy.azure.values import ascii_fold

STAR: Final = -1
"""The segment ``[*]``: every member of an array. Other numbers are indexes."""

MAX_SEGMENTS: Final = 64
"""A path deeper than this names nothing that Resource Manager accepts."""

Segment = str | int


@dataclass(frozen=True, slots=True)
class Path:
    """One way to reach a value in a resource."""

    segments: tuple[Segment, ...]
    """Property names as written, indexes, and :data:`STAR`."""
    flatten: bool = False
    """Whether a name that an object lacks is also looked for in that object's ``properties``."""
    folded: tuple[Segment, ...] = field(default=(), compare=False)
    """The segments with names folded, by which a counted array is known again."""
    stars: tuple[int, ...] = field(default=(), compare=False)
    """Lengths of the prefixes that end in ``[*]``, longest first."""

    @classmethod
    def of(cls, segments: tuple[Segment, ...], *, flatten: bool = False) -> Path:
        """A path with what is derived from its segments."""
        folded = tuple(ascii_fold(one) if isinstance(one, str) else one for one in segments)
        stars = tuple(at + 1 for at in range(len(segments) - 1, -1, -1) if segments[at] == STAR)
        return cls(segments, flatten, folded, stars)


def split_qualified(name: str) -> tuple[str, str]:
    """The resource type and the property path of a field; the type is empty for built-in fields and tags.

    >>> split_qualified("Microsoft.Storage/storageAccounts/sku.name")
    ('Microsoft.Storage/storageAccounts', 'sku.name')
    """
    bracket = name.find("[")
    head = name if bracket < 0 else name[:bracket]
    if is_tag(name):
        return "", name
    slash = head.rfind("/")
    return ("", name) if slash < 0 else (name[:slash], name[slash + 1 :])


def is_tag(name: str) -> bool:
    """Whether the name reads one tag (``tags.x``, ``tags['x']``, ``tags[x]``), not all of them."""
    low = name[:5].lower()
    return low in ("tags.", "tags[") and len(name) > 5 and name[5:] != "*]" and not name[5:].startswith("*]")


def tag_name(name: str) -> str:
    """The tag that a field reads. Two apostrophes inside quotes are one; inside doubled quotes they belong to it."""
    rest = name[4:]
    if rest.startswith("."):
        return rest[1:]
    inner = rest[1:-1] if rest.endswith("]") else rest[1:]
    if len(inner) >= 2 and inner[0] == "'" and inner[-1] == "'":
        return inner[1:-1].replace("''", "'")
    return inner


def parse_path(text: str) -> tuple[Segment, ...] | None:
    """The segments of a property path, or None when it is not one."""
    if is_tag(text):
        return ("tags", tag_name(text))
    segments: list[Segment] = []
    at = 0
    while at < len(text):
        if len(segments) > MAX_SEGMENTS:
            return None
        if text[at] == "[":
            end = _bracket_end(text, at)
            if end < 0:
                return None
            segments.append(_bracketed(text[at + 1 : end]))
            at = end + 1
            continue
        if text[at] == ".":
            at += 1
        end = at
        while end < len(text) and text[end] not in ".[":
            end += 1
        if end == at:
            return None
        segments.append(text[at:end])
        at = end
    return tuple(segments) or None


def _bracket_end(text: str, start: int) -> int:
    if text[start + 1 : start + 2] == "'":
        end = text.find("']", start + 2)
        return end + 1 if end >= 0 else -1
    return text.find("]", start)


def _bracketed(inner: str) -> Segment:
    if inner == "*":
        return STAR
    if inner.isdecimal() and inner.isascii() and len(inner) < 10:
        return int(inner)
    if len(inner) >= 2 and inner[0] == "'" and inner[-1] == "'":
        return inner[1:-1].replace("''", "'")
    return inner
