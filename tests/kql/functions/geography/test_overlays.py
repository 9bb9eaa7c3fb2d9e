"""Unions and intersections: the documented results to their first point, and laws that hold for any two rings."""

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql.functions import find
from lockgate.kql.functions.geography.sphere import overlay
from lockgate.kql.functions.geography.sphere.points import Point, point
from lockgate.kql.functions.geography.sphere.rings import Region, Ring, area, crossing_pairs, edges_of, normalized
from lockgate.kql.types import DYNAMIC


def of(name: str, *arguments: object) -> Any:
    maker = find(name)
    assert maker is not None, name
    return maker(tuple(DYNAMIC for _ in arguments), DYNAMIC)(*arguments)


def line(*points: list[float]) -> dict[str, object]:
    return {"type": "LineString", "coordinates": list(points)}


def polygon(*points: list[float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


def several(*polygons: dict[str, Any]) -> dict[str, object]:
    return {"type": "MultiPolygon", "coordinates": [one["coordinates"] for one in polygons]}


def same(left: object, right: object) -> bool:
    """Whether both are equal, degrees to 12 places."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) < 1e-12
    return left == right


NOTHING = {"type": "GeometryCollection", "geometries": []}
PARK = polygon(
    [-73.9495, 40.7969], [-73.95807266235352, 40.80068603561921], [-73.98201942443848, 40.76825672305777],
    [-73.97317886352539, 40.76455136505513],
)  # fmt: skip
BESIDE = polygon(
    [-73.94262313842773, 40.775991804565585], [-73.98107528686523, 40.791849155467695],
    [-73.99600982666016, 40.77092185281977], [-73.96150588989258, 40.75609977566361],
)  # fmt: skip
FIRST = polygon([-73.9495, 40.7969], [-73.95807, 40.80068], [-73.98201, 40.76825], [-73.97317, 40.76455])
SECOND = polygon([-73.94622, 40.79249], [-73.96888, 40.79282], [-73.9577, 40.7789])
THIRD = polygon([-73.97335, 40.77274], [-73.9936, 40.76630], [-73.97171, 40.75655])
ROAD = line([-73.985195, 40.788275], [-73.974552, 40.779761])
OTHER_ROAD = line([-73.978929, 40.785155], [-73.980903, 40.782621])
CORNER = polygon([3, 44], [2, 45], [2, 43])
TRIANGLE = polygon([2, 45], [0, 45], [1, 44])


def test_unions_are_those_of_the_documentation() -> None:
    tail = [
        [-73.9577, 40.7789], [-73.94622, 40.79249], [-73.9526593223173, 40.792584227716468],
    ]  # fmt: skip
    head = [[-73.9495, 40.7969], [-73.95807, 40.80068], [-73.9639277517478, 40.792748258673875],
            [-73.96888, 40.79282], [-73.9662719791645, 40.7895734224338]]  # fmt: skip
    cross = [-73.960302383706178, 40.782140794645024]
    assert same(
        of("geo_union_polygons_array", [FIRST, SECOND]),
        polygon(*head, [-73.98201, 40.76825], [-73.97317, 40.76455], cross, *tail),
    )
    end = [[-73.9803360309571, 40.770518810606404], [-73.9936, 40.7663], [-73.97171, 40.75655]]
    assert same(
        of("geo_union_polygons_array", [FIRST, SECOND, THIRD]),
        polygon([-73.972599326729608, 40.765330371902991], cross, *tail, *head, *end),
    )
    assert of("geo_union_polygons_array", [FIRST, polygon([-73.94622, 40.79249])]) is None


@pytest.mark.parametrize(
    ("cells", "start", "count"),
    [
        (("geo_geohash", "sunny"), [42.4072265625, 23.642578125], 13),
        (("geo_h3cell", "862a1072fffffff"), [-73.926766604813565, 40.718903205013063], 19),
        (("geo_s2cell", "89c259"), [-73.841906340776248, 40.695446474556284], 13),
    ],
)
def test_cells_side_by_side_unite_to_one_ring(cells: tuple[str, str], start: list[float], count: int) -> None:
    kind, cell = cells
    around = [of(f"{kind}_to_polygon", one) for one in (cell, *of(f"{kind}_neighbors", cell))]
    ring = of("geo_union_polygons_array", around)["coordinates"][0]
    assert same(ring[0], start)
    assert len(ring) == count


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        (
            "geo_intersection_2polygons",
            (
                polygon(
                    [-73.9630937576294, 40.77498840732385], [-73.963565826416, 40.774383111780914],
                    [-73.96205306053162, 40.773745311181585], [-73.96160781383514, 40.7743912365898],
                ),
                polygon(
                    [-73.96213352680206, 40.775045280447145], [-73.9631313085556, 40.774578106920345],
                    [-73.96207988262177, 40.77416780398293],
                ),
            ),
            polygon(
                [-73.962105776437156, 40.774591360999679], [-73.962642403166868, 40.774807020251778],
                [-73.9631313085556, 40.774578106920352], [-73.962079882621765, 40.774167803982927],
            ),
        ),
        (
            "geo_intersection_2polygons",
            (TRIANGLE, several(CORNER, polygon([1.192, 45.265], [1.005, 44.943], [1.356, 44.937]))),
            {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Point", "coordinates": [2, 45]},
                    polygon(
                        [1.3227075526410679, 45.003909145068739], [1.0404565374899824, 45.004356403066552],
                        [1.005, 44.943], [1.356, 44.937],
                    ),
                ],
            },
        ),
        ("geo_intersection_2polygons", (TRIANGLE, CORNER), {"type": "Point", "coordinates": [2, 45]}),
        ("geo_intersection_2polygons", (TRIANGLE, polygon([3, 44], [3, 45], [2, 43])), NOTHING),
        ("geo_intersection_2polygons", ({"type": "Polygon"}, PARK), None),
        (
            "geo_intersection_2polygons",
            (polygon([0, 0], [1, 0], [1, 1], [0, 1]), polygon([1, 0], [2, 0], [2, 1], [1, 1])),
            line([1, 0], [1, 1]),
        ),
        (
            "geo_intersection_line_with_polygon",
            (ROAD, polygon([-73.9712905883789, 40.78580561168767], [-73.98004531860352, 40.775276834803655],
                           [-73.97000312805176, 40.77852663535664])),
            line([-73.975611956578192, 40.78060906714618], [-73.974552, 40.779761]),
        ),
        (
            "geo_intersection_line_with_polygon",
            (
                line([-110.522, 39.198], [-91.428, 40.880]),
                {"type": "Polygon", "coordinates": [
                    [[-90.263, 36.738], [-102.041, 45.274], [-109.335, 36.527], [-90.263, 36.738]],
                    [[-100.393, 41.705], [-103.139, 38.925], [-97.558, 39.113], [-100.393, 41.705]],
                ]},
            ),
            {"type": "MultiLineString", "coordinates": [
                [[-106.89353655881905, 39.769226209776306], [-101.74448553679453, 40.373506008712525]],
                [[-99.136499431328858, 40.589336512699994], [-95.284527737311791, 40.799060242246348]],
            ]},
        ),
        ("geo_intersection_line_with_polygon", (line([1, 1], [2, 2]), PARK), NOTHING),
        (
            "geo_intersection_2lines", (OTHER_ROAD, ROAD),
            {"type": "Point", "coordinates": [-73.979837116670978, 40.783989289772165]},
        ),
        ("geo_intersection_2lines", (ROAD, ROAD), ROAD),
        ("geo_intersection_2lines", (line([1, 1], [2, 2]), line([3, 3], [4, 4])), NOTHING),
        ("geo_intersection_2lines", (ROAD, PARK), None),
        ("geo_intersects_2lines", (OTHER_ROAD, ROAD), True),
        ("geo_intersects_2lines", (line([1, 1], [2, 2]), line([3, 3], [4, 4])), False),
        ("geo_intersects_line_with_polygon", (line([1, 1], [2, 2]), PARK), False),
        ("geo_intersects_line_with_polygon", (line([-73.97, 40.78], [-73.969, 40.78]), PARK), True),
        ("geo_intersects_2polygons", (PARK, BESIDE), True),
        ("geo_intersects_2polygons", (PARK, TRIANGLE), False),
        ("geo_union_lines_array", ([line([1, 1], [2, 2], [3, 3]), line([2, 2], [3, 3], [4, 4])],),
         line([1, 1], [2, 2], [3, 3], [4, 4])),
    ],
)  # fmt: skip
def test_a_function_gives(name: str, arguments: tuple[object, ...], result: object) -> None:
    found = of(name, *arguments)
    assert same(found, result), found


def test_squares_side_by_side_are_one_although_their_corners_are_written_differently() -> None:
    corners = [[[x / 10, y / 10], [x / 10 + 0.1, y / 10], [x / 10 + 0.1, y / 10 + 0.1], [x / 10, y / 10 + 0.1]]
               for x in range(6) for y in range(6)]  # fmt: skip
    whole = of("geo_union_polygons_array", [polygon(*one) for one in corners])
    assert whole["type"] == "Polygon"
    assert (len(whole["coordinates"]), len(whole["coordinates"][0])) == (1, 25)


def test_what_overlaps_is_measured_once() -> None:
    assert of("geo_polygon_perimeter", PARK) == pytest.approx(9930.30149604938, rel=1e-12)
    assert of("geo_polygon_perimeter", several(PARK, BESIDE)) == pytest.approx(15943.5384578745, rel=1e-12)
    assert of("geo_polygon_centroid", PARK)["coordinates"][0] == pytest.approx(-73.9657356899076, abs=1e-12)
    middle = of("geo_polygon_centroid", several(PARK, BESIDE))["coordinates"]
    assert middle == pytest.approx([-73.968569587829577, 40.776310752555119], abs=2e-11)
    assert of("geo_polygon_area", several(PARK, PARK)) == pytest.approx(of("geo_polygon_area", PARK), rel=1e-9)
    octant = of("geo_polygon_area", polygon([0, 0], [90, 0], [0, 90]))
    assert octant == pytest.approx(math.pi / 2 * 6371010**2, rel=1e-12)


def test_what_is_in_a_hole_is_not_in_the_polygon() -> None:
    outer, hole = [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]], [[3, 3], [6, 3], [6, 6], [3, 6], [3, 3]]
    for inner in (hole, hole[::-1]):
        ring = {"type": "Polygon", "coordinates": [outer, inner]}
        assert [of("geo_point_in_polygon", x, x, ring) for x in (1, 4, 7, 10)] == [True, False, True, False]
    whole = of("geo_union_polygons_array", [{"type": "Polygon", "coordinates": [outer, hole]}, polygon(*hole[:4])])
    assert whole == {"type": "Polygon", "coordinates": [outer]}


def ring_around(drawn: random.Random, x: float, y: float, grid: float) -> Ring | None:
    """A ring around a place, its points on a grid so that rings touch often; ``None`` when it meets itself."""
    count = drawn.randint(3, 12)
    found: list[Point] = []
    for i in range(count):
        turn, reach = 2 * math.pi * i / count, 5 * (0.4 + 0.6 * drawn.random())
        place = [x + reach * math.cos(turn), y + reach * math.sin(turn)]
        one = point(*(round(value / grid) * grid if grid else value for value in place))
        if one not in found:
            found.append(one)
    edges = edges_of(found)
    if len(found) < 3 or len({frozenset(edge) for edge in edges}) < len(edges) or crossing_pairs(edges, edges):
        return None
    return normalized(found)


def triangle(*places: tuple[float, float]) -> Ring:
    return [point(*place) for place in places]


def test_what_encloses_nothing_and_lies_along_an_edge_is_left_out_and_turns_nothing_inside_out() -> None:
    right = triangle((14, 10), (8, 14), (8, 6))
    left = triangle((8, 8), (8, 10), (4, 10), (4, 8), (4, 4), (6, 4), (8, 6))  # beside it along a meridian
    assert len(overlay.united(Region([right]), Region([left]))) == 1
    assert overlay.met(Region([right]), Region([left])).rings == []
    star = triangle((14, 10), (12, 12), (12, 14), (10, 12), (6, 12), (8, 10), (6, 8), (10, 8), (12, 6), (12, 8))
    common = Region(overlay.met(Region([star]), Region([triangle((16, 12), (12, 16), (12, 10))])).rings)
    arrow = triangle((12, 10), (14, 12), (12, 12), (10, 14), (8, 12), (8, 10), (8, 6), (10, 6), (10, 8), (14, 8))
    touching = Region(overlay.met(Region([arrow]), Region([triangle((18, 10), (12, 12), (12, 8))])).rings)
    for region, inside, outside in ((common, (12.5, 11), (9, 5)), (touching, (12.8, 11), (15, 5))):
        assert region.contains(point(*inside))
        assert not region.contains(point(*outside))


@settings(max_examples=60)
@given(some.randoms(use_true_random=False), some.sampled_from([0, 0.5, 1, 2]))
def test_union_and_intersection_have_the_area_and_points_that_they_must(drawn: random.Random, grid: float) -> None:
    one = ring_around(drawn, 10, 10, grid)
    two = ring_around(drawn, 7 + drawn.random() * 6, 7 + drawn.random() * 6, grid)
    if one is None or two is None:
        return
    first, second = Region([one]), Region([two])
    whole, common = overlay.united(first, second), overlay.met(first, second).rings
    areas = sum(map(area, whole)), sum(map(area, common))
    assert sum(areas) == pytest.approx(area(one) + area(two), abs=1e-13)
    either, both = Region(whole), Region(common)
    for _ in range(10):
        # Not on the grid: of a place on a boundary rounding decides, for each of the rings by itself.
        place = point(5.0123 + drawn.random() * 9.98, 5.0123 + drawn.random() * 9.98)
        within = first.contains(place), second.contains(place)
        assert (either.contains(place), both.contains(place)) == (any(within), all(within))
