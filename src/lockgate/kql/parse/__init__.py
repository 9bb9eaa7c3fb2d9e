"""Text into the syntax tree. Written by hand as recursive descent; the grammar is the service's public one.

The first fault ends the reading. Each layer of the parser is a class above the one before: places in the text, names,
values, parameters, operators, statements.
"""

from lockgate.kql.parse.statements import parse

__all__ = ["parse"]
