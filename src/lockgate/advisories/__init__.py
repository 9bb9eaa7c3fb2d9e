"""What advisories say about versions: orders, ranges, scores, records, reviews. Pure: no file, socket or database.

The compiled store of advisories is ``store.advisories``; the scanner that puts components to it is
``scanners.dependencies``.
"""
