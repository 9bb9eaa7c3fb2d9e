"""Events of a cluster into ``KubeEvents``: each sighting once, though every scan meets all that the cluster keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from lockgate.engine.collect.position import Position
from lockgate.engine.collect.tables import Tables
from lockgate.model import Skip

TABLE = "KubeEvents"
_PIECE = 20_000
"""Rows that are appended together."""
Sighting = tuple[tuple[str, str], dict[str, Any]]
"""((uid, version), row)."""


class Events:
    """Keeps which events were seen in which version: of those that the cluster still has."""

    def __init__(self, tables: Tables, position: Position, *, normal: bool) -> None:
        """``normal``: whether events of the type Normal are kept too."""
        self._tables, self._position, self._normal = tables, position, normal

    def take(self, told: Iterable[Sighting | Skip]) -> list[Skip]:
        """Append what was not seen before. Returns what could not be read; then nothing that is known is forgotten."""
        before: dict[str, str] = dict(self._position.value.get("seen", {}))
        seen: dict[str, str] = {}
        lines: list[bytes] = []
        skips: list[Skip] = []
        for one in told:
            if isinstance(one, Skip):
                skips.append(one)
                continue
            (uid, version), row = one
            if not self._normal and row["KubeEventType"] == "Normal":
                continue
            seen[uid] = version
            if before.get(uid) != version:
                lines.append(orjson.dumps(row) + b"\n")
                before[uid] = version
            if len(lines) >= _PIECE:
                self._write(lines, before)
                lines = []
        kept = before if skips else seen
        if lines:  # without, what is known is longer than need be until the next rows come, which does no harm
            self._write(lines, kept)
        return skips

    def _write(self, lines: list[bytes], seen: dict[str, str]) -> None:
        self._position.commit({"seen": dict(seen)}, lambda once: self._tables.load(TABLE, lines, once=once))
