"""Rows that come in from outside: read, fitted to the columns of a table, appended, each batch once.

``reading`` says which field is which column, ``blocks`` cuts what comes into pieces of whole lines, ``plain`` brings a
piece into a Parquet file with one statement where all its rows are plain, ``fitting`` reads row by row where they are
not, ``collected`` keeps the tables. What does not belong: listening to a network, and what rows mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockgate.store.ingest.collected import Collected
    from lockgate.store.ingest.loading import Loaded, Loader
    from lockgate.store.ingest.reading import AUDIT, Reading, Times, reading_of

__all__ = ["AUDIT", "Collected", "Loaded", "Loader", "Reading", "Times", "reading_of"]
_MODULES = {"Collected": "collected", "Loaded": "loading", "Loader": "loading"}
"""Where what is named here is, if not in ``reading``."""


def __getattr__(name: str) -> Any:
    """Imported when it is first asked for: a query needs the tables, and nothing that loads them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'reading')}"), name)
