"""``lockgate ingest`` of files that other programs write: one line may become rows of several tables."""

from __future__ import annotations

import hashlib
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli._ingest_files import each
from lockgate.dataclass import dataclass
from lockgate.errors import UsageError

if TYPE_CHECKING:
    from lockgate.store.ingest import Loader
    from lockgate.store.ingest.blocks import Block
    from lockgate.store.ingest.sent import Clean, Format

_LEFT_OUT = ("transform", "source_columns", "columns", "time_field")
"""Options that say what a format says itself."""
Given = Callable[[str], tuple[str, Iterator["Block"]]]
"""Gives of a file what its batches are known by, empty for nothing, and its blocks."""


@dataclass(slots=True)
class _Told:
    """What became of one file."""

    rows: Counter[str] = field(default_factory=Counter)
    """Rows by table."""
    lost: Counter[str] = field(default_factory=Counter)
    """By companion table, what could not be read."""
    loose: Counter[str] = field(default_factory=Counter)
    """By table, fields and rows that did not fit it."""
    again: bool = False
    """Whether some of it was there already."""

    @property
    def misses(self) -> bool:
        """Whether something could not be read."""
        return bool(+self.lost)

    def say(self, name: str) -> None:
        """Print it."""
        from lockgate.cli._text import safe

        for table, count in (+self.lost).items():
            print(f"{count:,} could not be read: {safe(table)}", file=sys.stderr)
        for table, count in (+self.loose).items():
            print(f"{count:,} fields or rows did not fit; they are in {table}_errors", file=sys.stderr)
        shown = safe("standard input" if name == "-" else name.partition("?")[0] if "://" in name else name)
        if self.again and not +self.rows:
            print(f"{shown}: was taken before (--again takes it once more)")
            return
        into = ", ".join(f"{count:,} rows into {table}" for table, count in sorted((+self.rows).items())) or "no rows"
        print(f"{shown}: {into}{', the rest was taken before' if self.again else ''}")


def format_of(arguments: Namespace) -> Format | None:
    """The format that is asked for; None where files hold rows. Raises :class:`UsageError`."""
    from lockgate.store.ingest.sent import formats

    form = formats().get(arguments.format)
    if form is None:
        return None
    for option in _LEFT_OUT:
        if getattr(arguments, option):
            raise UsageError(f"{form.name} says itself what its rows are", where=f"--{option.replace('_', '-')}")
    if arguments.table and arguments.table not in form.tables:
        raise UsageError(f"{form.name} has no such table", where="--table", hint=", ".join(dict.fromkeys(form.tables)))
    return form


def run(
    arguments: Namespace, form: Format, given: Given, *, loader: Callable[[str, str], Loader], clean: Clean,
    workspace: Path,
) -> int:  # fmt: skip
    """Take the files. ``loader`` gives that of a table for an origin; the exit code is that of ``lockgate ingest``."""

    def load(name: str, told: _Told) -> None:
        if name.startswith(("https://", "http://")):
            _load_stored(arguments, form, name, workspace, loader=loader, clean=clean, told=told)
        else:
            _load(arguments, form, name, given, loader=loader, clean=clean, told=told)

    code = each(arguments.files, _Told, load)
    while arguments.follow is not None:
        time.sleep(arguments.follow)
        code = each(arguments.files, _Told, load)
    return code


def _load_stored(
    arguments: Namespace, form: Format, name: str, workspace: Path, *, loader: Callable[[str, str], Loader],
    clean: Clean, told: _Told,
) -> None:  # fmt: skip
    """One pass over a container."""
    from contextlib import closing

    from lockgate.engine.stored_logs import StoredLogs
    from lockgate.sources.azure_storage import Container
    from lockgate.tables._collected import COMPANION

    def write(once: tuple[str, int], rows: Mapping[str, bytes]) -> None:
        for table in sorted(rows, key=lambda one: not one.endswith(COMPANION)):
            with closing(loader(table, container.where)) as opened:
                done = opened.load(rows[table], once=once)
            (told.lost if table.endswith(COMPANION) else told.rows)[table] += done.rows
            told.loose[table] += len(done.problems)
            told.again |= done.again

    def skipped(blob: str) -> None:
        told.lost[f"{name.partition('?')[0]}: {blob} is no append blob"] += 1

    with closing(Container(name)) as container:
        folder = workspace / "containers"
        folder.mkdir(exist_ok=True)
        known = "\0".join((container.where, form.name, arguments.table))
        file = folder / f"{hashlib.sha256(known.encode()).hexdigest()[:32]}.json"
        StoredLogs(container, form, arguments.table, clean, write, skipped).take(file)


def _load(
    arguments: Namespace, form: Format, name: str, given: Given, *, loader: Callable[[str, str], Loader], clean: Clean,
    told: _Told,
) -> None:  # fmt: skip
    from lockgate.cli._progress import progress
    from lockgate.store.ingest.sent import read
    from lockgate.tables._collected import COMPANION

    sender, blocks = given(name)
    loaders: dict[str, Loader] = {}
    try:
        with progress(quiet=arguments.quiet) as tell:
            for block in blocks:
                lines = enumerate(bytes(block.data).split(b"\n"), block.begin())
                found = read(form, lines, clean=clean, origin=name, only=arguments.table)
                # What cannot be read is kept first, so that whoever finds the rows finds the rest.
                for table in sorted(found, key=lambda one: not one.endswith(COMPANION)):
                    if table not in loaders:
                        loaders[table] = loader(table, name)
                    done = loaders[table].load(found[table], once=(sender, block.number) if sender else None)
                    (told.lost if table.endswith(COMPANION) else told.rows)[table] += done.rows
                    told.loose[table] += len(done.problems)
                    told.again |= done.again
                for one in block.refused:
                    told.lost[f"{name}:{one.line}: {one.reason}"] += 1
                tell("rows", told.rows.total(), 0)
    finally:
        for opened in loaders.values():
            opened.close()
