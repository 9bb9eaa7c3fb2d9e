"""Package.resolved of Swift, versions 1 to 3. It lists pins without saying what is direct or who requires whom."""

from __future__ import annotations

from dataclasses import replace

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, listing, mapping, text
from lockgate.model import SkipKind


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every pin with a version, named by its repository as OSV does (``github.com/owner/name``)."""
    del sibling
    document = mapping(json_safe.load(content))
    if document.get("version") not in (1, 2, 3):
        raise FormatError("a version that is not 1, 2 or 3", 1, kind=SkipKind.UNSUPPORTED)
    first = document["version"] == 1
    pins = mapping(document.get("object")).get("pins") if first else document.get("pins")
    if not isinstance(pins, list):
        raise FormatError("no pins", 1)
    lines = json_safe.container_lines(content, max_depth=3)
    collector = Collector(path, "SwiftURL")
    for index, entry in enumerate(listing(pins)):
        pin, line = mapping(entry), lines.get(("object", "pins", index) if first else ("pins", index), 0)
        name = _name(text(pin.get("repositoryURL")) or text(pin.get("location")) or text(pin.get("identity")))
        version = text(mapping(pin.get("state")).get("version"))
        if not name:
            collector.malformed("a pin without a place", line=line)
        elif not version:
            collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} is pinned to a branch or commit", line=line)
        else:
            collector.add(name, version, line=line)
    reading = collector.reading(direct_known=True)
    return replace(reading, components=tuple(replace(item, direct=None) for item in reading.components))


def _name(location: str) -> str:
    if "://" in location:
        location = location.partition("://")[2]
    elif location.startswith("git@"):
        location = location.replace(":", "/", 1)
    return location.rpartition("@")[2].removesuffix("/").removesuffix(".git")


READER = Reader("SwiftURL", named("Package.resolved"), read)
