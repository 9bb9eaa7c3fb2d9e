"""What a .NET application was published with: ``*.deps.json``
(https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import Content, Installed, Reader, Sibling, whole
from lockgate.formats.purl import purl
from lockgate.model import Component

_MOST = 20_000


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    document = json_safe.load(whole(content))
    libraries = document.get("libraries") if isinstance(document, dict) else None
    if not isinstance(libraries, dict):
        raise FormatError("no list of libraries")
    if len(libraries) > _MOST:
        raise FormatError(f"more than {_MOST} libraries")
    parents = _parents(document.get("targets"))
    components: list[Component] = []
    for label, entry in libraries.items():
        name, _, version = label.partition("/")
        if not isinstance(entry, dict) or entry.get("type") != "package" or not name or not version:
            continue  # "project" is the application itself, "reference" a file beside it
        components.append(
            Component(
                "NuGet",
                name,
                version,
                path,
                parents=tuple(sorted(parents.get(label, ()))),
                hashes=_hashes(entry.get("sha512")),
                purl=purl("NuGet", name, version),
            )
        )
    return Installed(tuple(components))


def _parents(targets: Any) -> dict[str, set[str]]:
    """By ``name/version`` the ``name@version`` of those that name it among their dependencies."""
    found: dict[str, set[str]] = {}
    for target in targets.values() if isinstance(targets, dict) else ():
        for label, entry in target.items() if isinstance(target, dict) else ():
            needed = entry.get("dependencies") if isinstance(entry, dict) else None
            for name, version in needed.items() if isinstance(needed, dict) else ():
                found.setdefault(f"{name}/{version}", set()).add(label.replace("/", "@", 1))
    return found


def _hashes(stated: Any) -> tuple[str, ...]:
    if not isinstance(stated, str) or not stated.startswith("sha512-"):
        return ()
    try:
        raw = base64.b64decode(stated.removeprefix("sha512-"), validate=True)
    except (binascii.Error, ValueError):
        return ()
    return (f"sha512:{raw.hex()}",) if len(raw) == 64 else ()


READER = Reader(endings=(".deps.json",), read=_read)
