"""Which patterns may match a content at all, by the keywords that stand in it: one look for all keywords together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

PATIENCE = 8_000
"""Bytes that are looked through keyword by keyword before an automaton is made: that takes about as long."""


class Words:
    """The keywords of patterns, as one automaton where there is more than a little to look through."""

    def __init__(self, keywords: Mapping[int, Sequence[str]]) -> None:
        """Keywords by number of the pattern: lower case, or as written where not ASCII.

        A pattern without any may always match.
        """
        self._always = frozenset(number for number, words in keywords.items() if not words)
        by_word: dict[str, list[int]] = {}
        for number, words in keywords.items():
            for word in words:
                by_word.setdefault(word, []).append(number)
        self._numbers = tuple(by_word.values())
        self._words = tuple(word.encode("utf-8") for word in by_word)
        self._patience = PATIENCE
        self._set: Any = None

    def wanted(self, content: bytes) -> list[int]:
        """Numbers of the patterns one of whose keywords stands in ``content``, whatever the case, in order."""
        found = set(self._always)
        for place in self._places(content):
            found.update(self._numbers[place])
        return sorted(found)

    def _places(self, content: bytes) -> Sequence[int]:
        """Places of the keywords that stand in ``content``."""
        self._patience -= len(content)
        if self._patience >= 0:
            lowered = content.lower()
            return [place for place, word in enumerate(self._words) if word in lowered]
        if self._set is None and self._words:
            self._set = _set_of(self._words)
        return self._set.Match(content) or () if self._set is not None else ()


def _set_of(words: Sequence[bytes]) -> Any:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 64 << 20
    found = re2.Set.SearchSet(options)  # type: ignore[no-untyped-call]
    for word in words:
        text = re.escape(word.decode("utf-8"))
        found.Add(f"(?i){text}" if word.isascii() else text)
    found.Compile()
    return found
