"""On which side of an edge a point lies, and whether edges cross: exact, and never undecided.

Where floats do not tell, the determinant is taken of exact fractions; where it is zero, the points are thought of as
moved by infinitesimal amounts ("simulation of simplicity", Edelsbrunner and Mücke 1990), in the order that the S2
library uses. So no three different points lie on one line, and every answer agrees with every other.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from lockgate.kql.functions.geography.sphere.points import Edge, Point, across, add, cross, dot, normal, scale, unit

ERROR = 3.6548 * 2.0**-53 * 2
"""How far the determinant of three unit vectors may be off in floats."""


def side(a: Point, b: Point, c: Point) -> int:
    """1 when ``c`` is to the left of the edge from ``a`` to ``b``, -1 to the right, 0 only when two are the same."""
    found = dot(cross(a, b), c)
    if found > ERROR:
        return 1
    if found < -ERROR:
        return -1
    if a in (b, c) or b == c:
        return 0
    return _exact_side(a, b, c)


def _exact_side(a: Point, b: Point, c: Point) -> int:
    ordered, turned = [a, b, c], 1
    for i, j in ((0, 1), (1, 2), (0, 1)):
        if ordered[i] > ordered[j]:
            ordered[i], ordered[j] = ordered[j], ordered[i]
            turned = -turned
    x, y, z = ([Fraction(value) for value in one] for one in ordered)
    yz = [y[1] * z[2] - y[2] * z[1], y[2] * z[0] - y[0] * z[2], y[0] * z[1] - y[1] * z[0]]
    found = x[0] * yz[0] + x[1] * yz[1] + x[2] * yz[2]
    return turned * _sign(found) if found else turned * _moved(x, y, z, yz)


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _moved(a: list[Fraction], b: list[Fraction], c: list[Fraction], bc: list[Fraction]) -> int:
    terms = (
        bc[2], bc[1], bc[0], c[0] * a[1] - c[1] * a[0], c[0], -c[1], c[2] * a[0] - c[0] * a[2], c[2],
        a[0] * b[1] - a[1] * b[0], -b[0], b[1], a[0],
    )  # fmt: skip
    return next((_sign(one) for one in terms if one), 1)


def crosses(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the edges ab and cd cross at a point inside of both. Edges that share a point do not."""
    acb = -side(a, b, c)
    if acb == 0 or side(a, b, d) != acb:
        return False
    if a in (c, d) or b in (c, d):
        return False
    return -side(c, d, b) == acb and side(c, d, a) == acb


def in_order(a: Point, b: Point, c: Point, centre: Point) -> bool:
    """Whether ``a``, ``b``, ``c`` are met in that order, going counterclockwise around ``centre``."""
    found = (side(b, centre, a) >= 0) + (side(c, centre, b) >= 0) + (side(a, centre, c) > 0)
    return found >= 2


def touches_across(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether edges that share a point count as crossing there, so that the crossings of a ring at a vertex are odd
    exactly when a line through it changes from inside to outside."""
    if a == b or c == d:
        return False
    if a == c:
        return b == d or in_order(across(a), d, b, a)
    if b == d:
        return in_order(across(b), c, a, b)
    if a == d:
        return b == c or in_order(across(a), c, b, a)
    return b == c and in_order(across(b), d, a, b)


def crosses_or_touches(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether a line from ``a`` to ``b`` changes sides of a ring at its edge cd."""
    if a in (c, d) or b in (c, d):
        return touches_across(a, b, c, d)
    return crosses(a, b, c, d)


def crossing(first: Edge, second: Edge) -> Point:
    """Where two crossing edges meet: the same point whichever comes first and whichever way they run."""
    (a, b), (c, d) = sorted((_upwards(first), _upwards(second)))
    found = cross(unit(normal(a, b)), unit(normal(c, d)))
    if dot(found, found) < _NEARLY_PARALLEL:
        found = _exact_crossing(a, b, c, d)
    if not any(found):
        return _end_within(a, b, c, d)
    found = unit(found)
    return found if dot(found, add(add(a, b), add(c, d))) > 0 else scale(found, -1.0)


_NEARLY_PARALLEL = 1e-6


def _upwards(edge: Edge) -> Edge:
    return edge if edge[0] <= edge[1] else (edge[1], edge[0])


def _exact_crossing(a: Point, b: Point, c: Point, d: Point) -> Point:
    """The direction in which the planes of two edges meet; zeros when they are one plane."""
    first, second = _exact_cross(*_exact(a), *_exact(b)), _exact_cross(*_exact(c), *_exact(d))
    found = _exact_cross(*first, *second)
    greatest = max(abs(one) for one in found)
    if not greatest:
        return (0.0, 0.0, 0.0)
    x, y, z = (float(one / greatest) for one in found)
    return (x, y, z)


_Exact: TypeAlias = "tuple[Fraction, Fraction, Fraction]"


def _exact(one: Point) -> _Exact:
    return (Fraction(one[0]), Fraction(one[1]), Fraction(one[2]))


def _exact_cross(
    x: Fraction, y: Fraction, z: Fraction, other_x: Fraction, other_y: Fraction, other_z: Fraction
) -> _Exact:
    return (y * other_z - z * other_y, z * other_x - x * other_z, x * other_y - y * other_x)


def _end_within(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Of edges on one line, the end of one that lies on the other."""
    inner = [one for one, start, stop in ((a, c, d), (b, c, d), (c, a, b), (d, a, b)) if _on(one, start, stop)]
    return min(inner) if inner else min(a, c)


def _on(one: Point, start: Point, stop: Point) -> bool:
    whole = dot(start, stop)
    return dot(one, start) >= whole and dot(one, stop) >= whole
