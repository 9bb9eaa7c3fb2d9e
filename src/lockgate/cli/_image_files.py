"""``lockgate image files``: digests of what an image runs and loads, shown, and kept as what drift is told from."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from lockgate.cli._image import image_of, layer_cache
from lockgate.cli._project import project_at
from lockgate.cli._text import safe
from lockgate.errors import ExitCode, UsageError
from lockgate.formats.oci.layers.entries import Entry
from lockgate.model import Skip
from lockgate.sources.image import Image, LayerSource, sources_of
from lockgate.sources.image.digests import Digests, FileDigest
from lockgate.sources.image.layers import Standing
from lockgate.sources.image.runtimes import Storage
from lockgate.store import Record
from lockgate.store.workspace import prepare

_COLUMNS = ("path", "sha256", "bytes", "mode", "uid", "gid", "layer")
_FORMS = 1
"""Version of the rows, so that an image is kept once."""


def files(arguments: argparse.Namespace) -> int:
    """Show the files, and keep them unless ``--no-store`` or ``--all`` is given."""
    project = project_at(Path(), config=Path(arguments.config) if arguments.config else None)
    store = not arguments.no_store
    if store:
        prepare(project.workspace, tracked=project.tracks)
    with image_of(arguments) as image, layer_cache(project, store) as cache:
        if not isinstance(image, Image):
            raise UsageError("a folder has no digest that its files could be kept under", where=str(image))
        listings = None if isinstance(image.place, Storage) else cache
        found = Digests(listings, everything=arguments.all)
        skips = _read(image, found)
    _tell(list(found.files()), arguments.form)
    for one in skips:
        print(safe(f"not read: {one.path}: {one.reason}"), file=sys.stderr)
    if found.left_out:
        print(f"not told: {found.left_out:,} files beyond {found.most:,}", file=sys.stderr)
    if store and not arguments.all:
        _keep(project.record(), image.digest, found.files())
    return int(ExitCode.NOTHING_CHECKED if skips or found.left_out else ExitCode.ALLOWED)


def _read(image: Image, found: Digests) -> list[Skip]:
    def met(entry: Entry, standing: Standing) -> None:
        found.met(entry, standing)

    skips: list[Skip] = []
    for source in sources_of(image, listings=found.listings, met=met, study=found):
        if isinstance(source, LayerSource):
            skips += [row for row in source.collect(_nothing) if isinstance(row, Skip)]
    return skips


def _nothing(path: str, size: int) -> bool:
    """No scanner sees the files."""
    del path, size
    return False


def _keep(record: Record, digest: str, found: Iterable[FileDigest]) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "TimeGenerated": now, "RunId": "", "ImageDigest": digest, "Path": one.path, "Sha256": one.sha256,
            "Bytes": one.size, "Mode": f"{one.mode:04o}", "Uid": one.uid, "Gid": one.gid, "Layer": one.layer,
        }
        for one in found
    ]  # fmt: skip
    record.append_alone("ImageFiles", rows, once=(f"image {digest}", _FORMS))


def _tell(found: list[FileDigest], form: str) -> None:
    rows = [(one.path, one.sha256, one.size, f"{one.mode:04o}", one.uid, one.gid, one.layer) for one in found]
    if form == "json":
        json.dump([dict(zip(_COLUMNS, row, strict=True)) for row in rows], sys.stdout, indent=1)
        print()
    else:
        for path, sha256, size, mode, *_ in rows:
            print(safe(f"{sha256}  {mode} {size:>12,}  {path}"))
