"""``parse_xml``: a document as a bag, as the service's conversion from XML to JSON gives it.

An attribute is a member ``@name``, text beside members is ``#text``, repeated elements are an array, an element with
nothing in it is null, a number is one. Source: the public documentation of ``parse_xml``. Entities of its own
are not expanded, so that a small text cannot become a large one.
"""

from __future__ import annotations

from typing import Any

from lockgate.kql.text import clean, dynamic_text
from lockgate.lazy_pattern import lazy_pattern

_LONGEST = 1 << 20
_NUMBER = lazy_pattern(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")
_DEEPEST = 200


class _RefusedError(Exception):
    """What the document holds is not read."""


class _Reader:
    """Builds the bag while the parser goes through the text."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.open: list[tuple[str, dict[str, Any], list[str]]] = [("", self.root, [])]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) > _DEEPEST:
            raise _RefusedError
        self.open.append((name, {f"@{key}": value for key, value in attributes.items()}, []))

    def end(self, name: str) -> None:
        name, members, texts = self.open.pop()
        text = "".join(texts).strip()
        value: Any = members
        if not members:
            value = _read(text)
        elif text:
            value = {name: one for name, one in members.items() if name[0] == "@"} | {"#text": _read(text)} | members
        owner = self.open[-1][1]
        if name not in owner:
            owner[name] = value
        elif isinstance(owner[name], list):
            owner[name].append(value)
        else:
            owner[name] = [owner[name], value]

    def text(self, text: str) -> None:
        self.open[-1][2].append(text)

    def doctype(self, *_: object) -> None:
        raise _RefusedError


def _read(text: str) -> str | int | float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def parse_xml(value: Any) -> dict[str, Any] | None:
    """The document, or null when it is none."""
    from xml.parsers import expat

    text = clean(dynamic_text(value)).strip()
    if not text or len(text) > _LONGEST:
        return None
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    # Entities are declared in a document type, and there only.
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, _RefusedError, ValueError):
        return None
    return reader.root
