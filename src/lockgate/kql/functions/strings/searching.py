"""Places and counts of one text in another, and plain replacement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockgate.kql.functions import Maker, plain
from lockgate.kql.functions.strings.building import on_texts
from lockgate.kql.patterns import compiled
from lockgate.kql.row.texts import has
from lockgate.kql.text import MAX_TEXT, clean, cut, dynamic_text, lowered


def _window(text: str, start: Any, length: Any) -> tuple[int, int]:
    begin = min(start if start >= 0 else max(0, len(text) + start), len(text))
    return begin, len(text) if length < 0 else min(begin + length, len(text))


def _index_of(text: str, lookup: str, start: Any = 0, length: Any = -1, occurrence: Any = 1) -> int | None:
    """Where the text stands for the ``occurrence``-th time, or -1. Each time ``length`` characters are looked at."""
    start, length, occurrence = (
        given if one is None else one for one, given in ((start, 0), (length, -1), (occurrence, 1))
    )
    if length < -1 or occurrence < 0:
        return None
    if not 0 < occurrence <= len(text) + 1:
        return -1
    at = -1
    for _ in range(occurrence):
        begin, end = _window(text, start, length)
        at = text.find(lookup, begin, end)
        if at < 0:
            return -1
        start = at + 1
    return at


def _index_of_regex(text: str, pattern: str, start: Any = 0, length: Any = -1, occurrence: Any = 1) -> int | None:
    """The same of a pattern, which is not looked for from the end: null where the start is less than 0."""
    start, length, occurrence = (
        given if one is None else one for one, given in ((start, 0), (length, -1), (occurrence, 1))
    )
    if start < 0 or length < -1 or occurrence < 0:
        return None
    begin, end = _window(text, start, length)
    for seen, found in enumerate(compiled(pattern).finditer(clean(text[begin:end])), 1):
        if seen == occurrence:
            return begin + int(found.start())
    return -1


def _has_any_index(text: str, values: Any) -> int:
    lower = lowered(text)
    for i, one in enumerate(values if isinstance(values, list) else []):
        if has(lower, lowered(dynamic_text(one))):
            return i
    return -1


def _count_of(text: str, search: str, kind: str = "normal") -> int:
    """Plain texts are counted where they overlap too; matches of a pattern are not."""
    if kind == "regex":
        return sum(1 for _ in compiled(search).finditer(clean(text)))
    if not search:
        return 0
    count, at = 0, text.find(search)
    while at >= 0:
        count += 1
        at = text.find(search, at + 1)
    return count


def replaced(text: str, lookup: str, rewrite: str) -> str:
    """Every ``lookup`` in the text replaced, as long as the result may be a value."""
    if not lookup:
        return text
    growth = len(rewrite) - len(lookup)
    if growth > 0 and text.count(lookup) * growth + len(text) > MAX_TEXT:
        return cut(text.replace(lookup, rewrite, (MAX_TEXT - len(text)) // growth + 1))
    return text.replace(lookup, rewrite)


def _replace_all(text: str, lookups: Any, rewrites: Any) -> str:
    """Every lookup in the text as it came: what an earlier one matches is nobody else's. What is no text rewrites
    nothing, and its matches stay as they are."""
    if not isinstance(lookups, list) or not isinstance(rewrites, list):
        return text
    left, done = [text], ["", ""]
    for lookup, rewrite in zip(lookups, rewrites, strict=False):
        if not isinstance(lookup, str) or not lookup or not any(lookup in one for one in left):
            continue
        left, done = _claimed(left, done, lookup, rewrite if isinstance(rewrite, str) else lookup)
    return cut("".join(_within_a_value(left, done)))


def _claimed(left: list[str], done: list[str], lookup: str, rewrite: str) -> tuple[list[str], list[str]]:
    """The pieces without the lookup, and what stands before, between and behind them."""
    pieces, between = [], [done[0]]
    for piece, behind in zip(left, done[1:], strict=True):
        parts = piece.split(lookup)
        pieces += parts
        between += [rewrite] * (len(parts) - 1)
        between.append(behind)
    return pieces, between


def _within_a_value(left: list[str], done: list[str]) -> Iterator[str]:
    """Pieces and what stands between them, until a value can hold no more."""
    size = 0
    for piece, behind in zip(left, done[1:], strict=True):
        yield piece
        yield behind
        size += len(piece) + len(behind)
        if size > MAX_TEXT:
            return


def _translate(search: str, replacement: str, text: str) -> str:
    """Each character of ``search`` becomes the one at its place in ``replacement``, or the last one of that."""
    table: dict[int, str] = {}
    for i, one in enumerate(search[:MAX_TEXT]):
        table.setdefault(ord(one), replacement[min(i, len(replacement) - 1)] if replacement else "")
    return text.translate(table)


FUNCTIONS: dict[str, Maker] = {
    "indexof": on_texts(_index_of, 2),
    "indexof_regex": on_texts(_index_of_regex, 2),
    "has_any_index": on_texts(_has_any_index),
    "countof": plain(_count_of),
    "replace_string": plain(replaced),
    "replace_strings": plain(_replace_all),
    "translate": plain(_translate),
}
