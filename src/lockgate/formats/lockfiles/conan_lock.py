"""conan.lock of Conan 1 (a graph of nodes) and Conan 2 (lists of references) (https://docs.conan.io)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Key, Sibling, listing, mapping, text
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope

_REFERENCE = lazy_pattern(r"([a-z0-9_][a-z0-9_+.-]*)/([^@#%:\s]+)(?:@[^#%:\s]*)?(?:#([0-9a-f]+))?[^\s]*")
_GROUPS = (("requires", Scope.RUNTIME), ("build_requires", Scope.BUILD), ("python_requires", Scope.BUILD))


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every reference. Conan 2 states no edges."""
    del sibling
    document = mapping(json_safe.load(content))
    collector = Collector(path, "ConanCenter")
    if isinstance(mapping(document.get("graph_lock")).get("nodes"), dict):
        return _first(collector, document["graph_lock"]["nodes"], json_safe.container_lines(content, max_depth=3))
    if not any(isinstance(document.get(group), list) for group, _ in _GROUPS):
        raise FormatError("neither a graph nor lists of references: not a lock of Conan", 1)
    lines = json_safe.key_lines(content, max_depth=2)
    for group, scope in _GROUPS:
        for index, reference in enumerate(listing(document.get(group))):
            _add(collector, text(reference), lines.get((group, index), 0), scope)
    reading = collector.reading(direct_known=True)
    return replace(reading, components=tuple(replace(item, direct=None) for item in reading.components))


def _add(collector: Collector, reference: str, line: int, scope: Scope | None) -> Key | None:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        collector.malformed("a reference that is not name/version", line=line)
        return None
    return collector.add(match.group(1), match.group(2), line=line, scope=scope)


def _first(collector: Collector, nodes: dict[str, Any], lines: dict[json_safe.JsonPath, int]) -> Reading:
    keys: dict[str, Key] = {}
    consumers: list[dict[str, Any]] = []
    for number, entry in nodes.items():
        node = mapping(entry)
        if not text(node.get("ref")) or text(node.get("path")):
            consumers.append(node)  # the project itself: a recipe by path
            continue
        key = _add(collector, text(node["ref"]), lines.get(("graph_lock", "nodes", number), 0), None)
        if key is not None:
            keys[number] = key
    for number, entry in nodes.items():
        for group in ("requires", "build_requires"):
            for required in listing(mapping(entry).get(group)):
                if number in keys and text(required) in keys:
                    collector.require(keys[number], keys[text(required)])
    for node in consumers:
        for group, scope in _GROUPS[:2]:
            for required in listing(node.get(group)):
                if text(required) in keys:
                    collector.name_direct(keys[text(required)], scope)
    return collector.reading(direct_known=bool(consumers))


READER = Reader("ConanCenter", named("conan.lock"), read)
