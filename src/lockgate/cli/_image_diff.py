"""``lockgate image diff A B``: what the second image has otherwise than the first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lockgate.advisories.review import Review
from lockgate.cli._image import Scanned, scanned
from lockgate.cli._text import safe
from lockgate.engine.image_changes import ImageChanges, ScannedImage, changes
from lockgate.errors import ExitCode, UsageError
from lockgate.model import Component, SettledFinding
from lockgate.sources.image import Image

_MOST = 200
"""Lines of one part that are printed; JSON has all."""


def diff(arguments: argparse.Namespace) -> int:
    """Print what changes; 1 where the second image has a finding that the first has not."""
    before, after = (_side(arguments, name) for name in (arguments.image, arguments.other))
    found = changes(before, after)
    tell(found, arguments, layers=len(after.diff_ids))
    return int(ExitCode.DENIED if found.new else ExitCode.ALLOWED)


def _side(arguments: argparse.Namespace, name: str) -> ScannedImage:
    return side_of(scanned(argparse.Namespace(**{**vars(arguments), "image": name}), bill=True))


def side_of(found: Scanned) -> ScannedImage:
    """What two images are compared by. Raises ``UsageError`` for the root of a file system."""
    image = found.image
    if not isinstance(image, Image):
        raise UsageError("a folder has no layers and no configuration to compare", where=str(image))
    digests = tuple(one.descriptor.digest for one in image.layers)
    diff_ids = tuple(one.diff_id for one in image.layers)
    return ScannedImage(image.config, diff_ids, digests, found.components, found.result.findings)


def tell(found: ImageChanges, arguments: argparse.Namespace, *, layers: int | None) -> None:
    """Print the changes in the form that is asked for. ``layers``: of the second image; None: they are not compared."""
    if arguments.form == "json":
        print(json.dumps(_as_json(found, layers), indent=1))
        return
    for line in _lines(found, layers):
        print(line)


def _lines(found: ImageChanges, layers: int | None) -> Iterator[str]:
    if layers is not None:
        yield f"{found.shared_layers} layers are shared, {layers - found.shared_layers} are others"
    rows = list(_rows(found.packages))
    yield f"packages: {_counted(found.packages)}"
    yield from _some(
        [f"  {what:<9} {_named(one)} {' -> '.join(filter(None, (old, new)))}" for what, one, old, new in rows]
    )
    if found.config:
        yield "configuration:"
        yield from _some([f"  {name}: {old or '(none)'} -> {new or '(none)'}" for name, old, new in found.config])
    for title, findings in (("findings gone", found.gone), ("findings new", found.new)):
        yield f"{title}: {len(findings)}"
        yield from _some([f"  {_finding(one)}" for one in findings])


def _some(lines: list[str]) -> Iterator[str]:
    yield from (safe(line) for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield f"  and {len(lines) - _MOST:,} more"


def _rows(review: Review) -> Iterator[tuple[str, Component, str, str]]:
    for one in review.added:
        yield "added", one, "", one.version
    for one in review.removed:
        yield "removed", one, one.version, ""
    for change in review.changed:
        if change.version_changed:
            yield str(change.direction), change.after, change.before.version, change.after.version


def _counted(review: Review) -> str:
    changed = sum(one.version_changed for one in review.changed)
    return f"{len(review.added)} added, {len(review.removed)} removed, {changed} changed"


def _named(one: Component) -> str:
    return f"{one.ecosystem} {one.name}"


def _finding(settled: SettledFinding) -> str:
    finding = settled.finding
    flaw = f" {finding.aliases[0]}" if finding.aliases else ""
    return f"{finding.severity}  {finding.subject.name}{flaw}  {finding.rule}"


def _as_json(found: ImageChanges, layers: int | None) -> dict[str, Any]:
    return {
        "packages": [
            {"change": what, "ecosystem": one.ecosystem, "name": one.name, "before": old or None, "after": new or None,
             "purl": one.purl}
            for what, one, old, new in _rows(found.packages)
        ],
        "configuration": [{"field": name, "before": old, "after": new} for name, old, new in found.config],
        "findings": {
            "gone": [_finding_json(one) for one in found.gone], "new": [_finding_json(one) for one in found.new]
        },
        "layers": None if layers is None else {"shared": found.shared_layers, "other": layers - found.shared_layers},
    }  # fmt: skip


def _finding_json(settled: SettledFinding) -> dict[str, Any]:
    finding = settled.finding
    return {
        "rule": finding.rule, "severity": str(finding.severity), "subject": finding.subject.name,
        "aliases": finding.aliases, "path": str(Path(finding.location.path)), "layer": finding.fact("layer") or None,
        "waived": settled.waived,
    }  # fmt: skip
