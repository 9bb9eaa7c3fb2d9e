"""Charts as SVG, drawn here: no script, and a table beside each for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.dataclass import dataclass

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720.0, 160.0, 8.0, 22.0


@dataclass(frozen=True, slots=True)
class Trend:
    """A line over days."""

    points: str
    """Of the line, as SVG's ``polyline`` has them."""
    area: str
    """Of the area below it."""
    labels: tuple[tuple[float, str], ...]
    """(x, text) below."""
    most: int
    values: tuple[tuple[str, int], ...]
    """What is drawn, for the table."""


def trend(values: Sequence[tuple[str, int]]) -> Trend:
    """A line through ``values``, (label, count), in order; at least two."""
    most = max((count for _, count in values), default=0) or 1
    step = (_WIDTH - 2 * _LEFT) / (len(values) - 1)
    deep = _HEIGHT - _BOTTOM
    places = [(_LEFT + at * step, 6 + (deep - 6) * (1 - count / most)) for at, (_, count) in enumerate(values)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    area = f"{_LEFT:.1f},{deep:.1f} {points} {places[-1][0]:.1f},{deep:.1f}"
    labels = ((places[0][0], values[0][0]), (places[-1][0], values[-1][0]))
    return Trend(points, area, labels, most, tuple(values))
