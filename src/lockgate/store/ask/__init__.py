"""Asking: a query in Kusto's language answered over the tables of a workspace, by DuckDB or by Spark.

What is no algebra runs in Python between statements (``kql/steps``), as does every function that the engine lacks. What
a query needs of time, rows and bytes is limited; it can be cancelled from another thread.
"""

from lockgate.store.ask.answer import (
    Answer,
    AnswerTable,
    Cancel,
    CancelledError,
    LimitError,
    Limits,
    MemoryLimitError,
    Outside,
    Reader,
    TimeLimitError,
)
from lockgate.store.ask.choose import Choice, Engines
from lockgate.store.ask.run import Explained, ask, explain
from lockgate.store.ask.tables import Parquet, Tables

__all__ = [
    "Answer", "AnswerTable", "Cancel", "CancelledError", "Choice", "Engines", "Explained", "LimitError", "Limits",
    "MemoryLimitError", "Outside", "Parquet", "Reader", "Tables", "TimeLimitError", "ask", "explain",
]  # fmt: skip
