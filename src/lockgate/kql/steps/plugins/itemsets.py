"""Patterns that rows share: sets of column values, each with the rows that have them all.

Rows are bits of a Python integer, so that "both" is one ``&``. A pattern is closed when no further value is shared by
all of its rows; of patterns with the same rows only the closed one says anything. All frequent closed patterns are
found level by level, as Apriori does: what is rare is extended no further (Pasquier and others, 1999).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from lockgate.dataclass import dataclass
from lockgate.kql.errors import EvaluationError
from lockgate.kql.steps import Frame
from lockgate.kql.steps.evaluation import bounded
from lockgate.kql.steps.plugins.arguments import Arguments
from lockgate.kql.types import Type, single

MAX_CELLS = 20_000_000
"""Most values that are looked at."""
MAX_PATTERNS = 20_000
"""Most patterns that are looked at."""
_PARTS = 1_000
"""A weight that is no whole number is counted in thousandths."""
Item = tuple[int, Hashable]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rows that share values."""

    rows: int
    """The rows, as bits."""
    items: tuple[Item, ...]
    """Columns, by number, with the key of the value that all rows have there."""


class Items:
    """The values of a table's columns with the rows that have them. ``skip`` are columns that make no patterns."""

    def __init__(self, frame: Frame, weights: list[object] | None, skip: Sequence[int] = ()) -> None:
        bounded(frame.height * len(frame.columns), MAX_CELLS, "values to find patterns in")
        self.frame = frame
        self.columns = [i for i in range(len(frame.columns)) if i not in skip]
        self.rows: dict[Item, int] = {}
        self.keys: list[list[Hashable]] = [[] for _ in frame.columns]
        for i in self.columns:
            self._read(i)
        self.whole = (1 << frame.height) - 1
        self._weights = _digits(weights)
        self.scale = 1 if weights is None or all(_is_whole(one) for one in weights) else _PARTS

    def _read(self, i: int) -> None:
        from lockgate.kql.aggregates.elements import key_of

        key = key_of(single(self.frame.columns[i].type))
        data = self.frame.data[i]
        self.keys[i] = [None if one is None or one == "" else key(one) for one in data]
        places: dict[Hashable, list[int]] = {}
        for row, one in enumerate(self.keys[i]):
            if one is not None:
                places.setdefault(one, []).append(row)
        for one, rows in places.items():
            self.rows[(i, one)] = _bits(rows, len(data))

    def weight(self, rows: int) -> int:
        """How much rows weigh together, times the scale."""
        if self._weights is None:
            return rows.bit_count()
        return sum((rows & own).bit_count() << i for i, own in enumerate(self._weights))

    def closed(self, rows: int) -> Pattern:
        """The pattern of all values that the rows share."""
        first = (rows & -rows).bit_length() - 1
        items = []
        for i in self.columns:
            key = self.keys[i][first]
            if key is not None and self.rows[(i, key)] & rows == rows:
                items.append((i, key))
        return Pattern(rows, tuple(items))

    def value(self, item: Item) -> object:
        """The value itself."""
        rows = self.rows[item]
        return self.frame.data[item[0]][(rows & -rows).bit_length() - 1]

    def frequent(self, enough: Callable[[int], bool], most: int) -> list[Pattern]:
        """All closed patterns whose rows are ``enough``, made of at most ``most`` values that do not follow from each
        other."""
        singles = [rows for rows in self.rows.values() if enough(rows)]
        found: dict[int, Pattern] = {}
        level = [self.whole]
        for _ in range(min(most, len(self.columns))):
            deeper: list[int] = []
            for rows in level:
                for own in singles:
                    both = rows & own
                    if both != rows and both not in found and both and enough(both):
                        found[both] = self.closed(both)
                        deeper.append(both)
                        if len(found) > MAX_PATTERNS:
                            message = f"There are more than {MAX_PATTERNS} patterns"
                            raise EvaluationError(f"{message}: raise the threshold or take fewer columns.")
            level = deeper
        if self.frame.height and (whole := self.closed(self.whole)).items:
            found[self.whole] = whole
        return list(found.values())


def _bits(rows: list[int], height: int) -> int:
    found = bytearray(height // 8 + 1)
    for one in rows:
        found[one >> 3] |= 1 << (one & 7)
    return int.from_bytes(found, "little")


def _is_whole(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and value == int(value))


def _digits(weights: list[object] | None) -> list[int] | None:
    """The binary digits of the weights: for each, the rows that have it."""
    if weights is None:
        return None
    scale = 1 if all(_is_whole(one) for one in weights) else _PARTS
    numbers = [max(0, round(float(one) * scale)) if one is not None else 0 for one in weights]  # type: ignore[arg-type]
    longest = max((one.bit_length() for one in numbers), default=0)
    return [_bits([i for i, one in enumerate(numbers) if one >> at & 1], len(numbers)) for at in range(longest)]


def wildcards(given: Arguments, columns: Sequence[Type]) -> list[object]:
    """What stands in each column for any value: null or the empty text, or what is given for the column's type."""
    chosen = dict(zip(given.types("custom_wildcard"), _constants(given), strict=True))
    found: list[object] = []
    for one in columns:
        value = chosen.get(one)
        found.append(value if value is not None and value != "~" else "" if one.name == "string" else None)
    return found


def _constants(given: Arguments) -> list[object]:
    from lockgate.kql.steps.evaluation import constant

    return [constant(one, given.context) for one in given.values.get("custom_wildcard", [])]
