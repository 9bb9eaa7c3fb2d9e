"""``parse-kv``: values that stand in a text beside their keys.

A listed key is looked for where no letter or digit stands before it. With delimiters, the value goes from the one after
the key to the next one between pairs (``greedy``: to the one before the next listed key); without, any sign that is no
letter or digit parts keys and values. A value in quotes goes to the closing quote. Of a key that comes again the first
value counts. Source: the public documentation of the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockgate.dataclass import dataclass
from lockgate.kql import bound
from lockgate.kql import syntax as s
from lockgate.kql.bind.matching import underlying
from lockgate.kql.convert import converter
from lockgate.kql.errors import EvaluationError
from lockgate.kql.patterns import compiled
from lockgate.kql.row import Context
from lockgate.kql.steps import Frame
from lockgate.kql.steps.evaluation import column, nothing
from lockgate.kql.text import clean, text_of
from lockgate.kql.types import STRING, Table, single

Pairs = Callable[[str], Iterator[tuple[str, str]]]
"""Gives the keys and values of a text, in order."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How keys and values are written."""

    keys: tuple[str, ...]
    """The keys that are looked for."""
    pair: str
    """What stands between pairs; empty when nothing was said."""
    between: str
    """What stands between a key and its value; empty when nothing was said."""
    quotes: tuple[tuple[str, str], ...]
    """Opening and closing quotes."""
    escapes: frozenset[str]
    """Signs after which the next one stands for itself."""
    greedy: bool
    """Whether a value goes on until the next key."""

    def pairs(self, text: str) -> Iterator[tuple[str, str]]:
        """The listed keys of a text with their values."""
        at = 0
        next_: dict[str, tuple[int, int] | None] = {key: self._find(text, key, 0) for key in self.keys}
        while found := [(place[0], -len(key), key, place[1]) for key, place in next_.items() if place is not None]:
            _, _, key, begin = min(found)
            value, at = self._value(text, begin)
            yield key, value.strip()
            del next_[key]
            for other, place in next_.items():
                if place is not None and place[0] < at:
                    next_[other] = self._find(text, other, at)

    def _find(self, text: str, key: str, at: int) -> tuple[int, int] | None:
        """Where the key stands next, and where its value begins."""
        while key and (at := text.find(key, at)) >= 0:
            value = self._value_after(text, key, at)
            if value is not None:
                return at, value
            at += 1
        return None

    def _value_after(self, text: str, key: str, at: int) -> int | None:
        """Where the value of the key that stands there begins, or ``None`` when it is part of another word."""
        before = text[at - 1 : at]
        if before.isalnum() or before == "_":
            return None
        end = at + len(key)
        closing = dict(self.quotes).get(before, "")
        if closing and text.startswith(closing, end):
            end += len(closing)
        return self._after(text, end)

    def _after(self, text: str, at: int) -> int | None:
        """Past what parts a key from its value, or ``None`` when something else stands there."""
        if self.between:
            while at < len(text) and text[at].isspace() and not text.startswith(self.between, at):
                at += 1
            return at + len(self.between) if text.startswith(self.between, at) else None
        begin = at
        opening = {one for one, _ in self.quotes}
        while at < len(text) and not text[at].isalnum() and (at == begin or text[at] not in opening):
            at += 1
        return at if at > begin else None

    def _value(self, text: str, at: int) -> tuple[str, int]:
        """The value that begins there, and where it ends."""
        begin = at
        while begin < len(text) and text[begin].isspace():
            begin += 1
        for opening, closing in self.quotes:
            if text.startswith(opening, begin):
                return self._quoted(text, begin + len(opening), closing)
        if not self.pair:
            end = at
            while end < len(text) and text[end].isalnum():
                end += 1
            return text[at:end], end
        end = text.find(self.pair, begin if self.pair.isspace() else at)
        if self.greedy:
            while end >= 0 and not self._key_at(text, end + len(self.pair)):
                end = text.find(self.pair, end + 1)
        return (text[at:], len(text)) if end < 0 else (text[at:end], end)

    def _key_at(self, text: str, at: int) -> bool:
        """Whether a listed key begins there."""
        while at < len(text) and text[at].isspace():
            at += 1
        if text[at : at + 1] in dict(self.quotes):
            at += 1
        return any(text.startswith(key, at) and self._value_after(text, key, at) is not None for key in self.keys)

    def _quoted(self, text: str, at: int, closing: str) -> tuple[str, int]:
        parts: list[str] = []
        while at < len(text):
            if text[at] in self.escapes and at + 1 < len(text):
                parts.append(text[at + 1])
                at += 2
            elif text.startswith(closing, at):
                return "".join(parts), at + len(closing)
            else:
                parts.append(text[at])
                at += 1
        return "".join(parts), at


def parse_kv(step: bound.Step, frames: tuple[Frame, ...], context: Context) -> Frame:
    """Runs the operator."""
    node, (frame,) = step.syntax, frames
    assert isinstance(node, s.ParseKv)
    assert isinstance(step.type, Table)
    made = [one.column for one in step.made]
    pairs = _pairs(node, tuple(one.name for one in made))
    value = underlying(step.values[0])
    write = text_of(single(value.type))
    readers = [None if one.type is STRING else converter(STRING, one.type) for one in made]
    data: list[list[object]] = [[] for _ in made]
    for text in column(value, frame, context):
        found: dict[str, str] = {}
        for key, one in pairs(write(text)):
            found.setdefault(key, one)
        for own, read, values in zip(made, readers, data, strict=True):
            if own.name not in found:
                values.append(nothing(own.type))
            else:
                values.append(found[own.name] if read is None else read(found[own.name]))
    by_column = {**dict(zip(frame.columns, frame.data, strict=True)), **dict(zip(made, data, strict=True))}
    by_name = {one.name: values for one, values in by_column.items()}
    columns = tuple(step.type.columns)
    return Frame(columns, tuple(by_column.get(one, by_name.get(one.name, [])) for one in columns))


def _pairs(node: s.ParseKv, keys: tuple[str, ...]) -> Pairs:
    given: dict[str, list[object]] = {}
    for one in node.properties:
        given.setdefault(one.name, []).append(one.value.value if isinstance(one.value, s.Literal) else one.word)
    if "regex" in given:
        return _by_pattern(str(given["regex"][-1]))
    pair, between = (str(given.get(one, [""])[-1]) for one in ("pair_delimiter", "kv_delimiter"))
    if bool(pair) is not bool(between):
        raise EvaluationError("parse-kv takes pair_delimiter and kv_delimiter together.")
    quotes = [str(one) for one in given.get("quote", [])]
    escapes = [str(one) for one in given.get("escape", [])]
    if any(len(one) not in (1, 2) for one in quotes) or any(len(one) != 1 for one in escapes):
        raise EvaluationError("parse-kv takes quotes of one or two characters and escapes of one.")
    greedy = str(given.get("greedy", [False])[-1]).lower() == "true"
    marks = tuple((one[0], one[-1]) for one in quotes)
    return _Form(keys, pair, between, marks, frozenset(escapes), greedy).pairs


def _by_pattern(pattern: str) -> Pairs:
    expression = compiled(pattern)
    if expression.groups != 2:
        raise EvaluationError("The pattern of parse-kv has two groups: the key and the value.")

    def pairs(text: str) -> Iterator[tuple[str, str]]:
        for found in expression.finditer(clean(text)):
            yield (found.group(1) or "").strip(), (found.group(2) or "").strip()

    return pairs
