"""Batches between their acknowledgement and the tables: lines in a journal, brought into the tables once.

A batch is one head, ``<table> <JSON>``, the ids that came with its rows, and the lines of these; the head says how many
bytes they are.
What is closed of a journal is grouped by table, loaded, and marked in the same commit with the writer's run and the
number of the file, so that a file which was loaded by a process that died before removing it is not loaded again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.store.ingest.identities import cut
from lockgate.store.ingest.loading import Loader
from lockgate.store.journal import CLOSED, OPEN, Settled, runs, set_aside, settle_closed

FOLDER = "incoming"
"""Within the workspace's own folder."""
_MOST_HEAD = 64 << 10
_MOST_TOLD = 32 << 10
"""Bytes that are told of a batch with its fields; of more they are looked for in its rows."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were sent together."""

    table: str
    """The table that they are for."""
    origin: str
    """Who sent them, as the companion table tells it."""
    received: datetime
    """When they came."""
    lines: bytes
    """A JSON object a line."""
    fields: frozenset[str] | None = None
    """All fields of the rows, where whoever made the batch knows them: then nobody looks for them again."""
    ids: bytes = b""
    """Ids by which what was sent is known again (``identities``), one after another."""

    def journalled(self) -> list[bytes]:
        """As it stands in a journal."""
        head = {"origin": self.origin, "received": self.received.isoformat(), "bytes": len(self.lines)}
        head |= {"ids": len(self.ids)} if self.ids else {}
        told = orjson.dumps(head | ({} if self.fields is None else {"fields": sorted(self.fields)}))
        if len(told) > _MOST_TOLD:
            told = orjson.dumps(head)
        return [b"%s %s\n" % (self.table.encode(), told), self.ids, self.lines]


def settle(
    root: Path, loader: Callable[[str, str], Loader], keep: Callable[[Sequence[bytes]], None] | None = None
) -> Settled:  # fmt: skip
    """Bring every closed file below ``root`` into the tables, and remove it.

    ``loader`` gives that of a table for what an origin sent; it is closed afterwards. ``keep`` gets the ids of the
    batches of a file before that goes; what it raises ends the settling, and the file stays. A table that cannot be
    written holds up no other: its files stay, and what comes later for it waits, so that its batches keep their order.
    Raises the first :class:`LockgateError` of those when all was tried.
    """
    done = Settled()
    failed: dict[str, LockgateError] = {}

    def settle_file(file: Path, abandoned: bool) -> None:
        batches = list(_batches(file))
        whole, left = _loaded(file, batches, loader, done, failed)
        if keep is not None:
            keep(cut(b"".join(batch.ids for batch in batches if batch is not None)))
        if left:
            return
        done.files += 1
        if whole or abandoned:  # what a writer did not live to end was never acknowledged
            file.unlink()
        else:
            done.problems.append(f"a journal cannot be read to its end: {set_aside(file)}")

    settle_closed(root, settle_file)
    for error in failed.values():
        raise error
    return done


def ids_in(root: Path) -> Iterator[bytes]:
    """The ids of every batch that waits below ``root``, closed or not."""
    for folder in runs(root):
        for file in sorted(one for ending in (CLOSED, OPEN) for one in folder.glob(f"*{ending}")):
            with contextlib.suppress(FileNotFoundError):  # settled meanwhile, and kept by whoever did
                for batch in _batches(file):
                    yield from cut(batch.ids) if batch is not None else ()


def _loaded(
    file: Path, batches: list[Batch | None], loader: Callable[[str, str], Loader], done: Settled,
    failed: dict[str, LockgateError],
) -> tuple[bool, bool]:  # fmt: skip
    """Bring the batches of a file into their tables, but for those that ``failed``, which gets more of them; whether it
    could be read to its end, and whether something of it is left."""
    found: dict[tuple[str, str], list[Batch]] = {}
    whole = True
    for batch in batches:
        if batch is None:
            whole = False
        else:
            found.setdefault((batch.table, batch.origin), []).append(batch)
    for (table, origin), some in found.items():
        if table in failed:
            continue
        try:
            done.rows += _load(loader(table, origin), some, once=(f"{file.parent.name}/{origin}", int(file.stem)))
        except LockgateError as error:
            failed[table] = error
    return whole, any(table in failed for table, _ in found)


def _load(loader: Loader, batches: list[Batch], *, once: tuple[str, int]) -> int:
    try:
        data = b"".join(batch.lines for batch in batches)
        told = [batch.fields for batch in batches]
        fields = frozenset().union(*filter(None, told)) if None not in told else None
        received = min(batch.received for batch in batches)
        return loader.load(data, received=received, once=once, fields=fields).rows
    finally:
        loader.close()


def _batches(file: Path) -> Iterator[Batch | None]:
    """The batches of a file; None at the end where the rest cannot be read."""
    with file.open("rb") as stream:
        while head := stream.readline(_MOST_HEAD):
            table, _, text = head.partition(b" ")
            try:
                told = orjson.loads(text)
                ids = stream.read(told.get("ids", 0))
                lines = stream.read(told["bytes"])
                received = datetime.fromisoformat(told["received"]).astimezone(UTC)
                if len(lines) != told["bytes"] or not head.endswith(b"\n"):
                    raise ValueError("cut")
                fields = frozenset(told["fields"]) if "fields" in told else None
                yield Batch(table.decode(), told["origin"], received, lines, fields, ids)
            except (ValueError, TypeError, KeyError, LockgateError):
                yield None
                return
