"""What engines of SQL share: how a relational tree is gone through, which statements it takes, what runs between them.

No text of a dialect stands here, only what the standard has. An engine (:mod:`lockgate.kql.duckdb`,
:mod:`lockgate.kql.spark`) brings the types by which it holds values, its tables of operators, functions and aggregates,
and the few clauses that are its own.
"""

from lockgate.kql.emit.program import Asked, Fetch, Part, Perform, Program, Query, Read, Store
from lockgate.kql.emit.values import Foreign, Late, Unknown

__all__ = ["Asked", "Fetch", "Foreign", "Late", "Part", "Perform", "Program", "Query", "Read", "Store", "Unknown"]
