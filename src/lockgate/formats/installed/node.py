"""Node's installed packages: the ``package.json`` at the root of a folder below ``node_modules``, or below the folder
of Debian's modules, ``/usr/share/nodejs``, which its Node looks into.
"""

from __future__ import annotations

from lockgate.formats import json_safe
from lockgate.formats.installed import Content, Installed, Reader, Sibling, whole
from lockgate.formats.purl import purl
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component

_MAX = 4 * 1024 * 1024
_PLACE = lazy_pattern(r"(?:(?:^|/)node_modules|^usr/share/nodejs)/(?:@[^/]+/)?[^/@.][^/]*/package\.json\Z")
_NAME = lazy_pattern(r"(?:@[A-Za-z0-9._~-]+/)?[A-Za-z0-9._~-]+\Z")


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    document = json_safe.load(whole(content, _MAX))
    if not isinstance(document, dict):
        return Installed()
    name, version = document.get("name"), document.get("version")
    if not isinstance(name, str) or not isinstance(version, str) or not version or _NAME.match(name) is None:
        return Installed()  # not published: a folder that only says of which kind its modules are
    component = Component("npm", name, version, path, licence=_licence(document), purl=purl("npm", name, version))
    return Installed((component,))


def _licence(document: dict[str, object]) -> str:
    stated = document.get("license")
    if isinstance(stated, dict):  # as it was written before 2014
        stated = stated.get("type")
    return stated if isinstance(stated, str) else ""


READER = Reader(
    names=frozenset({"package.json"}),
    test=lambda path: _PLACE.search(path) is not None,
    read=_read,
)
