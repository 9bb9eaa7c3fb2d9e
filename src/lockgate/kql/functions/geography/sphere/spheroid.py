"""Distances on the spheroid of WGS 84: Vincenty's inverse formula ("Direct and inverse solutions of geodesics on the
ellipsoid", Survey Review 1975), to half a millimetre; for nearly opposite points, where it does not converge, the
distance is summed over the halves of the way on the sphere."""

from __future__ import annotations

import math

_MAJOR, _FLATTENING = 6_378_137.0, 1 / 298.257223563
_MINOR = _MAJOR * (1 - _FLATTENING)
_STEPS = 200


def distance(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """Metres between two points of degrees."""
    found = _vincenty(longitude, latitude, other_longitude, other_latitude)
    if found is not None:
        return found
    from lockgate.kql.functions.geography.sphere.points import degrees, middle, point

    halfway = degrees(middle(point(longitude, latitude), point(other_longitude, other_latitude)))
    first = _vincenty(longitude, latitude, *halfway)
    second = _vincenty(*halfway, other_longitude, other_latitude)
    return (first or 0.0) + (second or 0.0)


def _vincenty(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float | None:
    if (longitude, latitude) == (other_longitude, other_latitude):
        return 0.0
    apart = math.radians(math.remainder(other_longitude - longitude, 360))
    u1 = math.atan((1 - _FLATTENING) * math.tan(math.radians(latitude)))
    u2 = math.atan((1 - _FLATTENING) * math.tan(math.radians(other_latitude)))
    sin1, cos1, sin2, cos2 = math.sin(u1), math.cos(u1), math.sin(u2), math.cos(u2)
    way = apart
    for _ in range(_STEPS):
        sine = math.hypot(cos2 * math.sin(way), cos1 * sin2 - sin1 * cos2 * math.cos(way))
        if sine == 0:
            return 0.0
        cosine = sin1 * sin2 + cos1 * cos2 * math.cos(way)
        arc = math.atan2(sine, cosine)
        sin_azimuth = cos1 * cos2 * math.sin(way) / sine
        square = 1 - sin_azimuth**2
        mean = cosine - 2 * sin1 * sin2 / square if square > 1e-15 else 0.0
        c = _FLATTENING / 16 * square * (4 + _FLATTENING * (4 - 3 * square))
        bend = arc + c * sine * (mean + c * cosine * (2 * mean**2 - 1))
        before, way = way, apart + (1 - c) * _FLATTENING * sin_azimuth * bend
        if abs(way) > math.pi:
            return None
        if abs(way - before) < 1e-12:
            return _arc_length(arc, sine, cosine, mean, square)
    return None


def _arc_length(arc: float, sine: float, cosine: float, mean: float, square: float) -> float:
    u = square * (_MAJOR**2 - _MINOR**2) / _MINOR**2
    a = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
    b = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
    inner = b / 6 * mean * (4 * sine**2 - 3) * (4 * mean**2 - 3)
    bend = b * sine * (mean + b / 4 * (cosine * (2 * mean**2 - 1) - inner))
    return _MINOR * a * (arc - bend)
