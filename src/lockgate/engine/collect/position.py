"""Up to where something was read, agreed with the table that it was read into.

Before rows are appended, a file says up to where reading is before and after them, and under which number they go; the
commit that brings them bears the same number. Whoever starts again looks whether the table has that number: then
reading goes on after them, else before. So nothing is doubled and nothing lost, wherever a process ends.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from lockgate.errors import StoreError
from lockgate.store.journal import sync_folder

Once = tuple[str, int]
"""A writer's name and the number of a batch, as the tables take it."""


class Position:
    """One position. ``value`` is what was read up to, JSON values by name; nobody changes it in place."""

    def __init__(self, file: Path, holds: Callable[[Once], bool] | None) -> None:
        """``holds``: whether the table has a batch; None for rows of several tables, some of which may have it.

        Raises :class:`StoreError` for a file that cannot be read.
        """
        self._file = file
        told = self._read()
        self._sender: str = told.get("sender") or f"collect-{uuid.uuid4().hex}"
        self._number: int = told.get("number", 0)
        there = self._number > 0 and holds is not None and holds((self._sender, self._number))
        self.value: Mapping[str, Any] = told.get("after" if there else "before", {})
        self._several = holds is None
        self.unfinished: Mapping[str, Any] | None = None
        """Of several tables: what a batch was to read up to that may be in some of them. It must be committed again,
        over the same, before anything else is."""
        if self._several and told.get("before") != told.get("after"):
            self.unfinished, self._number = told.get("after", {}), self._number - 1
        self._unsure = False

    def commit(self, value: Mapping[str, Any], write: Callable[[Once], object]) -> None:
        """Have ``write`` append rows, after which reading is at ``value``.

        What it raises is passed on. Whether the rows are there is then for the next process to find out: this position
        takes no more.
        """
        if self._unsure:
            hint = "start the collector again"
            raise StoreError("rows before these may be missing", where=str(self._file), hint=hint)
        number = self._number + 1
        self._keep({"sender": self._sender, "number": number, "before": self.value, "after": value})
        self._unsure = True
        write((self._sender, number))
        if self._several:
            self._keep({"sender": self._sender, "number": number, "before": value, "after": value})
        self._number, self.value, self._unsure, self.unfinished = number, value, False, None

    def _read(self) -> dict[str, Any]:
        try:
            told = orjson.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            told = None
        if not isinstance(told, dict):
            raise StoreError(
                "it does not say up to where the cluster was read", where=str(self._file),
                hint="delete the file: what the cluster still tells is then collected once more",
            )  # fmt: skip
        return told

    def _keep(self, told: Mapping[str, Any]) -> None:
        fresh = self._file.with_suffix(".new")
        try:
            with fresh.open("wb") as stream:
                stream.write(orjson.dumps(told))
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self._file)
            sync_folder(self._file.parent)
        except OSError as error:
            raise StoreError(f"the place of the collector cannot be written: {error.strerror}",
                             where=str(self._file)) from None  # fmt: skip
