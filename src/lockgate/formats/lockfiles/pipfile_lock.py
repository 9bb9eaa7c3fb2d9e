"""Pipfile.lock, specification 6 (https://github.com/pypa/pipfile). Direct names come from the Pipfile beside it."""

from __future__ import annotations

from lockgate.formats import json_safe
from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, folder_of, listing, mapping, python_name, text
from lockgate.formats.lockfiles._text import load_toml
from lockgate.model import Scope, SkipKind


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every package of every category; what only ``develop`` holds is for development."""
    document = json_safe.load(content)
    if not isinstance(document, dict) or not isinstance(document.get("_meta"), dict):
        raise FormatError("no _meta: not a lock of pipenv", 1)
    lines = json_safe.container_lines(content, max_depth=2)
    wanted = _pipfile(sibling(f"{folder_of(path)}Pipfile"))
    collector = Collector(path, "PyPI")
    for category, packages in document.items():
        if category == "_meta":
            continue
        for written, entry in mapping(packages).items():
            name, line = python_name(written), lines.get((category, written), 0)
            version = text(mapping(entry).get("version"))
            if not version.startswith("=="):
                collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} is not locked to a version", line=line)
                continue
            collector.add(
                name,
                version.lstrip("="),
                line=line,
                direct=None if wanted is None else name in wanted,
                scope=Scope.DEVELOPMENT if category == "develop" else Scope.RUNTIME,
                hashes=[text(digest) for digest in listing(mapping(entry).get("hashes"))],
            )
    if wanted is None:
        return _undecided(collector)
    return collector.reading(direct_known=True)


def _undecided(collector: Collector) -> Reading:
    """The lock has no edges, so without a Pipfile nothing tells direct from indirect."""
    from dataclasses import replace

    reading = collector.reading(direct_known=True)
    return replace(reading, components=tuple(replace(component, direct=None) for component in reading.components))


def _pipfile(content: bytes | None) -> set[str] | None:
    if content is None:
        return None
    try:
        document = load_toml(content)
    except FormatError:
        return None
    tables = [
        mapping(table) for name, table in document.items() if name not in ("source", "requires", "scripts", "pipenv")
    ]
    return {python_name(name) for table in tables for name in table}


READER = Reader("PyPI", named("Pipfile.lock"), read)
