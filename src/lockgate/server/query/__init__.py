"""The query APIs of Kusto (Azure Data Explorer) and of Log Analytics, so that what asks those asks the record.

``app`` is the ASGI application; ``kusto_v1``, ``kusto_v2`` and ``logs`` are the shapes of answers, ``faults`` those of
errors, ``values`` those of values; ``management`` answers commands; ``desk`` is where questions wait, run and end. What
does not belong: the language itself, and what a person may see.
"""
