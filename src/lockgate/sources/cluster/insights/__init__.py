"""Rows of Container Insights from objects and measurements of a cluster, with the values that Azure's agent writes.

What the agent writes is read off its source (https://github.com/microsoft/Docker-Provider, source/plugins/ruby):
which field becomes which column, what a missing one becomes, how names are joined. Pure: objects in, rows out, a row a
dict of columns with JSON values. Fields of a wrong type count as absent. What does not belong: requests, tables.
"""

from lockgate.sources.cluster.insights.identity import Identity

__all__ = ["Identity"]
