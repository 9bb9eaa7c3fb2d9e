"""Gathers credentials of one file: looks values up in their line, grades them, and leaves placeholders out."""

from __future__ import annotations

from lockgate.formats.credentials import MAX_FOUND, Credential
from lockgate.formats.credentials._urls import Found, in_connection_string, in_urls
from lockgate.formats.credentials._values import grade, names_secret
from lockgate.formats.format_error import FormatError
from lockgate.model import Confidence, SkipKind


def text_of(content: bytes) -> str:
    """The content as text: UTF-8, or UTF-16 with its mark; refuses binary content."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    if b"\0" in content[:8192]:
        raise FormatError("binary content in a text format", kind=SkipKind.UNSUPPORTED)
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


class Collector:
    """The credentials of one file under one kind."""

    def __init__(self, kind: str, text: str, *, spread: int = 0) -> None:
        """``spread``: lines below the given one where a value may stand, as in XML tags over some lines."""
        self.kind = kind
        self._spread = spread
        self.lines = text.split("\n")
        self._found: list[Credential] = []

    def add(
        self,
        key: str,
        value: object,
        line: int,
        *,
        user: str = "",
        host: str = "",
        written: str | None = None,
        loose: bool = False,
        at_most: Confidence = Confidence.HIGH,
        column: int = 0,
        kind: str = "",
    ) -> None:
        """Keep a value unless it is a placeholder. ``written`` is its form in the line, where that differs."""
        if len(self._found) >= MAX_FOUND or not isinstance(value, str):
            return
        confidence = grade(value, loose=loose)
        if confidence is None:
            return
        line = self._near(line, value if written is None else written)
        place = column or self._column(line, value if written is None else written)
        sure = min(confidence, at_most)
        self._found.append(Credential(kind or self.kind, value, line, place, key[:200], user[:200], host[:200], sure))

    def add_named(self, key: str, value: object, line: int, *, user: str = "", host: str = "") -> None:
        """Keep a value when its name promises a secret, or when an address in it carries a password."""
        if not isinstance(value, str):
            return
        if self.add_embedded(key, value, line):
            return
        if names_secret(key):
            self.add(key, value, line, user=user, host=host, loose=True)

    def add_embedded(self, key: str, value: str, line: int) -> bool:
        """Keep passwords of addresses and connection strings within a value; whether there were any."""
        within = [*in_urls(value), *in_connection_string(value)]
        line = self._near(line, value)
        base = self._column(line, value)
        for item in within:
            self._add_found(key, item, line, base + item.start)
        return bool(within)

    def _add_found(self, key: str, item: Found, line: int, column: int) -> None:
        self.add(key, item.value, line, user=item.user, host=item.host, column=column, at_most=Confidence.MEDIUM)

    def done(self) -> tuple[Credential, ...]:
        """What was kept, in order."""
        return tuple(self._found)

    def _near(self, line: int, written: str) -> int:
        near = self.lines[line - 1 : line + self._spread] if self._spread else []
        return next((line + place for place, text in enumerate(near) if written in text[:100_000]), line)

    def _column(self, line: int, written: str) -> int:
        if not 1 <= line <= len(self.lines) or "\n" in written:
            return 1
        text = self.lines[line - 1]
        return text.find(written) + 1 or 1 if len(text) < 100_000 else 1
