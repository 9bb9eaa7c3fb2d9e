"""Which patterns may match a content at all, by the keywords that stand in it: one look for all keywords together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any


class Words:
    """The keywords of patterns, as one automaton."""

    def __init__(self, keywords: Mapping[int, Sequence[str]]) -> None:
        """Keywords by number of the pattern: lower case and ASCII; a pattern without any may always match."""
        self._always = frozenset(number for number, words in keywords.items() if not words)
        by_word: dict[str, list[int]] = {}
        for number, words in keywords.items():
            for word in words:
                by_word.setdefault(word, []).append(number)
        self._numbers = tuple(by_word.values())
        self._set = _set_of(by_word) if by_word else None

    def wanted(self, content: bytes) -> list[int]:
        """Numbers of the patterns one of whose keywords stands in ``content``, whatever the case, in order."""
        found = set(self._always)
        for place in (self._set.Match(content) or ()) if self._set is not None else ():
            found.update(self._numbers[place])
        return sorted(found)


def _set_of(words: Mapping[str, object]) -> Any:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 64 << 20
    found = re2.Set.SearchSet(options)  # type: ignore[no-untyped-call]
    for word in words:
        found.Add(f"(?i){re.escape(word)}")
    found.Compile()
    return found
