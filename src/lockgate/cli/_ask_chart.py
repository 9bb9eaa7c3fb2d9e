"""A result drawn with characters: bars for categories, a braille line for each series over time.

As Kusto's ``render`` does, the first column that is no number names the categories or the times, further texts name the
series, numbers are what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lockgate.cli._ask_series import spread
from lockgate.cli._text import bar
from lockgate.formats.printable import clipped, printable
from lockgate.kql.text import shown_text_of
from lockgate.kql.types import NUMBER_NAMES, SCALARS

if TYPE_CHECKING:
    from lockgate.store.ask import AnswerTable

_LINES = frozenset(("timechart", "linechart", "areachart", "stackedareachart", "scatterchart", "anomalychart"))
MAX_BARS = 40
"""Rows that are drawn as bars."""
_BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
MAX_SERIES = 8
"""Series that are drawn as lines."""
_HEIGHT = 6
"""Lines of one series; each has four dots."""
_LEFT = (0x40, 0x04, 0x02, 0x01)
_RIGHT = (0x80, 0x20, 0x10, 0x08)
Points = list[tuple[float, float]]


def draw(table: AnswerTable, *, width: int) -> Iterator[str]:
    """The lines of the chart that the query asks for; bars when it asks for none."""
    width, table = max(width, 40), spread(table)
    across, numbers = drawn(table)
    if not table.rows or not numbers:
        yield "nothing to draw: there are no numbers" if table.rows else "nothing to draw: no rows"
    elif across is not None:
        yield from _series(table, across, numbers, width)
    else:
        yield from _bars(table, numbers, width)


def drawn(table: AnswerTable) -> tuple[int | None, list[int]]:
    """The columns that are drawn: the one that lines go across, ``None`` for bars, and those of the numbers."""
    kind = table.render[0] if table.render is not None else "barchart"
    numbers = [i for i, (_, type_) in enumerate(table.columns) if type_ in NUMBER_NAMES]
    times = [i for i, (_, type_) in enumerate(table.columns) if type_ in ("datetime", "timespan")]
    if kind in _LINES and numbers and (times or len(numbers) > 1):
        across = times[0] if times else numbers[0]
        return across, [one for one in numbers if one != across]
    return None, numbers


# --- bars


def _bars(table: AnswerTable, numbers: Sequence[int], width: int) -> Iterator[str]:
    """A bar for each row and number, as long as its share of the longest."""
    rows = bars_of(table, numbers)
    names = min(max(len(name) for name, _ in rows), width // 3)
    most = max((abs(value) for _, value in rows), default=0.0)
    shown = [short(value) for _, value in rows]
    room = max(width - names - max(map(len, shown)) - 2, 10)
    for (name, value), text in zip(rows, shown, strict=True):
        yield f"{clipped(name, names).ljust(names)} {bar(abs(value) / most if most else 0.0, room)} {text}"
    if len(table.rows) > MAX_BARS:
        yield f"and {len(table.rows) - MAX_BARS:,} more rows"


def bars_of(table: AnswerTable, numbers: Sequence[int]) -> list[tuple[str, float]]:
    """Name and length of each bar: one a row and number, of the first rows."""
    several = len(numbers) > 1
    rows: list[tuple[str, float]] = []
    for row in table.rows[:MAX_BARS]:
        for place in numbers:
            parts = [_named(table, i, row[i]) for i in range(len(row)) if i not in numbers]
            if several:
                parts.append(table.columns[place][0])
            rows.append((printable(" ".join(parts)), _number(row[place])))
    return rows


# --- lines


def _series(table: AnswerTable, across: int, numbers: Sequence[int], width: int) -> Iterator[str]:
    found = points_of(table, across, numbers)
    spread = [x for points in found.values() for x, _ in points]
    if not spread:
        yield "nothing to draw: no times"
        return
    first, last = min(spread), max(spread)
    for name, points in list(found.items())[:MAX_SERIES]:
        yield from _line(printable(name), sorted(points), (first, last), width)
    begin, end = place_text(table, across, first), place_text(table, across, last)
    yield f"{begin}{end.rjust(max(width - len(begin), len(end) + 1))}"
    if len(found) > MAX_SERIES:
        yield f"and {len(found) - MAX_SERIES:,} more series"


def points_of(table: AnswerTable, across: int, numbers: Sequence[int]) -> dict[str, Points]:
    """The points of each series by its name."""
    found: dict[str, Points] = {}
    others = [i for i in range(len(table.columns)) if i != across and i not in numbers]
    for row in table.rows:
        at = row[across]
        if at is None:
            continue
        for place in numbers:
            name = " ".join([*(_named(table, i, row[i]) for i in others), table.columns[place][0]])
            found.setdefault(name, []).append((_number(at), _number(row[place])))
    return found


def place_text(table: AnswerTable, across: int, value: float) -> str:
    """A place on the line as Kusto writes its value."""
    return shown_text_of(SCALARS[table.columns[across][1]])(_whole(table, across, value))


def _whole(table: AnswerTable, across: int, value: float) -> float | int:
    """Ticks are too many digits for a real: the value of the row that is meant."""
    if table.columns[across][1] == "real":
        return value
    known = [row[across] for row in table.rows if row[across] is not None and _number(row[across]) == value]
    return known[0]  # type: ignore[return-value]


def _line(name: str, points: Points, spread: tuple[float, float], width: int) -> Iterator[str]:
    """Dots of braille, joined from point to point."""
    low, high = min(0.0, min(y for _, y in points)), max(y for _, y in points)
    first, last = spread
    across, up = width * 2 - 1, _HEIGHT * 4 - 1
    cells = [[0] * width for _ in range(_HEIGHT)]
    before: tuple[int, int] | None = None
    for x, y in points:
        column = round((x - first) / (last - first) * across) if last > first else 0
        row = round((y - low) / (high - low) * up) if high > low else 0
        for left, level in _between(before, (column, row)):
            cells[_HEIGHT - 1 - level // 4][left // 2] |= (_RIGHT if left % 2 else _LEFT)[level % 4]
        before = (column, row)
    yield f"{clipped(name, width // 2)}  {short(low)} to {short(high)}"
    for line in cells:
        yield "".join(chr(0x2800 + cell) if cell else " " for cell in line).rstrip()


def _between(start: tuple[int, int] | None, end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    if start is None:
        yield end
        return
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(1, steps + 1):
        yield (
            start[0] + round((end[0] - start[0]) * step / steps),
            start[1] + round((end[1] - start[1]) * step / steps),
        )


# --- values


def _named(table: AnswerTable, place: int, value: object) -> str:
    type_ = table.columns[place][1]
    return "" if value is None else str(value) if type_ == "dynamic" else shown_text_of(SCALARS[type_])(value)


def _number(value: object) -> float:
    """A number; null and what is no finite number count as 0."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return found if found - found == 0 else 0.0


def short(value: float) -> str:
    """A number in few characters."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.4g}"


def spark(numbers: list[float]) -> str:
    """The numbers as a line of blocks, from 0 or the least to the most."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    tall = (high - low) or 1.0
    return "".join(_BLOCKS[round((one - low) / tall * (len(_BLOCKS) - 1))] for one in numbers)
