"""Ruby's installed gems: ``specifications/*.gemspec``, as RubyGems writes them (Ruby, plain assignments)."""

from __future__ import annotations

from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import Content, Installed, Reader, Sibling, text_of
from lockgate.formats.purl import purl
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component

_MAX = 4 * 1024 * 1024
_ASSIGNED = lazy_pattern(
    r"(?m)^[ \t]*[a-z_]+\.(name|version)[ \t]*=[ \t]*(?:Gem::Version\.new[ \t]*\(?[ \t]*)?[\"']([^\"'\n]{1,200})[\"']"
)
_LICENCES = lazy_pattern(r"(?m)^[ \t]*[a-z_]+\.licenses?[ \t]*=[ \t]*\[?([^\]\n]{1,400})")
_QUOTED = lazy_pattern(r"[\"']([^\"'\n]{1,100})[\"']")
_FILE = lazy_pattern(
    r"(?:^|/)(?P<name>[A-Za-z0-9_.-]+?)-(?P<version>[0-9][0-9A-Za-z.]*)(?:-[A-Za-z0-9_.-]+)?\.gemspec\Z"
)
_NAME = lazy_pattern(r"[A-Za-z0-9_.-]+\Z")
_VERSION = lazy_pattern(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z.-]+)?\Z")


def _read(path: str, content: Content, sibling: Sibling) -> Installed:
    text = text_of(content, _MAX)
    said: dict[str, str] = {}
    for field, value in _ASSIGNED.findall(text):
        said.setdefault(field, value)
    named = _FILE.search(path)
    name = said.get("name") or (named["name"] if named else "")
    version = said.get("version") or (named["version"] if named else "")
    if _NAME.match(name) is None or _VERSION.match(version) is None:
        raise FormatError("a specification without a name and a version")
    licences = _LICENCES.search(text)
    stated = " OR ".join(_QUOTED.findall(licences.group(1))) if licences else ""
    return Installed(
        (Component("RubyGems", name, version, path, licence=stated, purl=purl("RubyGems", name, version)),)
    )


READER = Reader(
    endings=(".gemspec",),
    test=lambda path: "/specifications/" in path or path.startswith("specifications/"),
    read=_read,
)
