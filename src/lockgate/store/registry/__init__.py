"""What a watched registry is known to hold, and what is still to be done about it: ``<workspace>/registry.db``.

``queue`` has the images that wait to be judged, ``seen`` tags, verdicts and bases, ``rebuilds`` what a moved base set
off. All changes in place, so it is no part of the record, which has a row for every step.
"""
