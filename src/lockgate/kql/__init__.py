"""Kusto Query Language, the language of Log Analytics and Sentinel: text to a syntax tree, and that bound to tables.

Pure: nothing here reads a file, a socket or a database, and nothing runs a query. ``parse`` gives the tree, ``bind``
says what every name and type in it is.
"""

from lockgate.kql.bind import Workspace, bind
from lockgate.kql.bound import Answer
from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.parse import parse

__all__ = ["Answer", "Diagnostic", "QueryError", "Workspace", "bind", "parse"]
