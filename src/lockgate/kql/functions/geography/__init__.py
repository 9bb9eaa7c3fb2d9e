"""Functions of geography. Sources: the public documentation of each function; what it leaves open is said where it is
decided.
"""

from __future__ import annotations

from lockgate.kql.functions import Maker, plain
from lockgate.kql.functions.geography import geohash, h3cells, lines, measures, overlays, s2cells, shapes, wkt
from lockgate.kql.functions.geography.measures import with_both, with_lines, with_polygons, with_two

FUNCTIONS: dict[str, Maker] = {
    "geo_from_wkt": plain(wkt.from_wkt),
    "geo_angle": plain(measures.corner),
    "geo_azimuth": plain(measures.azimuth),
    "geo_distance_2points": plain(measures.distance),
    "geo_point_in_circle": plain(measures.in_circle),
    "geo_point_in_polygon": with_polygons(measures.in_polygon),
    "geo_distance_point_to_line": with_lines(measures.to_line),
    "geo_distance_point_to_polygon": with_polygons(measures.to_polygon),
    "geo_closest_point_on_line": with_lines(measures.on_line),
    "geo_closest_point_on_polygon": with_polygons(measures.on_polygon),
    "geo_line_locate_point": with_lines(measures.locate),
    "geo_line_length": with_lines(lines.length),
    "geo_line_centroid": with_lines(lines.centroid),
    "geo_line_interpolate_point": with_lines(lines.interpolate),
    "geo_line_densify": with_lines(lines.densify),
    "geo_polygon_densify": with_polygons(lines.densify_polygon),
    "geo_polygon_area": with_polygons(overlays.area),
    "geo_polygon_perimeter": with_polygons(overlays.perimeter),
    "geo_polygon_centroid": with_polygons(overlays.centroid),
    "geo_union_polygons_array": plain(overlays.union_polygons),
    "geo_union_lines_array": plain(overlays.union_lines),
    "geo_intersection_2polygons": with_two(overlays.intersection_of_polygons, shapes.polygons),
    "geo_intersection_line_with_polygon": with_both(overlays.intersection_of_line),
    "geo_intersection_2lines": with_two(overlays.intersection_of_lines, shapes.lines),
    "geo_intersects_2polygons": with_two(overlays.polygons_meet, shapes.polygons),
    "geo_intersects_line_with_polygon": with_both(overlays.line_meets),
    "geo_intersects_2lines": with_two(overlays.lines_meet, shapes.lines),
    "geo_point_to_geohash": plain(geohash.of_point),
    "geo_geohash_to_central_point": plain(geohash.central_point),
    "geo_geohash_to_polygon": plain(geohash.polygon),
    "geo_geohash_neighbors": plain(geohash.neighbours),
    "geo_point_to_h3cell": plain(h3cells.of_point),
    "geo_h3cell_to_central_point": plain(h3cells.central_point),
    "geo_h3cell_to_polygon": plain(h3cells.polygon),
    "geo_h3cell_neighbors": plain(h3cells.neighbours),
    "geo_h3cell_rings": plain(h3cells.rings),
    "geo_h3cell_level": plain(h3cells.level),
    "geo_h3cell_parent": plain(h3cells.parent),
    "geo_h3cell_children": plain(h3cells.children),
    "geo_point_to_s2cell": plain(s2cells.of_point),
    "geo_s2cell_to_central_point": plain(s2cells.central_point),
    "geo_s2cell_to_polygon": plain(s2cells.polygon),
    "geo_s2cell_neighbors": plain(s2cells.neighbours),
    "__geo_length_to_s2cell_level": plain(s2cells.level_of_length),
}
