"""``WWW-Authenticate`` headers. Source: RFC 9110, 11.6.1; pure."""

from __future__ import annotations

from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern

_LONGEST = 8_192
_PART = lazy_pattern(
    r"[\s,]*+(?:(?P<key>[A-Za-z0-9_-]++)\s*+=\s*+(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<plain>[^\s,\"]++))"
    r"|(?P<scheme>[A-Za-z0-9_-]++))"
)


@dataclass(slots=True)
class Challenge:
    """One way in."""

    scheme: str
    """In lower case: ``basic``, ``bearer``."""
    parameters: dict[str, str] = field(default_factory=dict)
    """By name in lower case."""


def parsed(header: str) -> list[Challenge]:
    """The challenges of a header; what cannot be read ends the list."""
    found: list[Challenge] = []
    at = 0
    header = header[:_LONGEST]
    while (part := _PART.match(header, at)) is not None:
        at = part.end()
        if part.group("scheme"):
            found.append(Challenge(part.group("scheme").lower()))
        elif found:
            quoted = part.group("quoted")
            value = part.group("plain") if quoted is None else quoted.replace('\\"', '"').replace("\\\\", "\\")
            found[-1].parameters[part.group("key").lower()] = value
    return found
