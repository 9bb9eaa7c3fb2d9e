"""Geometry on a sphere: points as unit vectors, edges as the shorter geodesics between them, cells of S2.

Stands alone: it knows nothing of queries. The algorithms are those of the S2 geometry library (Google, Apache-2.0,
s2geometry.io), of which the part that is needed is written anew here: no maintained Python library of it has wheels
and a licence that fits (s2sphere is from 2018; s2cell has no polygons).
"""
