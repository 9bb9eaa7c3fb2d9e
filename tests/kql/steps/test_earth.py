"""Plugins that find shapes on the earth, as the documentation shows them."""

from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.steps.running import rows, run

_POLYGONS = """let polygons = datatable(name: string, polygon: dynamic)[
    "New York", dynamic({"type": "Polygon", "coordinates": [[
        [-73.97375470114766, 40.74300078124614], [-73.98653921014294, 40.75486501361894],
        [-73.99910622331991, 40.74112695466084], [-73.97375470114766, 40.74300078124614]]]}),
    "Paris", dynamic({"type": "Polygon", "coordinates": [[
        [2.57564669886321, 48.769567764921334], [2.420098611499384, 49.05163394896812],
        [2.1016783119165723, 48.80113794475062], [2.57564669886321, 48.769567764921334]]]}),
    "nowhere", dynamic({"type": "Polygon"})];
let places = datatable(place: string, x: real, y: real)[
    "Empire State Building", -73.98567337898565, 40.74842629977377, "Museum", -73.98778501496217, 40.743565232771545,
    "Eiffel Tower", 2.294489426068907, 48.858263476169185, "London", -0.13245599272019604, 51.49879464208368,
    "Liberty", -74.04462223203123, 40.689195627512674, "nowhere", 200, 100];
places | evaluate geo_polygon_lookup(polygons, polygon, x, y"""
_ROADS = """let roads = datatable(name: string, road: dynamic)[
    "5th Avenue NY", dynamic({"type": "LineString", "coordinates":
        [[-73.97291864770574, 40.76428551254824], [-73.99708638113894, 40.73145135821781]]}),
    "Palace Ave", dynamic({"type": "LineString", "coordinates":
        [[-0.18756982045002246, 51.50245944666557], [-0.18908519740253382, 51.50544952706903]]})];
datatable(place: string, x: real, y: real)[
    "Empire State Building", -73.98567337898565, 40.74842629977377,
    "Grand Central Terminal", -73.97713140725149, 40.752730320824895,
    "Statue of Liberty", -74.04462223203123, 40.689195627512674,
    "Kensington Palace", -0.1885272501232862, 51.504906159672316]
| evaluate geo_line_lookup(roads, road, x, y"""


def test_a_polygon_is_found_for_the_points_in_it() -> None:
    query = _POLYGONS + ") | project place, name"
    assert rows(query) == [("Empire State Building", "New York"), ("Museum", "New York"), ("Eiffel Tower", "Paris")]


def test_points_without_a_polygon_may_be_kept() -> None:
    found = rows(_POLYGONS + ", return_unmatched = true) | project place, name")
    assert found[3:] == [("London", ""), ("Liberty", ""), ("nowhere", "")]


def test_a_radius_enlarges_the_polygons() -> None:
    found = rows(_POLYGONS + ", radius = 7000) | project place, name")
    assert found[3:] == [("Liberty", "New York")]


def test_the_polygon_is_a_column_when_it_is_asked_for() -> None:
    assert [one.name for one in run(_POLYGONS + ")").columns] == ["place", "x", "y", "name"]
    query = _POLYGONS + ", return_lookup_key = true) | project name, tostring(polygon.type)"
    assert rows(query)[0] == ("New York", "Polygon")


def test_a_line_is_found_for_the_points_near_it() -> None:
    names = [row[0] for row in rows(_ROADS + ", 350) | project name")]
    assert sorted(names) == ["5th Avenue NY", "5th Avenue NY", "Palace Ave"]
    assert len(rows(_ROADS + ", 100)")) < len(names)


@settings(max_examples=20, deadline=None)
@given(some.lists(some.tuples(some.floats(-180, 180), some.floats(-90, 90)), max_size=5))
def test_a_lookup_finds_what_the_function_says(places: list[tuple[float, float]]) -> None:
    shape = 'dynamic({"type": "Polygon", "coordinates": [[[-100, -60], [60, -50], [90, 70], [-100, -60]]]})'
    cells = ", ".join(f"{x!r}, {y!r}" for x, y in places)
    table = f"datatable(x: real, y: real)[{cells}]"
    found = rows(f"{table} | evaluate geo_polygon_lookup((print shape = {shape}), shape, x, y) | project x, y")
    assert found == rows(f"{table} | where geo_point_in_polygon(x, y, {shape})")
