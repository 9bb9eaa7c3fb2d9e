"""Points, lines, polygons and cells on the earth. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
geo_from_wkt(wkt: string|array) -> bag
geo_angle(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number, p3_longitude:
    number, p3_latitude: number) -> real
geo_azimuth(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number) -> real
geo_closest_point_on_line(longitude: number, latitude: number, line_string: bag) -> bag
geo_closest_point_on_polygon(longitude: number, latitude: number, polygon: bag) -> bag
geo_distance_2points(p1_longitude: number, p1_latitude: number, p2_longitude: number, p2_latitude: number,
    use_spheroid: number|bool?) -> real
geo_distance_point_to_line(longitude: number, latitude: number, line_string: bag) -> real
geo_distance_point_to_polygon(longitude: number, latitude: number, polygon: bag) -> real
geo_point_in_circle(p_longitude: number, p_latitude: number, pc_longitude: number, pc_latitude: number, c_radius:
    number) -> bool
geo_point_in_polygon(longitude: number, latitude: number, polygon: bag) -> bool
geo_intersects_2lines(line_string1: bag, line_string2: bag) -> bool
geo_intersects_line_with_polygon(line_string: bag, polygon: bag) -> bool
geo_intersects_2polygons(polygon1: bag, polygon2: bag) -> bool
geo_intersection_2lines(line_string1: bag, line_string2: bag) -> bag
geo_intersection_line_with_polygon(line_string: bag, polygon: bag) -> bag
geo_intersection_2polygons(polygon1: bag, polygon2: bag) -> bag
geo_union_polygons_array(polygons: array) -> bag
geo_simplify_polygons_array(polygons: array, tolerance: number?) -> bag
geo_union_lines_array(line_strings: array) -> bag
geo_polygon_to_h3cells(polygon: bag, resolution: number?, radius: number?) -> array<string>
geo_polygon_to_s2cells(polygon: bag, level: number?, radius: number?) -> array<string>
__geo_polygon_s2cell_covering_level(polygon: bag) -> int
geo_polygon_densify(polygon: bag, tolerance: number?, preserve_crossing: number|bool?) -> bag
geo_polygon_area(polygon: bag) -> real
geo_polygon_buffer(polygon: bag, radius: number, tolerance: number?) -> bag
geo_polygon_centroid(polygon: bag) -> bag
__geo_polygon_validate(polygon: bag) -> string
geo_polygon_perimeter(polygon: bag) -> real
geo_polygon_simplify(polygon: bag, tolerance: number?) -> bag
__geo_line_s2cell_covering_level(line_string: bag) -> int
geo_line_length(line_string: bag) -> real
geo_line_buffer(line_string: bag, radius: number, tolerance: number?) -> bag
geo_line_centroid(line_string: bag) -> bag
geo_line_densify(line_string: bag, tolerance: number?, preserve_crossing: number|bool?) -> bag
geo_line_simplify(line_string: bag, tolerance: number?) -> bag
geo_line_locate_point(line_string: bag, longitude: number, latitude: number, use_spheroid: number|bool?) -> real
geo_line_interpolate_point(line_string: bag, fraction: number) -> bag
__geo_line_validate(line_string: bag) -> string
geo_line_to_s2cells(line_string: bag, level: number?, radius: number?) -> array<string>
__geo_length_to_s2cell_level(length: number) -> int
geo_point_to_geohash(longitude: number, latitude: number, accuracy: number?) -> string
geo_geohash_to_central_point(geohash: string) -> bag
geo_geohash_to_polygon(geohash: string) -> bag
geo_geohash_neighbors(geohash: string) -> array<string>
geo_point_buffer(longitude: number, latitude: number, radius: number, tolerance: number?) -> bag
geo_point_to_s2cell(longitude: number, latitude: number, level: number?) -> string
geo_s2cell_to_central_point(s2cell: string) -> bag
geo_s2cell_to_polygon(s2cell: string) -> bag
geo_s2cell_neighbors(s2cell: string) -> array<string>
geo_point_to_h3cell(longitude: number, latitude: number, resolution: number?) -> string
geo_h3cell_to_central_point(h3cell: string) -> bag
geo_h3cell_to_polygon(h3cell: string) -> bag
geo_h3cell_neighbors(h3cell: string) -> array<string>
geo_h3cell_children(h3cell: string, resolution: number?) -> array<string>
geo_h3cell_parent(h3cell: string, resolution: number?) -> string
geo_h3cell_rings(h3cell: string, distance: number) -> array
geo_h3cell_level(h3cell: string) -> int
"""
