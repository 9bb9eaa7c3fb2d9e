"""Functions of geography: documented results, shapes that are none, and any arguments at all."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql import catalogue
from lockgate.kql.functions import find
from lockgate.kql.types import DYNAMIC, STRING

NAMES = [name for name in catalogue.names("scalar") if catalogue.subject(name) == "geography"]


def of(name: str, *arguments: object) -> Any:
    maker = find(name)
    assert maker is not None, name
    return maker(tuple(DYNAMIC for _ in arguments), DYNAMIC)(*arguments)


def line(*points: list[float]) -> dict[str, object]:
    return {"type": "LineString", "coordinates": list(points)}


def polygon(*points: list[float]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [list(points)]}


def spot(x: float, y: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [x, y]}


def same(left: object, right: object) -> bool:
    """Whether both are equal, numbers to 10 digits."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    if isinstance(left, int | float) and isinstance(right, int | float) and not isinstance(left, bool):
        return math.isclose(left, right, rel_tol=1e-10, abs_tol=1e-12)
    return type(left) is type(right) and left == right


ROAD = line(
    [-115.115385, 36.229195], [-115.136995, 36.200366], [-115.140252, 36.192470], [-115.143558, 36.188523],
    [-115.144076, 36.181954], [-115.154662, 36.174483], [-115.166431, 36.176388], [-115.183289, 36.175007],
    [-115.192612, 36.176736], [-115.202485, 36.173439], [-115.225355, 36.174365],
)  # fmt: skip
PARK = polygon(
    [-73.9495, 40.7969], [-73.95807266235352, 40.80068603561921], [-73.98201942443848, 40.76825672305777],
    [-73.97317886352539, 40.76455136505513], [-73.9495, 40.7969],
)  # fmt: skip
LOOP = line(
    [-73.95807266235352, 40.800426144169315], [-73.94966125488281, 40.79691751000055],
    [-73.97317886352539, 40.764486356930334], [-73.98210525512695, 40.76786669510221],
    [-73.96004676818848, 40.7980870753293],
)  # fmt: skip
DENSE = line(*([x, 60] for x in (170, 175, 180, -175, -170)))
SHORT = line([-73.95796, 40.80042], [-73.97317, 40.764486])
TWO_LINES = {
    "type": "MultiLineString",
    "coordinates": [
        [[-73.95798683166502, 40.800556090021466], [-73.98193359375, 40.76819171855746]],
        [[-73.94940376281738, 40.79691751000055], [-73.97317886352539, 40.76435634049001]],
    ],
}
SQUARE = polygon([10, 10], [11, 10], [11, 11], [10, 11], [10, 10])
AROUND = ["89c25d", "89c2f9", "89c251", "89c257", "89c25f", "89c25b", "89c2f7", "89c2f5"]
CELL = "862a1072fffffff"


def test_every_function_of_the_catalogue_is_there() -> None:
    assert [name for name in NAMES if find(name) is None] == []
    assert len(NAMES) == 57


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("geo_azimuth", (5, 10, 10, -40), math.radians(175.015653606568)),
        ("geo_azimuth", (5, 10, 5, 10), None),
        ("geo_angle", (0, 10, 0, 5, 3, -10), 2.94493843406882),
        ("geo_angle", (0, 10, 0, 10, 3, -10), None),
        ("geo_distance_2points", (-122.407628, 47.578557, -118.275287, 34.019056), 1546754.35197381),
        ("geo_distance_2points", (300, 1, 1, 1), None),
        ("geo_distance_2points", (0, 0, 0, 90, True), 10001965.7293127),
        ("geo_closest_point_on_line", (-115.199625, 36.210419, ROAD), spot(-115.192612, 36.176736)),
        ("geo_distance_point_to_line", (-115.199625, 36.210419, ROAD), 3797.88887253334),
        ("geo_closest_point_on_polygon", (-73.9839, 40.7705, PARK), spot(-73.981205580153926, 40.769359452843211)),
        ("geo_closest_point_on_polygon", (-73.97, 40.78, PARK), spot(-73.97, 40.78)),
        ("geo_distance_point_to_polygon", (-73.97, 40.78, PARK), 0.0),
        ("geo_point_in_circle", (-122.137575, 47.630683, -122.100896, 47.527351, 3500), False),
        ("geo_point_in_circle", (200, 1, 1, 1, 1), None),
        ("geo_point_in_polygon", (-73.97, 40.78, PARK), True),
        ("geo_point_in_polygon", (-73.94, 40.78, PARK), False),
        ("geo_line_densify", (line([50, 50], [51, 51]),), line(*([50 + i / 8] * 2 for i in range(9)))),
        ("geo_line_densify", (line([1, 1], [2, 2]), 0), None),
        ("geo_line_densify", (line([170, 60], [-170, 60]), 9000), DENSE),
        ("geo_polygon_densify", (polygon([10, 900], [11, 10], [11, 11], [10, 11], [10, 10]),), None),
        ("geo_line_interpolate_point", (LOOP, 0.9), spot(-73.96556545832799, 40.79052937973534)),
        ("geo_line_interpolate_point", (line([1, 1]), 0.5), None),
        ("geo_line_interpolate_point", (ROAD, 1), spot(-115.225355, 36.174365)),
        ("geo_line_locate_point", (SHORT, -73.965, 40.792), 0.25560135100307552),
        ("geo_line_length", (TWO_LINES,), 8262.24339753741),
        ("geo_line_centroid", (SHORT,), spot(-73.965567057230942, 40.782453249627416)),
        ("geo_line_centroid", (line([1, 1]),), None),
        ("geo_from_wkt", ("POINT (1 2)",), spot(1, 2)),
        ("geo_from_wkt", ("LINESTRING",), None),
        ("geo_from_wkt", ("linestring z(1 2 3, -3.5e0 4 5)",), line([1, 2, 3], [-3.5, 4, 5])),
        ("geo_from_wkt", ("POLYGON ((0 0, 2 0, 2 2, 0 0))",), polygon([0, 0], [2, 0], [2, 2], [0, 0])),
        ("geo_from_wkt", ("MULTIPOINT (1 1, (2 2))",), {"type": "MultiPoint", "coordinates": [[1, 1], [2, 2]]}),
        ("geo_from_wkt", ("POINT (1 2) 3",), None),
        ("geo_point_to_geohash", (-122.303404, 47.570482), "c23n8"),
        ("geo_point_to_geohash", (1, 1, None), ""),
        ("geo_geohash_to_central_point", ("sunny",), spot(42.47314453125, 23.70849609375)),
        ("geo_geohash_neighbors", ("sunny",), ["sunnt", "sunpj", "sunnx", "sunpn", "sunnv", "sunpp", "sunnz", "sunnw"]),
        ("geo_geohash_neighbors", ("a",), None),
        ("geo_point_to_h3cell", (-74.04450446039874, 40.689250859314974, 6), CELL),
        ("geo_point_to_h3cell", (1, 1, None), ""),
        ("geo_h3cell_to_central_point", (CELL,), spot(-74.016008479792447, 40.7041679083504)),
        ("geo_h3cell_children", (CELL,), [f"872a1072{letter}ffffff" for letter in ("8", "9", *"abcde")]),
        ("geo_h3cell_children", (CELL, 12), None),
        ("geo_h3cell_parent", (CELL, 15), ""),
        ("geo_h3cell_parent", (CELL,), "852a1073fffffff"),
        ("geo_h3cell_level", (CELL,), 6),
        ("geo_h3cell_level", ("abc",), None),
        ("geo_h3cell_rings", ("861f8894fffffff", 150), None),
        ("geo_point_to_s2cell", (300, 1, 8), ""),
        ("geo_point_to_s2cell", (1, 1, 35), ""),
        ("geo_s2cell_to_central_point", ("1234567",), spot(9.86830731850408, 27.468392925827604)),
        ("geo_s2cell_to_central_point", ("a",), None),
        ("geo_s2cell_neighbors", ("89c259",), AROUND),
        ("geo_s2cell_neighbors", ("a",), None),
        ("__geo_length_to_s2cell_level", (1000,), 13),
    ],
)  # fmt: skip
def test_a_function_gives(name: str, arguments: tuple[object, ...], result: object) -> None:
    found = of(name, *arguments)
    assert same(found, result), found


def test_a_polygon_is_densified_where_its_edges_leave_the_geodesics() -> None:
    top = [[10 + i / 4, 11] for i in (4, 3, 2, 1, 0)]
    assert of("geo_polygon_densify", SQUARE) == polygon(*([10 + i / 4, 10] for i in range(5)), *top, [10, 10])


def test_cells_of_h3_are_in_rings_as_documented() -> None:
    inner = ["947ffffff", "95fffffff", "867ffffff"]
    rings = of("geo_h3cell_rings", "861f8894fffffff", 2)
    assert rings[1] == [f"861f88{end}" for end in inner] + ["861f8d497ffffff", "861f8d4b7ffffff", "861f8896fffffff"]
    assert (len(rings[2]), rings[2][0], rings[2][-1]) == (12, "861f88967ffffff", "861f8d597ffffff")
    assert of("geo_h3cell_neighbors", "861f8894fffffff") == rings[1]


@pytest.mark.parametrize(
    "shape",
    [
        None,
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        polygon([0, 0], [1, 1]),
        polygon([0, 0], [0, 1], [1, 1]),
        polygon([0, 0], [10, 10], [10, 10], [0, 0]),
        polygon([0, 0], [1, 1], [1, 0], [0, 1], [0, 0]),
        polygon([0, 0], [0, 100], [1, 1], [0, 0]),
        {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]], [[8, 1], [10, 1], [8, 2], [8, 1]]]},
    ],
)
def test_what_is_no_polygon_gives_null(shape: object) -> None:
    assert of("geo_point_in_polygon", 0.5, 0.5, shape) is None


def test_a_point_on_borders_lies_in_one_polygon() -> None:
    around = [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]] for x in (-1, 0) for y in (-1, 0)]
    for place in ((0, 0), (0, 0.5), (-0.5, 0)):
        assert sum(of("geo_point_in_polygon", *place, polygon(*ring)) for ring in around) == 1


DEGREES = some.tuples(some.floats(-180, 180), some.floats(-90, 90))


@given(DEGREES, some.integers(0, 30))
def test_a_cell_of_s2_holds_its_middle_and_lies_in_its_parent(place: tuple[float, float], level: int) -> None:
    token = of("geo_point_to_s2cell", *place, level)
    middle = of("geo_s2cell_to_central_point", token)["coordinates"]
    assert of("geo_point_to_s2cell", *middle, level) == token
    if level < 27:
        assert of("geo_point_in_polygon", *middle, of("geo_s2cell_to_polygon", token)) is True
    around = of("geo_s2cell_neighbors", token)
    assert len(around) in (7, 8) or level == 0
    assert all(token in of("geo_s2cell_neighbors", one) for one in around)


@given(DEGREES, some.integers(1, 18))
def test_a_geohash_is_that_of_its_middle(place: tuple[float, float], length: int) -> None:
    text = of("geo_point_to_geohash", *place, length)
    assert len(text) == length
    if length <= 10:
        assert of("geo_point_to_geohash", *of("geo_geohash_to_central_point", text)["coordinates"], length) == text


@given(DEGREES, DEGREES)
def test_distances_on_sphere_and_spheroid_differ_by_less_than_a_hundredth(
    one: tuple[float, float], two: tuple[float, float]
) -> None:
    round_, flat = (of("geo_distance_2points", *one, *two, way) for way in (False, True))
    assert flat == pytest.approx(round_, rel=0.01, abs=1e-3)


NUMBERS = some.integers(-200, 200) | some.floats() | some.integers(-2, 20) | some.none()
POSITIONS = some.lists(some.floats(-100, 100) | some.integers(-3, 3) | some.text(max_size=1), min_size=1, max_size=3)
PATHS = some.lists(POSITIONS, max_size=5).map(lambda path: [*path, path[0]] if path else path)
COORDINATES = PATHS | some.lists(PATHS, max_size=2) | some.lists(some.lists(PATHS, max_size=2), max_size=2) | NUMBERS
KINDS = ["Point", "LineString", "Polygon", "MultiPolygon", "MultiLineString", "x"]
SHAPES = some.fixed_dictionaries({"type": some.sampled_from(KINDS), "coordinates": COORDINATES})
ARGUMENTS = NUMBERS | SHAPES | some.lists(SHAPES, max_size=3) | some.text(max_size=8) | some.booleans()


@settings(max_examples=200)
@given(some.sampled_from(NAMES), some.lists(ARGUMENTS, min_size=6, max_size=6), some.data())
def test_no_arguments_end_in_an_error(name: str, arguments: list[object], data: some.DataObject) -> None:
    function = catalogue.find(name)
    assert function is not None
    signature = function.signatures[0]
    for i, parameter in enumerate(signature.parameters):
        if "bag" in parameter.kinds and data.draw(some.booleans()):
            arguments[i] = data.draw(SHAPES)
    found = of(name, *arguments[: data.draw(some.integers(signature.least, min(signature.most, 6)))])
    assert (found is not None) or signature.result != STRING.name
