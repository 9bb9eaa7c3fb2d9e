"""Asking: a query in Kusto's language answered by DuckDB over the tables of a workspace.

What is no algebra runs in Python between statements (``kql/steps``), as does every function that DuckDB lacks. What a
query needs of time, rows and bytes is limited; it can be cancelled from another thread.
"""

from lockgate.store.ask.answer import Answer, AnswerTable, Cancel, LimitError, Limits, Outside, Reader
from lockgate.store.ask.run import Explained, ask, explain
from lockgate.store.ask.tables import Tables

__all__ = [
    "Answer", "AnswerTable", "Cancel", "Explained", "LimitError", "Limits", "Outside", "Reader", "Tables", "ask",
    "explain",
]  # fmt: skip
