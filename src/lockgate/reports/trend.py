"""A list of numbers as small bars: what a trend looks like in a cell of a page."""

from __future__ import annotations

from html import escape

from lockgate.formats.printable import clipped, printable

_MAX_LIST, _MAX_NUMBERS, _MAX_SAID = 10_000, 200, 400
_TALL = 18


def numbers_of(text: str) -> list[float]:
    """The numbers of a JSON list of 2 to 200 numbers and nulls, which count as 0; else none."""
    if text[:1] != "[" or len(text) > _MAX_LIST:
        return []
    import orjson

    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    plain = all(one is None or (isinstance(one, int | float) and not isinstance(one, bool)) for one in found)
    known = plain and any(one is not None for one in found)
    return [float(one or 0) for one in found] if known and 2 <= len(found) <= _MAX_NUMBERS else []


def bars(numbers: list[float], text: str) -> str:
    """An SVG of the numbers, from 0 or the least to the most; ``text`` says them to who cannot see it."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    scale = _TALL / ((high - low) or 1.0)
    drawn = "".join(
        f'<rect x="{place * 5}" y="{round(_TALL - (value - low) * scale, 1)}" width="4" '
        f'height="{round((value - low) * scale + 1, 1)}"><title>{value:g}</title></rect>'
        for place, value in enumerate(numbers)
    )
    said = escape(printable(clipped(text, _MAX_SAID)), quote=True)
    size = f'width="{len(numbers) * 5}" height="{_TALL + 1}"'
    return f'<svg class="trend" {size} role="img" aria-label="{said}">{drawn}</svg>'
