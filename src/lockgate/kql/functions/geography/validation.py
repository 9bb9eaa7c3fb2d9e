"""What is wrong with a shape, in words; empty when nothing is."""

from __future__ import annotations

from lockgate.kql.functions.geography import shapes


def of_polygon(value: object) -> str:
    """A Polygon or MultiPolygon."""
    return "" if shapes.polygons(value) is not None else "The polygon is not valid."


def of_line(value: object) -> str:
    """A LineString or MultiLineString."""
    return "" if shapes.lines(value) is not None else "The line is not valid."
