"""PHP's installed packages: ``vendor/composer/installed.json``, of Composer 1 (a list) and 2 (``packages``)."""

from __future__ import annotations

from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import Content, Installed, Reader, Sibling, whole
from lockgate.formats.purl import purl
from lockgate.model import Component, Scope

_PATH = "composer/installed.json"


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    document = json_safe.load(whole(content))
    packages = document.get("packages") if isinstance(document, dict) else document
    if not isinstance(packages, list):
        raise FormatError("no list of packages")
    names = document.get("dev-package-names") if isinstance(document, dict) else ()
    development = {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()
    components = [one for entry in packages if (one := _component(entry, path, development)) is not None]
    return Installed(tuple(components))


def _component(entry: Any, path: str, development: set[str]) -> Component | None:
    name, version = (entry.get("name"), entry.get("version")) if isinstance(entry, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(version, str) or "/" not in name or not version:
        return None
    version = version[1:] if version[:1] in "vV" and version[1:2].isdigit() else version
    licences = entry.get("license")
    dist = entry.get("dist")
    digest = dist.get("shasum") if isinstance(dist, dict) else ""
    return Component(
        "Packagist",
        name.lower(),
        version,
        path,
        scope=Scope.DEVELOPMENT if name in development else Scope.RUNTIME,
        licence=" OR ".join(one for one in licences if isinstance(one, str)) if isinstance(licences, list) else "",
        hashes=(f"sha1:{digest}",) if isinstance(digest, str) and digest else (),
        purl=purl("Packagist", name.lower(), version),
    )


READER = Reader(
    names=frozenset({"installed.json"}),
    test=lambda path: path.endswith(_PATH),
    read=_read,
)
