"""Which terms are in which rows of a data file, so that a query for a term passes over the others.

``hashing`` finds terms in texts, ``sidecar`` is the file of their filters, ``making`` writes one beside a data file,
``pruning`` asks them. A data file without one is read whole. What does not belong: what a query wants
(``kql.terms``).
"""
