"""``reduce``: texts that differ in some of their words only become one pattern, with ``*`` for what differs.

Words are runs of letters and digits; the letters of ``characters`` part words too. Texts of as many words, of which
half are the same, share a pattern (as in "Drain", He and others, 2017). The service's own rule is not documented; on
its examples this one gives the same. Patterns of no more rows than ``threshold`` (0.1 of all) are put together as
``others``, which has no example, as a real engine's answer to the documented query shows.
"""

from __future__ import annotations

from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame, framed
from lockgate.kql.steps.evaluation import column
from lockgate.kql.types import Table

MAX_WORDS = 256
"""Most words of a text that are told apart; what follows counts as one."""
MAX_RIVALS = 64
"""Most patterns with one word that a text is held against."""
_OTHERS = "others"
Words = list[str | None]


class _Pattern:
    """Texts that share their words but for those that are ``None``."""

    __slots__ = ("count", "first", "words")

    def __init__(self, words: Words, first: str) -> None:
        self.words, self.first, self.count = words, first, 0

    def near(self, words: list[str]) -> bool:
        """Whether half of the words are the same."""
        same = sum(1 for one, other in zip(self.words, words, strict=True) if one == other)
        return 2 * same >= len(words)


def reduce(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Runs the operator."""
    node, (frame,) = step.syntax, frames
    assert isinstance(node, s.Reduce)
    assert isinstance(step.type, Table)
    given = {one.name: one.value for one in node.properties}
    threshold = _literal(given.get("threshold"), 0.1)
    extra = _literal(given.get("characters"), "")
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1 or not isinstance(extra, str):
        raise EvaluationError("reduce takes a threshold from 0 to 1 and characters as a text.")
    texts = ["" if one is None else str(one) for one in column(step.values[0], frame, context)]
    found = _found(texts, frozenset(extra))
    labels: dict[_Pattern, tuple[str, int, str]] = {}
    least = threshold * len(texts)
    rest: list[_Pattern] = []
    for one in dict.fromkeys(found.values()):
        if one.count > least or one.count == len(texts):
            labels[one] = (_shown(one, frozenset(extra)), one.count, one.first)
        else:
            rest.append(one)
    count = sum(one.count for one in rest)
    labels.update((one, (_OTHERS, count, "")) for one in rest)
    if any(one.name == "kind" and one.word == "source" for one in node.parameters):
        rows = [(*row, *labels[found[text]]) for row, text in zip(frame.rows(), texts, strict=True)]
        return framed((*frame.columns, *step.type.columns[-3:]), rows)
    shown = sorted(set(labels.values()), key=lambda row: (-row[1], row[0] == _OTHERS, row[0], row[2]))
    return framed(tuple(step.type.columns), list(shown))


def _literal(value: object, default: object) -> object:
    if isinstance(value, s.Literal):
        return value.value
    return default


def _found(texts: list[str], extra: frozenset[str]) -> dict[str, _Pattern]:
    """The pattern of each text."""
    counts: dict[str, int] = {}
    for one in texts:
        counts[one] = counts.get(one, 0) + 1
    rivals: dict[tuple[int, int, str], list[_Pattern]] = {}
    found: dict[str, _Pattern] = {}
    for text, count in counts.items():
        words = [word for word, _ in _parts(text, extra)]
        # A pattern that is near shares a word at its place: only those are looked at.
        places = [(len(words), at, word) for at, word in enumerate(words)]
        seen = dict.fromkeys(one for place in places for one in rivals.get(place, ()))
        pattern = next((one for one in seen if one.near(words)), None)
        if pattern is None:
            pattern = _Pattern(list(words), text)
            for place in places:
                near = rivals.setdefault(place, [])
                if len(near) < MAX_RIVALS:
                    near.append(pattern)
        pattern.words = [one if one == other else None for one, other in zip(pattern.words, words, strict=True)]
        pattern.count += count
        found[text] = pattern
    return found


def _parts(text: str, extra: frozenset[str]) -> list[tuple[str, str]]:
    """The words of a text, each with what stands before it."""
    found: list[tuple[str, str]] = []
    word = gap = ""
    for at, letter in enumerate(text):
        if letter.isalnum() and letter not in extra:
            word += letter
            continue
        if word:
            found.append((word, gap))
            word = gap = ""
            if len(found) == MAX_WORDS:
                return [*found, (text[at:], "")]
        gap += letter
    return [*found, (word, gap)] if word or gap else found


def _shown(pattern: _Pattern, extra: frozenset[str]) -> str:
    """The pattern as text: the first text's, with ``*`` for words that differ and the signs that part them."""
    shown = ""
    for word, (own, gap) in zip(pattern.words, _parts(pattern.first, extra), strict=True):
        if word is None:
            shown += ("" if shown.endswith("*") and not gap.strip() else gap if gap.isspace() else "") + "*"
        else:
            shown += gap + own
    while "**" in shown:
        shown = shown.replace("**", "*")
    return shown
