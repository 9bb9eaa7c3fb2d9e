"""Cells that cover shapes, buffers and simpler shapes: documented results, and that nothing is left uncovered."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql.functions import find
from lockgate.kql.types import DYNAMIC


def of(name: str, *arguments: object) -> Any:
    maker = find(name)
    assert maker is not None, name
    return maker(tuple(DYNAMIC for _ in arguments), DYNAMIC)(*arguments)


def line(*points: list[float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": list(points)}


def polygon(*points: list[float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


STREET = line([-0.1399656708283601, 51.50190802248855], [-0.14088438832752104, 51.50012082761452])
STATION = (-0.13451078568013486, 51.49919145858172)
WIDE = polygon([0, 0], [0, 50], [100, 50])
PARK = polygon(
    [-73.9495, 40.7969], [-73.95807266235352, 40.80068603561921], [-73.98201942443848, 40.76825672305777],
    [-73.97317886352539, 40.76455136505513],
)  # fmt: skip
MADRID = polygon([-3.659, 40.553], [-3.913, 40.409], [-3.729, 40.273], [-3.524, 40.440])
CROOKED = line(
    [-73.97033169865608, 40.789063020152824], [-73.97039607167244, 40.78897975920816],
    [-73.9704617857933, 40.78888837512432], [-73.97052884101868, 40.7887949601531],
    [-73.9706052839756, 40.788698498903564], [-73.97065222263336, 40.78862640672032],
    [-73.97072866559029, 40.78852791445617], [-73.97079303860664, 40.788434498977836],
)  # fmt: skip
DETAILED = polygon(
    [-73.94885122776031, 40.79673476355657], [-73.94885927438736, 40.79692258628347],
    [-73.94887939095497, 40.79692055577034], [-73.9488673210144, 40.79693476936093],
    [-73.94888743758202, 40.79693476936093], [-73.9488834142685, 40.796959135509105],
    [-73.94890084862709, 40.79695304397289], [-73.94906312227248, 40.79710736271788],
    [-73.94923612475395, 40.7968708081794],
)  # fmt: skip
KITE = polygon([5, 48], [0, 50], [0, 47], [4, 47])


def test_a_polygon_is_covered_by_as_many_cells_of_s2_as_documented() -> None:
    assert len(of("geo_polygon_to_s2cells", WIDE, 5)) == 286
    assert of("geo_polygon_to_s2cells", WIDE, 30) is None
    assert of("geo_polygon_to_s2cells", {"type": "Polygon"}, 5) is None
    assert len(of("geo_polygon_to_s2cells", PARK, 16)) == len(set(of("geo_polygon_to_s2cells", PARK, 16)))


def test_a_line_is_covered_with_what_is_near_it() -> None:
    cells = of("geo_line_to_s2cells", STREET, 14, 500)
    assert of("geo_point_to_s2cell", *STATION, 14) in cells
    assert of("geo_distance_point_to_line", *STATION, STREET) == pytest.approx(451.692474409721, rel=1e-12)
    assert set(of("geo_line_to_s2cells", STREET, 14)) < set(cells)


def test_a_polygon_is_covered_by_the_cells_of_h3_that_are_documented() -> None:
    ends = ["b57", "b0f", "a27", "b87", "b07", "a2f", "a37", "b17", "b1f", "b8f", "ba7", "a07", "baf"]
    assert sorted(of("geo_polygon_to_h3cells", MADRID)) == sorted(f"86390c{end}ffffff" for end in ends)
    assert set(of("geo_polygon_to_h3cells", MADRID)) < set(of("geo_polygon_to_h3cells", MADRID, 6, 5000))
    assert of("geo_polygon_to_h3cells", WIDE, 15) is None


@settings(max_examples=60)
@given(some.floats(-74.0, -73.93), some.floats(40.75, 40.81), some.integers(0, 17), some.sampled_from([0, 200]))
def test_every_point_of_a_polygon_lies_in_a_cell_of_its_covering(x: float, y: float, level: int, radius: int) -> None:
    if of("geo_distance_point_to_polygon", x, y, PARK) <= radius:
        assert of("geo_point_to_s2cell", x, y, level) in of("geo_polygon_to_s2cells", PARK, level, radius)


def test_shapes_lose_the_points_that_documented_examples_lose() -> None:
    path = CROOKED["coordinates"]
    assert of("geo_line_simplify", CROOKED, 10) == line(path[0], path[-1])
    ring = DETAILED["coordinates"][0]
    assert of("geo_polygon_simplify", DETAILED) == polygon(ring[0], *ring[7:9])
    straight = [[i / 1000, 0] for i in range(10_000)]
    assert of("geo_line_simplify", line(*straight)) == line(straight[0], straight[-1])
    assert of("geo_line_simplify", line([1.1, 1.1], [1.2, 1.2]), 100_000) is None
    assert of("geo_polygon_simplify", KITE, -0.1) is None
    assert of("geo_polygon_simplify", KITE, 1_000_000) is None
    assert of("geo_simplify_polygons_array", [PARK, DETAILED], 10_000) is None
    assert of("geo_simplify_polygons_array", [PARK], -1) is None
    assert of("geo_simplify_polygons_array", [PARK, PARK]) == PARK


def test_a_buffer_holds_what_is_near_and_little_more() -> None:
    circle = of("geo_point_buffer", -115.1745008278, 36.1497251277, 20000)
    assert of("geo_polygon_area", circle) == pytest.approx(math.pi * 20_000**2, rel=2e-3)
    assert of("geo_point_buffer", 200, 1, 0.1) is None
    assert of("geo_point_buffer", 10, 10, -1) is None
    assert of("geo_line_buffer", line([0, 0], [1, 1]), 0) is None
    assert of("geo_line_buffer", {"type": "LineString"}, 5) is None
    around = of("geo_polygon_buffer", PARK, 100)
    size = of("geo_polygon_area", PARK) + 100 * of("geo_polygon_perimeter", PARK) + math.pi * 100**2
    assert size < of("geo_polygon_area", around) < size + 10 * of("geo_polygon_perimeter", around)


ZIGZAG = line([0, 0], [1, 1], [2, 0], [3, 1], [1.5, 2], [0, 1])


@settings(max_examples=60)
@given(some.floats(-1, 4), some.floats(-1, 3))
def test_a_line_buffer_is_exact_to_its_tolerance(x: float, y: float) -> None:
    inside = of("geo_point_in_polygon", x, y, BUFFER)
    distance = of("geo_distance_point_to_line", x, y, ZIGZAG)
    assert inside if distance < 19_999.99 else not inside if distance > 20_100.01 else True


BUFFER = of("geo_line_buffer", ZIGZAG, 20_000, 100)


def test_shapes_are_told_valid_or_not() -> None:
    assert of("__geo_polygon_validate", PARK) == of("__geo_line_validate", ZIGZAG) == ""
    assert of("__geo_polygon_validate", ZIGZAG) and of("__geo_line_validate", PARK)
    assert of("__geo_polygon_s2cell_covering_level", PARK) == 14
    assert of("__geo_line_s2cell_covering_level", STREET) == 17
