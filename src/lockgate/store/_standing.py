"""A ledger as it stood when its known findings were read, for what is only read of them when it is asked for.

Of a large ledger, what findings say is most of its bytes, and settling asks for it of few. So it stays in the file, in
a read transaction of its own that sees nothing of what is written later (https://www.sqlite.org/isolation.html). What
does not belong: what a row holds (``known``).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lockgate.errors import StoreError
from lockgate.store import known as known_table


class Standing:
    """The known findings of one project as they stand now."""

    def __init__(self, path: Path, project: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        """Its closing ends what can be read."""
        self.connection.execute("BEGIN")
        self._path, self._project = path, project

    def bodies(self, path: str) -> bytes:
        """What the findings at ``path`` say, packed. Raises :class:`StoreError`."""
        try:
            row = known_table.read_one(self.connection, self._project, path)
        except sqlite3.Error as error:
            raise StoreError(f"the ledger cannot be used: {error}", where=str(self._path)) from None
        if row is None:
            raise StoreError("what is known of a path is no longer there", where=path)
        return row[-1]
