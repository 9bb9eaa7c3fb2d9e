"""Runs ``lockgate ingest``: which files go into which table, and what is said of them."""

from __future__ import annotations

import hashlib
import sys
import uuid
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._ingest_files import each
from lockgate.cli.commands.ingest import FILES
from lockgate.dataclass import dataclass
from lockgate.errors import UsageError

if TYPE_CHECKING:
    from lockgate.store.ingest import Collected, Loader
    from lockgate.store.ingest.blocks import Block
    from lockgate.store.ingest.fitting import Problem
    from lockgate.store.ingest.transforming import Transformation
    from lockgate.tables import Column

_MOST_SHOWN = 20
_STDIN = "-"


@dataclass(slots=True)
class _Told:
    """What became of one file."""

    table: str
    rows: int = 0
    blocks: int = 0
    again: int = 0
    """Blocks that were there already."""
    lost: int = 0
    """Rows that are in the companion table only."""
    loose: int = 0
    """Fields that are in the companion table only."""
    shown: list[Problem] = field(default_factory=list)

    @property
    def misses(self) -> bool:
        """Whether a row is in the companion table only."""
        return bool(self.lost)

    def say(self, name: str) -> None:
        """Print it."""
        from lockgate.cli._text import safe

        shown = safe("standard input" if name == _STDIN else name)
        for one in self.shown:
            what = f"field {one.field!r}: {one.reason}" if one.field else one.reason
            print(f"{shown}:{one.line}: {safe(what)}", file=sys.stderr)
        more = self.lost + self.loose - len(self.shown)
        if more > 0:
            print(f"and {more:,} more", file=sys.stderr)
        if self.lost or self.loose:
            counted = f"{self.lost:,} rows and {self.loose:,} fields"
            print(f"{counted} did not fit; they are in {self.table}_errors", file=sys.stderr)
        if self.again and self.again == self.blocks:
            print(f"{shown}: was taken before (--again takes it once more)")
        else:
            before = f", {self.again:,} of {self.blocks:,} blocks were taken before" if self.again else ""
            print(f"{shown}: {self.rows:,} rows into {self.table}{before}")


def run(arguments: Namespace) -> int:
    """Take the files; the exit code: 4 where a row or a file has no place in the table."""
    from lockgate.cli import _ingest_sent
    from lockgate.cli._project import project_at
    from lockgate.sources.cluster.audited import cleaned
    from lockgate.store.ingest import Collected, Loader
    from lockgate.store.workspace import prepare, salt_of

    audit = arguments.format == "audit"
    form = _ingest_sent.format_of(arguments)
    table = arguments.table or ("AKSAudit" if audit else "")
    if not table and form is None:
        raise UsageError("which table is to get the rows?", where="--table")
    stored = [name for name in arguments.files if name.startswith(("https://", "http://"))]
    if stored and form is None:
        raise UsageError("a container is read as what a program writes", where="--format")
    if arguments.follow is not None and (stored != arguments.files or not 0 < arguments.follow < 1e6):
        raise UsageError("containers alone grow, and are looked at again after some seconds", where="--follow")
    if arguments.files.count(_STDIN) > 1:
        raise UsageError("standard input can be read once", where=_STDIN)
    transformation = _transformation(arguments)
    project = project_at(Path.cwd())
    prepare(project.workspace, tracked=project.tracks)
    salt = salt_of(project.workspace)
    collected = Collected(project.record())
    if form is not None:
        return _ingest_sent.run(
            arguments, form, lambda name: _given(arguments, name, table), clean=partial(cleaned, salt=salt),
            loader=lambda one, origin: Loader(collected, one, origin=origin), workspace=project.workspace.folder,
        )  # fmt: skip

    def load(name: str, told: _Told) -> None:
        loader = _loader(arguments, collected, table, name, salt, transformation)
        try:
            _load(arguments, loader, name, told)
        finally:
            loader.close()

    return each(arguments.files, lambda: _Told(table), load)


def _transformation(arguments: Namespace) -> Transformation | None:
    if not arguments.transform:
        return None
    if arguments.format == "audit":
        raise UsageError("events of the audit log are not transformed", where="--transform",
                         hint="their secrets are taken out by the fields that they have")  # fmt: skip
    if not arguments.source_columns:
        raise UsageError("which columns do the rows have that go in?", where="--source-columns")
    from lockgate.cli._ask import told
    from lockgate.store.ingest.transforming import Transformation

    columns = _columns(arguments.source_columns)
    return told(arguments.transform, lambda: Transformation(arguments.transform, columns))


def _loader(
    arguments: Namespace, collected: Collected, table: str, name: str, salt: bytes,
    transformation: Transformation | None,
) -> Loader:  # fmt: skip
    from lockgate.sources.cluster.audited import cleaned
    from lockgate.store.ingest import Loader

    return Loader(
        collected, table, audit=arguments.format == "audit", columns=_columns(arguments.columns),
        time_field=arguments.time_field, origin="standard input" if name == _STDIN else name,
        clean=lambda event: cleaned(event, salt=salt), transformation=transformation,
    )  # fmt: skip


def _load(arguments: Namespace, loader: Loader, name: str, told: _Told) -> None:
    from lockgate.cli._progress import progress

    sender, given = _given(arguments, name, loader.table.name)
    with progress(quiet=arguments.quiet) as tell:
        for block in given:
            once = (sender, block.number) if sender else None
            done = loader.load(block.data, begin=block.begin, refused=block.refused, once=once)
            told.blocks += 1
            told.rows += done.rows
            told.again += done.again
            told.lost += sum(not one.kept for one in done.problems)
            told.loose += sum(one.kept for one in done.problems)
            told.shown += done.problems[: _MOST_SHOWN - len(told.shown)]
            tell("rows", told.rows, 0)
            del block  # its memory is that of the next one


def _given(arguments: Namespace, name: str, table: str) -> tuple[str, Iterator[Block]]:
    """What the batches of a file are known by, empty for nothing; and its blocks."""
    from lockgate.store.ingest.blocks import blocks, found, streamed

    form = arguments.format if arguments.format in FILES else ""
    if name == _STDIN:
        identity = arguments.batch_id
        given = streamed(sys.stdin.buffer, form=form)
    else:
        identity = found(Path(name)).digest
        given = blocks(Path(name), form=form, most=arguments.max_size)
    if not identity:
        return "", given
    again = uuid.uuid4().hex if arguments.again else ""
    through = (arguments.transform, arguments.source_columns)
    parts = (identity, table, arguments.format, arguments.time_field, *through, again)
    return "ingest-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32], given


def _columns(text: str) -> list[Column]:
    from lockgate.tables import Column, ColumnType

    columns = []
    for one in filter(None, text.split(",")):
        name, _, kind = one.partition(":")
        try:
            columns.append(Column(name.strip(), ColumnType(kind.strip()), ""))
        except ValueError:
            raise UsageError(f"{one!r} is no column", where="--columns",
                             hint=f"NAME:TYPE, with one of {', '.join(ColumnType)}") from None  # fmt: skip
    return columns
