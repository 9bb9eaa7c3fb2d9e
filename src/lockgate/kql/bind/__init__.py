"""The syntax tree bound to tables and functions: every name resolved, every type known, as the service predicts them.

Each layer of the binder is a class above the one before: checks, values, calls, columns, tables, rows, graphs, pipes,
statements.
"""

from lockgate.kql.bind.scope import Workspace
from lockgate.kql.bind.statements import bind

__all__ = ["Workspace", "bind"]
