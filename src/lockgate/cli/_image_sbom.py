"""``lockgate image sbom``: the bill of materials of an image, written or attached to it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lockgate.cli._image import image_of, layer_cache
from lockgate.cli._outputs import outputs, source_date_epoch, write
from lockgate.cli._project import project_at
from lockgate.engine.image_bill import attach_bill, bill_of
from lockgate.errors import ExitCode, UsageError
from lockgate.formats.printable import printable
from lockgate.sources.image import Image
from lockgate.sources.image.attached import writable
from lockgate.sources.image.runtimes import Storage


def sbom(arguments: argparse.Namespace) -> int:
    """Write the bill, or attach it; returns the exit code."""
    project = project_at(Path())
    chosen = f"{arguments.format}={arguments.output}" if arguments.output else arguments.format
    with image_of(arguments, writes=arguments.attach) as image, layer_cache(project, not arguments.no_store) as kept:
        if not isinstance(image, Image):
            raise UsageError("the root of a file system is no image", where=arguments.image, hint="check --rootfs")
        place = writable(image.place, arguments.image) if arguments.attach else None
        listings = None if isinstance(image.place, Storage) else kept
        bill = bill_of(image, listings=listings, epoch=source_date_epoch())
        if arguments.output or place is None:
            write(bill.result, outputs([chosen]))
        if place is not None:
            digest = attach_bill(place, image, bill, arguments.format)
            print(f"attached {digest}\n  to {image.digest}: {len(bill.result.components):,} components")
    for one in bill.skips:
        print(f"not read: {printable(one.path)}: {printable(one.reason)}", file=sys.stderr)
    return int(ExitCode.ALLOWED)
