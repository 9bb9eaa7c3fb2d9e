"""An image drawn: its layers with bars for their sizes, what brought each, and what later layers hide of it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any

from lockgate.cli._image import image_of
from lockgate.cli._text import bar
from lockgate.dataclass import dataclass
from lockgate.formats.oci.layers.entries import Entry, Kind, shown_path
from lockgate.formats.printable import clipped, printable, veiled
from lockgate.sources.image import Image, LayerSource, root_source, sources_of
from lockgate.sources.image.layers import Standing, step_of

_BAR = 24


@dataclass(slots=True)
class Seen:
    """What one layer brought."""

    files: int = 0
    bytes: int = 0
    hidden: int = 0
    """Bytes of its files that a later layer deletes or replaces, and that are pulled all the same."""
    deletes: int = 0
    """Whiteouts."""
    largest: list[tuple[int, str]] = field(default_factory=list)


def inspect(arguments: argparse.Namespace) -> int:
    """Draw the image, or write it as JSON."""
    with image_of(arguments) as image:
        return _inspected(image, arguments)


def _inspected(image: Image | Path, arguments: argparse.Namespace) -> int:
    seen: dict[int, Seen] = {}
    most = max(arguments.files, 0)

    def met(entry: Entry, standing: Standing) -> None:
        one = seen.setdefault(standing.layer.index, Seen())
        if entry.kind is Kind.FILE:
            one.files += 1
            one.bytes += entry.size
            one.hidden += entry.size if standing.hidden is not None else 0
            if most:
                one.largest.append((entry.size, shown_path(entry.path)))
                if len(one.largest) > 64 + 2 * most:
                    one.largest = sorted(one.largest, reverse=True)[:most]
        elif entry.kind in (Kind.WHITEOUT, Kind.OPAQUE):
            one.deletes += 1

    sources = [root_source(image, met=met)] if isinstance(image, Path) else sources_of(image, met=met)
    for source in sources:
        if isinstance(source, LayerSource):
            for _ in source.collect(lambda path, size: False):
                pass
    for one in seen.values():
        one.largest = sorted(one.largest, reverse=True)[:most]
    if arguments.format == "json":
        json.dump(as_json(image, seen), sys.stdout, indent=1)
        print()
        return 0
    for line in drawn(image, seen, width=shutil.get_terminal_size().columns):
        print(line)
    return 0


def as_json(image: Image | Path, seen: dict[int, Seen]) -> dict[str, Any]:
    """The image for programs; bytes everywhere."""
    if isinstance(image, Path):
        return {"root": str(image), "layers": [_layer_json(seen.get(0, Seen()))]}
    config = image.config
    layers = [
        {
            "index": layer.index, "digest": layer.descriptor.digest, "diffId": layer.diff_id,
            "packedBytes": layer.descriptor.size, "instruction": layer.instruction, "line": layer.line or None,
            "created": layer.created, **_layer_json(seen.get(layer.index, Seen())),
        }
        for layer in image.layers
    ]  # fmt: skip
    return {
        "name": image.name, "digest": image.digest, "platform": str(config.platform), "platforms": image.platforms,
        "attestations": image.attested, "created": config.created, "user": config.user, "entrypoint": config.entrypoint,
        "command": config.command, "ports": config.ports, "labels": dict(config.labels), "layers": layers,
    }  # fmt: skip


def _layer_json(one: Seen) -> dict[str, Any]:
    return {
        "files": one.files, "bytes": one.bytes, "hiddenBytes": one.hidden, "deletes": one.deletes,
        "largest": [{"path": path, "bytes": size} for size, path in one.largest],
    }  # fmt: skip


def drawn(image: Image | Path, seen: dict[int, Seen], *, width: int) -> Iterator[str]:
    """The image for people, in lines of ``width`` columns at most."""
    width = max(width, 60)
    if isinstance(image, Path):
        one = seen.get(0, Seen())
        text = f"{image}: the root of a file system, {one.files:,} files, {size_of(one.bytes)}"
        yield clipped(printable(text), width)
        yield from _largest(one, width)
        return
    config = image.config
    yield clipped(printable(image.name), width)
    yield f"  {image.digest}"
    others = ", ".join(name for name in image.platforms if name != str(config.platform))
    made = f"; user {config.user or 'root'}; created {config.created or 'unknown'}"
    yield clipped(printable(f"  {config.platform}{f', also {others}' if others else ''}{made}"), width)
    yield ""
    top = max((one.bytes for one in seen.values()), default=0)
    yield f"  {'layer':>5} {'pulled':>9} {'unpacked':>9} {'hidden':>9} {'files':>7}"
    for layer in image.layers:
        one = seen.get(layer.index, Seen())
        hidden = size_of(one.hidden) if one.hidden else ""
        pulled, unpacked = size_of(layer.descriptor.size), size_of(one.bytes)
        line = f"  {layer.index:>5} {pulled:>9} {unpacked:>9} {hidden:>9} {one.files:>7,} "
        yield line + bar(_share(one.bytes, top), _BAR)
        deletes = f"; deletes {one.deletes:,} paths" if one.deletes else ""
        step = veiled(step_of(layer)) or "the history does not tell what brought it"
        yield clipped(f"        {step}{deletes}", width)
        yield from _largest(one, width)
    total = sum(one.bytes for one in seen.values())
    hidden_bytes = sum(one.hidden for one in seen.values())
    yield ""
    whole = sum(layer.descriptor.size for layer in image.layers)
    waste = f"; {size_of(hidden_bytes)} of it no container sees" if hidden_bytes else ""
    yield f"  {len(image.layers)} layers, {size_of(whole)} pulled, {size_of(total)} unpacked{waste}"


def _largest(one: Seen, width: int) -> Iterator[str]:
    for size, path in one.largest:
        yield clipped(f"        {size_of(size):>9}  {printable(path)}", width)


def _share(value: int, top: int) -> float:
    """Of the longest bar; a value above nothing shows."""
    return max(value / top, 1 / (8 * _BAR)) if top and value else 0.0


def size_of(count: int) -> str:
    """Bytes for people: ``1.4 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    return ""
