"""Logs that grow in a container of storage, brought into tables: each line once, wherever a process ends.

A pass takes what blobs have grown by since the last one, up to the last whole line of each. A file says up to where and
under which number before rows are appended (``collect.position``); what was broken off is done again over the same
bytes under the same number, which tables that have it already take for done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.engine.collect.position import Once, Position
from lockgate.errors import StoreError
from lockgate.sources.azure_storage import MOST, Container, Piece
from lockgate.store.ingest.sent import Clean, Format, read
from lockgate.store.journal import held

_AT_ONCE = 2 * MOST
Read = dict[str, tuple[str, int]]
"""Up to where blobs were read, by name, and when each was made."""
Write = Callable[[Once, Mapping[str, bytes]], object]
"""Appends lines of rows by table."""


@dataclass(frozen=True, slots=True)
class StoredLogs:
    """One container, read as one format into the tables of one workspace."""

    container: Container
    form: Format
    only: str
    """The one table that is wanted; empty for all."""
    clean: Clean
    write: Write
    skipped: Callable[[str], object]
    """Is told the name of a blob that cannot be read so."""

    def take(self, file: Path) -> None:
        """Bring in what is there now. ``file``: says up to where was read. Raises :class:`LockgateError`, also while
        another process reads the same: what one of them brings under a number the other would take for its own."""
        with held(file.with_suffix(".lock")) as free:
            if not free:
                raise StoreError("another process is reading this container", where=self.container.where,
                                 hint="wait until it has ended")  # fmt: skip
            self._take(file)

    def _take(self, file: Path) -> None:
        position = Position(file, None)
        read = _read_of(position.value)
        if position.unfinished is not None:
            after = _read_of(position.unfinished)
            grown = [_between(name, read, after) for name in after if after[name] != read.get(name)]
            again = [(piece, self.container.content(piece)) for piece in grown]
            position.commit(after, partial(self._append, pieces=again))
            read = after
        for pieces in _groups(self._pieces(read)):
            whole, after = self._whole(pieces, read), dict(read)
            after |= {piece.name: (piece.made, piece.end) for piece, _ in whole}
            if whole:
                position.commit(after, partial(self._append, pieces=whole))
                read = after

    def _pieces(self, read: Read) -> Iterator[Piece]:
        for one in self.container.grown(read):
            if isinstance(one, str):
                self.skipped(one)
            else:
                yield one

    def _whole(self, pieces: list[Piece], read: Read) -> list[tuple[Piece, bytes]]:
        """Pieces, each from where reading is up to the end of its last whole line, with what they hold."""
        found: list[tuple[Piece, bytes]] = []
        for piece in pieces:
            made, begin = read.get(piece.name, (piece.made, piece.begin))
            begin = begin if made == piece.made else piece.begin
            content = self.container.content(Piece(piece.name, piece.made, begin, piece.end))
            size = content.rfind(b"\n") + 1 or (len(content) if len(content) >= MOST else 0)
            if size:
                found.append((Piece(piece.name, piece.made, begin, begin + size), content[:size]))
        return found

    def _append(self, once: Once, pieces: list[tuple[Piece, bytes]]) -> None:
        rows: dict[str, list[bytes]] = {}
        for piece, content in pieces:
            lines = enumerate(content.split(b"\n"), 1)
            origin = f"{self.container.where}/{piece.name}"
            for table, some in read(self.form, lines, clean=self.clean, origin=origin, only=self.only).items():
                rows.setdefault(table, []).append(some)
        self.write(once, {table: b"".join(some) for table, some in rows.items()})


def _read_of(value: Mapping[str, object]) -> Read:
    return {name: (str(told[0]), int(told[1])) for name, told in value.items() if isinstance(told, list | tuple)}


def _between(name: str, before: Read, after: Read) -> Piece:
    made, end = after[name]
    was, begin = before.get(name, (made, 0))
    return Piece(name, made, begin if was == made else 0, end)


def _groups(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Pieces that are taken together: some megabytes, and never two of one blob, since where the first of them ends
    says where the next one begins."""
    group: list[Piece] = []
    for piece in pieces:
        if group and (sum(one.end - one.begin for one in group) > _AT_ONCE or piece.name == group[-1].name):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group
