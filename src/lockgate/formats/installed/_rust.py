"""What ``cargo auditable`` writes into a program: a section of zlib-packed JSON
(https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed._sections import Part
from lockgate.formats.purl import purl
from lockgate.model import Component, Scope, SkipKind

_NAMES = (".dep-v0", ".rust-deps-v0", "rust-deps-v0", ".rust-audit-info")
_MAX_PACKED = 8 * 1024 * 1024
_MAX_PLAIN = 32 * 1024 * 1024
_MOST = 20_000


def components(file: BinaryIO, found: tuple[Part, ...], path: str) -> Iterator[Component]:
    """The crates, with what requires them; nothing for other programs. Raises ``FormatError``."""
    part = next((part for part in found if part.name in _NAMES), None)
    if part is None:
        return
    if part.size > _MAX_PACKED:
        raise FormatError(f"a list of crates of more than {_MAX_PACKED} bytes", kind=SkipKind.TOO_LARGE)
    file.seek(part.offset)
    packages = _packages(file.read(part.size))
    parents: dict[int, set[str]] = {}
    for entry in packages:
        for at in entry.get("dependencies") or () if isinstance(entry.get("dependencies"), list) else ():
            if isinstance(at, int) and 0 <= at < len(packages):
                parents.setdefault(at, set()).add(f"{entry.get('name')}@{entry.get('version')}")
    roots = {f"{one.get('name')}@{one.get('version')}" for one in packages if one.get("root") is True}
    for at, entry in enumerate(packages):
        name, version, source = entry.get("name"), entry.get("version"), entry.get("source")
        if not isinstance(name, str) or not isinstance(version, str) or source not in ("crates.io", "registry"):
            continue  # what is local is the program itself, and no advisory speaks of what is in a repository alone
        above = parents.get(at, set())
        yield Component(
            "crates.io",
            name,
            version,
            path,
            direct=bool(above & roots) if roots else None,
            parents=tuple(sorted(above - roots)),
            scope=Scope.BUILD if entry.get("kind") == "build" else Scope.RUNTIME,
            purl=purl("crates.io", name, version),
        )


def _packages(packed: bytes) -> list[dict[str, Any]]:
    opened = zlib.decompressobj()
    try:
        plain = opened.decompress(packed, _MAX_PLAIN)
    except zlib.error:
        raise FormatError("a list of crates that cannot be unpacked") from None
    if opened.unconsumed_tail:
        raise FormatError(f"a list of crates of more than {_MAX_PLAIN} bytes", kind=SkipKind.TOO_LARGE)
    document = json_safe.load(plain)
    packages = document.get("packages") if isinstance(document, dict) else None
    if not isinstance(packages, list) or len(packages) > _MOST:
        raise FormatError("a list of crates in an unknown form")
    return [entry if isinstance(entry, dict) else {} for entry in packages]
